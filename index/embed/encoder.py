"""A small transformer encoder in onnxruntime: tokens, one ONNX file, unit vectors; neither torch nor transformers.

Its folder holds

    encoder.onnx     written by `index.embed.graph`: int8, pooling and unit length inside
    tokenizer.json   text to pieces, with the normaliser and the marks at both ends
    config.json      name, version, dim, longest text in tokens, prompts, and the SHA-256 of the other two files
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.embed.folder import CONFIG_FILE, TOKENIZER_FILE, checked_folder, fingerprint_of, sha256
from index.embed.options import INSTALL_ONNX
from index.errors import EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

ENCODER_FILE = "encoder.onnx"
TOKENS_AT_ONCE = 1024  # of one run, padding included: what keeps two cores busy and little memory
LONGEST = 512  # tokens of a text that are read
PAD = 1  # the number of <pad>


class EncoderEmbedder:
    """The encoder of a folder, with its prompts for questions and for passages."""

    def __init__(self, session: Any, tokenizer: Tokenizer, config: Mapping[str, Any], fingerprint: str) -> None:
        """`tokenizer` cuts at the longest text; use `open`."""
        self._session, self._tokenizer = session, tokenizer
        self._prompts: Mapping[str, str] = config["prompts"]
        self._dim, self._fingerprint = int(config["dim"]), fingerprint

    @classmethod
    def open(cls, folder: Path) -> EncoderEmbedder:
        """Load a folder after checking the hashes that its config records; raises EmbedderError."""
        config = checked_folder(folder, (ENCODER_FILE, TOKENIZER_FILE))
        try:
            from onnxruntime import InferenceSession
        except ImportError as error:
            raise EmbedderError(f"The encoder in {folder} needs onnxruntime.", f"Run: {INSTALL_ONNX}") from error
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            tokenizer.no_padding()
            tokenizer.enable_truncation(int(config["longest"]))
            session = InferenceSession(folder / ENCODER_FILE, providers=["CPUExecutionProvider"])
            return cls(session, tokenizer, config, fingerprint_of(config))
        except Exception as error:  # onnxruntime's errors share no base but Exception
            raise EmbedderError(
                f"The encoder in {folder} cannot be used: {error}.", "Make or install it anew."
            ) from error

    @property
    def fingerprint(self) -> str:
        """Name, version and the start of the hash of the files."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self._dim

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim), with the prompt for questions; zeros for a blank text."""
        return self._embed(texts, self._prompts["query"])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim), with the prompt for passages; zeros for a blank text."""
        return self._embed(texts, self._prompts["passage"])

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        said = [number for number, text in enumerate(texts) if text.strip()]
        found = self._tokenizer.encode_batch_fast([prompt + texts[number] for number in said])
        vectors = np.zeros((len(texts), self._dim), np.float32)
        for batch in _batches([len(encoding.ids) for encoding in found]):
            rows = [found[i].ids for i in batch]
            pieces = np.full((len(rows), len(rows[-1])), PAD, np.int64)  # the last one of a batch is the longest
            mask = np.zeros_like(pieces)
            for i, row in enumerate(rows):
                pieces[i, : len(row)], mask[i, : len(row)] = row, 1
            made = self._session.run(None, {"input_ids": pieces, "attention_mask": mask})[0]
            vectors[[said[i] for i in batch]] = made
        return vectors


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of the texts, those of like length together, at most TOKENS_AT_ONCE tokens with padding."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def write_config(folder: Path, name: str, version: str, dim: int, prompts: Mapping[str, str], **made: object) -> None:
    """Write the config of a folder that holds the other two files; `made` says how they were made."""
    hashes = {file: sha256(folder / file) for file in (ENCODER_FILE, TOKENIZER_FILE)}
    config = {"name": name, "version": version, "dim": dim, "longest": LONGEST, "prompts": dict(prompts), **made}
    (folder / CONFIG_FILE).write_text(json.dumps(config | {"sha256": hashes}, ensure_ascii=False, indent=1), "utf-8")
