"""`wenju eval` and `wenju eval retrieval`."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.embed.options import Backend, ModelOptions
from index.errors import InputError
from ui.cli.messages import Messages

if TYPE_CHECKING:
    from evals.curve import Curves
    from evals.dataset import Question
    from evals.gate import Line
    from evals.run import Run

eval_app = typer.Typer(rich_markup_mode=None)

EMBEDDER_HELP = "向量模型：embedded（随项目的）、static（只用词表，很快）、e5（须安装 wenju[e5]）、文件夹或名字。"
BACKEND_HELP = "其他模型用什么运行：torch，或文件夹里导出的 ONNX 文件（原精度或 int8）。"
PROMPT_HELP = "加在每个{}前的提示语；默认用模型自己的。"

Output = Annotated[Path | None, typer.Option(metavar="FILE", help="结果另存到这个文件。")]


class Mode(StrEnum):
    """How to search."""

    dense = "dense"
    lexical = "lexical"
    hybrid = "hybrid"


class Split(StrEnum):
    """Which part of a question set."""

    train = "train"
    heldout = "heldout"
    all = "all"


@eval_app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    questions: Annotated[Path | None, typer.Option(metavar="FILE", help="问题集；默认随项目的一套。")] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="要对照的基线；默认随项目的问题集用随项目的基线。")
    ] = None,
    junit: Output = None,
    html: Output = None,
    json_: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="结果另存到这个文件。")] = None,
    split: Annotated[Split, typer.Option(help="只评其中一部分。")] = Split.all,
    failures: Annotated[int, typer.Option(min=0, metavar="N", help="每类显示几个答错的问题（留出部分从不显示）。")] = 0,
    curve: Annotated[
        bool, typer.Option("--curve", help="显示各门槛下的回答率与答对率；--html 和 --json 里总有。")
    ] = False,
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="把这次的分数写成基线。")] = False,
    index: Annotated[Path, typer.Option("--index", metavar="DIR", envvar="WENJU_INDEX", help="索引文件夹。")] = Path(
        ".wenju/index"
    ),
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="提问的日期；默认是写问题集的那一年。"),
    ] = None,
) -> None:
    """给一套问题评分；低于基线时以 1 退出。子命令 retrieval 只评检索。"""
    if context.invoked_subcommand:
        return
    say: Messages = context.obj
    gate_file = _gate_file(questions, baseline, update_baseline, say)
    traced = curve or html is not None or json_ is not None
    run, curves = _run(_selected(questions, split, say), index, today.date() if today else None, traced=traced)
    gate = _update(run, gate_file, say) if update_baseline and gate_file else _compare(run, gate_file)
    from evals.report import print_report, to_html, to_json, to_junit

    print_report(run, failures, curves if curve else None)
    _save(html, to_html(run, gate, curves), say)
    _save(json_, _dump(to_json(run, gate, curves)), say)
    _save(junit, to_junit(run, gate), say)
    command = _renewal(questions, baseline)
    raise typer.Exit(_tell_gate(run, gate, compared=gate_file is not None, command=command, say=say))


def _gate_file(questions: Path | None, baseline: Path | None, update: bool, say: Messages) -> Path | None:
    """The baseline that goes with the questions; a foreign set without one is only scored."""
    from evals.gate import BASELINE

    if baseline or questions is None:
        return baseline or BASELINE
    if update:
        raise InputError(say("which_baseline"), "")
    return None


def _selected(path: Path | None, split: Split, say: Messages) -> tuple[Question, ...]:
    from evals.dataset import SEED_QUESTIONS, load

    found = load(path or SEED_QUESTIONS)
    chosen = tuple(q for q in found if split is Split.all or q.split == split)
    if not chosen:
        raise InputError(say("no_split", split=split), "")
    return chosen


def _run(
    questions: tuple[Question, ...], index: Path, today: date | None, *, traced: bool
) -> tuple[Run, Curves | None]:
    """The judged answers, and the curves where they are wanted: they take as long again twice."""
    from evals.curve import curves, trace
    from evals.dataset import ASKED_ON
    from evals.run import run
    from rag import open_pipeline

    pipeline = open_pipeline(index, today=today or ASKED_ON)
    done = run(questions, pipeline, lambda id_: pipeline.store.paragraph(id_).text)
    asked = [result.question for result in done.results]  # what crashed is told of already
    return done, curves(list(trace(asked, pipeline))) if traced else None


def _compare(run: Run, path: Path | None) -> tuple[Line, ...]:
    from evals.gate import compare, read_baseline

    return compare(run, read_baseline(path)) if path else ()


def _update(run: Run, path: Path, say: Messages) -> tuple[Line, ...]:
    """Record the run; what then still fails are crashes."""
    from evals.gate import Baseline, compare, read_baseline, updated, write_baseline

    renewed = updated(run, read_baseline(path) if path.exists() else Baseline())
    try:
        write_baseline(renewed, path)
    except OSError as error:
        raise InputError(say("unwritable", file=path, reason=error.strerror), "") from error
    print(say("baseline", file=path))
    return compare(run, renewed)


def _renewal(questions: Path | None, baseline: Path | None) -> str:
    """The command that records a new baseline for what was just compared."""
    parts = ["wenju", "eval"]
    if questions:
        parts += ["--questions", str(questions)]
    if baseline:
        parts += ["--baseline", str(baseline)]
    return shlex.join([*parts, "--update-baseline"])


def _tell_gate(run: Run, gate: tuple[Line, ...], *, compared: bool, command: str, say: Messages) -> int:
    """Say how the gate went; the exit status."""
    fallen = [line for line in gate if line.failure]
    for line in fallen:
        print(say("fell", name=line.name, failure=line.failure), file=sys.stderr)
    if fallen:
        print(say("renew", command=command), file=sys.stderr)
    elif run.crashes:
        print(say("crashed", n=len(run.crashes)), file=sys.stderr)
    else:
        print(say("held" if compared else "no_gate"))
    return 1 if fallen or run.crashes else 0


@eval_app.command()
def retrieval(
    context: typer.Context,
    corpus: Annotated[Path, typer.Option(metavar="FILE", help="段落：.jsonl 或 .tsv，可加 .xz。")],
    queries: Annotated[Path, typer.Option(metavar="FILE", help="问题：同上。")],
    qrels: Annotated[Path, typer.Option(metavar="FILE", help="哪个问题对哪段：同上。")],
    json_: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="结果另存到这个文件。")] = None,
    mode: Annotated[Mode, typer.Option(help="检索方式。")] = Mode.hybrid,
    embedder: Annotated[str, typer.Option(metavar="NAME_OR_FOLDER", help=EMBEDDER_HELP)] = "embedded",
    backend: Annotated[Backend, typer.Option("--embedder-backend", help=BACKEND_HELP)] = "torch",
    query_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help=PROMPT_HELP.format("问题"))] = None,
    passage_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help=PROMPT_HELP.format("段落"))] = None,
) -> None:
    """在 BEIR 格式的数据集上评检索，用的就是回答问题的那个检索器。"""
    from evals.retrieval import BeirSet, evaluate
    from index.embed.embedder import load_embedder

    beir = BeirSet.open(corpus, queries, qrels)
    scores = evaluate(beir, load_embedder(embedder, ModelOptions(backend, query_prompt, passage_prompt)), mode.value)
    for name, value in scores.items():
        print(f"{name:<16}{value}")
    _save(json_, _dump(scores), context.obj)


@eval_app.command()
def fit(
    context: typer.Context,
    questions: Annotated[Path, typer.Option(metavar="FILE", help="自己的问题集，写明证据；至少 20 个能答的。")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="权重写到这里。")] = Path(".wenju/weights.json"),
    index: Annotated[Path, typer.Option("--index", metavar="DIR", envvar="WENJU_INDEX", help="索引文件夹。")] = Path(
        ".wenju/index"
    ),
) -> None:
    """用自己的问题重新拟合排序和把握程度；之后设 WENJU_WEIGHTS=FILE 使用。"""
    from evals.dataset import ASKED_ON, load
    from evals.refit import refit
    from rag import open_pipeline

    say: Messages = context.obj
    refit(open_pipeline(index, today=ASKED_ON), load(questions), out)
    print(say("refitted", file=out))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _save(path: Path | None, content: str | bytes, say: Messages) -> None:
    if path is None:
        return
    try:
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(say("unwritable", file=path, reason=error.strerror), "") from error
