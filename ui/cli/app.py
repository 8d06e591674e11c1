"""The command line. Exit status: 0 done; 1 a gate or some inputs failed; 2 wrong use or not possible.

Only light modules are imported here: a command imports the heavy ones when it runs.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.embed.options import Backend, ModelOptions
from index.errors import InputError, WenjuError
from index.types import Kind
from rag.types import Answer
from ui.cli.batch import answer_all, answer_json
from ui.cli.doctor import examine
from ui.cli.eval import BACKEND_HELP, EMBEDDER_HELP, PROMPT_HELP, eval_app
from ui.cli.indicators import Format, Wish, show
from ui.cli.messages import Lang, Messages, answer_text, json_line, known_of
from ui.cli.model import model_app
from ui.cli.outline import outline_of

if TYPE_CHECKING:
    from index.storage.build import BuildReport, Progress
    from rag.pipeline import Pipeline

PROJECT_SEEDS = Path(__file__).resolve().parents[2] / "seeds"
INDEX = Path(".wenju/index")

app = typer.Typer(
    name="wenju",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(eval_app, name="eval")
app.add_typer(model_app, name="model")

CHAT_HELP = (
    "环境变量：WENJU_LLM 指定对话模型，写成“提供方:模型”，如 openai:qwen2.5、ollama:qwen2.5；"
    "WENJU_LLM_BASE_URL 是服务的网址；WENJU_LLM_API_KEY 是密钥，也可用提供方自己的变量。"
    "不设 WENJU_LLM 时，答案都是原文摘录。"
)

IndexDir = Annotated[Path, typer.Option("--index", metavar="DIR", envvar="WENJU_INDEX", help="索引文件夹。")]
Today = Annotated[
    datetime | None,
    typer.Option(
        "--today", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="提问的日期，决定“今年”是哪一年；默认当天。"
    ),
]


@app.callback()
def root(
    context: typer.Context,
    lang: Annotated[Lang, typer.Option(help="提示信息的语言，可写在命令的任何位置。")] = "zh",
) -> None:
    """问据：向政府报告提问，每个答案都给出所依据的段落。"""
    context.obj = Messages(lang)


@app.command()
def build(
    context: typer.Context,
    sources: Annotated[
        list[Path] | None, typer.Argument(metavar="[SOURCE]...", help="文件或文件夹，默认 seeds/。")
    ] = None,
    index: IndexDir = INDEX,
    embedder: Annotated[str, typer.Option(metavar="NAME_OR_FOLDER", help=EMBEDDER_HELP)] = "embedded",
    backend: Annotated[Backend, typer.Option("--embedder-backend", help=BACKEND_HELP)] = "torch",
    query_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help=PROMPT_HELP.format("问题"))] = None,
    passage_prompt: Annotated[str | None, typer.Option(metavar="TEXT", help=PROMPT_HELP.format("段落"))] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="把每个文件的结果写成 JSON。")
    ] = None,
) -> None:
    """读报告，建立索引。可读 .txt、.md、.html、.docx、.pdf、含有它们的文件夹和 .zip；扫描件和图片须安装 wenju[ocr]。"""
    say: Messages = context.obj
    found = _sources(sources, say)
    from index.embed.embedder import load_embedder
    from index.storage.build import build as build_index

    options = ModelOptions(backend, query_prompt, passage_prompt)
    name = str(Path(embedder).resolve()) if Path(embedder).is_dir() else embedder  # the index must find it again
    with _progress(say) as progress:
        model = load_embedder(name, options)
        report = build_index(found, index, embedder=model, embedder_name=name, options=options, progress=progress)
    _tell_build(report, index, say)
    if json_file:
        _write_json(report, json_file)
    raise typer.Exit(1 if report.skipped else 0)


def _write_json(report: BuildReport, path: Path) -> None:
    text = json.dumps(report.to_json(), ensure_ascii=False, indent=1)
    try:
        path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"{path}：写入失败（{error.strerror}）。", "索引已建好；请换一个路径再试。") from error


def _sources(given: Sequence[Path] | None, say: Messages) -> list[Path]:
    """The given sources, else seeds/ here, else that of the project."""
    found = list(given or [folder for folder in (Path("seeds"), PROJECT_SEEDS) if folder.is_dir()][:1])
    if not found:
        raise InputError(say("no_seeds"), "")
    return found


@contextmanager
def _progress(say: Messages) -> Iterator[Progress | None]:
    """A bar for each stage on a terminal; nothing where standard error is a file."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.progress import Task as Row
    from rich.text import Text

    class Pace(ProgressColumn):
        def render(self, task: Row) -> Text:
            return Text(say("pace", n=f"{task.speed:.0f}") if task.speed else "")

    name, columns = TextColumn("{task.description}"), (BarColumn(), MofNCompleteColumn(), Pace(), TimeRemainingColumn())
    with Bar(name, *columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {stage: bar.add_task(say(f"stage_{stage}"), total=None) for stage in ("read", "embed")}
        yield lambda stage, done, total: bar.update(tasks[stage], completed=done, total=total)


def _tell_build(report: BuildReport, index: Path, say: Messages) -> None:
    for read in report.files:
        known = known_of(read.title, read.place, read.year) + (f"（{read.note}）" if read.note else "")
        print(say(read.status, file=read.file, known=known))
        for alias in read.aliases:
            print(say("alias", file=alias, same=read.file))
    for removed in report.removed:
        print(say("removed", file=removed))
    for skipped in report.skipped:
        print(say("skipped", file=skipped.file, reason=skipped.reason), file=sys.stderr)
    passages = report.reused + report.embedded
    print(say("built", index=index, files=len(report.files), passages=passages, seconds=f"{report.seconds:.1f}"))


@app.command(epilog=CHAT_HELP)
def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(metavar="QUESTION", help="问题。")] = None,
    history: Annotated[
        list[str] | None, typer.Option(metavar="QUESTION", help="先前的问题，早的在前；可重复。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
    batch: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='逐行 {"id", "question", "history"?} 的文件；每行输出一个 JSON 答案。'),
    ] = None,
    explained: Annotated[bool, typer.Option("--explain", help="说明为什么这样回答。")] = False,
    index: IndexDir = INDEX,
    today: Today = None,
) -> None:
    """问一个问题，或用 --batch 问一批。"""
    say: Messages = context.obj
    if batch and (question is not None or history):
        raise InputError(say("two_questions"), "")
    if not batch and question is None:
        raise InputError(say("no_question"), "")
    from rag import open_pipeline
    from rag.answer.chat import configured_chat

    pipeline = open_pipeline(index, today=today.date() if today else None, chat=configured_chat())
    if batch:
        raise typer.Exit(answer_all(pipeline, batch, say, explained=explained))
    answer = _answered(pipeline, question or "", tuple(history or ()), say)
    print(json_line(answer_json(answer, pipeline, explained)) if as_json else answer_text(answer, say))
    if explained and not as_json:
        from ui.web.explanation import print_why

        print_why(pipeline.explain(answer))


