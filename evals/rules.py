"""What each pattern, alternative, word and row of `index` and `rag` is worth on the training questions.

Each is taken out in turn. Questions are asked and documents read once with listeners in the place of all patterns and
word sets; what no call tells from its absence is worth nothing and needs no run. For the others, the questions whose
calls differ are asked again, and the documents read again. Results are kept, so that a second run goes on.
With `--heard-only` nothing is asked or read again: “calls” then marks the parts that a later run goes on with. Several
runs may hear different sets and folders into different `--results`.
usage: python -m evals.rules [--module NAME]… [--set NAME]… [--documents FOLDER]… [--heard-only] [--write]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evals import rule_trace
from evals.dataset import ASKED_ON, SEED_QUESTIONS, Question, load
from evals.metrics import judge
from evals.rule_effect import effect, importers, source_of, tables, together, variant
from evals.rule_page import Key, Row, page
from evals.rule_trace import Heard, Listener
from evals.rule_variants import Cut, cuts, row_cuts
from index.annotate.report import ReadReport, read_report
from index.errors import IndexMissing, SourceError
from index.readers.document import read_document
from index.readers.sources import find_sources
from rag.pipeline import Pipeline, open_pipeline

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "rules.md"
RESULTS = Path(".wenju/rules.jsonl")
SETS = (("seeds", ".wenju/index"), ("provinces", ".wenju/provinces"), ("national", ".wenju/national"))
MOST_READ = 4  # documents of one part that are read again, the shortest first; one that reads otherwise is enough
# What no question or report is read by: readers of file formats (they run in a child process), words of answers.
SILENT = ("index.readers", "index.embed", "index.storage", "rag.wording", "rag.answer.prompts", "rag.explain")

Part = tuple[Row, Cut, str]  # a row with nothing found out yet, what is taken out, and the source it is taken out of


@dataclass(frozen=True, slots=True)
class Asked:
    """A training question, the index it is asked of, and how it is answered with all rules."""

    question: Question
    set: str
    right: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Bench:
    """What parts are measured on: one bit for the opening of the indexes, one for each question and document."""

    pipelines: Mapping[str, Pipeline]
    asked: Sequence[Asked]
    texts: Sequence[tuple[str, str]]
    readings: Sequence[str]
    heard: Mapping[int, Heard]

    @property
    def of_questions(self) -> int:
        """The bits of the questions."""
        return ((1 << len(self.asked)) - 1) << 1


def _reading(file: str, text: str) -> str:
    """What a document is read as, in short."""
    read: ReadReport = read_report(text, file=file, sha256=hashlib.sha256(text.encode()).hexdigest(), metadata={})
    return hashlib.sha256(repr((read.report, read.paragraphs, read.passages, read.facts)).encode()).hexdigest()


def _ask(pipeline: Pipeline, question: Question) -> tuple[bool, str]:
    answer = pipeline.ask(question.question, question.history)
    shown = (answer.answer, [(c.paragraph_id, c.quote) for c in answer.citations])
    return judge(question, answer).right, repr(shown)


def documents(folders: Iterable[str]) -> list[tuple[str, str]]:
    """Names and texts of the readable files in `folders`."""
    found = []
    for file in find_sources(list(folders))[0]:
        try:
            found.append((file.name, read_document(file.path).text))
        except SourceError as error:
            print(f"left out: {error.what}", file=sys.stderr)
    return found


def listen(indexes: Sequence[tuple[str, str]], texts: Sequence[tuple[str, str]]) -> Bench:
    """Ask every training question and read every document once, hearing what patterns are called with."""
    listener = Listener()
    asked: list[Asked] = []
    readings: list[str] = []
    with rule_trace.listening(listener) as heard:
        listener.bit = 1
        pipelines = dict(_opened(indexes))
        for name, pipeline in pipelines.items():
            for question in load(SEED_QUESTIONS.with_name(f"{name}.jsonl")):
                if question.split == "train":
                    listener.bit = 1 << (len(asked) + 1)
                    rule_trace.forget()
                    asked.append(Asked(question, name, *_ask(pipeline, question)))
        for n, (file, text) in enumerate(texts):
            listener.bit = 1 << (len(asked) + 1 + n)
            rule_trace.forget()
            readings.append(_reading(file, text))
    rule_trace.forget()
    return Bench(dict(_opened(indexes)), asked, texts, readings, heard)


def _opened(indexes: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Pipeline]]:
    for name, folder in indexes:
        try:
            pipeline = open_pipeline(folder, today=ASKED_ON)
        except IndexMissing as error:
            print(error, file=sys.stderr)
            continue
        pipeline.ask("2025年新增就业多少人？")  # what is made once is made
        yield name, pipeline


def worth(row: Row, cut: Cut, source: str, dependents: Sequence[str], bench: Bench, *, run: bool) -> Row:
    """The row with what is found out of it; without `run` only what was heard is asked."""
    try:
        values = variant(cut, row.module, source, dependents)
    except (re.error, ValueError, TypeError, IndexError, KeyError, AttributeError):
        return replace(row, verdict="needed")
    if not values:
        return replace(row, verdict="untraced" if row.module in tables() else "no effect")  # some are read when asked
    touched, changed, every = together(
        effect(getattr(sys.modules[module], name), new, cut.text, bench.heard) for (module, name), new in values.items()
    )
    if not every:
        plain = all(isinstance(value, str | tuple | dict | list) for value in values.values())
        return replace(row, verdict="untraced" if plain else "unheard")
    row = replace(
        row,
        questions=(touched & bench.of_questions).bit_count() if touched >= 0 else 0,
        documents=(touched >> (len(bench.asked) + 1)).bit_count() if touched >= 0 else 0,
    )
    if not changed:
        return replace(row, verdict="no effect" if touched else "nowhere")
    if not run:
        return replace(row, verdict="calls")
    try:
        return _run(row, changed, values, bench)
    except (LookupError, TypeError, ValueError, AttributeError):  # a group that the code asks for is gone
        return replace(row, verdict="needed")


def _run(row: Row, changed: int, values: Mapping[tuple[str, str], Any], bench: Bench) -> Row:
    """Ask and read again what a part may change."""
    differs = False
    won: list[str] = []
    lost: list[str] = []
    with rule_trace.patched(_everywhere(values)):
        pipelines = dict(_opened([s for s in SETS if s[0] in bench.pipelines])) if changed & 1 else bench.pipelines
        for n, one in enumerate(bench.asked):
            if changed & 1 or changed >> (n + 1) & 1:
                right, answer = _ask(pipelines[one.set], one.question)
                differs |= answer != one.answer
                if right != one.right:
                    (won if one.right else lost).append(one.question.id)
        reads = _reads_otherwise(changed, bench)
    verdict = "answers" if differs else "reads" if reads else "same"
    return replace(row, won=tuple(won), lost=tuple(lost), verdict=verdict)


def _reads_otherwise(changed: int, bench: Bench) -> bool:
    """Whether one of the shortest documents that a part may change is read otherwise."""
    first = len(bench.asked) + 1
    files = [n for n in range(len(bench.texts)) if changed >> (first + n) & 1]
    shortest = sorted(files, key=lambda n: len(bench.texts[n][1]))[:MOST_READ]
    return any(_reading(*bench.texts[n]) != bench.readings[n] for n in shortest)


def _everywhere(values: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """The new values also where other modules have the old ones under names of their own."""
    new = {id(getattr(sys.modules[module], name)): value for (module, name), value in values.items()}
    found = {
        (module, name): new[id(value)]
        for module, loaded in rule_trace.modules().items()
        for name, value in vars(loaded).items()
        if id(value) in new and not isinstance(value, str | int)
    }
    return found | dict(values)


def parts(modules: Sequence[str]) -> Iterator[Part]:
    """Every part of the loaded modules whose names begin with one of `modules`."""
    for module in (*rule_trace.modules(), *tables()):
        if module.startswith(SILENT) or not module.startswith(tuple(modules)):
            continue
        source = source_of(module)
        seen: Counter[tuple[str, str]] = Counter()
        for cut in row_cuts(source) if module in tables() else cuts(source):
            seen[cut.name, cut.text] += 1
            yield Row(module, cut.name, cut.text, seen[cut.name, cut.text]), cut, source


def _kept(results: Path, state: str) -> dict[Key, Row]:
    """The rows of an earlier run over the same sources."""
    known = {}
    for line in results.read_text("utf-8").splitlines() if results.exists() else ():
        kept = json.loads(line)
        if kept.pop("state") == state:
            row = Row(**{**kept, "won": tuple(kept["won"]), "lost": tuple(kept["lost"])})
            known[row.key] = row
    return known


def measured(
    modules: Sequence[str], sets: Sequence[str], folders: Sequence[str], results: Path, *, run: bool
) -> list[Row]:
    """All parts with their worth; those that are known from before are not measured again."""
    sources = "".join(source_of(name) for name in sorted((*rule_trace.modules(), *tables())))
    state = hashlib.sha256(sources.encode()).hexdigest()[:16]
    known = _kept(results, state)
    wanted = list(parts(modules))
    if any(_is_open(known.get(row.key), run=run) for row, _, _ in wanted):
        bench = listen([one for one in SETS if one[0] in sets], documents(folders))
        print(f"{len(bench.asked)} questions, {len(bench.texts)} documents heard", file=sys.stderr, flush=True)
        with results.open("a", encoding="utf-8") as out:
            for found in _measure(wanted, known, bench, run=run):
                out.write(json.dumps({**asdict(found), "state": state}, ensure_ascii=False) + "\n")
                out.flush()
    return [known[row.key] for row, _, _ in wanted]


def _is_open(known: Row | None, *, run: bool) -> bool:
    """Whether something is still to be found out of a part."""
    return known is None or (run and known.verdict == "calls")


def _measure(wanted: Sequence[Part], known: dict[Key, Row], bench: Bench, *, run: bool) -> Iterator[Row]:
    """What is still to be found out, one after another, and put into `known`."""
    depends = {module: importers(module) for module in {row.module for row, _, _ in wanted}}
    for runs in (False, True)[: 1 + run]:  # what is heard first: it takes no time
        for row, cut, source in wanted:
            if _is_open(known.get(row.key), run=runs):
                found = worth(row, cut, source, depends[row.module], bench, run=runs)
                known[row.key] = found
                yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", action="append", default=[], help="only modules whose names begin so; repeatable")
    parser.add_argument("--set", action="append", default=[], help="question sets (none for none); default all three")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the results are kept")
    parser.add_argument("--heard-only", action="store_true", help="ask and read nothing again")
    parser.add_argument("--documents", action="append", default=[], help="folders of documents; default seeds/")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    args = parser.parse_args()
    modules, folders = args.module or ["index", "rag"], args.documents or [str(ROOT / "seeds")]
    sets = args.set or [name for name, _ in SETS]
    text = page(measured(modules, sets, folders, args.results, run=not args.heard_only))
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
