"""The tokenizer of the embedded model: byte-pair pieces that are Chinese words, learned from segmented text.

The merges are learned inside the words that a segmenter finds and applied to running text without a segmenter. So the
pieces are words and parts of words, never the end of one and the start of the next, and using the model needs no
dictionary.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from index.training import sources

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES = 64_000
ALPHABET = 13_000
LONGEST_PIECE = 16
LIMIT = 400  # characters of one text handed to the trainer


def untrained() -> "Tokenizer":
    """A tokenizer with the normaliser and the splitting rules but no pieces yet.

    Characters outside the alphabet are skipped: an unknown text gives no token, and no vector is shared by unrelated
    rare characters.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^\p{L}\p{M}\p{N}%]+"), "removed"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.UnicodeScripts(),
        ]
    )
    return tokenizer


def train(texts: Iterator[str], pieces: int = PIECES) -> "Tokenizer":
    """Learn the pieces from texts whose words are already apart."""
    from tokenizers import trainers

    tokenizer = untrained()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces, limit_alphabet=ALPHABET, min_frequency=2, max_token_length=LONGEST_PIECE
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def corpus(train_folder: Path) -> Iterator[str]:
    """The texts that the pieces are learned from, Chinese words set apart by spaces.

    Chinese is sampled and English repeated, so that both get a vocabulary in proportion to their use.
    """
    import rjieba

    for text in _chinese(train_folder):
        yield " ".join(rjieba.cut(text))
    yield from _other(train_folder)


def _chinese(train_folder: Path) -> Iterator[str]:
    for article in islice(sources.news(train_folder), 0, None, 3):
        yield from article
    for title, body in sources.headlines(train_folder):
        yield title
        yield body[:LIMIT]
    for section in islice(sources.laws(train_folder), 0, None, 5):
        yield from section.sentences
    for section in sources.reports(train_folder):
        yield from section.sentences
    for reading in sources.cmrc(train_folder):
        yield reading.question
        yield reading.passage[:LIMIT]
    for reading in sources.drcd(train_folder):
        yield reading.question
    for _, simplified, _ in sources.dictionary(train_folder):
        yield simplified


def _other(train_folder: Path) -> Iterator[str]:
    import rjieba

    for english, chinese in sources.english(train_folder):
        yield from (english, english, english)
        yield " ".join(rjieba.cut(chinese))
    for english, other in sources.many_languages(train_folder):
        yield from (english, other)
    for row in islice(sources.ntrex_rows(train_folder), 1, 1001 - sources.HELD_OUT_NTREX_ROWS):
        yield from (row[0], row[0], row[0])
        yield from row[4:]
    for traditional, _, glosses in sources.dictionary(train_folder):
        yield traditional
        yield from glosses
