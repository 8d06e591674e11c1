"""Fit how the sides of a search are fused, on training data, and compare the formulas that could do it.

The tasks are questions over passages that the embedded models were not trained on (the slice that `index.training`
keeps back) or with question forms drawn anew, each with at most DOCUMENTS passages, and the training questions of the
seeds and the provinces with and without their constraints. The weights of a formula maximise the log of the softmax
share of the right rows, every task counting alike. Benchmarks and held-out questions are not looked at.
usage: python -m evals.fusion [--data ../shared/data/train] [--index DIR] [--provinces DIR] [--embedder NAME] [--write]
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
from index.annotate.passages import windows
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
DOCUMENTS, QUESTIONS, SNIPPET = 4_000, 300, 200  # of a task at most; characters of a news item
PENALTY, STEPS, HALVINGS, SETTLED, RANK_OFFSET = 1e-4, 40, 20, 1e-6, 60

Part = Callable[[Candidates], Scores]


def table(found: Candidates) -> Scores:
    """What the static table says."""
    return found.parts[:, 0].astype(np.float64)


def model(found: Candidates) -> Scores:
    """What the other model says, the table where there is none."""
    return found.parts[:, -1].astype(np.float64)


def of_rows(found: Candidates) -> Scores:
    """BM25 of the rows instead of the whole texts, as it would be fused."""
    best = float(found.coverage.max(initial=0))
    return found.lexical * found.coverage / np.sqrt(best) if best else found.lexical * np.float64(0)


# Each formula is a weighted sum of parts; RRF alone has nothing to fit.
FORMULAS: Mapping[str, tuple[Part, ...]] = {
    "table": (table,),
    "model": (model,),
    "lexical": (fusion.lexical,),
    "table + model": (table, model),
    "table + lexical": (table, fusion.covered),
    "model + lexical": (model, fusion.covered),
    "all, not covered": (table, model, fusion.lexical),
    "all, BM25 of rows": (table, model, of_rows),
    "all": (table, model, fusion.covered),
}
NAMES = {"table + lexical": ("alone", ("dense", "lexical")), "all": ("pair", ("static", "model", "lexical"))}


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
    """Questions over the kept-back slices: two reading comprehensions, English, news; over statutes; and headlines over
    the beginnings of their items."""
    rng = Random(0)
    yield _comprehension("cmrc", list(sources.cmrc(train)), rng)
    yield _comprehension("drcd", list(sources.drcd(train)), rng)
    yield _english(list(sources.english(train)), rng)
    yield _news([article for article in sources.news(train) if len(article) > 2], rng)
    statutes = [(text, f"{law} {number} {text}") for law, number, text in sources.articles(train)]
    yield _task("laws", [text for _, text in statutes], _questions(rng.sample(statutes, 2 * QUESTIONS), rng), rng)
    items = [(title, body[:SNIPPET]) for title, body in sources.headlines(train) if body]
    yield _task("headlines", [body for _, body in items], rng.sample(items, QUESTIONS), rng)


def _comprehension(name: str, rows: Sequence[sources.Reading], rng: Random) -> Task:
    kept = [row for row in rows if sources.held_out(row.passage, HELD_OUT[name])]
    asked = [(row.question, row.passage) for row in kept]
    return _task(name, [row.passage for row in rows], asked, rng, DOCUMENTS // 8)  # of ten windows each


def _english(pairs: Sequence[tuple[str, str]], rng: Random) -> Task:
    kept = [pair for pair in pairs if sources.held_out(pair[0], HELD_OUT["english"])]
    return _task("english", [chinese for _, chinese in pairs], kept, rng)


def _news(articles: Sequence[Sequence[str]], rng: Random) -> Task:
    kept = [article for article in articles if sources.held_out(article[0], HELD_OUT["news"])]
    sentences = [sentence for article in kept for sentence in article]
    others = [sentence for article in articles[: DOCUMENTS // 10] for sentence in article]
    some = rng.sample(sentences, min(2 * QUESTIONS, len(sentences)))
    return _task("news", [*sentences, *others], _questions([(text, text) for text in some], rng), rng)


def _questions(texts: Sequence[tuple[str, str]], rng: Random) -> list[tuple[str, str]]:
    """A question made from a sentence of each first text, with the second."""
    found = []
    for text, document in texts:
        parts = sources.sentences(text) or [text]
        if question := question_from(rng.choice(parts), rng):
            found.append((question, document))
    return found


def _task(
    name: str, documents: Sequence[str], asked: Sequence[tuple[str, str]], rng: Random, most: int = DOCUMENTS
) -> Task:
    """`asked`: questions, each with the document that answers it; QUESTIONS of them, among `most` documents."""
    asked = rng.sample(asked, min(QUESTIONS, len(asked)))
    wanted = dict.fromkeys(text for _, text in asked)
    others = [text for text in dict.fromkeys(documents) if text not in wanted]
    texts = [*wanted, *rng.sample(others, min(len(others), max(0, most - len(wanted))))]
    place = {text: number for number, text in enumerate(texts)}
    return Task(
        name, [("", text) for text in texts], [q for q, _ in asked], [frozenset({place[text]}) for _, text in asked]
    )


def searched(task: Task, embedder: Embedder) -> list[Asked]:
    """The candidates for every question of a task, its documents cut as `evals.retrieval` cuts them; rows of a document
    that answers are right."""
    parts = [(number, part) for number, (_, text) in enumerate(task.documents) for part in windows(text)]
    owner = [number for number, _ in parts]
    wholes = [text for _, text in task.documents]
    index = HybridIndex.build([part for _, part in parts], embedder, wholes=wholes, of=owner)
    found = index.candidates(task.questions, embedder=embedder, k=DEPTH // 2)
    return [
        Asked(one, np.isin(np.array(owner)[one.rows], list(want)))
        for one, want in zip(found, task.relevant, strict=True)
    ]


def reports(store: Store, questions: Path, *, constrained: bool) -> list[Asked]:
    """The training questions over reports that are answered by one ranking; rows in a paragraph with evidence that
    share its words are right."""
    from evals.fit import is_right

    columns = Columns(store)
    paragraphs = [store.paragraph(passage.paragraph_id).text for passage in store.passages]
    asked = []
    for question in (q for q in load(questions) if q.split == "train" and q.answerable):
        query = understand(question.question, question.history, coverage=store.coverage, today=ASKED_ON)
        if query.type in ("beyond", "compare", "rank", "trend"):
            continue
        mask = columns.mask(query.filter) if constrained else None
        words, sentence = (query.search.words, query.search.sentence) if constrained else (question.question,) * 2
        snippets = [norm(evidence.snippet) for evidence in question.evidence]
        (found,) = store.index.candidates(
            [words], embedder=store.embedder, k=DEPTH // 2, mask=mask, sentences=[sentence]
        )
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
    parser.add_argument("--provinces", default=".wenju/provinces")
    parser.add_argument("--embedder", default=EMBEDDED)
    parser.add_argument("--write", action="store_true", help=f"write index/search/{fusion.WEIGHTS}")
    args = parser.parse_args()
    embedder = load_embedder(args.embedder)
    groups = {task.name: searched(task, embedder) for task in tasks(args.data)}
    for folder, questions in (
        (args.index, SEED_QUESTIONS),
        (args.provinces, SEED_QUESTIONS.with_name("provinces.jsonl")),
    ):
        store = Store.open(folder, embedder)
        for constrained in (True, False):
            name = f"{questions.stem[:5]}{'' if constrained else ', free'}"
            groups[name] = reports(store, questions, constrained=constrained)
    print(f"{'nDCG@10':<20}" + "".join(f"{name:>12}" for name in (*groups, "mean")) + "  loss and weights")
    fitted = {name: fit(parts, list(groups.values())) for name, parts in FORMULAS.items()}
    scorings = {name: (lambda found, name=name: _sum(FORMULAS[name], fitted[name][0], found)) for name in FORMULAS}
    for name, scoring in {"reciprocal ranks": reciprocal_ranks, **scorings}.items():
        row = [quality(scoring, asked) for asked in groups.values()]
        weights, loss = fitted.get(name, ((), None))
        told = " ".join(f"{value:.3f}" for value in (loss, *weights) if value is not None)
        print(f"{name:<20}" + "".join(f"{value:12.4f}" for value in (*row, float(np.mean(row)))) + f"  {told}")
    if args.write:
        shares = {
            key: dict(zip(names, np.round(fitted[formula][0], 3).tolist(), strict=True))
            for formula, (key, names) in NAMES.items()
        }
        path = Path(fusion.__file__).with_name(fusion.WEIGHTS)
        path.write_text(json.dumps(shares, indent=1) + "\n", encoding="utf-8")


def _sum(parts: Sequence[Part], weights: Scores, found: Candidates) -> Scores:
    total: Scores = np.stack([part(found) for part in parts], axis=1) @ weights
    return total


if __name__ == "__main__":
    main()
