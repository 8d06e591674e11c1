"""A real, tiny embedder for tests: character pairs hashed into a few numbers. Needs no model file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class HashingEmbedder:
    """Counts of hashed character pairs, made unit length; `embedded` records every passage it was asked for."""

    def __init__(self, dim: int = 16, fingerprint: str = "hashing-1") -> None:
        self.dim = dim
        self.fingerprint = fingerprint
        self.embedded: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for i in range(len(text)):
                digest = hashlib.sha256(text[i : i + 2].encode("utf-8", "surrogatepass")).digest()
                vectors[row, digest[0] % self.dim] += 1 if digest[1] % 2 else -1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        return self.embed_queries(texts)
