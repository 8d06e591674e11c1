"""Text to unit vectors: what the index needs of a model, and the model of a name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed.folder import ENCODER_FOLDER, STATIC_FOLDER, files_of
from index.embed.options import ModelOptions
from index.embed.pair import PairEmbedder
from index.embed.types import Embedder, Vectors
from index.errors import EmbedderError

if TYPE_CHECKING:
    from index.embed.static import StaticEmbedder

__all__ = ["Embedder", "Vectors", "load_embedder", "load_model", "static_table"]

EMBEDDED, STATIC, E5 = "embedded", "static", "e5"
SHIPPED: Mapping[str, Path] = {EMBEDDED: ENCODER_FOLDER, STATIC: STATIC_FOLDER}


def load_embedder(name: str = EMBEDDED, options: ModelOptions | None = None) -> Embedder:
    """What an index of a name is searched with: the model of that name beside the static table, or that table alone.

    `embedded`: the encoder that ships; `e5`: multilingual-e5-small out of the extra; `static`: the table alone; else a
    folder, or the name of a sentence-transformers model. Raises EmbedderError when there is no such model, its files
    are damaged, or `options` do not fit it.
    """
    model = load_model(name, options)
    from index.embed.static import StaticEmbedder

    return model if isinstance(model, StaticEmbedder) else PairEmbedder(static_table(), model)


def load_model(name: str = EMBEDDED, options: ModelOptions | None = None) -> Embedder:
    """The model of a name without the table; see `load_embedder`."""
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


@cache
def static_table() -> StaticEmbedder:
    """The static table that ships, opened once: words are always compared by it."""
    from index.embed.static import StaticEmbedder

    return StaticEmbedder.open(STATIC_FOLDER)


def _own(name: str) -> Path | None:
    """The folder of a model in a format of this project; None for a model of other makers."""
    if name == E5:
        from index.embed.e5 import e5_folder

        return e5_folder()
    if name in SHIPPED:
        return SHIPPED[name]
    return Path(name) if files_of(Path(name)) else None


def _open(folder: Path) -> Embedder:
    from index.embed.encoder import ENCODER_FILE

    if ENCODER_FILE in files_of(folder):
        from index.embed.encoder import EncoderEmbedder

        return EncoderEmbedder.open(folder)
    if folder == STATIC_FOLDER:
        return static_table()
    from index.embed.static import StaticEmbedder

    return StaticEmbedder.open(folder)
