"""The gate: no category may fall below the committed baseline by more than the tolerance written there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.dataset import Question, digest
from evals.run import Run
from evals.scores import ALL, ANSWERABLE, REFUSE, Scores, tabulate
from index.errors import InputError

BASELINE = Path(__file__).with_name("baseline.json")
OVERALL = frozenset({ALL, ANSWERABLE, REFUSE})
MEASURES = ("right", "evidence")
TOLERANCE = {"category": 0.1, "overall": 0.02}  # of a new baseline: a category has few questions


@dataclass(frozen=True, slots=True)
class Baseline:
    """Recorded scores. `splits`: split -> {"questions": digest, "scores": {category: {measure: share}}}."""

    tolerance: Mapping[str, float] = field(default_factory=lambda: dict(TOLERANCE))
    splits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison of the gate: what it is about, and why it fails (None when it holds)."""

    name: str
    failure: str | None = None


def read_baseline(path: Path) -> Baseline:
    """Raises InputError when the file is missing or is not a baseline."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        tolerance = {name: float(raw["tolerance"][name]) for name in TOLERANCE}
        splits = {
            str(split): {"questions": str(entry["questions"]), "scores": dict(entry["scores"])}
            for split, entry in raw["splits"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"读不了基线 {path}：{type(error).__name__} {error}。"
        raise InputError(what, "请运行 wenju eval --update-baseline 写一份新的。") from error
    return Baseline(tolerance, splits)


def compare(run: Run, baseline: Baseline) -> tuple[Line, ...]:
    """Every comparison, failed or not: crashes first, then each split, category and measure."""
    return tuple(_lines(run, baseline))


def _lines(run: Run, baseline: Baseline) -> Iterator[Line]:
    for crash in run.crashes:
        yield Line(f"{crash.question.split} {crash.question.id}", f"崩溃：{crash.error}")
    for split, now in tabulate(run).items():
        then = baseline.splits.get(split)
        if then is None or then["questions"] != digest(_asked(run, split)):
            yield Line(f"{split} 问题集", "与基线记录的问题集不同")
        else:
            yield from _fallen(split, now, then["scores"], baseline.tolerance)


def _asked(run: Run, split: str) -> Sequence[Question]:
    questions = [result.question for result in run.results] + [crash.question for crash in run.crashes]
    return [question for question in questions if question.split == split]


def _fallen(
    split: str, now: Mapping[str, Scores], then: Mapping[str, Any], tolerance: Mapping[str, float]
) -> Iterator[Line]:
    for category, scores in now.items():
        allowed = tolerance["overall" if category in OVERALL else "category"]
        for measure in MEASURES:
            value, before = getattr(scores, measure), then.get(category, {}).get(measure)
            if value is None or before is None:
                continue
            fell = value < before - allowed - 1e-9
            failure = f"{before:.3f} → {value:.3f}（容许下降 {allowed:.3f}）" if fell else None
            yield Line(f"{split} {category} {measure}", failure)


def updated(run: Run, baseline: Baseline) -> Baseline:
    """The baseline with the splits of this run recorded anew."""
    fresh = {
        split: {"questions": digest(_asked(run, split)), "scores": _recorded(scores)}
        for split, scores in tabulate(run).items()
    }
    return Baseline(baseline.tolerance, {**baseline.splits, **fresh})


def _recorded(scores: Mapping[str, Scores]) -> dict[str, dict[str, float]]:
    return {
        category: {m: round(value, 4) for m in MEASURES if (value := getattr(row, m)) is not None} | {"n": row.n}
        for category, row in scores.items()
    }


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write the file that `read_baseline` reads."""
    content = {"tolerance": dict(baseline.tolerance), "splits": dict(baseline.splits)}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
