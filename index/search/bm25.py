"""BM25 over rows of text: words and character pairs, exact matches of names and figures.

Formula: BM25 as in Lucene (Robertson and Zaragoza 2009; Kamphuis et al. 2020), computed by bm25s at build time:
score(q, d) = sum over the distinct tokens t of q of idf(t) * tf / (tf + K1 * (1 - B + B * |d| / avg|d|)),
idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rjieba import Jieba

Tokens = Callable[[str], list[str]]

K1, B = 1.5, 0.75
OF = "of.npy"  # of which whole each row is part
EMPTY = ""  # the one token of a text without any, so that every row has a length

# Measured on cmrc2018_train (10,142 questions, 2,403 passages), hit@1: words 0.925, pairs 0.925, both 0.934,
# both without guessed words 0.941, and without these function words 0.948.
FUNCTION_WORDS = frozenset((*"的了是在和与及有为吗呢哪谁几何", "什么", "为什么", "怎么", "如何", "哪些", "多少"))

_CJK = r"\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_CJK}]+|\d+(?:\.\d+)+|[^\W{_CJK}]+")
_CJK_RUN = re.compile(rf"[{_CJK}]")


@lru_cache(maxsize=1)
def _segmenter() -> Jieba:
    """A segmenter of our own: words that others add to the shared one must not change how an index is searched."""
    from rjieba import Jieba

    return Jieba()


def tokenize(text: str, *, words: bool = True, pairs: bool = True) -> list[str]:
    """The search tokens of `text` in order, repeated as they repeat.

    Width and case are folded (NFKC, lower case). A run of Chinese characters gives its dictionary `words` (jieba,
    without its guesses at unknown words: the pairs cover those) and its overlapping character `pairs`; Latin words and
    numbers stay whole; punctuation and FUNCTION_WORDS are dropped.
    """
    tokens: list[str] = []
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).lower()):
        run = match.group()
        if _CJK_RUN.match(run):
            tokens += _segmenter().cut(run, hmm=False) if words else []
            tokens += [run[i : i + 2] for i in range(len(run) - 1)] if pairs else []
        else:
            tokens.append(run)
    return [token for token in tokens if token not in FUNCTION_WORDS]


class Lexical:
    """A BM25 index; row i is the i-th text it was built from."""

    def __init__(self, model: Any, rows: int, tokens: Tokens = tokenize) -> None:
        """`model`: a bm25s.BM25 over the `tokens` of `rows` texts; use `build` or `load`."""
        if model.scores["num_docs"] != rows:
            raise ValueError(f"the model covers {model.scores['num_docs']} rows, not {rows}")
        self._model = model
        self._tokens = tokens
        self.rows = rows

    @classmethod
    def build(cls, texts: Sequence[str], tokens: Tokens = tokenize) -> Lexical:
        """Index `texts` (at least one); the same texts always give the same index, byte for byte."""
        from bm25s import BM25

        if not texts:
            raise ValueError("there is nothing to index")
        vocabulary = {EMPTY: 0}  # numbered as they come: bm25s would number by a set, that is by chance
        ids = [
            [vocabulary.setdefault(token, len(vocabulary)) for token in tokens(text)] or [vocabulary[EMPTY]]
            for text in texts
        ]
        model = BM25(k1=K1, b=B, method="lucene", backend="numpy")
        model.index((ids, vocabulary), show_progress=False)
        return cls(model, len(texts), tokens)

    def scores(self, text: str) -> NDArray[np.float32]:
        """BM25 of every row for `text`, shape (rows,), 0 where no token matches. A repeated token counts once."""
        found: list[int] = self._model.get_tokens_ids(list(dict.fromkeys(self._tokens(text))))
        scores: NDArray[np.float32] = self._model.get_scores_from_ids(found)
        return scores

    def coverage(self, text: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The share of the idf of the distinct tokens of `text` that each of `rows` holds, (len(rows),), in [0, 1].

        A token that no row holds counts as the rarest there can be; a text without tokens is not covered at all.
        """
        held, total = np.zeros(len(rows)), 0.0
        for token in dict.fromkeys(self._tokens(text)):
            holders = self._holders(token)
            idf = math.log1p((self.rows - len(holders) + 0.5) / (len(holders) + 0.5))
            total += idf
            if len(holders):
                places = np.minimum(np.searchsorted(holders, rows), len(holders) - 1)
                held += idf * (holders[places] == rows)
        return (held / total if total else held).astype(np.float32)

    def frequency(self, word: str) -> int:
        """How many rows hold `word`: exactly where it is a token; at most, by its rarest character pair, otherwise."""
        tokens = [word] if word in self._model.vocab_dict else [word[i : i + 2] for i in range(len(word) - 1)]
        return min((len(self._holders(token)) for token in tokens), default=0)

    def _holders(self, token: str) -> NDArray[np.int32]:
        """The rows that hold `token`, ascending."""
        number = self._model.vocab_dict.get(token)
        if number is None:
            return np.empty(0, np.int32)
        matrix = self._model.scores
        rows: NDArray[np.int32] = matrix["indices"][matrix["indptr"][number] : matrix["indptr"][number + 1]]
        return rows

    def save(self, folder: Path) -> None:
        """Write the index into `folder` as .npy arrays and JSON; raises OSError when that fails."""
        self._model.save(folder, show_progress=False, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Lexical:
        """Read what `save` wrote. Never unpickles: an array that needs it raises ValueError."""
        from bm25s import BM25

        model = BM25.load(folder, allow_pickle=False, show_progress=False)
        return cls(model, model.scores["num_docs"])


class Wholes:
    """BM25 over whole texts, told for their parts; `of` is the number of the whole of each row, (rows,)."""

    def __init__(self, lexical: Lexical, of: NDArray[np.int64]) -> None:
        self._lexical, self.of = lexical, of

    def scores(self, text: str) -> NDArray[np.float32]:
        """BM25 of the whole of every row, (rows,)."""
        scores: NDArray[np.float32] = self._lexical.scores(text)[self.of]
        return scores

    def coverage(self, text: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """`Lexical.coverage` of the wholes of `rows`."""
        return self._lexical.coverage(text, self.of[rows])

    def save(self, folder: Path) -> None:
        """Write into `folder`; raises OSError when that fails."""
        self._lexical.save(folder)
        np.save(folder / OF, self.of)

    @classmethod
    def load(cls, folder: Path) -> Wholes:
        """Read what `save` wrote."""
        return cls(Lexical.load(folder), np.load(folder / OF, allow_pickle=False))
