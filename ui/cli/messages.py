"""What the command line says: messages in two languages, an `Answer` in plain text, a failure in one line."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

from index.errors import (
    EmbedderError,
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    InputError,
    QuestionError,
    SourceError,
    WenjuError,
)
from rag.types import Answer, Citation
from rag.wording.sentences import KIND_NAMES, literal
from ui.web.render import period_text

Lang = Literal["zh", "en"]

MESSAGES: dict[str, tuple[str, str]] = {
    "read": ("已读 {file}：{known}", "read {file}: {known}"),
    "reused": ("未变 {file}：{known}", "unchanged {file}: {known}"),
    "removed": ("移除 {file}：文件已不在", "removed {file}: no longer there"),
    "skipped": ("跳过 {file}：{reason}", "skipped {file}: {reason}"),
    "alias": ("相同 {file}：与 {same} 内容一样，只读一次", "same {file}: as {same}, read once"),
    "built": (
        "索引在 {index}：{files} 份报告，{passages} 个片段，用时 {seconds} 秒",
        "index in {index}: {files} reports, {passages} passages, {seconds} s",
    ),
    "stage_read": ("读取报告", "reading"),
    "stage_generate": ("正在请模型作答…", "asking the model…"),
    "stage_verify": ("正在核对…", "checking…"),
    "stage_embed": ("计算向量", "embedding"),
    "refitted": (
        "权重写到 {file}。设 WENJU_WEIGHTS={file} 后使用。",
        "weights written to {file}; set WENJU_WEIGHTS={file} to use them",
    ),
    "pace": ("每秒 {n} 段", "{n} a second"),
    "exported": ("{folder}（{size}）", "{folder} ({size})"),
    "note": ("注：{note}", "note: {note}"),
    "covered": ("报告里有：", "the reports hold:"),
    "no_question": ("没有问题。请写：wenju ask 问题，或 wenju ask --batch 文件", "no question: wenju ask QUESTION"),
    "two_questions": ("--batch 不能与问题或 --history 同用。", "--batch goes without a question and --history."),
    "bad_line": ("{file} 第{line}行：{reason}", "{file} line {line}: {reason}"),
    "not_question": (
        '须是 {{"id", "question", "history"?}} 的 JSON 对象',
        "not a JSON object with id, question, history?",
    ),
    "fell": ("低于基线 {name}：{failure}", "below the baseline: {name}: {failure}"),
    "renew": ("若这是有意的改变，请运行：{command}", "if this is meant, run: {command}"),
    "held": ("未低于基线", "not below the baseline"),
    "no_gate": ("没有基线可比，只计分", "scored without a baseline"),
    "crashed": ("{n} 个问题崩溃", "{n} questions crashed"),
    "baseline": ("已写基线 {file}", "baseline written to {file}"),
    "no_split": ("问题集里没有 {split} 部分", "the set has no {split} split"),
    "unwritable": ("写不了 {file}：{reason}", "cannot write {file}: {reason}"),
    "no_seeds": ("没有找到 seeds/。请写明来源：wenju build 文件或文件夹", "no seeds/ here: wenju build SOURCE"),
    "unreadable": ("读不了 {file}：{reason}", "cannot read {file}: {reason}"),
    "which_baseline": (
        "用自己的问题集时，--update-baseline 须同时给出 --baseline 文件。",
        "give --baseline FILE as well",
    ),
    "copy": ("重复", "copy"),
    "check_python": ("Python", "Python"),
    "check_packages": ("安装", "installation"),
    "check_model": ("向量模型", "embedding model"),
    "check_index": ("索引", "index"),
    "check_network": ("不需要网络", "no network needed"),
    "not_installed": ("没有安装 {names}，请运行 make setup", "{names} not installed; run: make setup"),
    "opened": ("{folder}：{reports} 份报告，{passages} 个片段", "{folder}: {reports} reports, {passages} passages"),
    "no_connection": ("以上检查没有发起任何连接", "no connection was attempted"),
    "xlsx_out": ("xlsx 须写到文件，请加 --out 文件。", "give --out FILE with xlsx"),
    "conflicts_form": ("--conflicts 只能用 table 或 json 格式。", "--conflicts goes with table or json"),
    "no_facts": ("没有符合条件的指标。", "no such indicators"),
    "facts_written": ("已写 {file}：{n} 行", "{file}: {n} rows written"),
    "internal": ("内部错误 {error}", "internal error {error}"),
}

_FAILURES: tuple[tuple[type[WenjuError], str, str], ...] = (  # the nearest class stands first
    (IndexMissing, "还没有索引，请先运行 wenju build。", "There is no index; first run: wenju build."),
    (IndexDamaged, "索引已损坏，请运行 wenju build 重建。", "The index is damaged; run: wenju build."),
    (IndexMismatch, "索引与当前模型或版本不符，请运行 wenju build 重建。", "The index does not fit; run: wenju build."),
    (IndexLocked, "另一个进程正在建立索引，请稍后再试。", "Another build is running; try again later."),
    (EmbedderError, "向量模型不可用。", "The embedding model cannot be used."),
    (SourceError, "文件读不了。", "A file cannot be read."),
    (QuestionError, "问题不能用。", "The question cannot be used."),
    (InputError, "输入不能用。", "The input cannot be used."),
    (WenjuError, "不能继续。", "Not possible."),
)


class Messages:
    """The messages in one language."""

    def __init__(self, lang: Lang = "zh") -> None:
        self.lang = lang

    def __call__(self, key: str, **values: object) -> str:
        return MESSAGES[key][self.lang == "en"].format_map({k: one_line(str(v)) for k, v in values.items()})

    def failure(self, error: WenjuError) -> str:
        """One line: what happened and what to do. A message in the other language gets a heading in this one."""
        told = one_line(f"{error.what} {error.remedy}")
        if isinstance(error, IndexMissing) and self.lang == "zh":
            return f"还没有索引：{told}"
        chinese = re.search(r"[\u4e00-\u9fff]", told) is not None
        if chinese == (self.lang == "zh"):
            return told
        headings = next(row for row in _FAILURES if isinstance(error, row[0]))
        return f"{headings[1 + (self.lang == 'en')]} ({told})"


def json_line(value: Any) -> str:
    """JSON for one line of standard output, escaped where its encoding lacks the characters."""
    return json.dumps(value, ensure_ascii=(sys.stdout.encoding or "").lower().replace("-", "") != "utf8")


def printable(text: str) -> str:
    """Without what a terminal would act upon: controls except line breaks, bidi and zero-width characters."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf"))


