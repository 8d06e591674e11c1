"""A small encoder of this project's format, made here: what its ONNX file gives against the same weights in torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.embed.e5 import read
from index.embed.embedder import load_model
from index.embed.folder import ENCODER_FOLDER, TOKENIZER_FILE
from index.embed.graph import in_blocks
from index.embed.options import ModelOptions
from index.embed.pretrained import WORDS, Pretrained
from index.errors import EmbedderError

if TYPE_CHECKING:
    from index.embed.embedder import Embedder

WIDTH, INNER, HEADS, PLACES = 64, 128, 4, 48
TEXTS = ["新增就业4万人", "", "就业", "新建学校12所，新增学位9000个", "  ", "业" * 100]
NEEDS = "needs the extras: pip install 'wenju[models,onnx]'"


def small() -> Pretrained:
    """Two layers with random weights; a piece for each character of the texts."""
    rng = np.random.default_rng(7)
    characters = sorted(set("▁querypassage: 4万人12所，9000个新增就业建学校位"))
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((c, -5.0) for c in characters)]

    def random(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": random(len(pieces), WIDTH),
        "embeddings.position_embeddings.weight": random(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": random(1, WIDTH),
    }
    norms = ["embeddings"]
    for i in range(2):
        layer = f"encoder.layer.{i}"
        shapes = {"intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER)}
        shapes |= {f"attention.self.{side}": (WIDTH, WIDTH) for side in ("query", "key", "value")}
        for name, shape in (shapes | {"attention.output.dense": (WIDTH, WIDTH)}).items():
            tensors |= {f"{layer}.{name}.weight": random(*shape), f"{layer}.{name}.bias": random(shape[0])}
        norms += [f"{layer}.attention.output", f"{layer}.output"]
    for norm in norms:
        tensors |= {f"{norm}.LayerNorm.weight": 1 + random(WIDTH), f"{norm}.LayerNorm.bias": random(WIDTH)}
    return Pretrained(tensors, pieces, HEADS, 1e-12)


def with_pieces(encoder: Pretrained) -> Pretrained:
    """An encoder with the pieces of the one that ships, in another order, and one more."""
    shipped = json.loads((ENCODER_FOLDER / TOKENIZER_FILE).read_text("utf-8"))["model"]["vocab"]
    pieces = [(piece, score) for piece, score in (*shipped[:4], ("another", -1.0), *reversed(shipped[4:]))]
    words = np.random.default_rng(3).normal(size=(len(pieces), WIDTH)).astype(np.float32)
    return Pretrained({**encoder.tensors, WORDS: words}, pieces, encoder.heads, encoder.epsilon)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "transformers", "onnx", "onnxruntime"):
        pytest.importorskip(package, reason=NEEDS)
    from index.training.encoder import export

    made = tmp_path_factory.mktemp("encoder") / "model"
    export(small(), made, {"made": "by a test"})
    config = made / "config.json"
    config.write_text(config.read_text("utf-8").replace('"longest": 512', f'"longest": {PLACES}'), "utf-8")
    return made


def in_torch(texts: list[str], prompt: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The mean of the states of BertModel, one text at a time."""
    import torch

    from index.embed.pretrained import tokenizer_of
    from index.training.encoder import bert

    model, tokenizer = bert(small()).eval(), tokenizer_of(small().pieces)
    tokenizer.enable_truncation(PLACES)
    rows = []
    for text in texts:
        with torch.no_grad():
            states = model(input_ids=torch.tensor([tokenizer.encode(prompt + text).ids])).last_hidden_state[0]
        rows.append(torch.nn.functional.normalize(states.mean(dim=0), dim=0).numpy())
    return np.stack(rows)


def test_the_file_gives_what_torch_gives(folder: Path) -> None:
    encoder, said = load_model(str(folder)), [text for text in TEXTS if text.strip()]
    for found, prompt in ((encoder.embed_queries(said), "query: "), (encoder.embed_passages(said), "passage: ")):
        assert (found * in_torch(said, prompt)).sum(axis=1).min() > 0.995


def test_rows_are_unit_or_zero_and_know_nothing_of_their_neighbours(folder: Path) -> None:
    encoder: Embedder = load_model(str(folder))
    together = encoder.embed_passages(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), [bool(text.strip()) for text in TEXTS], atol=1e-6)
    alone = np.concatenate([encoder.embed_passages([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert encoder.embed_queries([]).shape == (0, encoder.dim) == (0, WIDTH)


def test_damage_and_options_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="neither prompts nor backends"):
        load_model(str(folder), ModelOptions("onnx"))
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / TOKENIZER_FILE).write_text("{}", "utf-8")
    with pytest.raises(EmbedderError, match="is damaged"):
        load_model(str(broken))


def test_training_starts_from_what_was_cut_and_can_be_mixed_with_it(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason=NEEDS)
    from index.training.encoder import load, mixed, save

    kept = [0, 1, 2, 3, 7, 9]
    cut = small().cut(kept)
    save(cut, tmp_path)
    again = load(tmp_path)
    assert again.pieces == [small().pieces[i] for i in kept]
    words = "embeddings.word_embeddings.weight"
    np.testing.assert_array_equal(again.tensors[words], small().tensors[words][kept])
    half = mixed(again.tensors, {name: value + 2 for name, value in again.tensors.items()}, 0.5)
    np.testing.assert_allclose(half[words], again.tensors[words] + 1, rtol=1e-5)


def test_blocks_are_read_back() -> None:
    weight = np.random.default_rng(1).normal(size=(3, 64)).astype(np.float32)
    blocks, scales = in_blocks(weight)
    back = (blocks.astype(np.float32) - 128) * scales.reshape(3, -1, 1)
    np.testing.assert_allclose(back.reshape(weight.shape), weight, atol=float(scales.max()) / 2)


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    """Four pieces of width 32 without layers, written here as the package writes them."""
    width, pieces = 32, ["<s>", "<pad>", "</s>", "<unk>"]
    text = "".join(pieces).encode()
    ends = np.cumsum([0, *(len(piece) for piece in pieces)]).astype("<u4")
    head = b"E5QUANT1" + struct.pack("<7i", width, 0, 2, 64, 4, 3, 1) + struct.pack("<fI", 1e-12, 0)
    head += struct.pack("<5iQ", 4, 0, 2, 1, 3, len(text)) + ends.tobytes() + np.zeros(4, "<f4").tobytes() + text
    head += struct.pack("<2I", 0, 0)
    nibbles = np.arange(16, dtype="u1")
    words = b"".join(np.float16(0.5).tobytes() + nibbles.tobytes() for _ in range(4))
    plain = {"emb.pos": (3, width), "emb.type": (1, width), "emb.ln.w": (width,), "emb.ln.b": (width,)}
    parts = {"emb.word": words} | {name: np.full(shape, 2, "<f4").tobytes() for name, shape in plain.items()}
    at = len(head) + 4 + sum(2 + len(name) + 21 for name in parts)
    table = struct.pack("<i", len(parts))
    for name, part in parts.items():
        table += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 0, 0, at, len(part))
        at += len(part)
    path = tmp_path / "packed.bin"
    path.write_bytes(head + table + b"".join(parts.values()))
    found = read(path)
    assert [piece for piece, _ in found.pieces] == pieces
    row = found.tensors["embeddings.word_embeddings.weight"][0]
    low, high = [(n & 15) - 8 for n in range(16)], [(n >> 4) - 8 for n in range(16)]
    np.testing.assert_allclose(row, 0.5 * np.array([*low, *high]))
    assert found.tensors["embeddings.position_embeddings.weight"].shape == (3, width)
