"""Text to unit vectors: the embedded model by default, any sentence-transformers model by name or folder.

The embedded model is static: one vector a token, their mean, made unit length. It needs numpy, safetensors and
tokenizers, loads in a fraction of a second and runs anywhere. Its folder holds

    model.safetensors   `embedding` int8 (vocab, dim) and `scale` float32 (vocab,): row i is embedding[i] * scale[i]
    tokenizer.json      text to tokens, with the normaliser
    config.json         name, version, dim, vocab and the SHA-256 of the other two files
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.embed.options import INSTALL_MODELS, ModelOptions
from index.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

EMBEDDED = "embedded"
EMBEDDED_FOLDER = Path(__file__).parents[1] / "embedded"
MODEL_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
REINSTALL = "Reinstall wenju, or restore the folder from its repository."
BLOCK = 1024  # texts tokenised and pooled at a time: bounds memory at a few megabytes per thousand tokens


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
    folder = EMBEDDED_FOLDER if name == EMBEDDED else Path(name)
    if name == EMBEDDED or _is_static(folder):
        if options.to_json():
            raise EmbedderError(
                f"The static model {name} knows neither prompts nor backends.", "Leave those options out."
            )
        return StaticEmbedder.open(folder)
    if options.backend == "torch":
        from index.embed.transformer import TransformerEmbedder

        return TransformerEmbedder.open(name, options)
    from index.embed.onnx import OnnxEmbedder

    return OnnxEmbedder.open(name, options)


def _is_static(folder: Path) -> bool:
    """Whether a folder says of itself that it holds a static model of this format."""
    path = folder / CONFIG_FILE
    return path.is_file() and "sha256" in _read_json(path)


class StaticEmbedder:
    """The mean of the vectors of a text's tokens, unit length. Questions and passages are embedded alike.

    A text without a known token (empty, only punctuation or an unknown script) gives a row of zeros: it has the score
    0 with everything, so it is never found and finds nothing.
    """

    def __init__(self, tokenizer: "Tokenizer", embedding: NDArray[np.int8], scale: Vectors, fingerprint: str) -> None:
        if embedding.ndim != 2 or scale.shape != embedding.shape[:1]:
            raise ValueError(f"{embedding.shape} rows do not fit {scale.shape} scales")
        if tokenizer.get_vocab_size() != len(embedding):
            raise ValueError(f"{len(embedding)} rows do not fit {tokenizer.get_vocab_size()} tokens")
        self._tokenizer, self._embedding, self._scale, self._fingerprint = tokenizer, embedding, scale, fingerprint

    @classmethod
    def open(cls, folder: Path) -> "StaticEmbedder":
        """Load a folder after checking the hashes that its config records; raises EmbedderError."""
        config = _read_config(folder)
        for name in (MODEL_FILE, TOKENIZER_FILE):
            _check_file(folder / name, config["sha256"][name])
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            embedding, scale = _read_rows(folder / MODEL_FILE)
            return cls(tokenizer, embedding, scale, _fingerprint(config))
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


def to_sentence_transformer(folder: Path = EMBEDDED_FOLDER) -> "SentenceTransformer":
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


def sha256(path: Path) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise EmbedderError(f"The model folder {folder} has no {CONFIG_FILE}.", REINSTALL)
    config = _read_json(path)
    hashes = config.get("sha256")
    if not {"name", "version"} <= config.keys() or not (
        isinstance(hashes, dict) and all(isinstance(hashes.get(name), str) for name in (MODEL_FILE, TOKENIZER_FILE))
    ):
        raise EmbedderError(f"{path} does not describe a static model.", REINSTALL)
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EmbedderError(f"{path} cannot be read: {error}.", REINSTALL) from error
    return found if isinstance(found, dict) else {}


def _check_file(path: Path, expected: str) -> None:
    try:
        actual = sha256(path)
    except OSError as error:
        raise EmbedderError(f"The model file {path} is missing or unreadable.", REINSTALL) from error
    if actual != expected:
        raise EmbedderError(
            f"The model file {path} is damaged: SHA-256 {actual[:12]}… instead of {expected[:12]}….", REINSTALL
        )


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


def _fingerprint(config: Mapping[str, Any]) -> str:
    parts = (config["sha256"][MODEL_FILE], config["sha256"][TOKENIZER_FILE])
    return f"{config['name']}-{config['version']}@{hashlib.sha256(''.join(parts).encode()).hexdigest()[:16]}"
