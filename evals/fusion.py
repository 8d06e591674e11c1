"""Fit how the two sides of a search are fused, on training data, and compare the formulas that could do it.

The tasks are questions over passages that the embedded model was not trained on (the slice that `index.training` keeps
back) or with question forms drawn anew, and the training questions of the seeds with and without their constraints.
The weights of a formula maximise the log of the softmax share of the right rows, every task counting alike. Benchmarks
and held-out questions are not looked at.
usage: python -m evals.fusion [--data ../shared/data/train] [--index DIR] [--embedder NAME_OR_FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from evals.dataset import ASKED_ON, SEED_QUESTIONS, load
from evals.matching import norm
from index.annotate.passages import indexed_text, windows
from index.embed.embedder import EMBEDDED, Embedder, load_embedder
from index.search import fusion
from index.search.fusion import Candidates, Scores
from index.search.hybrid import DEPTH, HybridIndex
from index.storage.store import Store
from index.text.questions import question_from
from index.training import sources
from index.training.evaluate import Task, ndcg
from index.training.pairs import HELD_OUT
from rag.retrieve.columns import Columns
from rag.understand.query import understand

DATA = Path("../shared/data/train")
DISTRACTORS, LAW_QUESTIONS, NEWS_SHARE = 12_000, 600, 0.25
PENALTY, STEPS, HALVINGS, SETTLED, RANK_OFFSET = 1e-4, 40, 20, 1e-6, 60

Part = Callable[[Candidates], Scores]
# Each formula is a weighted sum of parts; RRF alone has nothing to fit.
FORMULAS: Mapping[str, tuple[Part, ...]] = {
    "dense": (fusion.dense,),
    "lexical": (fusion.lexical,),
    "dense + lexical": (fusion.dense, fusion.lexical),
    "dense + coverage": (fusion.dense, lambda found: found.coverage.astype(np.float64)),
    "dense + lexical * coverage": (fusion.dense, lambda found: fusion.lexical(found) * found.coverage),
    "shipped": (fusion.dense, fusion.covered),
}


@dataclass(frozen=True)
class Asked:
    """What a search proposes for one question, and which of the rows are right."""

    found: Candidates
    right: NDArray[np.bool_]


def reciprocal_ranks(found: Candidates) -> Scores:
    """Reciprocal rank fusion with the usual offset (Cormack, Clarke and Büttcher 2009)."""
    both = (fusion.ranks(found.dense, found.near), fusion.ranks(found.lexical, found.lexical > 0))
    total: Scores = np.sum([np.where(ranks > 0, 1 / (RANK_OFFSET + ranks), 0) for ranks in both], axis=0)
    return total


def tasks(train: Path) -> Iterator[Task]:
    """Questions over the kept-back slices: two reading comprehensions, English, news; and over all statutes."""
    yield _comprehension("cmrc", list(sources.cmrc(train)))
    yield _comprehension("drcd", list(sources.drcd(train)))
    yield _english(list(sources.english(train)))
    rng = Random(0)
    yield _news([article for article in sources.news(train) if len(article) > 2], rng)
    statutes = [(text, f"{law} {number} {text}") for law, number, text in sources.articles(train)]
    yield _task("laws", [text for _, text in statutes], _questions(rng.sample(statutes, LAW_QUESTIONS), rng))


def _comprehension(name: str, rows: Sequence[sources.Reading]) -> Task:
    kept = [row for row in rows if sources.held_out(row.passage, HELD_OUT[name])]
    return _task(name, [row.passage for row in rows], [(row.question, row.passage) for row in kept])


def _english(pairs: Sequence[tuple[str, str]]) -> Task:
    kept = [pair for pair in pairs if sources.held_out(pair[0], HELD_OUT["english"])]
    return _task("english", [chinese for _, chinese in pairs], kept)


def _news(articles: Sequence[Sequence[str]], rng: Random) -> Task:
    kept: list[Sequence[str]] = []
    others: list[Sequence[str]] = []
    for article in articles:
        (kept if sources.held_out(article[0], HELD_OUT["news"]) else others).append(article)
    sentences = [sentence for article in kept for sentence in article]
    some = [sentence for sentence in sentences if rng.random() < NEWS_SHARE]
    distractors = [sentence for article in others[:DISTRACTORS] for sentence in article[:6]]
    return _task("news", [*sentences, *distractors], _questions([(text, text) for text in some], rng))


def _questions(texts: Sequence[tuple[str, str]], rng: Random) -> list[tuple[str, str]]:
    """A question made from a sentence of each first text, with the second."""
    found = []
    for text, document in texts:
        parts = sources.sentences(text) or [text]
        if question := question_from(rng.choice(parts), rng):
            found.append((question, document))
    return found


def _task(name: str, documents: Sequence[str], asked: Sequence[tuple[str, str]]) -> Task:
    """`asked`: a question and the document that answers it."""
    texts = list(dict.fromkeys(documents))
    place = {text: number for number, text in enumerate(texts)}
    return Task(
        name, [("", text) for text in texts], [q for q, _ in asked], [frozenset({place[text]}) for _, text in asked]
    )


def searched(task: Task, embedder: Embedder) -> list[Asked]:
    """The candidates for every question of a task, its documents cut as `evals.retrieval` cuts them; rows of a document
    that answers are right."""
    parts = [(number, part) for number, (_, text) in enumerate(task.documents) for part in windows(text)]
    index = HybridIndex.build([part for _, part in parts], embedder)
    owner = np.array([number for number, _ in parts])
    found = index.candidates(task.questions, embedder=embedder, k=DEPTH // 2)
    return [Asked(one, np.isin(owner[one.rows], list(want))) for one, want in zip(found, task.relevant, strict=True)]


def seeds(store: Store, embedder: Embedder, *, constrained: bool) -> list[Asked]:
    """The training questions of the seeds that are answered by one ranking; rows in a paragraph with evidence that
    share its words are right."""
    from evals.fit import is_right

    index = HybridIndex.build([indexed_text(passage) for passage in store.passages], embedder)
    columns = Columns(store)
    paragraphs = [store.paragraph(passage.paragraph_id).text for passage in store.passages]
    asked = []
    for question in (q for q in load(SEED_QUESTIONS) if q.split == "train" and q.answerable):
        query = understand(question.question, question.history, coverage=store.coverage, today=ASKED_ON)
        if query.type in ("beyond", "compare", "rank", "trend"):
            continue
        mask = columns.mask(query.filter)
        text = query.search.words if constrained else question.question
        snippets = [norm(evidence.snippet) for evidence in question.evidence]
        (found,) = index.candidates([text], embedder=embedder, k=DEPTH // 2, mask=mask if constrained else None)
        right = [is_right(snippets, paragraphs[row], store.passages[row].text) for row in found.rows]
        asked.append(Asked(found, np.array(right, np.bool_)))
    return asked


def fit(parts: Sequence[Part], groups: Sequence[Sequence[Asked]]) -> tuple[Scores, float]:
    """Weights of `parts`, by Newton's method on the listwise softmax loss, every group counting alike; that loss."""
    items = []
    for group in groups:
        known = [(np.stack([part(one.found) for part in parts], axis=1), one.right) for one in group if one.right.any()]
        items += [(x, y, 1 / len(known) / len(groups)) for x, y in known]
    w = np.ones(len(parts))
    loss, gradient, curve = _loss(w, items)
    for _ in range(STEPS):
        step = np.linalg.solve(curve, gradient)
        for _ in range(HALVINGS):  # the curve bounds the loss near w only
            after = _loss(w - step, items)
            if after[0] < loss:
                break
            step = step / 2
        if loss - after[0] < SETTLED:
            break
        w, (loss, gradient, curve) = w - step, after
    weights: Scores = w / np.abs(w).sum()
    return weights, loss


