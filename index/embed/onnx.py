"""Models of sentence-transformers exported to ONNX, whole or as int8, run by onnxruntime without torch.

sentence-transformers runs such files through optimum-onnx, which does not install beside transformers 5; so the little
that is needed of it is here: tokens, the body of the model, pooling. ``wenju model export FOLDER`` exports a
model folder that has no ONNX files yet (needs torch; writes FOLDER/onnx/).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.embed.options import INSTALL_ONNX, LONGEST, ModelOptions, go_offline, prompts_of, shown, unusable
from index.embed.transformer import Vectors, in_batches
from index.errors import EmbedderError

WHOLE = ("onnx/model.onnx", "model.onnx")
# The names that the exporters of sentence-transformers and transformers.js give; the first one there is taken.
INT8 = tuple(
    f"onnx/model_{kind}.onnx"
    for kind in ("qint8_avx512_vnni", "qint8_avx512", "quint8_avx2", "qint8_arm64", "int8", "quantized")
)
INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids"})
POOLING = ("cls", "mean", "max", "lasttoken")
_OLD_POOLING = {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max", "lasttoken": "lasttoken"}
USE_TORCH = "Use the backend torch for it."


class OnnxEmbedder:
    """The body of a transformer in onnxruntime, with the tokenizer, pooling and prompts of its folder."""

    def __init__(self, session: Any, tokenizer: Any, pooling: str, prompts: tuple[str, str], fingerprint: str) -> None:
        """`tokenizer` cuts at the model's longest text; use `open`."""
        self._session, self._tokenizer, self._pooling = session, tokenizer, pooling
        self._query_prompt, self._passage_prompt = prompts
        self._fingerprint = fingerprint
        self._inputs = [one.name for one in session.get_inputs()]
        self._dim = int(self._encode(["?"]).shape[1])

    @classmethod
    def open(cls, name: str, options: ModelOptions) -> OnnxEmbedder:
        """Load a model by folder or name, from this machine unless WENJU_ALLOW_DOWNLOAD=1; raises EmbedderError."""
        offline = go_offline()
        try:
            from onnxruntime import InferenceSession
        except ImportError as error:
            raise EmbedderError(f"The model {name} as ONNX needs onnxruntime.", f"Run: {INSTALL_ONNX}") from error
        from tokenizers import Tokenizer

        names = INT8 if options.backend == "onnx-int8" else WHOLE
        folder = _folder(name, names, offline)
        path = next((folder / file for file in names if (folder / file).is_file()), None)
        if path is None:
            raise EmbedderError(
                f"The model {name} has no file for the backend {options.backend}: none of {', '.join(names)}.",
                f"Export it: wenju model export {folder}",
            )
        try:
            settings = _settings(folder)
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.no_padding()
            tokenizer.enable_truncation(settings["longest"])
            session = InferenceSession(path, providers=["CPUExecutionProvider"])
            prompts = prompts_of(name, settings["prompts"], options)
            digest = _hash([*sorted(path.parent.glob(f"{path.stem}*")), folder / "tokenizer.json"], settings, prompts)
            fingerprint = f"{shown(name)}/{path.name}@{digest}"
            embedder = cls(session, tokenizer, settings["pooling"], prompts, fingerprint)
        except EmbedderError:
            raise
        except Exception as error:
            raise unusable(name, error) from error
        return embedder

    @property
    def fingerprint(self) -> str:
        """The name, the file, and a hash of the file, the tokenizer, pooling, prompts and longest text."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self._dim

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim), with the model's prompt for questions; zeros for a blank text."""
        return self._embed(texts, self._query_prompt)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim), with the model's prompt for documents; zeros for a blank text."""
        return self._embed(texts, self._passage_prompt)

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        return in_batches(texts, self.dim, lambda batch: self._encode([prompt + text for text in batch]))

    def _encode(self, texts: list[str]) -> Vectors:
        """One text at a time: the scale of an int8 product spans its batch, and a text's vector must not depend on its
        neighbours. On a CPU it costs little."""
        return np.concatenate([self._one(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(texts)])

    def _one(self, ids: list[int]) -> Vectors:
        """The pooled vector of one text, (1, dim); zeros where it has no token."""
        tokens = np.array([ids or [0]], np.int64)
        made = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
            "position_ids": np.arange(tokens.shape[1], dtype=np.int64)[None],
        }
        if unknown := set(self._inputs) - INPUTS:
            raise EmbedderError(f"The ONNX file wants {', '.join(sorted(unknown))}.", USE_TORCH)
        states = self._session.run(None, {name: made[name] for name in self._inputs})[0]
        if states.ndim != 3:
            raise EmbedderError(f"The ONNX file gives {states.ndim} dimensions, not token vectors.", USE_TORCH)
        return _pool(states[0].astype(np.float32), self._pooling)[None] * np.float32(bool(ids))


