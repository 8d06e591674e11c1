"""Any model of sentence-transformers, run by it under torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from index.embed.options import (
    INSTALL_MODELS,
    LONGEST,
    ModelOptions,
    go_offline,
    prompts_of,
    shown,
    unusable,
)
from index.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


Vectors = NDArray[np.float32]

AT_ONCE = 16_384  # characters embedded at a time, the padding of shorter texts included
MOST_AT_ONCE = 64  # texts


class TransformerEmbedder:
    """A model of sentence-transformers under torch, with its prompts for questions and for passages."""

    def __init__(self, model: SentenceTransformer, fingerprint: str) -> None:
        """`model.prompts` has "query" and "document"; use `open`."""
        self._model, self._fingerprint = model, fingerprint

    @classmethod
    def open(cls, name: str, options: ModelOptions) -> TransformerEmbedder:
        """Load a model by folder or name, from this machine unless WENJU_ALLOW_DOWNLOAD=1; raises EmbedderError."""
        offline = go_offline()
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EmbedderError(f"The model {name} needs sentence-transformers.", f"Run: {INSTALL_MODELS}") from error
        try:
            model = SentenceTransformer(name, trust_remote_code=False, local_files_only=offline)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise unusable(name, error) from error
        query, passage = prompts_of(name, model.prompts, options)
        model.prompts, model.default_prompt_name = {"query": query, "document": passage}, None
        if (model.max_seq_length or LONGEST) >= LONGEST:
            model.max_seq_length = LONGEST
        return cls(model, f"{shown(name)}@{_model_hash(model)}")

    @property
    def fingerprint(self) -> str:
        """The name (of a folder, its last part) and a hash of weights, prompts and longest text."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim), with the model's prompt for questions; zeros for a blank text."""
        return in_batches(texts, self.dim, lambda batch: self._rows(self._model.encode_query, batch))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim), with the model's prompt for documents; zeros for a blank text."""
        return in_batches(texts, self.dim, lambda batch: self._rows(self._model.encode_document, batch))

    @staticmethod
    def _rows(encode: Any, texts: list[str]) -> Vectors:
        found = encode(texts, batch_size=len(texts), convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)


def in_batches(texts: Sequence[str], dim: int, encode: Callable[[list[str]], Vectors]) -> Vectors:
    """Unit rows (n, dim) of what `encode` gives for batches of bounded size, texts of like length together.

    A blank text gets a row of zeros and is not encoded; a row that is all zeros stays so.
    """
    rows = np.zeros((len(texts), dim), np.float32)
    for batch in _batches(texts):
        rows[batch] = encode([texts[i] for i in batch])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, lengths, out=rows, where=lengths > 0)
    return rows


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Positions of the texts that are not blank, shortest first."""
    batch: list[int] = []
    for i in sorted((i for i, text in enumerate(texts) if text.strip()), key=lambda i: len(texts[i])):
        if len(batch) == MOST_AT_ONCE or (len(batch) + 1) * min(len(texts[i]), LONGEST) > AT_ONCE:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _model_hash(model: SentenceTransformer) -> str:
    """A hash of what a text's vector depends on: all weights, the prompts and the longest text."""
    digest = hashlib.sha256(json.dumps([model.prompts, model.max_seq_length], sort_keys=True).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.detach().float().cpu().numpy()).tobytes())
    return digest.hexdigest()[:16]
