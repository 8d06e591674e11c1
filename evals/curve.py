"""Coverage and accuracy at every threshold on the confidence.

Nothing is approximated: an answer changes only where the threshold passes a probability that was compared with it. So
each question is asked first right above 0, which is the probability where nothing is found, then right above the least
of the probabilities that were compared and reached the threshold, and so on until none is reached. That gives the true
verdict at every threshold. What does not depend on the threshold is refused at each: questions that no passage can
meet, or that the gate stops. Chat models are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.dataset import Question
from evals.metrics import judge
from evals.scores import HELDOUT
from rag.pipeline import Pipeline
from rag.retrieve.ranking import Threshold, weights

GRID = tuple(round(0.05 * step, 2) for step in range(20))


@dataclass(frozen=True, slots=True)
class Step:
    """A verdict that holds for the thresholds up to `upto`, from that of the step before it."""

    upto: float
    refused: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Point:
    """Shares in [0, 1] of a question set at one threshold; None where there is nothing to take a share of.

    `coverage`: answerable questions that are answered; `accuracy`: those answered right of them; `risk`: questions
    that cannot be answered and are.
    """

    threshold: float
    coverage: float | None
    accuracy: float | None
    risk: float | None


@dataclass(frozen=True, slots=True)
class Traced:
    """A question with its verdicts at all thresholds, the lowest first; the last holds up to infinity."""

    question: Question
    steps: tuple[Step, ...]

    def at(self, threshold: float) -> Step:
        """The verdict at one threshold."""
        return next(step for step in self.steps if threshold <= step.upto)


@dataclass(frozen=True, slots=True)
class Curves:
    """The points of each split, train first, at GRID and at the threshold that the project answers by."""

    shipped: float
    splits: Mapping[str, tuple[Point, ...]]


class _Watched(Threshold):
    """Remembers which probabilities reached it."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.seen: list[float] = []

    def reached(self, probability: float) -> bool:
        reached = super().reached(probability)
        if reached:
            self.seen.append(probability)
        return reached


def trace(questions: Iterable[Question], pipeline: Pipeline) -> Iterator[Traced]:
    """Ask each question at every threshold that changes its answer, over the store of `pipeline`. A question that
    crashes raises what it raises."""
    watched = _Watched()
    asker = Pipeline(pipeline.store, today=pipeline.today, threshold=watched)
    for question in questions:
        yield Traced(question, tuple(_steps(question, asker, watched)))


def _steps(question: Question, asker: Pipeline, watched: _Watched) -> Iterator[Step]:
    upto = 0.0
    while upto < math.inf:
        watched.at = math.nextafter(upto, math.inf)
        watched.seen.clear()
        verdict = judge(question, asker.ask(question.question, question.history))
        upto = min(watched.seen, default=math.inf)
        yield Step(upto, verdict.refused, verdict.right)


def point(traced: Sequence[Traced], threshold: float) -> Point:
    """The shares at one threshold."""
    answerable = [t.at(threshold) for t in traced if t.question.answerable]
    others = [t.at(threshold) for t in traced if not t.question.answerable]
    answered = [step for step in answerable if not step.refused]
    return Point(
        threshold,
        len(answered) / len(answerable) if answerable else None,
        sum(step.right for step in answered) / len(answered) if answered else None,
        sum(not step.refused for step in others) / len(others) if others else None,
    )


def curves(traced: Sequence[Traced], shipped: float | None = None) -> Curves:
    """The curves of every split; `shipped` is by default the fitted threshold."""
    shipped = weights()["draft"]["threshold"] if shipped is None else shipped
    splits = sorted(dict.fromkeys(t.question.split for t in traced), key=lambda split: split == HELDOUT)
    parts = {split: [t for t in traced if t.question.split == split] for split in splits}
    at = sorted({*GRID, shipped})
    return Curves(shipped, {split: tuple(point(part, t) for t in at) for split, part in parts.items()})