def _pool(states: NDArray[np.float32], pooling: str) -> Vectors:
    """One vector (dim,) of the vectors of the tokens, (tokens, dim)."""
    if pooling == "mean":
        mean: Vectors = states.mean(axis=0)
        return mean
    if pooling == "max":
        highest: Vectors = states.max(axis=0)
        return highest
    chosen: Vectors = states[0 if pooling == "cls" else -1]
    return chosen


def _folder(name: str, files: Sequence[str], offline: bool) -> Path:
    """The folder of a model; of one given by name, that of the hub's cache, with all but its other weights."""
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = ["*.json", *files, *(f"{file}_data" for file in files)]
    try:
        return Path(snapshot_download(name, local_files_only=offline, allow_patterns=wanted))
    except (OSError, HFValidationError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise unusable(name, error) from error


def _settings(folder: Path) -> dict[str, Any]:
    """Prompts, pooling and longest text, in tokens, as the folder says."""
    modules = _json(folder / "modules.json") or [{"type": "Transformer", "path": ""}]
    kinds = {module["type"].rpartition(".")[2]: module["path"] for module in modules}
    transformer = _json(folder / "sentence_bert_config.json")
    pooling = _json(folder / kinds.get("Pooling", "1_Pooling") / "config.json")
    mode = _mode(pooling)
    others = sorted(set(kinds) - {"Transformer", "Pooling", "Normalize"})
    if others or mode not in POOLING or pooling.get("include_prompt") is False or transformer.get("do_lower_case"):
        what = others[0] if others else f"its pooling ({mode or 'of several kinds'}) or its lower case"
        raise EmbedderError(f"{what} in {folder} is not known to the ONNX backend.", USE_TORCH)
    prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
    return {"longest": _longest(folder, transformer.get("max_seq_length")), "pooling": mode, "prompts": prompts}


def _mode(pooling: Mapping[str, Any]) -> str:
    """How the vectors of the tokens become one, in the new name or an old one; empty where that is not told."""
    if mode := pooling.get("pooling_mode"):
        return str(mode)
    old = [new for key, new in _OLD_POOLING.items() if pooling.get(f"pooling_mode_{key}")]
    if len(old) == 1:
        return old[0]
    return "" if pooling else "mean"


def _longest(folder: Path, said: int | None) -> int:
    """The most tokens of a text: what the model `said`, its tokenizer and its positions allow."""
    body = _json(folder / "config.json")
    positions = body.get("max_position_embeddings") or LONGEST
    if "roberta" in str(body.get("model_type")):  # its positions start behind the padding's
        positions -= int(body.get("pad_token_id") or 0) + 1
    limits = (said, _json(folder / "tokenizer_config.json").get("model_max_length"))
    return min(LONGEST, positions, *(int(limit) for limit in limits if limit))


def _json(path: Path) -> Any:
    """What a file of the folder holds; an empty mapping where there is none."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _hash(files: Sequence[Path], settings: Mapping[str, Any], prompts: tuple[str, str]) -> str:
    digest = hashlib.sha256(json.dumps([settings["longest"], settings["pooling"], prompts]).encode())
    for path in files:
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def export(folder: Path) -> tuple[Path, Path]:
    """Write the transformer in `folder` as ONNX, whole and as int8; the paths of the two files.

    Raises EmbedderError when a package is missing or the model is none of sentence-transformers.
    """
    try:
        import torch
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        remedy = 'Run: pip install "wenju[models,onnx]"'
        raise EmbedderError(f"Exporting {folder} needs {error.name}.", remedy) from error
    try:
        model = SentenceTransformer(str(folder), trust_remote_code=False, local_files_only=go_offline(), device="cpu")
    except (OSError, ValueError, RuntimeError) as error:
        raise unusable(str(folder), error) from error
    sample = model.tokenizer(["问题 一"], return_tensors="pt")
    names = list(sample)

    class Body(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner: Any = model[0].model

        def forward(self, *values: Any) -> Any:
            return self.inner(**dict(zip(names, values, strict=True))).last_hidden_state

    whole, small = folder / WHOLE[0], folder / INT8[-2]
    whole.parent.mkdir(exist_ok=True)
    axes = {name: {0: "texts", 1: "tokens"} for name in (*names, "token_embeddings")}
    torch.onnx.export(
        Body().eval(), tuple(sample[name] for name in names), str(whole), dynamo=False,
        input_names=names, output_names=["token_embeddings"], dynamic_axes=axes,
    )  # fmt: skip
    quantize_dynamic(whole, small, weight_type=QuantType.QInt8)
    return whole, small
