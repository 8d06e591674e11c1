"""An `Answer` as HTML for the page and as plain text for the clipboard. Whatever comes from a document or a
person is escaped here, once, on its way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from index.errors import WenjuError
from index.text.numbers import Number as Written
from index.text.numbers import bounds, numbers
from index.types import Kind
from rag.types import Answer, Citation, Row
from rag.wording.sentences import KIND_NAMES, literal

ANSWERERS = {"extractive": "原文摘录"}
SHOWN_SOURCES = 4  # more are folded away
MOST_FIGURES = 3  # a line with more has no figure that stands out

_MARKER = re.compile(r"(?<!\s)\s*+\[([0-9]{1,3})\]")
_ENDS = re.compile(r"[，。；、\s]|$")

Number = Callable[[Citation], int | None]


def answer_html(answer: Answer, number: Number, why: str = "") -> str:
    """The card of one answer. `number` gives the number printed beside the cited paragraph; `why` is the finished
    panel that explains the answer."""
    if answer.refused:
        return refusal_html(answer, why)
    body = table_html(answer.rows, answer) + computed_html(answer) if answer.rows else text_html(answer)
    return (
        f'<div class="a">{body}{chips_html(answer)}{sources_html(answer.citations, number)}'
        '<div class="foot"><div class="tools"><button type="button" class="copy">复制（含出处）</button></div>'
        f"{why}</div></div>"
    )


def refusal_html(answer: Answer, why: str = "") -> str:
    """A quiet card: what the reports do not say, and what they do; `why` as in `answer_html`."""
    said = _lines(answer.answer)
    if answer.covered:
        said = said[:1]
    covered = "".join(f"<li>{escape(line)}</li>" for line in answer.covered)
    listed = f'<p class="has">现有资料里有：</p><ul>{covered}</ul>' if covered else ""
    notes = "".join(_chip(_unended(note)) for note in answer.notes)
    shown = f'<div class="chips">{notes}</div>' if notes else ""
    return f'<div class="a no">{"".join(f"<p>{escape(line)}</p>" for line in said)}{shown}{listed}{why}</div>'


def error_html(error: WenjuError) -> str:
    """A quiet card: what happened and what to do."""
    return f'<div class="a no err"><p>{escape(error.what)}</p><p class="has">{escape(error.remedy)}</p></div>'


def text_html(answer: Answer) -> str:
    """The answer line by line, markers as buttons, the figure that was asked for standing out."""
    known = {citation.marker for citation in answer.citations}
    lines = [line for line in _lines(answer.answer) if line not in answer.notes]  # notes are chips
    short = len(lines) == 1
    shown = "".join(f"<p>{_marked(line, known, _figures(line, answer))}</p>" for line in lines)
    return f'<div class="say{"" if short else " many"}">{shown}</div>'


def table_html(rows: Sequence[Row], answer: Answer) -> str:
    """A comparison. What all rows share stands in the header of the value; what differs has its own column."""
    known = {citation.marker for citation in answer.citations}
    columns = _columns(rows, known)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name, _ in columns)
    body = "".join(f"<tr>{''.join(cell(row) for _, cell in columns)}</tr>" for row in rows)
    return f'<div class="tab"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def computed_html(answer: Answer) -> str:
    """What is computed of a table, with the markers of what it is computed from."""
    known = {citation.marker for citation in answer.citations}
    lines = "".join(f"<p>{_marked(line.text, known, ())}</p>" for line in answer.computed)
    return f'<div class="say many computed">{lines}</div>' if lines else ""


def _columns(rows: Sequence[Row], known: set[int]) -> list[tuple[str, Callable[[Row], str]]]:
    """The name of each column and how a row fills it."""
    places, periods, kinds = {row.place for row in rows}, {row.period for row in rows}, {row.kind for row in rows}
    shared = "".join(_only(values) for values in (places, periods, {KIND_NAMES[kind] for kind in kinds}))
    columns: list[tuple[str, Callable[[Row], str]]] = []
    if len(places) > 1:
        columns.append(("地区", lambda row: f'<th scope="row">{escape(row.place)}</th>'))
    if len(periods) > 1 or len(kinds) > 1 or not columns:
        columns.append(("时间", lambda row: _when(row, with_kind=len(kinds) > 1)))
    columns.append((shared or "数值", lambda row: _value(row, known)))
    if any(row.wording for row in rows):
        columns.append(("口径", _wording))
    return columns


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""


def _when(row: Row, *, with_kind: bool) -> str:
    kind = f" {_kind_chip(row.kind)}" if with_kind else ""
    return f'<td class="when"><span>{escape(row.period)}</span>{kind}</td>'


def _wording(row: Row) -> str:
    return f'<td class="word" title="{escape(row.wording)}"><span>{escape(row.wording)}</span></td>'


def _value(row: Row, known: set[int]) -> str:
    return f'<td class="num">{escape(row.value)}{_button(row.marker, known)}</td>'


def chips_html(answer: Answer) -> str:
    """Year, place and kind of the evidence, the notes, and how the answer was made."""
    cited = answer.citations
    chips: list[str] = []
    if not answer.rows:
        chips += [_chip(text) for text in _distinct(period_text(c.year, c.period) for c in cited)]
        chips += [_chip(text) for text in _distinct(c.place or "" for c in cited)]
        kinds = sorted({c.kind for c in cited} - {"other"}, key=list(KIND_NAMES).index)
        chips += [_kind_chip(kind) for kind in kinds]
    chips += [_chip(_unended(note), "note") for note in answer.notes]
    chips.append(_chip(ANSWERERS.get(answer.answerer, f"模型撰写 · {answer.answerer.removeprefix('chat:')}")))
    return f'<div class="chips">{"".join(chips)}</div>'


def sources_html(citations: Sequence[Citation], number: Number) -> str:
    """One line per citation; a click on it opens the paragraph."""
    lines = [_source(citation, number(citation)) for citation in citations]
    if not lines:
        return ""
    first, rest = "".join(lines[:SHOWN_SOURCES]), "".join(lines[SHOWN_SOURCES:])
    more = f"<details><summary>另有 {len(lines) - SHOWN_SOURCES} 条出处</summary>{rest}</details>" if rest else ""
    return f'<div class="src">{first}{more}</div>'


def source_text(citation: Citation, number: int | None) -> str:
    """“报告 › 章节 › 第n段”, of the headings the nearest; the whole path stands in the evidence pane."""
    return " › ".join([citation.title, *citation.section[-1:], *([f"第{number}段"] if number else [])])


def period_text(year: int | None, period: tuple[int, int] | None) -> str:
    """“2025年”, “2021—2025年” or nothing."""
    if period:
        return f"{period[0]}—{period[1]}年"
    return f"{year}年" if year else ""


def plain_text(answer: Answer, number: Number) -> str:
    """The answer and where each marker leads, to be pasted into a document."""
    lines = [answer.answer.strip()]
    lines += [f"（{_unended(note)}）" for note in answer.notes if note not in lines[0]]
    if answer.citations:
        lines += ["", "出处："]
    for citation in answer.citations:
        path = " › ".join([*citation.section, *([f"第{n}段"] if (n := number(citation)) else [])])
        said = literal(f"《{citation.title}》{path}：“{citation.quote}”（{citation.file}）")
        lines.append(f"[{citation.marker}] {said}")
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    return [line for raw in text.splitlines() if (line := raw.strip())]


def _unended(note: str) -> str:
    return note.rstrip("。：:")


def _source(citation: Citation, number: int | None) -> str:
    full = escape(" › ".join([citation.title, *citation.section]))
    return (
        f'<button type="button" class="open" data-marker="{citation.marker}" title="{full}">'
        f"<i>{citation.marker}</i><span>{escape(source_text(citation, number))}</span></button>"
    )


def _marked(line: str, known: set[int], figures: Sequence[tuple[int, int]]) -> str:
    out, last = [], 0
    for match in _MARKER.finditer(line):
        button = _button(int(match[1]), known)
        end = match.start() - 1
        if end < last or any(first <= end < stop for first, stop in figures):
            out += [_emphasised(line, last, match.start(), figures), button]
        else:  # a marker does not begin a line: it stays with the character before it
            out += [_emphasised(line, last, end, figures), f'<span class="glue">{escape(line[end])}{button}</span>']
        last = match.end()
    return "".join(out) + _emphasised(line, last, len(line), figures)


def _emphasised(line: str, start: int, end: int, figures: Sequence[tuple[int, int]]) -> str:
    out, last = [], start
    for first, stop in figures:
        if start <= first and stop <= end:
            out.append(f'{escape(line[last:first])}<b class="n">{escape(line[first:stop])}</b>')
            last = stop
    return "".join(out) + escape(line[last:end])


def _figures(line: str, answer: Answer) -> list[tuple[int, int]]:
    """Where the figures that answer the question stand in a line: of the unit asked for, and not in the question."""
    query = answer.query
    if query is not None and query.type not in ("number", "compare"):
        return []
    spans = [(each.start, bounds(line, each.start, each.end).after) for each in numbers(line) if _tells(line, each)]
    found = [span for span in spans if line[slice(*span)] not in answer.question]
    if query is not None and query.unit:
        found = [span for span in found if query.unit in line[slice(*span)]] or found
    return found if len(found) <= MOST_FIGURES else []


def _tells(line: str, found: Written) -> bool:
    """Whether a number is a figure, with a unit or at the end of a clause: no year, ordinal or part of a name."""
    return found.stated and not found.ordinal and (found.unit != "" or _ENDS.match(line, found.end) is not None)


def _button(marker: int, known: set[int]) -> str:
    if marker not in known:
        return ""
    return f'<button type="button" class="m" data-marker="{marker}" aria-label="依据{marker}，看原文">{marker}</button>'


def _chip(text: str, style: str = "") -> str:
    return f'<span class="chip {style}">{escape(text)}</span>' if style else f'<span class="chip">{escape(text)}</span>'


def _kind_chip(kind: Kind) -> str:
    return _chip(KIND_NAMES[kind], kind) if KIND_NAMES[kind] else ""


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    yield from dict.fromkeys(text for text in texts if text)
