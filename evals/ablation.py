"""What each part of the search is worth: one row a variant, the same questions, passages and constraints for all.

A question counts when its evidence stands in the first or in the first three distinct paragraphs. The rows of the
held-out part are printed beside those of the training part, and no choice is made by them: the weights of fusion and
ranking come from `evals.fusion` and `evals.fit`.
usage: python -m evals.ablation [--index DIR] [--provinces DIR] [--write]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from evals.dataset import ASKED_ON, SEED_QUESTIONS, Question, load
from evals.fusion import model as model_alone
from evals.fusion import of_rows, reciprocal_ranks
from evals.fusion import table as table_alone
from evals.metrics import holds_evidence
from index.annotate.passages import indexed_text, whole_texts
from index.errors import IndexMissing
from index.search import fusion
from index.search.bm25 import tokenize
from index.search.fusion import Mask, Scoring
from index.search.hybrid import DEPTH, HybridIndex
from index.storage.store import Store
from rag.retrieve.columns import Columns
from rag.retrieve.retriever import Retriever
from rag.types import Search
from rag.understand.query import understand

PAGE = Path(__file__).parent.parent / "docs" / "ablation-search.md"
PROVINCES = SEED_QUESTIONS.with_name("provinces.jsonl")
FIRST = (1, 3)
SPLITS, GROUPS = ("train", "heldout"), ("all", "paraphrase")

Ranking = Callable[[Search, Mask], Sequence[int]]  # passages by number, best first

HEAD = """# What each part of the search is worth

Share of answerable questions whose evidence stands in the first (@1) and in the first three (@3) distinct paragraphs.
Written by `python -m evals.ablation --write`; the weights come from training data (`python -m evals.fusion`,
`python -m evals.fit`), the held-out columns only measure. “Fused” is `index/search/fusion.py`;
“ranked” adds `rag/retrieve/ranking.py`.
"""
TAIL = """## Other passages

The same index over any set in BEIR format, each side alone and fused (`--mode dense`, `lexical`, `hybrid`):

