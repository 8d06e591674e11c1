"""A BERT-shaped encoder as one ONNX file that onnxruntime runs by itself: pieces in, unit vectors of texts out.

Weights of the layers are int8 in blocks of 32 with a scale each, and their inputs are made int8 row by row while they
run (`MatMulNBits` of onnxruntime, accuracy level 4), so that the vector of a text does not depend on its neighbours, as
it would with one scale for a whole batch. Vectors of pieces are int8 with a scale a row. Writing needs onnx.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tensors = Mapping[str, NDArray[np.float32]]  # named as in BertModel of transformers

BLOCK = 32  # weights that share a scale
BITS = 8
INT8_PRODUCTS = 4  # the accuracy level at which onnxruntime multiplies in int8
ROWS_IN_INT8 = 127.0
UNSEEN = -1e4  # added to the scores of what is no piece, before the softmax
OPSET, IR = 18, 9
MICROSOFT = "com.microsoft"


@dataclass
class _Graph:
    """Nodes and constants as they are added; `add` gives the name of a node's output."""

    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def constant(self, name: str, value: Array) -> str:
        self.constants.setdefault(name, np.ascontiguousarray(value))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant("of_" + "_".join(map(str, values)), np.array(values, np.int64))

    def add(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name


def write_encoder(tensors: Tensors, heads: int, epsilon: float, path: Path) -> None:
    """Write the encoder of `tensors` to `path`. Inputs: `input_ids` and `attention_mask`, int64 (texts, tokens);
    output: `vectors`, float32 (texts, width), the mean over the tokens of a text, at unit length."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = _Graph()
    seen = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    states = _embeddings(graph, tensors, epsilon)
    hidden = graph.add("Sub", seen, graph.constant("one", np.array(1, np.float32)))
    hidden = graph.add("Mul", hidden, graph.constant("unseen", np.array(-UNSEEN, np.float32)))
    hidden = graph.add("Unsqueeze", hidden, graph.numbers(1, 2))
    for number in range(layers_of(tensors)):
        states = _layer(graph, tensors, f"encoder.layer.{number}", states, hidden, heads, epsilon)
    vectors = _pooled(graph, states, seen)
    tokens = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    graph.nodes[-1].output[0] = "vectors"
    width = tensors["embeddings.word_embeddings.weight"].shape[1]
    result = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", width])
    constants = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    assert vectors == graph.nodes[-1].name
    made = helper.make_graph(graph.nodes, "encoder", tokens, [result], constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    onnx.save(helper.make_model(made, opset_imports=opsets, ir_version=IR, producer_name="wenju"), path)


def layers_of(tensors: Tensors) -> int:
    """How many layers there are."""
    return len({name.split(".")[2] for name in tensors if name.startswith("encoder.layer.")})


def _embeddings(graph: _Graph, tensors: Tensors, epsilon: float) -> str:
    from onnx import TensorProto

    words = tensors["embeddings.word_embeddings.weight"]
    scales = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-12) / ROWS_IN_INT8
    rows = graph.constant("pieces", np.round(words / scales).astype(np.int8))
    rows = graph.add("Cast", graph.add("Gather", rows, "input_ids"), to=TensorProto.FLOAT)
    scale = graph.add("Gather", graph.constant("piece_scales", scales.astype(np.float32)), "input_ids")
    kinds = tensors["embeddings.token_type_embeddings.weight"][:1]
    places = graph.constant("places", tensors["embeddings.position_embeddings.weight"] + kinds)
    length = graph.add("Shape", "input_ids", start=1, end=2)
    places = graph.add("Slice", places, graph.numbers(0), length)
    return _norm(graph, tensors, "embeddings", graph.add("Add", graph.add("Mul", rows, scale), places), epsilon)


def _layer(
    graph: _Graph, tensors: Tensors, layer: str, states: str, hidden: str, heads: int, epsilon: float
) -> str:  # fmt: skip
    width = tensors["embeddings.word_embeddings.weight"].shape[1]
    sides = []
    for side, order, scale in (("query", (0, 2, 1, 3), (width // heads) ** -0.5), ("key", (0, 2, 3, 1), 1.0),
                               ("value", (0, 2, 1, 3), 1.0)):  # fmt: skip
        found = _linear(graph, tensors, f"{layer}.attention.self.{side}", states, scale)
        found = graph.add("Reshape", found, graph.numbers(0, 0, heads, width // heads))
        sides.append(graph.add("Transpose", found, perm=order))
    query, key, value = sides
    looks = graph.add("Softmax", graph.add("Add", graph.add("MatMul", query, key), hidden), axis=-1)
    found = graph.add("Transpose", graph.add("MatMul", looks, value), perm=(0, 2, 1, 3))
    found = graph.add("Reshape", found, graph.numbers(0, 0, width))
    found = graph.add("Add", _linear(graph, tensors, f"{layer}.attention.output.dense", found), states)
    states = _norm(graph, tensors, f"{layer}.attention.output", found, epsilon)
    inner = graph.add("Gelu", _linear(graph, tensors, f"{layer}.intermediate.dense", states), domain=MICROSOFT)
    found = graph.add("Add", _linear(graph, tensors, f"{layer}.output.dense", inner), states)
    return _norm(graph, tensors, f"{layer}.output", found, epsilon)


def _linear(graph: _Graph, tensors: Tensors, name: str, states: str, scale: float = 1.0) -> str:
    """weight · states + bias, both times `scale`."""
    weight, bias = tensors[f"{name}.weight"] * scale, tensors[f"{name}.bias"] * scale
    rows, columns = weight.shape
    blocks, scales = in_blocks(weight)
    product = graph.add(
        "MatMulNBits", states, graph.constant(f"{name}.blocks", blocks), graph.constant(f"{name}.scales", scales),
        domain=MICROSOFT, K=columns, N=rows, bits=BITS, block_size=BLOCK, accuracy_level=INT8_PRODUCTS,
    )  # fmt: skip
    return graph.add("Add", product, graph.constant(f"{name}.bias", bias.astype(np.float32)))


def in_blocks(weight: Array) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Weights (rows, columns) as bytes (rows, columns / BLOCK, BLOCK), 128 for zero, and a scale for each block."""
    blocks = weight.reshape(len(weight), -1, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=-1, keepdims=True), 1e-12) / ROWS_IN_INT8
    return (np.round(blocks / scales) + 128).astype(np.uint8), scales.reshape(-1).astype(np.float32)


def _norm(graph: _Graph, tensors: Tensors, name: str, states: str, epsilon: float) -> str:
    norm = f"{name}.LayerNorm"
    weight, bias = (graph.constant(f"{norm}.{part}", tensors[f"{norm}.{part}"]) for part in ("weight", "bias"))
    return graph.add("LayerNormalization", states, weight, bias, epsilon=epsilon)


def _pooled(graph: _Graph, states: str, seen: str) -> str:
    """The mean of the states of what is a piece, at unit length."""
    kept = graph.add("Mul", states, graph.add("Unsqueeze", seen, graph.numbers(2)))
    mean = graph.add("Div", graph.add("ReduceSum", kept, graph.numbers(1), keepdims=0),
                     graph.add("ReduceSum", seen, graph.numbers(1), keepdims=1))  # fmt: skip
    return graph.add("Div", mean, graph.add("ReduceL2", mean, graph.numbers(1), keepdims=1))
