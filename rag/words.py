"""How well the words of a question are found in a text: exactly, as a part of a longer word, or by meaning.

Each word of the question looks for its best partner among the words of the text (the recall side of BERTScore, Zhang
et al. 2020), weighted by how rare it is in the index (inverse document frequency) and by its part of speech.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from index.embedder import Embedder

Vectors = NDArray[np.float32]
CONTAINED = 0.9  # 就业 in 新增就业
ABBREVIATED = 0.75  # 医保 for 医疗保险: its characters, in order
COS_ZERO, COS_FULL, BY_MEANING = 0.12, 0.75, 0.85  # cosines that count nothing and most, and what most is
_PART_OF_SPEECH = {"n": 1.0, "v": 0.55, "a": 0.4, "d": 0.15, "m": 0.25, "q": 0.1, "r": 0.1, "p": 0.05, "c": 0.05, "u": 0.0}
_WORD = re.compile(r"[\u4e00-\u9fff]+|[a-zA-Z0-9.%+·-]+")


@lru_cache(maxsize=8192)
def tagged(text: str) -> tuple[tuple[str, str], ...]:
    """Words of `text` with their part of speech, punctuation left out."""
    import rjieba

    return tuple((w.lower(), t) for w, t in rjieba.tag(text) if _WORD.fullmatch(w) and t not in ("x",) or w.isalnum())


def words(text: str) -> tuple[str, ...]:
    """The distinct words of `text`, in order of appearance."""
    return tuple(dict.fromkeys(w for w, _ in tagged(text)))


def _speech_weight(tag: str) -> float:
    return _PART_OF_SPEECH.get(tag[:1], 0.8)


def _subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(c in rest for c in short)


class WordMatcher:
    """Compares words through an embedding model and counts how rare they are in the texts of an index."""

    def __init__(self, texts: Sequence[str], embedder: Embedder) -> None:
        self._texts = texts
        self._embedder = embedder
        self._vectors: dict[str, Vectors] = {}
        self._idf: dict[str, float] = {}

    def idf(self, word: str) -> float:
        """ln((N + 1) / (df + 1)) / ln(N + 1), in [0, 1]: 1 for a word that no text has."""
        if word not in self._idf:
            n = len(self._texts)
            found = sum(word in text for text in self._texts)
            self._idf[word] = math.log((n + 1) / (found + 1)) / math.log(n + 1) if n else 1.0
        return self._idf[word]

    def weights(self, text: str) -> dict[str, float]:
        """The words of a question's topic and how much each counts."""
        found: dict[str, float] = {}
        for word, tag in tagged(text):
            length = 1.0 if len(word) > 1 else 0.35
            weight = _speech_weight(tag) * length * (0.15 + self.idf(word))
            if weight > 0:
                found[word] = max(weight, found.get(word, 0.0))
        return found

    def prepare(self, words: Iterable[str]) -> None:
        """Embed the words that are not known yet, in one call."""
        new = [w for w in dict.fromkeys(words) if w not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed_passages(new), strict=True))

    def similarities(self, asked: Sequence[str], found: Sequence[str]) -> NDArray[np.float32]:
        """For each of `asked` its best likeness among `found`, in [0, 1]; shape (len(asked),)."""
        if not asked or not found:
            return np.zeros(len(asked), np.float32)
        self.prepare([*asked, *found])
        a = np.stack([self._vectors[w] for w in asked])
        f = np.stack([self._vectors[w] for w in found])
        best = np.clip((a @ f.T - COS_ZERO) / (COS_FULL - COS_ZERO), 0, 1).max(axis=1) * BY_MEANING
        return np.maximum(best, self.forms(asked, found)).astype(np.float32)

    def forms(self, asked: Sequence[str], found: Sequence[str]) -> NDArray[np.float32]:
        """The same without meaning: only words that stand in the text in the same, a longer or a shorter form."""
        return np.array([self._by_form(w, found) for w in asked], np.float32)

    @staticmethod
    def _by_form(word: str, found: Sequence[str]) -> float:
        if word in found:
            return 1.0
        best = 0.0
        if len(word) >= 2:
            for other in found:
                if len(other) >= 2 and (word in other or other in word):
                    best = max(best, CONTAINED * min(len(word), len(other)) / len(other) if other in word else CONTAINED)
                elif len(other) > len(word) and not word.isascii() and _subsequence(word, other):
                    best = max(best, ABBREVIATED)
        return best


def coverage(weights: Sequence[float], likeness: NDArray[np.float32]) -> float:
    """The share of the weight that is found, in [0, 1]; 0 for no weight."""
    total = sum(weights)
    return float(np.dot(np.asarray(weights, np.float32), likeness) / total) if total else 0.0