def _answered(pipeline: Pipeline, question: str, history: Sequence[str], say: Messages) -> Answer:
    """The answer; on a terminal the stages are told while a chat model is waited for."""
    told = sys.stderr.isatty()
    for step in pipeline.stages(question, history):
        if isinstance(step, Answer):
            return step
        if told and step != "retrieve":
            print(say(f"stage_{step}"), file=sys.stderr, flush=True)
    raise AssertionError("the last stage is the answer")


@app.command(epilog=CHAT_HELP)
def serve(
    host: Annotated[str, typer.Option(metavar="HOST", help="监听的地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="监听的端口。")] = 7860,
    index: IndexDir = INDEX,
) -> None:
    """启动网页和接口。"""
    from ui.api.server import serve as run_server

    run_server(index, host, port)


@app.command()
def outline(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="要看的文件。")],
    as_json: Annotated[bool, typer.Option("--json", help="每个文件输出一行 JSON。")] = False,
) -> None:
    """看一个文件是怎样读的：层次、段落、图注、重复，以及各段的地区、年份和性质。不需要索引。"""
    raise typer.Exit(outline_of(files, as_json, context.obj))


@app.command()
def indicators(
    context: typer.Context,
    place: Annotated[list[str] | None, typer.Option(metavar="P", help="地区，可重复。")] = None,
    year: Annotated[list[int] | None, typer.Option(metavar="Y", help="年份，可重复。")] = None,
    match: Annotated[str | None, typer.Option(metavar="TEXT", help="指标名里含有的文字。")] = None,
    kind: Annotated[Kind | None, typer.Option(help="目标、实绩、累计或其他。")] = None,
    form: Annotated[Format, typer.Option("--format", help="输出的格式。")] = "table",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="写到文件；xlsx 必须给出。")] = None,
    conflicts: Annotated[bool, typer.Option("--conflicts", help="只看不一致之处，以及目标完成得怎样。")] = False,
    index: IndexDir = INDEX,
) -> None:
    """列出报告里的指标，每行带出处。"""
    wish = Wish(tuple(place or ()), tuple(year or ()), match, kind, conflicts)
    raise typer.Exit(show(index, wish, form, out, context.obj))


@app.command()
def doctor(context: typer.Context, index: IndexDir = INDEX) -> None:
    """检查安装、模型文件和索引，并确认不需要网络。"""
    raise typer.Exit(examine(index, context.obj))


def main() -> None:
    """Run the command of this process and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal of another encoding is no reason to crash
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _status(lang_first(sys.argv[1:]))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone; nothing may be left to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def _status(arguments: list[str]) -> int:
    try:
        app(arguments, prog_name="wenju")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except WenjuError as error:
        say = Messages("en" if arguments[:2] == ["--lang", "en"] else "zh")
        print(say.failure(error), file=sys.stderr)
        return 2
    return 0


def lang_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--lang` moved before the command, where the parser expects it."""
    rest = list(arguments)
    end = rest.index("--") if "--" in rest else len(rest)
    for place, argument in enumerate(rest[:end]):
        name, equals, value = argument.partition("=")
        if name != "--lang" or (not equals and place + 1 >= end):
            continue
        taken = [name, value if equals else rest[place + 1]]
        return taken + rest[:place] + rest[place + (1 if equals else 2) :]
    return rest


if __name__ == "__main__":
    main()
