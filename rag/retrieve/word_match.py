"""How well the words of a question are found in a text: exactly, as a part of a longer word, or by meaning.

Each word of the question looks for its best partner among the words of the text (the recall side of BERTScore, Zhang
et al. 2020), weighted by how rare it is in the index (inverse document frequency) and by its part of speech.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from rag.understand.topic_words import TOPIC, likely

if TYPE_CHECKING:
    from index.embed.embedder import Embedder

Vectors = NDArray[np.float32]
CONTAINED = 0.9  # 就业 in 新增就业
ABBREVIATED = 0.75  # 医保 for 医疗保险: its characters, in order

COS_ZERO, COS_FULL, BY_MEANING = 0.08, 0.6, 0.85  # cosines of the table that count nothing and most
# fmt: off
_PART_OF_SPEECH = {
    "n": 1.0, "v": 0.55, "a": 0.4, "d": 0.15, "m": 0.25, "q": 0.1, "r": 0.1, "p": 0.05, "c": 0.05, "u": 0.0,
}
# fmt: on
_LEAST_OF_ACTIONS = 0.25  # of a verb that is never topic: every clause has one, whatever it is about
# Nouns that may stand before an indicator without making it another one, beside those that are no topic of a question.
_PLAIN_MODIFIER = re.compile("[全各本省市区县国地]{1,2}[国省市区县级]|城镇|主要|项目|企业|新建|深化|落地|力争")
# Words that make another indicator of the one behind them, and of the one before them, whatever their part of speech.
_MAKES_ANOTHER_BEFORE = re.compile("[人户亩]均|[万千]人|单位")
_MAKES_ANOTHER_BEHIND = re.compile("[能水]耗|强度|[占比][比重]")
_STANDS_FOR = {"经济": "生产总值", "pm2.5": "颗粒物", "颗粒物": "pm2.5"}  # words of one meaning
MOST_WORDS = 50_000  # words whose vectors are kept: about 100 MB at 512 dimensions
MOST_TEXTS = 16_384  # whose words are kept with what they count
ROOM = 4_096  # more words for which room is made at once
LIKE_ENOUGH = 0.3  # likeness from which a word is said to be found
SAME, UNASKED = 0.8, 0.4  # likeness from which a word is the asked one, and below which it was not asked for
_QUOTED = re.compile(r"[“\"「]([\w·+]{2,8})[”\"」]")
_WORD = re.compile(r"[\u4e00-\u9fff]+|[a-zA-Z0-9.%+·-]+")


@lru_cache(maxsize=65536)
def tagged(text: str) -> tuple[tuple[str, str], ...]:
    """Words of `text` in lower case with their part of speech, punctuation left out; a short name in quotes is one word
    beside its parts."""
    import rjieba

    found: list[tuple[str, str]] = []
    for word, tag in rjieba.tag(text):
        if len(word) == 1 and tag in ("n", "q", "ng") and found and found[-1][1][:1] in "nv" and len(found[-1][0]) > 1:
            found[-1] = (found[-1][0] + word, "n")  # 充电 + 桩
        elif tag != "x" or word.isalnum():
            found.append((word.lower(), tag))
        else:
            found.append(("", "x"))  # punctuation parts what it stands between
    names = [(name.lower(), "nz") for name in _QUOTED.findall(text)]
    return tuple([pair for pair in found if _WORD.fullmatch(pair[0])] + [pair for pair in names if pair not in found])


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The distinct words of `text`, in order of appearance."""
    return tuple(dict.fromkeys(w for w, _ in tagged(text)))


def _speech_weight(word: str, tag: str) -> float:
    """What a word counts by its part of speech; a verb by how likely it is topic."""
    weight = _PART_OF_SPEECH.get(tag[:1], 0.8)
    return weight * min(1.0, _LEAST_OF_ACTIONS + likely(word, tag)) if tag[:1] in "va" else weight


def _subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(c in rest for c in short)


