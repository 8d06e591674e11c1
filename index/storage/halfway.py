"""Vectors of a build that has not ended, so that a stopped one goes on where it was.

One file beside the generations, named by the model: for each text 16 bytes of its SHA-256 and its row. Rows are
appended as they are made; what was not written whole is cut off. A finished build removes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from index.search.fusion import Vectors
from index.storage.generation import unwritable

KEY = 16  # bytes


class Halfway:
    """The rows of one model that are kept beside an index; use it while the index is locked."""

    def __init__(self, folder: Path, fingerprint: str, dim: int) -> None:
        self._folder, self._dim = folder, dim
        self._path = folder / f".halfway-{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}"

    def rows(self, texts: Iterable[str]) -> dict[str, Vectors]:
        """Those of `texts` that an earlier build embedded, with their rows (dim,)."""
        if not self._path.is_file():
            return {}
        size = KEY + 4 * self._dim
        data = self._path.read_bytes()
        whole = len(data) // size * size
        if whole < len(data):
            with self._path.open("r+b") as file:
                file.truncate(whole)
        places = {data[at : at + KEY]: at + KEY for at in range(0, whole, size)}
        found = {text: places.get(_key(text)) for text in texts}
        return {text: np.frombuffer(data, "<f4", self._dim, at) for text, at in found.items() if at is not None}

    def keep(self, texts: Sequence[str], rows: Vectors) -> None:
        """Append the rows (n, dim) of `texts`; raises StoreError when that fails."""
        try:
            with self._path.open("ab") as file:
                for text, row in zip(texts, rows.astype("<f4"), strict=True):
                    file.write(_key(text) + row.tobytes())
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def done(self) -> None:
        """Remove what builds have left, of this model and of others."""
        for path in self._folder.glob(".halfway-*"):
            path.unlink()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:KEY]
