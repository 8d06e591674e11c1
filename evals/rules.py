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
import ast
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from evals import rule_trace
from evals.dataset import ASKED_ON, SEED_QUESTIONS, Question, load
from evals.metrics import judge
from evals.rule_trace import Heard, HeardPattern, HeardWords, Listener, is_words
from evals.rule_variants import Cut, cuts
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
WORTHLESS = ("nowhere", "no effect", "same")


@dataclass(frozen=True, slots=True)
class Row:
    """One part taken out. `questions` and `documents` count those in which it matches.

    `verdict`: “unheard” (nothing calls its pattern here), “untraced” (used in a way that is not heard), “needed” (the
    module does not load without it), “nowhere” (it matches nothing), “no effect” (no call gives anything else), “calls”
    (some does; not run yet), “same” (calls do, answers and readings do not), “reads” (documents read otherwise) or
    “answers”.
    """

    module: str
    name: str
    text: str
    turn: int  # among the parts of `name` with this text
    questions: int = 0
    documents: int = 0
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    verdict: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What names the part."""
        return self.module, self.name, self.text, self.turn


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


def importers(module: str) -> list[str]:
    """The loaded modules whose globals may be made of those of `module`."""
    package, _, last = module.rpartition(".")
    return [
        name
        for name in rule_trace.modules()
        for node in ast.parse(_source(name)).body
        if isinstance(node, ast.ImportFrom)
        and (node.module == module or (node.module == package and any(a.name == last for a in node.names)))
    ]


@lru_cache(maxsize=256)
def _compiled(source: str, module: str) -> CodeType:
    return compile(source, module, "exec")


@cache
def _source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text("utf-8")


def executed(module: str, source: str) -> ModuleType:
    """A module made of other source, beside the one that is loaded."""
    made = ModuleType(module)
    made.__file__ = sys.modules[module].__file__
    exec(_compiled(source, module), made.__dict__)  # our own source less a part of it
    return made


@contextmanager
def _standing_in(module: ModuleType) -> Iterator[None]:
    """Imports get this module for a while."""
    name = module.__name__
    package, _, last = name.rpartition(".")
    real = sys.modules[name]
    sys.modules[name] = module
    setattr(sys.modules[package], last, module)
    try:
        yield
    finally:
        sys.modules[name] = real
        setattr(sys.modules[package], last, real)


def fingerprint(value: object) -> Any:
    """What makes two values of module globals the same; None for what is no data."""
    if isinstance(value, re.Pattern):
        return value.pattern, value.flags
    if isinstance(value, str):
        return value
    if is_words(value):
        return frozenset(value)  # type: ignore[call-overload]
    if isinstance(value, tuple | list):
        return tuple(fingerprint(part) for part in value)
    if isinstance(value, dict):
        return tuple((repr(key), fingerprint(part)) for key, part in value.items())
    return repr(value) if isinstance(value, int | float) else None


def variant(cut: Cut, module: str, source: str, dependents: Sequence[str]) -> dict[tuple[str, str], Any]:
    """The globals that differ without `cut`, with their new values. Raises what the module raises."""
    made = executed(module, cut.left(source))
    found = _changed(module, made)
    with _standing_in(made):
        for name in dependents:
            found |= _changed(name, executed(name, _source(name)))
    return found


def _changed(module: str, made: ModuleType) -> dict[tuple[str, str], Any]:
    real = vars(sys.modules[module])
    return {
        (module, name): value
        for name, value in vars(made).items()
        if name in real and not name.startswith("__") and fingerprint(value) != fingerprint(real[name])
    }


def effect(old: Any, new: Any, part: str, heard: Mapping[int, Heard]) -> tuple[int, int, int]:
    """Bits of the calls that a part matches in, of those that differ, and of all calls of what holds it."""
    ear = heard.get(id(old))
    if isinstance(ear, HeardPattern):
        every = 0
        for bits in ear.calls.values():
            every |= bits
        return (*rule_trace.differing(old, new, part, ear.calls), every)
    if isinstance(ear, HeardWords):
        gone = old ^ (new or frozenset())
        bits = 0
        for word in gone:
            bits |= ear.calls.get(("in", (word,)), 0)
        return bits, bits, -1 if ear.calls else 0
    pairs: list[tuple[Any, Any]] = []
    if isinstance(old, dict):
        old, new = tuple(old.values()), tuple((new or {}).values())
    if isinstance(old, tuple):
        kept = {repr(fingerprint(one)) for one in new or ()}
        same = len(old) == len(new or ())
        gone_rows = [(o, None) for o in old if repr(fingerprint(o)) not in kept]
        pairs = list(zip(old, new, strict=True)) if same else gone_rows
        pairs = [(o, n) for o, n in pairs if fingerprint(o) != fingerprint(n)]
    touched = changed = every = 0
    for one, other in pairs:
        t, c, e = effect(one, other, part if other is not None else "", heard)
        touched, changed, every = touched | t, changed | c, every | e
    return touched, changed, every


def worth(row: Row, cut: Cut, source: str, dependents: Sequence[str], bench: Bench, *, run: bool) -> Row:
    """The row with what is found out of it; without `run` only what was heard is asked."""
    try:
        values = variant(cut, row.module, source, dependents)
    except (re.error, ValueError, TypeError, IndexError, KeyError, AttributeError):
        return replace(row, verdict="needed")
    touched = changed = every = 0
    for (module, name), new in values.items():
        t, c, e = effect(getattr(sys.modules[module], name), new, cut.text, bench.heard)
        touched, changed, every = touched | t, changed | c, every | e
    if not values:
        return replace(row, verdict="no effect")
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
    first = len(bench.asked) + 1
    differs = reads = False
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
        files = [n for n in range(len(bench.texts)) if changed >> (first + n) & 1]
        for n in sorted(files, key=lambda n: len(bench.texts[n][1]))[:MOST_READ]:
            if reads := _reading(*bench.texts[n]) != bench.readings[n]:
                break
    verdict = "answers" if differs else "reads" if reads else "same"
    return replace(row, won=tuple(won), lost=tuple(lost), verdict=verdict)


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


def parts(modules: Sequence[str]) -> Iterator[tuple[Row, Cut, str]]:
    """Every part of the loaded modules whose names begin with one of `modules`."""
    for module in rule_trace.modules():
        if module.startswith(SILENT) or not module.startswith(tuple(modules)):
            continue
        source = _source(module)
        seen: Counter[tuple[str, str]] = Counter()
        for cut in cuts(source):
            seen[cut.name, cut.text] += 1
            yield Row(module, cut.name, cut.text, seen[cut.name, cut.text]), cut, source


def _kept(results: Path, state: str) -> dict[tuple[str, str, str, int], Row]:
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
    sources = "".join(_source(name) for name in sorted(rule_trace.modules()))
    state = hashlib.sha256(sources.encode()).hexdigest()[:16]
    known = _kept(results, state)
    wanted = list(parts(modules))
    if any(r.key not in known or (run and known[r.key].verdict == "calls") for r, _, _ in wanted):
        bench = listen([one for one in SETS if one[0] in sets], documents(folders))
        print(f"{len(bench.asked)} questions, {len(bench.texts)} documents heard", file=sys.stderr, flush=True)
        depends = {module: importers(module) for module in {r.module for r, _, _ in wanted}}
        with results.open("a", encoding="utf-8") as out:
            for runs in (False, True)[: 1 + run]:  # what is heard first: it takes no time
                for row, cut, source in wanted:
                    if row.key not in known or (runs and known[row.key].verdict == "calls"):
                        found = worth(row, cut, source, depends[row.module], bench, run=runs)
                        known[row.key] = found
                        out.write(json.dumps({**asdict(found), "state": state}, ensure_ascii=False) + "\n")
                        out.flush()
    return [known[r.key] for r, _, _ in wanted]


def page(rows: Sequence[Row]) -> str:
    """The findings as Markdown."""
    verdicts = ("answers", "calls", "reads", "same", "no effect", "nowhere", "unheard", "untraced", "needed")
    lines = [HEAD, f"| module | parts | {' | '.join(verdicts)} |", f"|---|---|{'---|' * len(verdicts)}"]
    for module in dict.fromkeys(row.module for row in rows):
        count = Counter(row.verdict for row in rows if row.module == module)
        lines.append(f"| {module} | {count.total()} | {' | '.join(str(count[v]) for v in verdicts)} |")
    lines += ["", "## What wins or loses a question", ""]
    lines += ["| part of | alternative | matches in questions | documents | won | lost |", "|---|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda r: (len(r.lost) - len(r.won), r.module, r.name)):
        if row.won or row.lost:
            shown = " ".join(row.text.split()).replace("|", "\\|")[:80]
            where = f"{row.module}.{row.name}"
            counts = (row.questions, row.documents, len(row.won), len(row.lost))
            lines.append(f"| {where} | `{shown}` | {' | '.join(map(str, counts))} |")
    lines += ["", "## Worth nothing here", ""]
    for place in dict.fromkeys((row.module, row.name) for row in rows):
        texts = [" ".join(r.text.split()) for r in rows if (r.module, r.name) == place and r.verdict in WORTHLESS]
        if texts:
            lines.append(f"- {'.'.join(place)}: " + "、".join(f"`{t[:60]}`" for t in texts))
    return "\n".join([*lines, ""])


HEAD = """# What each rule is worth

Written by `python -m evals.rules --write`. Every alternative of a pattern, word of a list and row of a table that holds
Chinese is taken out in turn. Won and lost: training questions that are right with it and not without it, and the other
way round. “answers”: some answer changes; “reads”: some document is read otherwise (the indexes are not built again for
it); “calls”: some call gives something else, and nothing was run yet; “same”: calls differ, answers and the documents
read again do not; “no effect”: it matches, and nothing comes out otherwise; “nowhere”: it matches nothing; “unheard”:
nothing here calls its pattern (chat models' drafts); “untraced”: used in a way that is not heard; “needed”: the module
does not load without it.
"""


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
