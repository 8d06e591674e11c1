"""Two models as one: the static table for words, another model for meaning, side by side in each vector."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from index.embed.types import Embedder, Vectors

if TYPE_CHECKING:
    from index.embed.static import StaticEmbedder

# What the other model's part weighs in a plain product of two vectors. Its cosines lie close together, those of the
# table far apart; an index weighs the parts by what their cosines mean there (`index.embed.calibration`).
OTHER = 0.8
MOST_ASKED = 4096  # questions whose vectors are kept


class PairEmbedder:
    """Rows of the static table beside those of another model; a product of two rows is the weighted sum of both
    cosines. A text of which the table knows nothing gives a row of length sqrt(OTHER)."""

    def __init__(self, static: StaticEmbedder, other: Embedder) -> None:
        self.static, self.other = static, other
        self._asked: dict[tuple[str, str], Vectors] = {}
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Those of both models."""
        return f"{self.other.fingerprint}+{self.static.fingerprint}"

    @property
    def widths(self) -> tuple[int, int]:
        """Numbers of each part of a vector."""
        return self.static.dim, self.other.dim

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return sum(self.widths)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Rows (n, dim) for questions, of unit length where both models know something of a text."""
        return self.embed_questions(texts, texts)

    def embed_questions(self, words: Sequence[str], sentences: Sequence[str]) -> Vectors:
        """Rows (n, dim) for questions of which the table reads the `words` that count and the other model the whole
        `sentences`. Safe to call from several threads."""
        asked = list(zip(words, sentences, strict=True))
        with self._lock:  # one question is searched for several times, with and without its constraints
            if len(self._asked) > MOST_ASKED:
                self._asked = {}
            if new := [pair for pair in dict.fromkeys(asked) if pair not in self._asked]:
                static = self.static.embed_queries([word for word, _ in new])
                rows = _joined(static, self.other.embed_queries([sentence for _, sentence in new]))
                self._asked.update(zip(new, rows, strict=True))
            return np.array([self._asked[pair] for pair in asked], np.float32).reshape(len(asked), self.dim)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Rows (n, dim) for passages, of unit length where both models know something of a text."""
        return _joined(self.static.embed_passages(texts), self.other.embed_passages(texts))


def _joined(static: Vectors, other: Vectors) -> Vectors:
    return np.hstack([static * np.float32((1 - OTHER) ** 0.5), other * np.float32(OTHER**0.5)])


def widths_of(embedder: Embedder) -> tuple[int, ...]:
    """Numbers of each part of an embedder's vectors; most have one part."""
    return embedder.widths if isinstance(embedder, PairEmbedder) else (embedder.dim,)
