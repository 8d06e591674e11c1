"""Score the retriever on any set in BEIR format: corpus, queries and qrels as .jsonl or .tsv, also compressed (.xz)."""

from __future__ import annotations

import json
import lzma
import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evals.metrics import hit_at, ndcg_at, recall_at, reciprocal_rank
from index.annotate.passages import windows
from index.errors import InputError

if TYPE_CHECKING:
    from index.embed.embedder import Embedder

DEPTH = 100  # how far down a ranking is looked at
Mode = Literal["dense", "lexical", "hybrid"]
Qrels = Mapping[str, Mapping[str, float]]  # query id -> passage id -> gain

COLUMNS: Mapping[str, tuple[str, ...]] = {  # of a .tsv without a header
    "corpus": ("_id", "text"),
    "queries": ("_id", "text"),
    "qrels": ("query-id", "corpus-id", "score"),
}


@dataclass(frozen=True, slots=True)
class BeirSet:
    """Passages, the queries that have a relevant passage, and which passages are relevant to what degree."""

    passages: Mapping[str, tuple[str, str]]  # id -> title, text
    queries: Mapping[str, str]
    qrels: Qrels

    @classmethod
    def open(cls, corpus: Path, queries: Path, qrels: Path) -> BeirSet:
        """Read the three files. Raises InputError naming the file and line that cannot be read."""
        passages = {str(row["_id"]): _text(row) for row in _rows(corpus, "corpus")}
        gains: dict[str, dict[str, float]] = {}
        for row in _rows(qrels, "qrels"):
            if (gain := float(row["score"])) > 0:
                gains.setdefault(str(row["query-id"]), {})[str(row["corpus-id"])] = gain
        asked = {str(row["_id"]): str(row["text"]) for row in _rows(queries, "queries") if str(row["_id"]) in gains}
        if not passages or not asked:
            raise InputError(
                f"{corpus} 与 {queries} 中没有可用于评测的段落和问题。", "请检查三个文件是否属于同一个数据集。"
            )
        return cls(passages, asked, {id_: gains[id_] for id_ in asked})


def _text(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("title") or ""), str(row["text"])


def _rows(path: Path, part: str) -> Iterator[Mapping[str, Any]]:
    """The records of one file, each with the fields its part of the set must have."""
    header: Sequence[str] | None = None
    for place, line in _lines(path):
        try:
            if header is None and path.name.removesuffix(".xz").endswith(".tsv"):
                header, titled = _header(line, part)
                if titled:
                    continue
            row = dict(zip(header, _fields(line), strict=False)) if header else json.loads(line)
            yield _complete(row, part)
        except (ValueError, KeyError, TypeError) as error:
            what = f"{place} 不是 {part} 的一条记录：{type(error).__name__} {error}。"
            raise InputError(what, "需要 BEIR 格式的 .jsonl 或 .tsv。") from error


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Every line that is not blank, with its place for messages."""
    try:
        with (
            lzma.open(path, "rt", encoding="utf-8-sig")
            if path.suffix == ".xz"
            else path.open(encoding="utf-8-sig") as f
        ):
            yield from ((f"{path} 第{number}行", line) for number, line in enumerate(f, 1) if line.strip())
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        what = f"读不了 {path}：{type(error).__name__} {error}。"
        raise InputError(what, "请检查路径；文件须为 UTF-8，可用 .xz 压缩。") from error


def _fields(line: str) -> list[str]:
    return line.rstrip("\r\n").split("\t")


def _header(line: str, part: str) -> tuple[Sequence[str], bool]:
    """The column names, and whether the line itself held them."""
    fields = _fields(line)
    if set(COLUMNS[part]) <= set(fields):
        return fields, True
    if part == "qrels" and len(fields) == 4:  # as TREC has them
        return ("query-id", "iteration", "corpus-id", "score"), False
    if part == "corpus" and len(fields) == 3:
        return ("_id", "title", "text"), False
    return COLUMNS[part], False


def _complete(row: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    for name in COLUMNS[part]:
        row[name]
    if part == "qrels":
        float(row["score"])
    return row


def evaluate(beir: BeirSet, embedder: Embedder, mode: Mode = "hybrid") -> dict[str, Any]:
    """Index the passages as reports are indexed, search every query, and average the measures over the queries.

    A passage of the set is cut into `index.annotate.passages.windows`, each behind its title; the best one counts.
    The lexical side reads passages whole.
    """
    from index.search.hybrid import HybridIndex

    start = time.perf_counter()
    parts = [(id_, f"{title} {part}".strip()) for id_, (title, text) in beir.passages.items() for part in windows(text)]
    places = {id_: place for place, id_ in enumerate(beir.passages)}
    wholes = [f"{title} {text}".strip() for title, text in beir.passages.values()]
    index = HybridIndex.build(
        [part for _, part in parts], embedder, wholes=wholes, of=[places[id_] for id_, _ in parts]
    )
    built = time.perf_counter()
    k = DEPTH * math.ceil(len(parts) / len(beir.passages))
    found = index.search_many(list(beir.queries.values()), embedder=embedder, k=k, mode=mode)
    rankings = {
        query: list(dict.fromkeys(parts[hit.row][0] for hit in hits))[:DEPTH]
        for query, hits in zip(beir.queries, found, strict=True)
    }
    searched = time.perf_counter()
    return {
        "mode": mode,
        "embedder": embedder.fingerprint,
        "passages": len(beir.passages),
        "windows": len(parts),
        "queries": len(rankings),
        **measure(rankings, beir.qrels),
        "index_seconds": round(built - start, 3),
        "ms_per_query": round((searched - built) * 1000 / len(rankings), 3),
    }


def measure(rankings: Mapping[str, Sequence[str]], qrels: Qrels) -> dict[str, float]:
    """The mean of every measure over the queries of `rankings`, each with a relevant passage in `qrels`."""
    per_query = [_measures(ranked, qrels[query]) for query, ranked in rankings.items()]
    return {name: round(statistics.fmean(row[name] for row in per_query), 5) for name in per_query[0]}


def _measures(ranked: Sequence[str], gains: Mapping[str, float]) -> dict[str, float]:
    relevant = [id_ for id_, gain in gains.items() if gain > 0]
    return {
        **{f"recall@{k}": recall_at(ranked, relevant, k) for k in (1, 5, 10, 100)},
        **{f"hit@{k}": hit_at(ranked, relevant, k) for k in (1, 5)},
        "mrr@10": reciprocal_rank(ranked, relevant, 10),
        "ndcg@10": ndcg_at(ranked, gains, 10),
    }
