"""From a checkpoint to the files that ship: int8 rows with one scale each, the tokenizer and a config with hashes."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embed.folder import CONFIG_FILE, TOKENIZER_FILE, sha256
from index.embed.static import MODEL_FILE

NAME = "wenju-static-zh-en"
VERSION = "1.1"


def quantise(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows (n, dim) as int8 and one scale a row, so that the largest number of each row becomes 127."""
    scale = np.abs(weights).max(axis=1) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(weights / scale[:, None]).astype(np.int8), scale


def export(weights: NDArray[np.float32], tokenizer: Path, folder: Path, made: dict[str, object]) -> None:
    """Write the model's files; `made` (steps, seed, …) is kept in the config as a record."""
    from safetensors.numpy import save_file

    embedding, scale = quantise(weights)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"embedding": embedding, "scale": scale}, folder / MODEL_FILE)
    (folder / MODEL_FILE).chmod(0o644)  # safetensors makes it readable by its owner alone
    compact = json.dumps(json.loads(tokenizer.read_text("utf-8")), ensure_ascii=False, separators=(",", ":"))
    (folder / TOKENIZER_FILE).write_text(compact, "utf-8")
    config = {
        "name": NAME,
        "version": VERSION,
        "dim": embedding.shape[1],
        "vocab": embedding.shape[0],
        "pooling": "mean",
        "normaliser": "NFKC, lowercase",
        "prompts": {},
        "made": made,
        "sha256": {name: sha256(folder / name) for name in (MODEL_FILE, TOKENIZER_FILE)},
    }
    (folder / CONFIG_FILE).write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", "utf-8")
