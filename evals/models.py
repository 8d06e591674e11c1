"""Which embedding model to take: every model measured alike, for docs/models.md.

Each model is measured in a process of its own, so that memory is its own; what is known is kept in a file of JSON
lines, so that a stopped run goes on and models can be added later.
usage: python -m evals.models MODEL... [--data ../shared/data] [--known FILE] [--without SET]... [--write]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.dataset import SEED_QUESTIONS, load
from evals.fusion import tasks
from evals.metrics import holds_evidence
from evals.retrieval import BeirSet, evaluate
from index.embed.embedder import Embedder, load_embedder, load_model
from index.embed.options import ModelOptions
from index.training.evaluate import news_in, score

PAGE = Path(__file__).parent.parent / "docs" / "models.md"
Row = dict[str, float]
COLUMNS: Mapping[str, str] = {
    "MB": "size of the model's files, in MB",
    "load s": "seconds to load it, libraries not counted",
    "question ms": "milliseconds to encode a question",
    "passages a second": "passages of the five reports encoded in a second",
    "peak MiB": "the most memory of a process that builds the index of the five reports and answers from it",
    "build s": "seconds to build that index",
    "answer ms": "median milliseconds from a question to its answer, five reports",
    "seeds": "share of the held-out questions over the five reports that are answered or refused rightly",
    "seeds free@3": "their evidence in the first three paragraphs, fused search alone: no rule, no constraint",
    "provinces": "like seeds, over 31 provincial reports",
    "provinces free@3": "likewise",
    "English": "recall@1 of English news sentences over 240 Chinese ones, vectors alone",
    "headlines": "hit@1 of headlines over the beginnings of 4,000 broadcast items, fused",
    "DRCD": "hit@1 of questions in traditional characters over 500 encyclopedia passages, fused",
    "CMRC": "nDCG@10 of CMRC 2018 dev over 3,251 passages, fused",
    "STARD": "recall@10 of lay questions over 148,346 statute articles, fused",
}

TEMPLATE = Path(__file__).with_name("models_page.md")


def measured(name: str, data: Path, without: Sequence[str], keep: Callable[[Row], None]) -> None:
    """Measure one model; `keep` gets each figure as it is known."""
    began = time.perf_counter()
    model = load_model(name, _options(name))
    keep({"load s": time.perf_counter() - began, "MB": size(name) / 1e6})
    embedder = load_embedder(name, _options(name))
    with tempfile.TemporaryDirectory() as folder:
        keep(_reports("seeds", Path("seeds"), SEED_QUESTIONS, name, embedder, Path(folder), model))
        keep({"peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
        if "provinces" not in without:
            corpus = data / "corpora" / "provinces_2025"
            keep(
                _reports("provinces", corpus, SEED_QUESTIONS.with_name("provinces.jsonl"), name, embedder, Path(folder))
            )
    keep({"English": score(embedder, news_in("eng", data / "train"))["recall@1"]})
    for task in tasks(data / "train"):
        if task.name in ("headlines", "drcd"):
            asked = {str(i): question for i, question in enumerate(task.questions)}
            wanted = {str(i): {str(n): 1.0 for n in want} for i, want in enumerate(task.relevant)}
            texts = {str(n): document for n, document in enumerate(task.documents)}
            hit = evaluate(BeirSet(texts, asked, wanted), embedder)["hit@1"]
            keep({"headlines" if task.name == "headlines" else "DRCD": hit})
    for column, set_, measure in (("CMRC", "cmrc2018_dev", "ndcg@10"), ("STARD", "stard", "recall@10")):
        if column not in without:
            files = (data / "bench" / set_ / f"{part}.xz" for part in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"))
            keep({column: evaluate(BeirSet.open(*files), embedder)[measure]})


def _reports(
    name: str,
    corpus: Path,
    questions: Path,
    model_name: str,
    embedder: Embedder,
    folder: Path,
    model: Embedder | None = None,
) -> Row:
    """Build an index of reports, answer the held-out questions, and search for them without any rule."""
    from evals.dataset import ASKED_ON
    from evals.run import run
    from index.annotate.passages import indexed_text
    from index.storage.build import build
    from index.storage.store import Store
    from rag.pipeline import Pipeline

    where = folder / name
    found: Row = {}
    report = build([corpus], where, embedder=embedder, embedder_name=model_name)
    store = Store.open(where, embedder)
    asked = [q for q in load(questions) if q.split == "heldout"]
    pipeline = Pipeline(store, today=ASKED_ON)
    done = run(asked, pipeline, lambda id_: store.paragraph(id_).text)
    found[name] = statistics.fmean(result.verdict.right for result in done.results)
    free = [q for q in asked if q.answerable and q.evidence and not q.history]
    found[f"{name} free@3"] = statistics.fmean(holds_evidence(q, _first_three(store, q.question)) for q in free)
    if model:
        texts = [indexed_text(passage) for passage in store.passages]
        began = time.perf_counter()
        model.embed_passages(texts)
        found["passages a second"] = len(texts) / (time.perf_counter() - began)
        began = time.perf_counter()
        for question in asked:
            model.embed_queries([question.question + " "])
        found["question ms"] = (time.perf_counter() - began) / len(asked) * 1000
        found["build s"] = report.seconds
        found["answer ms"] = statistics.median(result.seconds * 1000 for result in done.results)
    return found


def _first_three(store: Any, question: str) -> list[str]:
    ids = dict.fromkeys(hit.passage.paragraph_id for hit in store.search(question, k=60))
    return [store.paragraph(id_).text for id_ in list(ids)[:3]]


def size(name: str) -> int:
    """Bytes of the files that a model is read from, the static table beside it included; 0 for one of a hub."""
    from index.embed.e5 import e5_folder
    from index.embed.embedder import E5, SHIPPED, STATIC

    folder = e5_folder() if name == E5 else SHIPPED.get(name, Path(name))
    folders = {folder, SHIPPED[STATIC]}
    return sum(
        path.stat().st_size for one in folders for path in one.rglob("*") if path.is_file() and path.suffix != ".md"
    )


def _options(name: str) -> ModelOptions:
    """An exported folder is run as int8."""
    from index.embed.onnx import INT8

    return ModelOptions("onnx-int8") if any((Path(name) / file).is_file() for file in INT8) else ModelOptions()


def page(known: Mapping[str, Row]) -> str:
    """The page over what is known, models as columns."""
    models = list(known)
    lines = [f"| | {' | '.join(f'`{Path(name).name}`' for name in models)} |", "|---" * (len(models) + 1) + "|"]
    for column, what in COLUMNS.items():
        cells = (_cell(known[name].get(column), column) for name in models)
        lines.append(f"| {column}: {what} | {' | '.join(cells)} |")
    names = " ".join(Path(name).name for name in models)
    return TEMPLATE.read_text("utf-8").format(table="\n".join(lines), models=names)


def _cell(value: float | None, column: str) -> str:
    if value is None:
        return "–"
    if column in ("passages a second", "peak MiB", "MB"):
        return f"{value:,.0f}"
    return f"{value:.1f}" if column.endswith((" s", " ms")) else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--known", type=Path, default=Path(".wenju/models.jsonl"))
    parser.add_argument("--without", action="append", default=[], choices=["provinces", "CMRC", "STARD"])
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # in a process of its own
    args = parser.parse_args()
    if args.alone:
        (name,) = args.models
        measured(name, args.data, args.without, lambda row: _keep(args.known, name, row))
        return
    for name in args.models:
        rest = [word for without in args.without for word in ("--without", without)]
        command = [
            sys.executable,
            "-m",
            "evals.models",
            name,
            "--alone",
            "--data",
            str(args.data),
            "--known",
            str(args.known),
        ]
        subprocess.run([*command, *rest], check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    known = _read(args.known)
    text = page({name: known[name] for name in args.models})
    print(text)
    if args.write:
        PAGE.write_text(text, "utf-8")


def _keep(path: Path, name: str, row: Row) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"model": name, **{key: round(value, 4) for key, value in row.items()}}) + "\n")
    print(name, *(f"{key} {value:.3f}" for key, value in row.items()), flush=True)


def _read(path: Path) -> dict[str, Row]:
    """What is known of each model, the newest figure of each kind."""
    known: dict[str, Row] = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        known.setdefault(row.pop("model"), {}).update(row)
    return known


if __name__ == "__main__":
    main()
