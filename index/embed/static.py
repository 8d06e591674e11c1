"""The static model: one vector a token, a text is their mean, made unit length.

It needs numpy, safetensors and tokenizers, loads in a fraction of a second and runs anywhere. Its folder holds

    model.safetensors   `embedding` int8 (vocab, dim) and `scale` float32 (vocab,): row i is embedding[i] * scale[i]
    tokenizer.json      text to tokens, with the normaliser
    config.json         name, version, dim, vocab and the SHA-256 of the other two files
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.embed.folder import REINSTALL, STATIC_FOLDER, TOKENIZER_FILE, checked_folder, fingerprint_of
from index.embed.options import INSTALL_MODELS
from index.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

MODEL_FILE = "model.safetensors"
BLOCK = 1024  # texts tokenised and pooled at a time: bounds memory at a few megabytes per thousand tokens


class StaticEmbedder:
    """The mean of the vectors of a text's tokens, unit length. Questions and passages are embedded alike.

    A text without a known token (empty, only punctuation or an unknown script) gives a row of zeros: it has the score
    0 with everything, so it is never found and finds nothing.
    """

    def __init__(self, tokenizer: Tokenizer, embedding: NDArray[np.int8], scale: Vectors, fingerprint: str) -> None:
        if embedding.ndim != 2 or scale.shape != embedding.shape[:1]:
            raise ValueError(f"{embedding.shape} rows do not fit {scale.shape} scales")
        if tokenizer.get_vocab_size() != len(embedding):
            raise ValueError(f"{len(embedding)} rows do not fit {tokenizer.get_vocab_size()} tokens")
        self._tokenizer, self._embedding, self._scale, self._fingerprint = tokenizer, embedding, scale, fingerprint

    @classmethod
    def open(cls, folder: Path) -> StaticEmbedder:
        """Load a folder after checking the hashes that its config records; raises EmbedderError."""
        config = checked_folder(folder, (MODEL_FILE, TOKENIZER_FILE))
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            embedding, scale = _read_rows(folder / MODEL_FILE)
            return cls(tokenizer, embedding, scale, fingerprint_of(config))
        except (ValueError, KeyError) as error:
            raise EmbedderError(f"The model in {folder} does not fit together: {error}.", REINSTALL) from error

    @property
    def fingerprint(self) -> str:
        """Name, version and the start of the hashes of weights and tokenizer."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._embedding.shape[1])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim) for questions; zeros for a text without a known token."""
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim) for passages; zeros for a text without a known token."""
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), BLOCK):
            block = self._tokenizer.encode_batch_fast(list(texts[start : start + BLOCK]), add_special_tokens=False)
            for number, encoding in enumerate(block, start):
                if encoding.ids:
                    vectors[number] = self._mean(encoding.ids)
        return vectors

    def _mean(self, tokens: list[int]) -> Vectors:
        """Unit vector of one text: scale-weighted sum of int8 rows; the length of the text cancels out."""
        total: Vectors = self._scale.take(tokens) @ self._embedding.take(tokens, axis=0).astype(np.float32)
        length = np.float32(np.linalg.norm(total))
        return total / length if length > 0 else total


def to_sentence_transformer(folder: Path = STATIC_FOLDER) -> SentenceTransformer:
    """A static model of this format as a sentence-transformers model that gives the same vectors.

    `.save_pretrained(path)` of the result makes a folder for other programs.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    except ImportError as error:
        raise EmbedderError("sentence-transformers is not installed.", f"Run: {INSTALL_MODELS}") from error
    embedder = StaticEmbedder.open(folder)
    weights = embedder._embedding.astype(np.float32) * embedder._scale[:, None]
    return SentenceTransformer(modules=[StaticEmbedding(embedder._tokenizer, embedding_weights=weights), Normalize()])


def _read_rows(path: Path) -> tuple[NDArray[np.int8], Vectors]:
    """The int8 rows, memory-mapped so that processes share them, and their scales; the safetensors reader copies."""
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
    rows, scales = header["embedding"], header["scale"]
    if (rows["dtype"], scales["dtype"]) != ("I8", "F32"):
        raise ValueError(f"tensors of type {rows['dtype']} and {scales['dtype']}, not I8 and F32")
    start = 8 + size
    embedding = np.memmap(path, np.int8, "r", start + rows["data_offsets"][0], tuple(rows["shape"]))
    scale = np.memmap(path, np.float32, "r", start + scales["data_offsets"][0], tuple(scales["shape"]))
    # A plain view of the map: numpy's memmap class costs ten microseconds at every gather.
    return embedding.view(np.ndarray), np.array(scale)
