"""Training pairs: for each source, texts that mean or answer each other.

A side of a pair is a list of parts (sentences, clauses, headings) so that shared sentences are tokenised once. Pairs of
the same group may answer each other and are never each other's wrong answers.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random

from index.text.everyday import EVERYDAY
from index.text.questions import between_commas, question_from
from index.training import citations, glosses, sources

HELD_OUT = {"news": 200, "cmrc": 25, "drcd": 25, "english": 200}
MOST_SENTENCES = 8
SIZES = (1, 1, 1, 2, 3, 5)  # sentences around one: passages of the index are short
MOST_CHARACTERS = 480
REWORDED = 0.4  # share of the words with synonyms that are replaced


@dataclass(frozen=True)
class Pair:
    """Two sides that belong together, and the group they come from."""

    query: tuple[str, ...]
    passage: tuple[str, ...]
    group: int


@dataclass(frozen=True)
class Source:
    """A way to make pairs: its share of the batches, the most pairs kept, and how many query pieces drop out."""

    name: str
    share: float
    most: int
    dropout: float
    make: Callable[[Path, Random], Iterator[Pair]]


def _window(count: int, centre: int, rng: Random) -> range:
    """A run of sentences around one of them."""
    size = rng.choice(SIZES)
    start = max(0, centre - rng.randint(0, size))
    return range(start, min(count, start + size + 1))


def _rest(parts: list[str], centre: int, rng: Random) -> tuple[str, ...]:
    return tuple(parts[i] for i in _window(len(parts), centre, rng) if i != centre)


def news_rest(train: Path, rng: Random) -> Iterator[Pair]:
    """A sentence and the sentences around it."""
    for group, article in enumerate(sources.news(train)):
        if len(article) > 2 and not sources.held_out(article[0], HELD_OUT["news"]):
            for centre in range(len(article)):
                if len(article[centre]) >= 8 and rng.random() < 0.8:
                    yield Pair((article[centre],), _rest(article, centre, rng), group)


def news_questions(train: Path, rng: Random) -> Iterator[Pair]:
    """A question made from a sentence, and the sentence with or without its neighbours."""
    for group, article in enumerate(sources.news(train)):
        if len(article) > 2 and not sources.held_out(article[0], HELD_OUT["news"]):
            yield from _questions(article, group, rng, 0.5)


def _questions(parts: list[str], group: int, rng: Random, share: float, heading: str = "") -> Iterator[Pair]:
    for centre, sentence in enumerate(parts):
        question = question_from(sentence, rng) if rng.random() < share else None
        if question:
            window = _window(len(parts), centre, rng) if rng.random() < 0.6 else range(centre, centre + 1)
            yield Pair((question,), (heading, *(parts[i] for i in window)), group)


def clauses(train: Path, rng: Random) -> Iterator[Pair]:
    """A clause and the other clauses of its sentence, or the next sentence."""
    articles = (article for number, article in enumerate(sources.news(train)) if number % 3 == 0)
    for group, article in enumerate(articles):
        if len(article) > 2 and not sources.held_out(article[0], HELD_OUT["news"]):
            for sentence in article:
                parts = between_commas(sentence)
                if len(parts) > 1:
                    centre = rng.randrange(len(parts))
                    yield Pair((parts[centre],), tuple(parts[:centre] + parts[centre + 1 :]), group)


def headlines(train: Path, rng: Random) -> Iterator[Pair]:
    """A headline and a part of its item, three times each with other parts."""
    for group, (title, body) in enumerate(sources.headlines(train)):
        parts = sources.sentences(body)
        if parts:
            yield Pair((title,), tuple(parts[:MOST_SENTENCES]), group)
            for _ in range(2):
                centre = rng.randrange(len(parts))
                yield Pair((title,), tuple(parts[i] for i in _window(len(parts), centre, rng)), group)
            yield from _questions(parts[:12], group, rng, 0.3)


def laws(train: Path, rng: Random) -> Iterator[Pair]:
    """The name of a law and its section to an article; a sentence to the rest; a question to the article."""
    for group, section in enumerate(sources.laws(train)):
        parts = list(section.sentences)
        if not parts:
            continue
        law, title = section.headings
        if rng.random() < 0.4:
            yield Pair((law, title), tuple(parts[:MOST_SENTENCES]), group)
        if len(parts) > 1:
            centre = rng.randrange(len(parts))
            yield Pair((parts[centre],), (law if rng.random() < 0.3 else "", *_rest(parts, centre, rng)), group)
        yield from _questions(parts, group, rng, 0.6, law if rng.random() < 0.5 else "")


def reworded(train: Path, rng: Random) -> Iterator[Pair]:
    """Questions in other words, each word that has dictionary synonyms replaced now and then."""
    import rjieba

    others = glosses.substitutes(sources.dictionary(train))
    for pair in chain(reports(train, rng), news_questions(train, rng)):
        words = rjieba.cut("".join(pair.query))
        said = [rng.choice(others[w]) if w in others and rng.random() < REWORDED else w for w in words]
        if said != words:
            yield Pair(("".join(said),), pair.passage, pair.group)


def statutes(train: Path, rng: Random) -> Iterator[Pair]:
    """An event of the news or an article of a law, and the article that it cites."""
    for event, article, group in citations.pairs(train, rng):
        yield Pair(tuple(sources.sentences(event)) or (event,), article, group)


def spoken(train: Path, rng: Random) -> Iterator[Pair]:
    """Questions that people ask in the news, and what comes next."""
    texts = (sources.sentences(body) for _, body in sources.headlines(train))
    for group, parts in enumerate((*sources.news(train), *texts)):
        if not parts or sources.held_out(parts[0], HELD_OUT["news"]):
            continue
        for at, sentence in enumerate(parts[:-1]):
            if sources.is_question(sentence) and not sources.is_question(parts[at + 1]):
                yield Pair((sentence,), tuple(parts[at + 1 : at + 2 + rng.randint(0, MOST_SENTENCES // 2)]), group)


def reports(train: Path, rng: Random) -> Iterator[Pair]:
    """Sentences, clauses and questions to paragraphs of the national reports, headings in front."""
    for group, section in enumerate(sources.reports(train)):
        parts = list(section.sentences)
        heading = section.headings[1] if rng.random() < 0.7 else ""
        for _ in range(2):
            yield from _questions(parts, group, rng, 1.0, heading)
        for centre, sentence in enumerate(parts):
            if len(parts) > 1:
                yield Pair((sentence,), (heading, *_rest(parts, centre, rng)), group)
            pieces = between_commas(sentence)
            if len(pieces) > 1:
                at = rng.randrange(len(pieces))
                yield Pair((pieces[at],), (heading, *pieces[:at], *pieces[at + 1 :]), group)


def _reading(readings: Iterator[sources.Reading], share: int, fold: Callable[[str, Random], str], rng: Random,
             times: int) -> Iterator[Pair]:  # fmt: skip
    groups: dict[str, int] = {}
    for reading in readings:
        if sources.held_out(reading.passage, share):
            continue
        group = groups.setdefault(reading.passage, len(groups))
        question = fold(reading.question, rng)
        parts = sources.sentences(fold(reading.passage, rng))
        answer = fold(reading.answers[0], rng) if reading.answers else ""
        at = next((i for i, part in enumerate(parts) if answer and answer in part), None)
        yield Pair((question,), tuple(_cut(parts)), group)
        for _ in range(times):
            if at is not None and len(parts) > 1:
                lead = between_commas(parts[0])[:1] if at and rng.random() < 0.5 else ()  # mostly names the subject
                yield Pair((question,), (*lead, *(parts[i] for i in _window(len(parts), at, rng))), group)


def _cut(parts: list[str]) -> Iterator[str]:
    length = 0
    for part in parts:
        length += len(part)
        if length > MOST_CHARACTERS:
            return
        yield part


def cmrc(train: Path, rng: Random) -> Iterator[Pair]:
    """A real question and its passage, or the sentences around the answer."""
    yield from _reading(sources.cmrc(train), HELD_OUT["cmrc"], lambda text, _: text, rng, 2)


def cmrc_rest(train: Path, rng: Random) -> Iterator[Pair]:
    """Sentences of the encyclopedia passages to the rest, and questions made from them."""
    passages = dict.fromkeys(reading.passage for reading in sources.cmrc(train))
    for group, passage in enumerate(text for text in passages if not sources.held_out(text, HELD_OUT["cmrc"])):
        parts = sources.sentences(passage)
        for _ in range(2):
            yield from _questions(parts, group, rng, 1.0)
        for centre in range(len(parts)):
            if len(parts) > 1:
                yield Pair((parts[centre],), _rest(parts, centre, rng), group)


def drcd(train: Path, rng: Random) -> Iterator[Pair]:
    """Real questions in simplified and, one in five, in traditional characters."""
    from opencc import OpenCC

    convert = OpenCC("t2s").convert

    def fold(text: str, rng_: Random) -> str:
        return text if rng_.random() < 0.2 else str(convert(text))

    yield from _reading(sources.drcd(train), HELD_OUT["drcd"], fold, rng, 2)


def english(train: Path, _: Random) -> Iterator[Pair]:
    """English and Chinese sentences, grouped by the English."""
    groups: dict[str, int] = {}
    for one, other in sources.english(train):
        if not sources.held_out(one, HELD_OUT["english"]):
            yield Pair((one,), (other,), groups.setdefault(one, len(groups)))


def report_english(train: Path, _: Random) -> Iterator[Pair]:
    """Sentences of the national reports and of their official translation, from either side."""
    for group, (one, other) in enumerate(sources.report_english(train)):
        yield Pair((one,), (other,), group)
        yield Pair((other,), (one,), group)


def many_languages(train: Path, _: Random) -> Iterator[Pair]:
    """English sentences and their translations, grouped by the English."""
    groups: dict[str, int] = {}
    for one, other in sources.many_languages(train):
        yield Pair((one,), (other,), groups.setdefault(one, len(groups)))


def ntrex(train: Path, rng: Random) -> Iterator[Pair]:
    """News sentences in two languages, Chinese in most; the last rows are held out."""
    rows = islice(sources.ntrex_rows(train), 1, 1001 - sources.HELD_OUT_NTREX_ROWS)
    for group, row in enumerate(rows):
        for column, text in enumerate(row):
            if column != 1:
                yield Pair((text,), (row[1],), group)
            yield Pair((row[0],), (rng.choice(row[1:]),), group)


def dictionary(train: Path, _: Random) -> Iterator[Pair]:
    """Entries and their glosses."""
    for group, (one, other) in enumerate(glosses.translations(sources.dictionary(train))):
        yield Pair((one,), (other,), group)


def synonyms(train: Path, _: Random) -> Iterator[Pair]:
    """Entries that share a gloss, the two scripts of an entry, and official and everyday words."""
    table = ((one, other) for one, plain in EVERYDAY for other in plain)
    for group, (one, other) in enumerate(
        (*glosses.synonyms(sources.dictionary(train)), *glosses.scripts(sources.dictionary(train)), *table)
    ):
        yield Pair((one,), (other,), group)


def word_by_word(train: Path, rng: Random) -> Iterator[Pair]:
    """English words for a Chinese sentence, and the sentence or its neighbours."""
    import rjieba

    lexicon = glosses.lexicon(sources.dictionary(train))
    spoken = (one for one, _ in (*sources.english(train), *sources.many_languages(train)))
    known = frozenset(word for sentence in spoken for word in re.findall("[a-z]+", sentence.lower()))
    reports_ = (list(section.sentences) for section in sources.reports(train))
    articles = islice(sources.news(train), 0, None, 3)
    for group, parts in enumerate((*reports_, *articles)):
        if not parts or sources.held_out(parts[0], HELD_OUT["news"]):
            continue
        for centre, sentence in enumerate(parts):
            made = glosses.word_by_word(rjieba.cut(sentence), lexicon, known, rng) if len(sentence) < 80 else None
            if made:
                yield Pair((made,), tuple(parts[i] for i in _window(len(parts), centre, rng)), group)


SOURCES = (
    Source("news_rest", 0.16, 900_000, 0.1, news_rest),
    Source("news_questions", 0.12, 600_000, 0.2, news_questions),
    Source("clauses", 0.04, 250_000, 0.0, clauses),
    Source("headlines", 0.08, 150_000, 0.1, headlines),
    Source("laws", 0.08, 350_000, 0.1, laws),
    Source("statutes", 0.03, 150_000, 0.2, statutes),
    Source("spoken", 0.04, 60_000, 0.1, spoken),
    Source("reworded", 0.06, 200_000, 0.1, reworded),
    Source("reports", 0.04, 150_000, 0.1, reports),
    Source("cmrc", 0.10, 100_000, 0.15, cmrc),
    Source("cmrc_rest", 0.04, 150_000, 0.1, cmrc_rest),
    Source("drcd", 0.03, 100_000, 0.15, drcd),
    Source("english", 0.05, 100_000, 0.1, english),
    Source("report_english", 0.02, 10_000, 0.1, report_english),
    Source("many_languages", 0.03, 100_000, 0.0, many_languages),
    Source("ntrex", 0.02, 50_000, 0.1, ntrex),
    Source("dictionary", 0.03, 300_000, 0.0, dictionary),
    Source("synonyms", 0.02, 150_000, 0.0, synonyms),
    Source("word_by_word", 0.05, 300_000, 0.2, word_by_word),
)
HARD = ("news_questions", "laws", "statutes", "spoken", "reworded", "reports", "cmrc", "cmrc_rest", "drcd")  # mined