class WordMatcher:
    """Compares words through an embedding model and counts how rare they are in the texts of an index."""

    def __init__(self, embedder: Embedder, rows: int, frequency: Callable[[str], int]) -> None:
        """`frequency` tells how many of the index's `rows` texts hold a word."""
        self._embedder = embedder
        self._total = rows
        self._frequency = frequency
        self._lock = threading.Lock()
        self._rows: dict[str, int] = {}
        self._vectors: Vectors = np.zeros((0, embedder.dim), np.float32)
        self._idf: dict[str, float] = {}
        self.weights = lru_cache(maxsize=MOST_TEXTS)(self._weights)

    def idf(self, word: str) -> float:
        """ln((N + 1) / (df + 1)) / ln(N + 1), in [0, 1]: 1 for a word that no text has."""
        if word not in self._idf:
            n = self._total
            self._idf[word] = math.log((n + 1) / (self._frequency(word) + 1)) / math.log(n + 1)
        return self._idf[word]

    def _weights(self, text: str) -> Mapping[str, float]:
        """The words of a text and how much each counts."""
        found: dict[str, float] = {}
        for word, tag in tagged(text):
            length = 1.0 if len(word) > 1 else 0.35
            weight = _speech_weight(word, tag) * length * (0.15 + self.idf(word))
            if weight > 0:
                found[word] = max(weight, found.get(word, 0.0))
        return found

    def likeness(self, asked: Sequence[str], found: Iterable[str]) -> Likeness:
        """How like each of `asked` is to each distinct word of `found`, computed once for all texts of a search."""
        columns = {word: i for i, word in enumerate(dict.fromkeys(found))}
        forms = self._forms(asked, columns)
        if not forms.size:
            return Likeness(columns, forms, forms)
        cosines = self._embedded(list(asked)) @ self._embedded(list(columns)).T
        meaning = np.clip((cosines - COS_ZERO) / (COS_FULL - COS_ZERO), 0, 1) * BY_MEANING
        return Likeness(columns, forms, np.maximum(forms, meaning).astype(np.float32))

    def _forms(self, asked: Sequence[str], columns: Mapping[str, int]) -> Vectors:
        """Likeness by form of each of `asked` to each of `columns`, (asked, columns). Words without a character in
        common are not like in form, but for the few that stand for each other."""
        holding: dict[str, set[str]] = {}
        for word in columns:
            for character in word:
                holding.setdefault(character, set()).add(word)
        forms = np.zeros((len(asked), len(columns)), np.float32)
        for row, word in enumerate(asked):
            for other in set().union(
                *(holding.get(character, ()) for character in word), {_STANDS_FOR.get(word, word)}
            ):
                if other in columns:
                    forms[row, columns[other]] = self._form(word, other)
        return forms

    def _form(self, word: str, other: str) -> float:
        """`_form`, less where `other` is the part of `word` that tells little: 质量 of 空气质量."""
        likeness = _form(word, other)
        if likeness and len(other) < len(word) and other in word:
            left = self.idf(word.replace(other, "", 1))
            likeness *= min(1.0, self.idf(other) / left) if left else 1.0
        return likeness

    def _embedded(self, words: list[str]) -> Vectors:
        """Vectors of `words`, (len(words), dim); each word is embedded once. Safe to call from several threads."""
        with self._lock:
            if len(self._rows) > MOST_WORDS:
                self._rows = {}
            new = [w for w in dict.fromkeys(words) if w not in self._rows]
            if new:
                known, all_ = len(self._rows), len(self._rows) + len(new)
                if all_ > len(self._vectors):  # room for more, so that vectors are seldom copied
                    room = np.empty((all_ + ROOM, self._embedder.dim), np.float32)
                    room[:known] = self._vectors[:known]
                    self._vectors = room
                self._vectors[known:all_] = self._embedder.embed_passages(new)
                self._rows.update(zip(new, itertools.count(known), strict=False))
            return self._vectors[[self._rows[w] for w in words]]


Place = Literal["clause", "nearby", "heading"]


