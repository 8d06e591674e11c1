"""Text to unit vectors: what the index needs of a model, and the model of a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embed.folder import EMBEDDED_FOLDER, files_of
from index.embed.options import ModelOptions
from index.errors import EmbedderError

Vectors = NDArray[np.float32]

EMBEDDED = "embedded"


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


def load_embedder(name: str = EMBEDDED, options: ModelOptions | None = None) -> Embedder:
    """The embedder of a name: `embedded`, a folder of a model, or the name of a sentence-transformers model.

    Raises EmbedderError when there is no such model, its files are damaged, or `options` do not fit it.
    """
    options = options or ModelOptions()
    own = _own(name)
    if own is not None:
        if options.to_json():
            raise EmbedderError(f"The model {name} takes neither prompts nor backends.", "Leave those options out.")
        return _open(own)
    if options.backend == "torch":
        from index.embed.transformer import TransformerEmbedder

        return TransformerEmbedder.open(name, options)
    from index.embed.onnx import OnnxEmbedder

    return OnnxEmbedder.open(name, options)


def _own(name: str) -> Path | None:
    """The folder of a model in a format of this project; None for a model of other makers."""
    if name == EMBEDDED:
        return EMBEDDED_FOLDER
    return Path(name) if files_of(Path(name)) else None


def _open(folder: Path) -> Embedder:
    from index.embed.encoder import ENCODER_FILE

    if ENCODER_FILE in files_of(folder):
        from index.embed.encoder import EncoderEmbedder

        return EncoderEmbedder.open(folder)
    from index.embed.static import StaticEmbedder

    return StaticEmbedder.open(folder)
