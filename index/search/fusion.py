"""Two sides of a search, one order: how the dense and the lexical evidence for a row become a score.

score = w * cosine + (1 - w) * lexical * coverage / sqrt(best coverage of the search), with `lexical` = BM25 divided by
the best BM25 of the search. Coverage, the share of the question's rare words that a row holds, is what tells whether
the best BM25 is worth anything: an English question over Chinese reports finds its figures only. The weight w is
fitted on training data by ``python -m evals.fusion``, which also compares other formulas, and stands in fusion.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
Scores = NDArray[np.float64]
WEIGHTS = "fusion.json"


@dataclass(frozen=True, slots=True)
class Scored:
    """A found row; scores and ranks as in `index.types.Hit`."""

    row: int
    score: float
    dense: float
    lexical: float
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rows that either side proposes, ascending, with what each side says of every one; all arrays (n,)."""

    rows: Rows
    near: Mask  # proposed by the dense side
    dense: Vectors  # cosines
    lexical: Vectors  # BM25 divided by the best of the search, in [0, 1]
    coverage: Vectors  # as `Lexical.coverage`


Scoring = Callable[[Candidates], Scores]


def dense(found: Candidates) -> Scores:
    """The cosines alone."""
    return found.dense.astype(np.float64)


def lexical(found: Candidates) -> Scores:
    """BM25 alone."""
    return found.lexical.astype(np.float64)


def covered(found: Candidates) -> Scores:
    """The lexical side as it is fused, in [0, 1]."""
    best = float(found.coverage.max(initial=0))
    return lexical(found) * found.coverage / np.sqrt(best) if best else lexical(found) * 0


def fused(found: Candidates) -> Scores:
    """Both sides, by the formula above."""
    weight = dense_weight()
    return weight * dense(found) + (1 - weight) * covered(found)


@cache
def dense_weight() -> float:
    """The weight of the dense side, in (0, 1)."""
    return float(json.loads(files("index.search").joinpath(WEIGHTS).read_text("utf-8"))["dense"])


def ranked(found: Candidates, scoring: Scoring) -> list[Scored]:
    """All candidates, best first, equal scores by row."""
    scores = scoring(found)
    dense_rank = ranks(found.dense, found.near)
    lexical_rank = ranks(found.lexical, found.lexical > 0)
    return [
        Scored(
            row=int(found.rows[i]),
            score=float(scores[i]),
            dense=float(found.dense[i]),
            lexical=float(found.lexical[i]),
            dense_rank=int(dense_rank[i]) or None,
            lexical_rank=int(lexical_rank[i]) or None,
        )
        for i in np.argsort(-scores, kind="stable")
    ]


def ranks(scores: Vectors, found: Mask) -> Rows:
    """Rank from 1 of those that are `found`, best score first, equal ones in order; 0 of the others."""
    places = np.flatnonzero(found)
    numbers = np.zeros(len(scores), np.int64)
    numbers[places[np.argsort(-scores[places], kind="stable")]] = np.arange(1, len(places) + 1)
    return numbers
