"""Fit the ranking and the confidence anew on a user's own questions, near the weights that ship.

The weights that ship come from some 700 questions over three sets of reports. A few dozen of a user's own say something
about his reports and little about language, so each new weight is pulled to the one that ships, the more the fewer the
questions (a Gaussian prior around it).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from evals import calibration
from evals.dataset import Question
from evals.fit import Floats, best, fit_rank, samples
from index.errors import InputError
from rag.pipeline import Pipeline
from rag.retrieve.ranking import WEIGHTS_FILE, vector, weights
from rag.retrieve.types import Confidence, Features

SHIPPED_ON = 600  # questions that the weights that ship were fitted on
FEWEST = 20  # questions that say anything
PENALTY = 3.0  # of a weight's distance from the one that ships, as a sum over questions

Table = dict[str, dict[str, float]]


def refit(pipeline: Pipeline, questions: Sequence[Question], out: Path) -> Table:
    """Write the weights for the questions of one index to `out` and return them; WENJU_WEIGHTS names that file from
    then on. Raises InputError when there are too few questions with evidence, or `out` cannot be written."""
    known = [s for s in samples(pipeline, questions) if s.right.any() or not s.question.answerable]
    if sum(s.question.answerable for s in known) < FEWEST:
        raise InputError(
            f"只有 {len(known)} 个问题可用来拟合，至少要 {FEWEST} 个能答、写明证据的。", "请补充问题及其 evidence。"
        )
    table: Table = {name: dict(part) for name, part in weights().items()}
    rank = fit_rank(
        [s for s in known if s.right.any()], np.array([table["rank"][f.name] for f in fields(Features)]),
        penalty_scale=max(1.0, SHIPPED_ON / len(known)),
    )  # fmt: skip
    table["rank"] = {f.name: round(float(w), 3) for f, w in zip(fields(Features), rank, strict=True)}
    told, right = zip(*(best(sample, rank) for sample in known), strict=True)
    table["confidence"] |= _moved(table["confidence"], [_named(one) for one in told], right)
    _write(table, out)
    drafts = list(calibration.drafts("own", pipeline, questions))
    table["draft"] |= _moved(table["draft"], [draft.values for draft in drafts], [draft.right for draft in drafts])
    _write(table, out)
    return table


def _named(known: Confidence) -> Mapping[str, float]:
    return dict(zip((f.name for f in fields(Confidence)), vector(known).tolist(), strict=True))


def _moved(
    shipped: Mapping[str, float], rows: Sequence[Mapping[str, float]], right: Sequence[bool]
) -> Mapping[str, float]:
    """The weights of a logistic model near those that ship, for rows of named values."""
    names = sorted({name for row in rows for name in row} & shipped.keys())
    x = np.array([[1.0, *(row.get(name, 0.0) for name in names)] for row in rows])
    before = np.array([shipped["bias"], *(shipped[name] for name in names)])
    change: Floats = calibration.logistic(x, np.array(right, float), PENALTY, x @ before)
    return {name: round(float(w), 3) for name, w in zip(("bias", *names), before + change, strict=True)}


def _write(table: Table, out: Path) -> None:
    """Write the weights, and use them in this process."""
    try:
        out.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{out}：写入失败（{error.strerror}）。", "请换一个路径再试。") from error
    os.environ[WEIGHTS_FILE] = str(out)
    weights.cache_clear()