```
for set in cmrc2018_dev stard; do for mode in dense lexical hybrid; do
  wenju eval retrieval --corpus ../shared/data/bench/$set/corpus.jsonl.xz \\
    --queries ../shared/data/bench/$set/queries.jsonl.xz --qrels ../shared/data/bench/$set/qrels.tsv.xz --mode $mode
done; done
```
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is searched for, and the passages that meet its constraints."""

    question: Question
    search: Search
    mask: Mask


Row = Mapping[tuple[str, str, int], float]  # split, group, first k -> share of the questions


def asked(store: Store, questions: Sequence[Question]) -> list[Asked]:
    """The answerable questions that name their evidence."""
    columns = Columns(store)
    found = []
    for question in (q for q in questions if q.answerable and q.evidence):
        query = understand(question.question, question.history, coverage=store.coverage, today=ASKED_ON)
        found.append(Asked(question, query.search, columns.mask(query.filter)))
    return found


def variants(store: Store) -> Iterator[tuple[str, Ranking]]:
    """Every variant with its name."""
    texts, bare = [indexed_text(passage) for passage in store.passages], [passage.text for passage in store.passages]
    paragraphs = whole_texts(store.paragraphs, store.passages)
    places = {id_: place for place, id_ in enumerate(paragraphs)}
    build = partial(
        HybridIndex.build, embedder=store.embedder, known=dict(zip(texts, store.index.vectors, strict=True)),
        wholes=list(paragraphs.values()), of=[places[passage.paragraph_id] for passage in store.passages],
    )  # fmt: skip
    whole, headless = (
        store.index,
        build(bare, known=None, wholes=[block.text for block in store.paragraphs if block.id in places]),
    )
    words, pairs = (
        build(texts, tokens=partial(tokenize, pairs=False)),
        build(texts, tokens=partial(tokenize, words=False)),
    )
    by: Callable[..., Ranking] = partial(partial, _searched, store)
    yield "static table alone", by(whole, table_alone)
    yield "encoder alone", by(whole, model_alone)
    yield "both models", by(whole, fusion.dense)
    yield "BM25 of paragraphs (words and pairs)", by(whole, fusion.lexical)
    yield "BM25 of passages", by(whole, of_rows)
    yield "BM25 of paragraphs, words", by(words, fusion.lexical)
    yield "BM25 of paragraphs, character pairs", by(pairs, fusion.lexical)
    yield "both models and BM25, reciprocal ranks", by(whole, reciprocal_ranks)
    yield "**fused**", by(whole, fusion.fused)
    yield "fused, no context header", by(headless, fusion.fused)
    yield "fused, no constraints", partial(_free, by(whole, fusion.fused))
    ranked = partial(_ranked, Retriever(store), {passage.id: row for row, passage in enumerate(store.passages)})
    yield "**fused and ranked**", ranked
    yield "fused and ranked, no constraints", partial(_free, ranked)


def _searched(store: Store, index: HybridIndex, scoring: Scoring, search: Search, mask: Mask) -> list[int]:
    (found,) = index.candidates(
        [search.words], embedder=store.embedder, k=DEPTH // 2, mask=mask, sentences=[search.sentence]
    )
    kept = fusion.ranked(found, scoring)
    return [one.row for one in kept if one.lexical_rank or scoring is not fusion.lexical]


def _ranked(retriever: Retriever, rows: Mapping[str, int], search: Search, _: Mask) -> list[int]:
    return [rows[one.hit.passage.id] for one in retriever.retrieve(search)]


def _free(ranking: Ranking, search: Search, mask: Mask) -> Sequence[int]:
    """A ranking without the constraints of the question."""
    free = replace(search.filter, places=(), years=(), period=None, kind=None)
    return ranking(search.within(free), np.ones_like(mask))


def measure(store: Store, questions: Sequence[Asked], ranking: Ranking) -> Row:
    """The shares of one variant; groups without a question are left out."""
    hits: dict[tuple[str, str, int], list[bool]] = {}
    for one in questions:
        ids = dict.fromkeys(store.passages[row].paragraph_id for row in ranking(one.search, one.mask))
        texts = [store.paragraph(id_).text for id_ in list(ids)[: max(FIRST)]]
        for k in FIRST:
            held = holds_evidence(one.question, texts[:k])
            for group in {"all", one.question.category} & set(GROUPS):
                hits.setdefault((one.question.split, group, k), []).append(held)
    return {key: sum(values) / len(values) for key, values in hits.items()}


def table(title: str, store: Store, questions: Sequence[Question]) -> str:
    """All variants over one set, as Markdown."""
    known = asked(store, questions)
    columns = [(split, group, k) for split in SPLITS for group in GROUPS for k in FIRST]
    counts = {
        (split, group): sum(q.question.split == split and group in ("all", q.question.category) for q in known)
        for split, group, _ in columns
    }
    head = "".join(f" {split} {group} ({counts[split, group]}) @{k} |" for split, group, k in columns)
    lines = [f"## {title}", "", f"| variant |{head}", f"|---|{'---|' * len(columns)}"]
    for name, ranking in variants(store):
        row = measure(store, known, ranking)
        shares = "".join(f" {row[key]:.3f} |" if key in row else " - |" for key in columns)
        lines.append(f"| {name} |{shares}")
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=".wenju/index")
    parser.add_argument(
        "--provinces", default=".wenju/provinces", help="index of ../shared/data/corpora/provinces_2025"
    )
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    args = parser.parse_args()
    tables = [table("The five reports", Store.open(args.index), load(SEED_QUESTIONS))]
    try:
        tables.append(table("31 provincial reports of 2025", Store.open(args.provinces), load(PROVINCES)))
    except IndexMissing as error:
        print(error)
    text = "\n".join([HEAD, *tables, TAIL])
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
