"""A run shown to people and to other programs: terminal table, JSON, HTML, JUnit.

Wrong answers of the held-out split are counted and never shown: who reads them tunes to them.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from evals.chart import CHART_STYLE, curves_html, terminal_curves
from evals.curve import Curves
from evals.gate import Line
from evals.run import Crash, Result, Run
from evals.scores import HELDOUT, Scores, milliseconds, tabulate, wrong

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("n", "答对", "证据", "引用准", "前三", "拒答")  # 前三: evidence in the first three paragraphs found
WIDTH = 100
STYLE = """body{font:15px/1.7 "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;max-width:64rem;
margin:2rem auto;padding:0 1rem;color:#1f2328}table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .8rem;
border-bottom:1px solid #d8dee4;text-align:right}th:first-child,td:first-child{text-align:left}
article{border-left:3px solid #b3261e;padding:.1rem 1rem;margin:1rem 0}.fell{color:#b3261e}p{margin:.3rem 0}"""


def cells(scores: Scores | None) -> tuple[str, ...]:
    """The figures of one group as text, in the order of COLUMNS."""
    if scores is None:
        return ("",) * len(COLUMNS)
    shares = (scores.right, scores.evidence, scores.citation_precision, scores.retrieved)
    return (str(scores.n), *("-" if s is None else f"{s:.3f}" for s in shares), str(scores.refusals))


def _rows(run: Run) -> Iterator[tuple[str, ...]]:
    table = tabulate(run)
    names = dict.fromkeys(name for categories in table.values() for name in categories if not name.isupper())
    totals = dict.fromkeys(name for categories in table.values() for name in categories if name.isupper())
    for name in (*names, *totals):
        yield (name, *(cell for split in table for cell in cells(table[split].get(name))))


def terminal_table(run: Run) -> Table:
    """Categories as rows, the splits side by side."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("\n类别", no_wrap=True)
    for split in tabulate(run):
        for column in COLUMNS:
            table.add_column(f"{split if column == COLUMNS[0] else ''}\n{column}", justify="right", no_wrap=True)
    for row in _rows(run):
        table.add_row(*row, style="bold" if row[0].isupper() else None)
    return table


def print_report(run: Run, failures: int = 0, curves: Curves | None = None) -> None:
    """The table, the times, the curves, the crashes, and up to `failures` wrong answers of each category."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False)
    console.width = max(console.width, WIDTH)
    console.print(terminal_table(run))
    if times := milliseconds(run):
        console.print(f"每问 中位 {times['median']:.1f} ms，95% {times['p95']:.1f} ms")
    if curves:
        console.print(terminal_curves(curves))
    for crash in run.crashes:
        console.print(f"崩溃 {crash.question.id}：{crash.error}", style="red", soft_wrap=True)
    for result in _first_of_each(wrong(run), failures):
        console.print("\n" + "\n".join(_explain(result)), soft_wrap=True)


def _first_of_each(results: Sequence[Result], most: int) -> Iterator[Result]:
    seen: dict[str, int] = {}
    for result in results:
        category = result.question.category
        seen[category] = seen.get(category, 0) + 1
        if seen[category] <= most:
            yield result


def _explain(result: Result) -> tuple[str, str, str, str]:
    """A wrong answer in four lines: question, wanted, got, why."""
    question = result.question
    asked = " ← ".join((question.question, *reversed(question.history)))
    wanted = "；".join("/".join(alternatives) for alternatives in question.answers) or "拒答"
    why = "，".join(result.verdict.why)
    return (f"{question.id} {asked}", f"  应为 {wanted}", f"  答了 {result.answer.answer[:160]}", f"  原因 {why}")


def to_json(run: Run, gate: Sequence[Line], curves: Curves | None = None) -> dict[str, Any]:
    """Everything a program may want: scores by split, times, the curves where there are some, crashes, wrong answers
    that may be shown, the gate."""
    return {
        "splits": {split: {n: asdict(s) for n, s in rows.items()} for split, rows in tabulate(run).items()},
        "ms_per_question": milliseconds(run),
        "curve": asdict(curves) if curves else None,
        "crashes": [{"id": crash.question.id, "error": crash.error} for crash in run.crashes],
        "wrong": [_wrong_json(result) for result in wrong(run)],
        "gate": {"passed": not any(line.failure for line in gate), "failures": _failures(gate)},
    }


def _wrong_json(result: Result) -> dict[str, Any]:
    question = result.question
    return {
        "id": question.id,
        "category": question.category,
        "question": question.question,
        "history": list(question.history),
        "answers": [list(alternatives) for alternatives in question.answers],
        "answer": result.answer.answer,
        "retrieved": result.retrieved,
        "why": list(result.verdict.why),
    }


def _failures(gate: Sequence[Line]) -> list[str]:
    return [f"{line.name}：{line.failure}" for line in gate if line.failure]


def to_html(run: Run, gate: Sequence[Line], curves: Curves | None = None) -> str:
    """One page that needs nothing else; every string in it is escaped."""
    escape = html.escape
    heads = ["类别", *(f"{split} {column}" for split in tabulate(run) for column in COLUMNS)]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>\n" for row in _rows(run))
    fell = "".join(f'<p class="fell">{escape(text)}</p>\n' for text in _failures(gate))
    crashes = "".join(f'<p class="fell">{escape(f"{c.question.id}：{c.error}")}</p>\n' for c in run.crashes)
    shown = wrong(run)
    articles = "".join(
        "<article>" + "".join(f"<p>{escape(line.strip())}</p>" for line in _explain(result)) + "</article>\n"
        for result in shown
    )
    hidden = sum(not r.verdict.right for r in run.results) - len(shown)
    curve = curves_html(curves) if curves else ""
    return (
        '<!doctype html>\n<html lang="zh-CN"><meta charset="utf-8"><title>问据 评测</title>'
        f"<style>{STYLE}{CHART_STYLE}</style>\n"
        f"<h1>问据 评测</h1>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n"
        f"{curve}<h2>基线</h2>\n{fell or '<p>没有下降</p>'}\n<h2>崩溃 {len(run.crashes)}</h2>\n{crashes}\n"
        f"<h2>答错 {len(shown)}</h2>\n{articles}\n"
        f"<p>留出集（{HELDOUT}）答错 {hidden} 题，只计数，不列出。</p>\n</html>\n"
    )


def to_junit(run: Run, gate: Sequence[Line]) -> bytes:
    """JUnit XML: a test case for every question that may be shown, one for each held-out category (a count),
    one for each comparison of the gate.
    """
    root = ElementTree.Element("testsuites", name="wenju eval")
    shown = [r for r in run.results if r.question.split != HELDOUT]
    for category in dict.fromkeys(r.question.category for r in shown):
        suite = _suite(root, category)
        for result in (r for r in shown if r.question.category == category):
            _question_case(suite, result)
    for category, scores in tabulate(run).get(HELDOUT, {}).items():
        case = _case(_suite(root, f"{HELDOUT} {category}"), HELDOUT, f"{round(scores.right * scores.n)}/{scores.n}")
        case.set("assertions", str(scores.n))
    for crash in run.crashes:
        _crash_case(_suite(root, "crashes"), crash)
    for line in gate:
        case = _case(_suite(root, "gate"), "gate", line.name)
        if line.failure:
            ElementTree.SubElement(case, "failure", message=_printable(line.failure))
    for suite in root:
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            suite.set(name, str(len(suite.findall(f".//{tag}"))))
    xml: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _suite(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = next((suite for suite in root if suite.get("name") == _printable(name)), None)
    return ElementTree.SubElement(root, "testsuite", name=_printable(name)) if found is None else found


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_printable(group), name=_printable(name))


def _question_case(suite: ElementTree.Element, result: Result) -> None:
    case = _case(suite, result.question.category, result.question.id)
    case.set("time", f"{result.seconds:.4f}")
    if not result.verdict.right:
        failure = ElementTree.SubElement(case, "failure", message=", ".join(result.verdict.why))
        failure.text = _printable("\n".join(_explain(result)))


def _crash_case(suite: ElementTree.Element, crash: Crash) -> None:
    case = _case(suite, crash.question.category, crash.question.id)
    ElementTree.SubElement(case, "error", message=_printable(crash.error))


def _printable(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or 0x20 <= ord(c) < 0xD800 or 0xDFFF < ord(c) not in (0xFFFE, 0xFFFF)
    )