def one_line(text: str) -> str:
    """The text on one line, for a message."""
    return " ".join(printable(text).split())


def known_of(title: str, place: str | None, year: int | None) -> str:
    """“《报告》2025年 · 市北区”: what was found out about a file; the rest is left out."""
    return f"《{title}》" + " · ".join(part for part in (period_text(year, None), place) if part)


def answer_text(answer: Answer, say: Messages) -> str:
    """Answer, notes, what is there instead of it, and each source with its quote."""
    return printable("\n".join(_answer_lines(answer, say)))


def _answer_lines(answer: Answer, say: Messages) -> Iterator[str]:
    yield answer.answer.strip()
    for note in answer.notes:
        if note not in answer.answer:
            yield say("note", note=note)
    untold = [line for line in answer.covered if line not in answer.answer]
    if untold:
        yield say("covered")
        yield from (f"  - {line}" for line in untold)
    for citation in answer.citations:
        yield ""
        yield _source(citation)
        yield f"    “{literal(one_line(citation.quote))}”"


def _source(citation: Citation) -> str:
    path = literal(" › ".join([citation.title, *citation.section]))
    context = (period_text(citation.year, citation.period), citation.place or "", KIND_NAMES[citation.kind])
    told = " · ".join(part for part in context if part)
    return f"[{citation.marker}] {path}" + (f"（{told}）" if told else "")
