"""Text to unit vectors: what the index needs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What the index needs of a model."""

    @property
    def fingerprint(self) -> str:
        """Identity of the model, recorded in every index; another one when the weights change."""

    @property
    def dim(self) -> int:
        """Numbers in a vector."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim) for questions; a row of zeros where the model knows nothing of a text."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim) for passages; a row of zeros where the model knows nothing of a text."""