def _loss(w: Scores, items: Sequence[tuple[Scores, NDArray[np.bool_], float]]) -> tuple[float, Scores, Scores]:
    """The loss of weights, its gradient, and a curve that is positive definite."""
    loss, gradient, curve = PENALTY / 2 * float(w @ w), PENALTY * w, PENALTY * np.eye(len(w))
    for x, right, weight in items:
        share = np.exp(x @ w - (x @ w).max())
        share /= share.sum()
        wanted = max(float(share @ right), 1e-300)
        mean = x.T @ share
        loss -= weight * float(np.log(wanted))
        gradient = gradient + weight * (mean - x.T @ (share * right) / wanted)
        curve = curve + weight * ((x.T * share) @ x - np.outer(mean, mean))
    return loss, gradient, curve


def quality(scoring: Part, asked: Sequence[Asked]) -> float:
    """Mean nDCG at 10 over the questions; one right row is enough."""
    values = []
    for one in asked:
        order = np.argsort(-scoring(one.found), kind="stable")[:10]
        first = np.flatnonzero(one.right[order])[:1]
        values.append(ndcg(order[: first[0] + 1].tolist(), frozenset([int(order[first[0]])])) if len(first) else 0.0)
    return float(np.mean(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--index", default=".wenju/index")
    parser.add_argument("--embedder", default=EMBEDDED)
    parser.add_argument("--write", action="store_true", help=f"write index/{fusion.WEIGHTS}")
    args = parser.parse_args()
    embedder = load_embedder(args.embedder)
    store = Store.open(args.index)
    groups = {task.name: searched(task, embedder) for task in tasks(args.data)}
    groups |= {"seeds": seeds(store, embedder, constrained=True), "free": seeds(store, embedder, constrained=False)}
    print(f"{'nDCG@10':<28}" + "".join(f"{name:>9}" for name in (*groups, "mean")) + "  loss and weights")
    fitted = {name: fit(parts, list(groups.values())) for name, parts in FORMULAS.items()}
    scorings = {name: (lambda found, name=name: _sum(FORMULAS[name], fitted[name][0], found)) for name in FORMULAS}
    for name, scoring in {"reciprocal ranks": reciprocal_ranks, **scorings}.items():
        row = [quality(scoring, asked) for asked in groups.values()]
        weights, loss = fitted.get(name, ((), None))
        told = " ".join(f"{value:.3f}" for value in (loss, *weights) if value is not None)
        print(f"{name:<28}" + "".join(f"{value:9.4f}" for value in (*row, float(np.mean(row)))) + f"  {told}")
    if args.write:
        path = Path(fusion.__file__).with_name(fusion.WEIGHTS)
        path.write_text(json.dumps({"dense": round(float(fitted["shipped"][0][0]), 3)}) + "\n", encoding="utf-8")


def _sum(parts: Sequence[Part], weights: Scores, found: Candidates) -> Scores:
    total: Scores = np.stack([part(found) for part in parts], axis=1) @ weights
    return total


if __name__ == "__main__":
    main()
