"""Fit the weights of the ranking, of the hits and of the drafts on training questions: `rag/retrieve/weights.json`.

Ranking: the weights maximise the log of the softmax share of the right hits of each question (listwise softmax; Cao et
al. 2007). Confidence of hits: logistic regression on whether the best hit is right, unanswerable questions counting as
wrong; both with an L2 penalty. The drafts are rated by `evals.calibration`, under the other weights as they stand. The
threshold of hits is the lowest at which right refusals reach REFUSALS on the training parts; a draft is given where
that is worth what a wrong answer costs, if SURELY is reached too.
usage: python -m evals.fit hits|drafts [--set QUESTIONS INDEX]... [--write]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals import calibration
from evals.calibration import THRESHOLDS, logistic
from evals.dataset import ASKED_ON, SEED_QUESTIONS, Question, load
from evals.matching import norm
from evals.scores import HELDOUT
from rag import open_pipeline
from rag.pipeline import Pipeline
from rag.retrieve.ranking import evidence, vector
from rag.retrieve.types import Confidence, Features, Ranked
from rag.types import Query
from rag.understand.query import understand

Floats = NDArray[np.float64]
# Weights that the penalty pulls to, where the language tells more than a few hundred questions do: an indicator behind
# another noun (海洋生产总值 for 生产总值) is another indicator, a clause about another place is about that place, and
# one of the kind asked for beats one of no kind.
PRIOR = {"narrowed": -3.0, "other_place": -1.0, "kind": 0.5, "guess": -2.0}
RANK_PENALTY, CONFIDENCE_PENALTY = 0.02, 1.0
REFUSALS = 0.95  # the share of unanswerable questions that must be refused where hits decide
SURELY = 0.97  # ... and at least, in each set, where drafts do
# A wrong answer takes away half as much again as a right one gives, and a refusal neither: with a calibrated
# probability it pays to answer from this on (Elkan 2001, "The foundations of cost-sensitive learning").
WRONG_COSTS = 1.5
WORTH_ANSWERING = round(WRONG_COSTS / (1 + WRONG_COSTS), 3)
STEPS, RATE = 3000, 0.02
WEIGHTS = Path("rag/retrieve/weights.json")
SETS = (
    (SEED_QUESTIONS, ".wenju/index"),
    (SEED_QUESTIONS.with_name("provinces.jsonl"), ".wenju/provinces"),
    (SEED_QUESTIONS.with_name("national.jsonl"), ".wenju/national"),
)
Sets = Sequence[tuple[str, Pipeline, Sequence[Question]]]  # the name of a set, its index, its questions


@dataclass(frozen=True, slots=True)
class Sample:
    """The hits of one question, which of them are right, and the hits without constraints."""

    question: Question
    query: Query
    hits: tuple[Ranked, ...]
    right: NDArray[np.bool_]
    anywhere: tuple[Ranked, ...]

    @property
    def features(self) -> Floats:
        return np.stack([vector(h.features) for h in self.hits])


def is_right(snippets: Sequence[str], paragraph: str, clause: str) -> bool:
    """Whether a clause carries the evidence: it shares its words with a snippet that stands in its paragraph."""
    text = norm(clause).rstrip("。,;，；")
    return any(s in norm(paragraph) and (s in text or text in s or s[:8] in text or s[-8:] in text) for s in snippets)


def samples(pipeline: Pipeline, questions: Sequence[Question]) -> list[Sample]:
    """One sample for each question that is answered from one ranking."""
    found = []
    for q in questions:
        query = understand(q.question, q.history, coverage=pipeline.store.coverage, today=ASKED_ON)
        if query.type in ("beyond", "compare", "rank", "trend") or (query.unknown_places and not query.places):
            continue
        retriever = pipeline.retriever
        hits = retriever.retrieve(query.search)
        if not hits:
            continue
        snippets = [norm(e.snippet) for e in q.evidence]
        right = [
            is_right(snippets, pipeline.store.paragraph(h.hit.passage.paragraph_id).text, h.hit.passage.text)
            for h in hits
        ]
        found.append(Sample(q, query, tuple(hits), np.array(right), tuple(retriever.unconstrained(query.search))))
    return found


def fit_rank(train: Sequence[Sample], prior: Floats | None = None, penalty_scale: float = 1.0) -> Floats:
    """Weights of the features, by Adam on the listwise softmax loss; the penalty pulls them to `prior`."""
    items = [(s.features, s.right) for s in train if s.right.any()]
    prior = np.array([PRIOR.get(f.name, 0.0) for f in fields(Features)]) if prior is None else prior
    w = np.ones(len(prior))
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for step in range(1, STEPS + 1):
        gradient = RANK_PENALTY * penalty_scale * (w - prior)
        for x, y in items:
            z = x @ w
            share = np.exp(z - z.max())
            share /= share.sum()
            wanted = share * y
            gradient = gradient - x.T @ (wanted / max(wanted.sum(), 1e-12) - share) / len(items)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        w = w - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return w


def best(sample: Sample, w: Floats) -> tuple[Confidence, bool]:
    """What is known of the best hit under weights `w`, and whether it is right."""
    z = sample.features @ w
    order = np.argsort(-z, kind="stable")
    ranked = [Ranked(sample.hits[i].hit, sample.hits[i].features, float(z[i])) for i in order]
    elsewhere = max(float(vector(h.features) @ w) for h in sample.anywhere)
    top = ranked[0]
    return evidence(sample.query.filter, ranked, Ranked(top.hit, top.features, elsewhere)), bool(sample.right[order[0]])


def fit_confidence(known: Sequence[Confidence], right: Sequence[bool]) -> Floats:
    """Bias and weights of the logistic model."""
    x = np.column_stack([np.ones(len(known)), np.stack([vector(k) for k in known])])
    return logistic(x, np.array(right, float), CONFIDENCE_PENALTY)


def _rates(
    p: Floats, right: NDArray[np.bool_], answerable: NDArray[np.bool_], threshold: float, unranked: int
) -> tuple[float, float]:
    """Shares of the ranked questions answered right, and of the unanswerable ones refused: those that are ranked, and
    the `unranked` ones that are refused before."""
    given = p >= threshold
    refused = int((~given)[~answerable].sum()) + unranked
    return float((given & right)[answerable].mean()), refused / (int((~answerable).sum()) + unranked)


def _lowest_threshold(rates: Mapping[float, tuple[float, float]]) -> float:
    """The lowest threshold from which on right refusals reach REFUSALS; `rates` as by `_rates`, by threshold."""
    short = [t for t, (_, refused) in rates.items() if refused < REFUSALS]
    return min((t for t in rates if t > max(short, default=0.0)), default=max(rates))


def fit_hits(sets: Sets) -> dict[str, dict[str, float]]:
    """The weights of the ranking and of the confidence of hits; prints how they fare."""
    questions = [q for _, _, asked in sets for q in asked]
    every = [s for _, pipeline, asked in sets for s in samples(pipeline, asked)]
    parts = {name: [s for s in every if s.question.split == name] for name in ("train", HELDOUT)}
    rank = fit_rank(parts["train"])
    known, right = zip(*(best(s, rank) for s in parts["train"]), strict=True)
    confidence = fit_confidence(known, right)
    threshold: float | None = None
    for name, part in parts.items():
        unanswerable = sum(q.split == name and not q.answerable for q in questions)
        threshold = _told(name, part, (rank, confidence), unanswerable, threshold)
    assert threshold is not None
    return {
        "rank": _named(Features, rank),
        "confidence": {"bias": round(float(confidence[0]), 3), "threshold": threshold}
        | _named(Confidence, confidence[1:]),
    }


def fit_drafts(sets: Sets) -> dict[str, dict[str, float]]:
    """The weights of the drafts and refusals; prints how well the probabilities hold."""
    parts = {
        part: [s for name, pipeline, asked in sets for s in calibration.drafts(name, pipeline, _part(asked, part))]
        for part in ("train", HELDOUT)
    }
    train = parts["train"]
    weights = calibration.fitted(train)
    asked = [(name, q) for name, _, questions in sets for q in _part(questions, "train")]
    at = max(WORTH_ANSWERING, calibration.threshold(train, calibration.rated(train, weights), asked, SURELY))
    refused = {
        part: [s for name, pipeline, asked in sets for s in calibration.refusals(name, pipeline, _part(asked, part))]
        for part in ("train", HELDOUT)
    }
    held = {part: calibration.withheld(refused[part], parts[part], weights, at) for part in refused}
    weights = calibration.with_refusals(weights, held["train"])
    shown = (
        ("train, crossed", train, calibration.crossed(train)),
        ("train", train, calibration.rated(train, weights)),
        (HELDOUT, parts[HELDOUT], calibration.rated(parts[HELDOUT], weights)),
        ("train refusals", held["train"], calibration.rated(held["train"], weights)),
        (f"{HELDOUT} refusals", held[HELDOUT], calibration.rated(held[HELDOUT], weights)),
    )
    for title, rated, p in shown:
        print("\n".join(calibration.told(title, rated, p)))
    return {"draft": {"threshold": at, **weights}}


def _part(questions: Sequence[Question], part: str) -> list[Question]:
    return [q for q in questions if q.split == part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["hits", "drafts"])
    parser.add_argument("--set", nargs=2, action="append", metavar=("QUESTIONS", "INDEX"))
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS}")
    args = parser.parse_args()
    sets = [
        (Path(questions).stem, open_pipeline(index, today=ASKED_ON), load(Path(questions)))
        for questions, index in args.set or SETS
    ]
    table = (fit_hits if args.what == "hits" else fit_drafts)(sets)
    print(json.dumps(table, indent=1))
    if args.write:
        known = json.loads(WEIGHTS.read_text("utf-8"))
        WEIGHTS.write_text(json.dumps(known | table, indent=1) + "\n", encoding="utf-8")


def _told(
    name: str, part: Sequence[Sample], weights: tuple[Floats, Floats], unanswerable: int, threshold: float | None
) -> float:
    """Print how a part of the questions, `unanswerable` of which are so, fares under the weights of the ranking and the
    confidence; the threshold, by this part where none is given."""
    rank, confidence = weights
    known, right = zip(*(best(s, rank) for s in part), strict=True)
    p = 1 / (1 + np.exp(-(confidence[0] + np.stack([vector(k) for k in known]) @ confidence[1:])))
    answerable = np.array([s.question.answerable for s in part])
    unranked = unanswerable - int((~answerable).sum())
    rates = {t: _rates(p, np.array(right), answerable, t, unranked) for t in THRESHOLDS}
    threshold = _lowest_threshold(rates) if threshold is None else threshold
    print(f"{name}: {len(part)} questions; best hit right {np.array(right)[answerable].mean():.3f}")
    for t in THRESHOLDS:
        chosen = "  <" if t == threshold else ""
        print(f"  threshold {t:.2f}  answered right {rates[t][0]:.3f}  refused right {rates[t][1]:.3f}{chosen}")
    return threshold


def _named(kind: type[Features] | type[Confidence], weights: Floats) -> dict[str, float]:
    return {f.name: round(float(v), 3) for f, v in zip(fields(kind), weights, strict=True)}


if __name__ == "__main__":
    main()