@dataclass(frozen=True, slots=True)
class Match:
    """How one word of a question is found: as the word `found` at `place`, "" and None for not at all.

    `by` is “form” for the same word, a longer, a shorter or an abbreviated one, and “meaning” for a likeness of their
    vectors; `likeness` in [0, 1].
    """

    asked: str
    found: str = ""
    place: Place | None = None
    by: Literal["form", "meaning"] | None = None
    likeness: float = 0.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """Likeness of asked words (rows) to found ones (columns), each in [0, 1]: by form alone, and by form or meaning."""

    columns: Mapping[str, int]
    forms: Vectors
    either: Vectors

    def best(self, found: Sequence[str], *, forms_only: bool = False) -> Vectors:
        """For each asked word its best likeness among `found`, shape (asked words,)."""
        table = self.forms if forms_only else self.either
        if not found or not table.size:
            return np.zeros(len(table), np.float32)
        best: Vectors = table[:, [self.columns[w] for w in found]].max(axis=1)
        return best

    def match(self, row: int, asked: str, place: Place, found: Sequence[str]) -> Match:
        """The best partner among `found`, the words at `place`, of the word `asked` of a row."""
        best = max(found, key=lambda word: self.either[row, self.columns[word]], default="")
        likeness = float(self.either[row, self.columns[best]]) if best else 0.0
        if likeness < LIKE_ENOUGH:
            return Match(asked)
        by_form = float(self.forms[row, self.columns[best]]) >= likeness
        return Match(asked, best, place, "form" if by_form else "meaning", likeness)

    def narrowed(self, found: Sequence[tuple[str, str]]) -> Vectors:
        """For each asked word whether every place where it stands in the tagged words `found` is right behind a noun
        that was not asked for, shape (asked words,), 0 or 1."""
        out = np.zeros(len(self.either), np.float32)
        for row, likes in enumerate(self.either):
            spots = [i for i, (word, _) in enumerate(found) if likes[self.columns[word]] >= SAME]
            out[row] = bool(spots) and all(self._another(found, i) for i in spots)
        return out

    def _another(self, found: Sequence[tuple[str, str]], i: int) -> bool:
        """Whether what stands around the i-th word makes it part of another indicator than the one asked for."""
        around = [word for word, _ in (*found[max(0, i - 2) : i], *found[i + 1 : i + 2]) if word]
        marked = [w for w in around[:-1] if _MAKES_ANOTHER_BEFORE.fullmatch(w)]
        marked += [w for w in around[-1:] if _MAKES_ANOTHER_BEHIND.fullmatch(w)]
        return any(float(self.either[:, self.columns[w]].max()) < UNASKED for w in marked) or (
            i > 0 and self._unasked_noun(*found[i - 1])
        )

    def _unasked_noun(self, word: str, tag: str) -> bool:
        asked = float(self.either[:, self.columns[word]].max())
        return tag[:1] in "nbj" and len(word) > 1 and not _plain(word, tag) and asked < UNASKED

    def back(self, found: Sequence[str]) -> Vectors:
        """For each of `found` its best likeness to an asked word, shape (len(found),)."""
        if not found or not self.either.size:
            return np.zeros(len(found), np.float32)
        best: Vectors = self.either[:, [self.columns[w] for w in found]].max(axis=0)
        return best


def _plain(word: str, tag: str) -> bool:
    return likely(word, tag) < TOPIC or _PLAIN_MODIFIER.fullmatch(word) is not None


@lru_cache(maxsize=65536)
def _form(word: str, other: str) -> float:
    """Likeness of two words by their characters: equal, one within the other, or an abbreviation."""
    if word == other:
        return 1.0
    if len(word) < 2 or len(other) < 2:
        return 0.0
    if _STANDS_FOR.get(word) == other:
        return CONTAINED
    if word in other:
        return CONTAINED
    if other in word:
        return CONTAINED * len(other) / len(word)
    if len(other) > len(word) and not word.isascii() and _subsequence(word, other):
        return ABBREVIATED
    return 0.0


def coverage(weights: Sequence[float], likeness: NDArray[np.float32]) -> float:
    """The share of the weight that is found, in [0, 1]; 0 for no weight."""
    total = sum(weights)
    return float(np.dot(np.asarray(weights, np.float32), likeness) / total) if total else 0.0
