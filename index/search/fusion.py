"""Two sides of a search, one order: how the dense and the lexical evidence for a row become a score.

score = w * dense + (1 - w) * lexical * coverage / sqrt(best coverage of the search), with `dense` = the calibrated
cosines (`index.embed.calibration`), of a pair of models their weighted sum, and `lexical` = BM25 of the whole text,
divided by the best of the search. Coverage, the share of the question's rare words that a text holds, is what tells
whether the best BM25 is worth anything: an English question over Chinese reports finds its figures only. The weights
are fitted on training data by ``python -m evals.fusion``, which also compares other formulas, and stand in fusion.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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
OWN = 0.05  # what BM25 of a row counts beside that of the whole: it tells the rows of one text apart
PARTS = {1: "alone", 2: "pair"}  # of a vector


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
    parts: Vectors  # what each part of the vectors says, (n, parts), calibrated: 0 nothing, 1 most
    lexical: Vectors  # BM25 of the row divided by the best of the search, in [0, 1]
    whole: Vectors  # the same of the text that the row is part of
    coverage: Vectors  # of that text, as `Lexical.coverage`

    @property
    def dense(self) -> Vectors:
        """What the vectors say, calibrated, (n,)."""
        said: Vectors = self.parts @ np.array(part_shares(self.parts.shape[1]), np.float32)
        return said


Scoring = Callable[[Candidates], Scores]


def dense(found: Candidates) -> Scores:
    """The vectors alone."""
    return found.dense.astype(np.float64)


def lexical(found: Candidates) -> Scores:
    """BM25 of the whole texts alone; of one whole the rows by their own."""
    return found.whole.astype(np.float64) + OWN * found.lexical.astype(np.float64)


def covered(found: Candidates) -> Scores:
    """The lexical side as it is fused, in [0, 1]."""
    best = float(found.coverage.max(initial=0))
    return lexical(found) * found.coverage / np.sqrt(best) if best else lexical(found) * 0


def fused(found: Candidates) -> Scores:
    """Both sides, by the formula above."""
    weight = dense_weight(found.parts.shape[1])
    return weight * dense(found) + (1 - weight) * covered(found)


def dense_weight(parts: int) -> float:
    """The weight of the dense side, in (0, 1), where its vectors have so many parts."""
    return 1 - _weights()[PARTS[parts]]["lexical"]


def part_shares(parts: int) -> tuple[float, ...]:
    """What each part of the vectors counts, in all 1: of a pair first the static table."""
    weights = [weight for name, weight in _weights()[PARTS[parts]].items() if name != "lexical"]
    return tuple(weight / sum(weights) for weight in weights)


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    loaded: dict[str, dict[str, float]] = json.loads(files("index.search").joinpath(WEIGHTS).read_text("utf-8"))
    return loaded


def ranked(found: Candidates, scoring: Scoring) -> list[Scored]:
    """All candidates, best first, equal scores by row."""
    scores = scoring(found)
    dense_rank = ranks(found.dense, found.near)
    lexical_rank = ranks(lexical(found), found.whole > 0)
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


def ranks(scores: Vectors | Scores, found: Mask) -> Rows:
    """Rank from 1 of those that are `found`, best score first, equal ones in order; 0 of the others."""
    places = np.flatnonzero(found)
    numbers = np.zeros(len(scores), np.int64)
    numbers[places[np.argsort(-scores[places], kind="stable")]] = np.arange(1, len(places) + 1)
    return numbers
