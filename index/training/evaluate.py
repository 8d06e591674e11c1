"""How well an exported model finds documents by itself: dense retrieval, exhaustive, on texts it never saw.

Benchmarks are read and measured, never trained on; `held_out` is the slice of the training data that is kept back, and
the only set that choices about the training may look at.
"""

import json
import lzma
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.annotate.passages import windows
from index.embed.embedder import Embedder, Vectors, load_embedder
from index.training import sources
from index.training.pairs import HELD_OUT

DEPTH = 100
SCORED_AT_ONCE = 64
# Columns of the news sentences that are measured: English, then what the training data carries in falling amount.
LANGUAGES = ("eng", "jpn", "deu", "fra", "spa", "vie", "kor", "rus", "arb")


@dataclass(frozen=True)
class Task:
    """Documents as (title, text), questions, and for each question the numbers of the documents that answer it."""

    name: str
    documents: Sequence[tuple[str, str]]
    questions: Sequence[str]
    relevant: Sequence[frozenset[int]]


def score(embedder: Embedder, task: Task, *, whole: bool = False) -> dict[str, float]:
    """Recall at 1, 10 and 100 and nDCG at 10, means over the questions, and the pace of embedding.

    A document is embedded in short passages, each behind its title, and its best passage counts, as in an index;
    `whole`: a document is one passage.
    """
    texts: list[str] = []
    owner: list[int] = []
    for number, (title, text) in enumerate(task.documents):
        cut = [text] if whole else windows(text)
        texts += [f"{title} {part}".strip() for part in cut]
        owner += [number] * len(cut)
    began = time.perf_counter()
    passages = embedder.embed_passages(texts)
    embedded = time.perf_counter() - began
    ranked = rank(embedder.embed_queries(task.questions), passages, np.array(owner))
    found: dict[str, float] = {"documents": len(task.documents), "passages": len(texts), "questions": len(ranked)}
    for cut_off in (1, 10, 100):
        found[f"recall@{cut_off}"] = _mean(
            len(want & set(row[:cut_off])) / len(want) for row, want in zip(ranked, task.relevant, strict=True)
        )
    found["hit@10"] = _mean(bool(want & set(row[:10])) for row, want in zip(ranked, task.relevant, strict=True))
    found["ndcg@10"] = _mean(ndcg(row[:10], want) for row, want in zip(ranked, task.relevant, strict=True))
    found["passages_per_second"] = len(texts) / embedded
    return {name: round(value, 4) for name, value in found.items()}


def rank(queries: Vectors, passages: Vectors, owner: NDArray[np.int64], depth: int = DEPTH) -> list[list[int]]:
    """The `depth` documents nearest to each query, best first, equal ones by number.

    `owner`, ascending from 0 without gaps, gives the document of each passage; its best passage counts.
    """
    starts = np.searchsorted(owner, np.arange(owner[-1] + 1))
    depth = min(depth, len(starts))
    ranked: list[list[int]] = []
    for start in range(0, len(queries), SCORED_AT_ONCE):
        scores = np.maximum.reduceat(queries[start : start + SCORED_AT_ONCE] @ passages.T, starts, axis=1)
        best = np.sort(np.argpartition(-scores, depth - 1, axis=1)[:, :depth], axis=1)
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        ranked.extend(np.take_along_axis(best, order, axis=1).tolist())
    return ranked


def ndcg(row: Sequence[int], want: frozenset[int]) -> float:
    """Discounted gain of binary relevance over the best that is possible in as many places (Järvelin 2002)."""
    gains = 1 / np.log2(np.arange(2, len(row) + 2))
    best = float(gains[: len(want)].sum())
    return float(sum(gain for gain, place in zip(gains, row, strict=True) if place in want)) / best


def speed(name: str, texts: Sequence[str]) -> dict[str, float]:
    """Seconds to load the model of a name, milliseconds a question, and passages of 200 characters a second."""
    began = time.perf_counter()
    embedder = load_embedder(name)
    loaded = time.perf_counter()
    for text in texts[:1000]:
        embedder.embed_queries([text[:20]])
    asked = time.perf_counter()
    passages = [text[:200] for text in texts if len(text) >= 200]
    embedder.embed_passages(passages)
    done = time.perf_counter()
    return {
        "load_s": round(loaded - began, 3),
        "ms_per_query": round((asked - loaded) / len(texts[:1000]) * 1000, 4),
        "passages_per_second": round(len(passages) / (done - asked)),
    }


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def beir(name: str, folder: Path, keep: str = "") -> Task:
    """A benchmark in BEIR format; `keep` restricts the passages to ids with that start."""
    rows = {row["_id"]: row for row in _jsonl(folder / "corpus.jsonl.xz") if row["_id"].startswith(keep)}
    place = {key: number for number, key in enumerate(rows)}
    relevant: dict[str, set[int]] = defaultdict(set)
    with lzma.open(folder / "qrels.tsv.xz", "rt", encoding="utf-8") as stream:
        for line in islice(stream, 1, None):
            query, passage, grade = line.split("\t")
            if int(grade) > 0 and passage in place:
                relevant[query].add(place[passage])
    questions = [(row["_id"], row["text"]) for row in _jsonl(folder / "queries.jsonl.xz") if row["_id"] in relevant]
    return Task(
        name,
        [(row.get("title") or "", row["text"]) for row in rows.values()],
        [text for _, text in questions],
        [frozenset(relevant[key]) for key, _ in questions],
    )


def _jsonl(path: Path) -> Iterable[Mapping[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def held_out(train: Path) -> Task:
    """Real questions over the passages kept back, with articles kept back as distractors."""
    kept = [row for row in sources.cmrc(train) if sources.held_out(row.passage, HELD_OUT["cmrc"])]
    passages = list(dict.fromkeys(row.passage for row in kept))
    place = {text: number for number, text in enumerate(passages)}
    articles = ("".join(article) for article in sources.news(train) if article and
                sources.held_out(article[0], HELD_OUT["news"]))  # fmt: skip
    return Task(
        "held_out", [("", text) for text in (*passages, *articles)], [row.question for row in kept],
        [frozenset({place[row.passage]}) for row in kept],
    )  # fmt: skip


def news_in(language: str, train: Path) -> Task:
    """News sentences in a language over their Chinese translations, from the rows kept back."""
    header, *rows = sources.ntrex_rows(train)
    column = header.index(language)
    kept = rows[-sources.HELD_OUT_NTREX_ROWS :]
    return Task(
        f"news_{language}", [("", row[1]) for row in kept], [row[column] for row in kept],
        [frozenset({i}) for i in range(len(kept))],
    )  # fmt: skip


def tasks(data: Path) -> Iterable[Task]:
    """All that the model card reports, smallest first."""
    yield held_out(data / "train")
    for language in LANGUAGES:
        yield news_in(language, data / "train")
    yield beir("cmrc2018_dev_848", data / "bench" / "cmrc2018_dev", "dev")
    yield beir("cmrc2018_dev", data / "bench" / "cmrc2018_dev")
    yield beir("stard", data / "bench" / "stard")
