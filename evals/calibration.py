"""The probability that a draft is right: fitted on the training questions of all sets, and how well it holds.

Every draft that the answerers make for a training question is a sample, judged as the answer that it would be; those
for questions that cannot be answered are wrong. A refusal is a sample of its own: right where nothing could be
answered. One logistic regression with an L2 penalty rates both; see `rag.answer.rating`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.dataset import Question
from evals.metrics import judge
from rag.answer.rating import values
from rag.pipeline import Pipeline
from rag.retrieve.ranking import Threshold

Floats = NDArray[np.float64]
Weights = Mapping[str, float]
PENALTY = 0.3
FOLDS, BINS = 5, 10
LONGEST_STEP = 2.0  # of one weight; where all probabilities are near 0 or 1, whole steps go too far
THRESHOLDS = [round(percent / 100, 2) for percent in range(10, 90, 5)]  # finer ones would follow single questions


@dataclass(frozen=True, slots=True)
class Rated:
    """A draft, or a refusal, of one question of a set: what is known of it, and whether it is right."""

    set: str
    question: Question
    answerer: str
    values: Mapping[str, float]
    right: bool


def drafts(name: str, pipeline: Pipeline, questions: Iterable[Question]) -> Iterator[Rated]:
    """The drafts of every question of a set."""
    for question in questions:
        for answer in pipeline.drafted(question.question, question.history):
            draft = answer.draft
            if draft and draft.features and not draft.withheld:
                right = question.answerable and judge(question, answer).right
                yield Rated(name, question, draft.answerer, values(draft.features), right)


def refusals(name: str, pipeline: Pipeline, questions: Iterable[Question]) -> Iterator[Rated]:
    """Every question of a set as if nothing were sure enough to be answered."""
    asker = Pipeline(pipeline.store, today=pipeline.today, threshold=Threshold(2.0))
    for question in questions:
        draft = asker.ask(question.question, question.history).draft
        if draft and draft.features and draft.withheld:
            yield Rated(name, question, draft.withheld, values(draft.features), not question.answerable)


def logistic(x: Floats, y: Floats, penalty: float, offset: Floats | float = 0.0) -> Floats:
    """Weights of a logistic model by Newton's method: x (samples, features), y in {0, 1}; `offset`, (samples,), is
    added to what they give. The first column is a bias, on which there is no penalty."""
    costs = np.diag([1e-6, *([penalty] * (x.shape[1] - 1))])
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = sigmoid(x @ w + offset)
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + costs, x.T @ (p - y) + costs @ w)
        w -= step * min(1.0, LONGEST_STEP / np.abs(step).max())
    return w


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z))."""
    p: Floats = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
    return p


def fitted(samples: Sequence[Rated]) -> Weights:
    """The weights by name, with "bias"."""
    names = sorted({name for sample in samples for name in sample.values})
    x = np.array([[1.0, *(sample.values.get(name, 0.0) for name in names)] for sample in samples])
    found = logistic(x, np.array([sample.right for sample in samples], float), PENALTY)
    return {name: round(float(weight), 3) for name, weight in zip(("bias", *names), found, strict=True)}


def rated(samples: Sequence[Rated], weights: Weights) -> Floats:
    """The probability of each sample, (samples,)."""
    return sigmoid(_log_odds(samples, weights))


def _log_odds(samples: Sequence[Rated], weights: Weights) -> Floats:
    return np.array(
        [weights["bias"] + sum(weights.get(name, 0.0) * x for name, x in s.values.items()) for s in samples]
    )


def crossed(samples: Sequence[Rated]) -> Floats:
    """The probability of each sample by weights that were fitted without its question, (samples,)."""
    fold = np.array([int(hashlib.md5(s.question.id.encode()).hexdigest(), 16) % FOLDS for s in samples])
    found = np.zeros(len(samples))
    for left_out in range(FOLDS):
        weights = fitted([s for s, f in zip(samples, fold, strict=True) if f != left_out])
        found[fold == left_out] = rated([s for s, f in zip(samples, fold, strict=True) if f == left_out], weights)
    return found


def brier(p: Floats, right: NDArray[np.bool_]) -> float:
    """The mean squared error of probabilities (Brier 1950)."""
    return float(((p - right) ** 2).mean())


def calibration_error(p: Floats, right: NDArray[np.bool_]) -> float:
    """How far, on the mean, the share of right ones lies from the probability in BINS bins of equal width (ECE)."""
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = [which == b for b in np.unique(which)]
    return float(sum(abs(p[b].mean() - right[b].mean()) * b.mean() for b in bins))


def threshold(samples: Sequence[Rated], p: Floats, asked: Iterable[tuple[str, Question]], share: float) -> float:
    """The lowest from which on `share` of the unanswerable questions of each set is refused, where the samples have the
    probabilities `p`; `asked` are all questions with the names of their sets."""
    best: dict[tuple[str, str], float] = {(name, q.id): 0.0 for name, q in asked if not q.answerable}
    for sample, probability in zip(samples, p, strict=True):
        if (key := (sample.set, sample.question.id)) in best:
            best[key] = max(best[key], float(probability))
    of_sets = [np.array([top for (name, _), top in best.items() if name == s]) for s in {name for name, _ in best}]
    enough = [t for t in THRESHOLDS if all((tops < t).mean() >= share for tops in of_sets)]
    return min(enough, default=max(THRESHOLDS))


def withheld(refused: Sequence[Rated], samples: Sequence[Rated], weights: Weights, at: float) -> list[Rated]:
    """Those of the refusals that stand where drafts are given from the threshold `at` on; each with the probability of
    the best of the drafts `samples` that it withholds."""
    best: dict[tuple[str, str], float] = {}
    for sample, p in zip(samples, rated(samples, weights), strict=True):
        key = (sample.set, sample.question.id)
        best[key] = max(best.get(key, 0.0), float(p))
    held = [replace(s, values={**s.values, "withheld": best.get((s.set, s.question.id), 0.0)}) for s in refused]
    return [s for s in held if s.values["withheld"] < at]


def with_refusals(weights: Weights, held: Sequence[Rated]) -> Weights:
    """The weights with those that only refusals have: of their reasons, and of what they withhold."""
    names = ["withheld", *sorted({name for s in held for name in s.values if name.startswith("reason ")})]
    x = np.array([[0.0, *(s.values.get(name, 0.0) for name in names)] for s in held])
    plain = {name: weight for name, weight in weights.items() if name not in names}
    found = logistic(x, np.array([s.right for s in held], float), PENALTY, _log_odds(held, plain))
    return {**weights, **{name: round(float(w), 3) for name, w in zip(names, found[1:], strict=True)}}


def told(title: str, samples: Sequence[Rated], p: Floats) -> Iterator[str]:
    """Lines on how well probabilities hold, in all and for each answerer."""
    by: Mapping[str, Callable[[Rated], bool]] = {
        "all": lambda _: True,
        **{name: lambda s, n=name: s.answerer == n for name in sorted({s.answerer for s in samples})},  # type: ignore[misc]
    }
    for name, belongs in by.items():
        chosen = np.array([belongs(s) for s in samples])
        right, given = np.array([s.right for s in samples])[chosen], p[chosen]
        yield (
            f"{title:22} {name:12} n {len(given):4}  right {right.mean():.3f}  probability {given.mean():.3f}  "
            f"Brier {brier(given, right):.4f}  ECE {calibration_error(given, right):.3f}"
        )
