"""Indicator facts as rows: which to show, and as a table, CSV, JSON or a workbook, each with its citation."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from index.annotate.conflicts import Conflict, Outcome, Verdict, find_conflicts, find_outcomes
from index.text.normalize import fold
from index.text.places import identify, same
from index.types import Fact, Paragraph, Relation, Report
from rag.wording.sentences import KIND_NAMES
from ui.web.reading import paragraph_numbers
from ui.web.render import period_text

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

Row = dict[str, Any]
Value = str | int | float | None

COLUMNS: tuple[tuple[str, str], ...] = (
    ("place", "地区"),
    ("when", "年份"),
    ("kind", "性质"),
    ("indicator", "指标"),
    ("relation", "口径"),
    ("value", "数值"),
    ("unit", "单位"),
    ("normalized", "折算"),
    ("base_unit", "折算单位"),
    ("qualifier", "限定"),
    ("quote", "原文"),
    ("report", "报告"),
    ("section", "章节"),
    ("paragraph", "段落"),
    ("file", "文件"),
)
SHORT = ("place", "when", "kind", "indicator", "relation", "figure", "citation")
SHORT_HEADS = {"figure": "数字", "citation": "出处"}
RELATIONS: dict[Relation, str] = {
    "total": "总量",
    "new": "新增",
    "growth": "增长",
    "change": "变化",
    "share": "占比",
    "rank": "位次",
    "other": "其他",
}
QUALIFIERS = {"at_least": "不少于", "over": "超过", "about": "约", "under": "不超过"}
VERDICTS: dict[Verdict, str] = {"met": "达到", "missed": "未达到", "unclear": "不能判定"}
_FORMULA = tuple("=+-@＝＋－＠")  # what a spreadsheet takes for the beginning of a formula
_CONTROLS = tuple("\t\r\n")


class Shelf(Protocol):
    """Where facts, their paragraphs and reports are: an opened index."""

    facts: tuple[Fact, ...]

    def report(self, report_id: str) -> Report: ...

    def paragraph(self, paragraph_id: str) -> Paragraph: ...

    def blocks(self, report_id: str) -> tuple[Paragraph, ...]: ...


def chosen(
    facts: Iterable[Fact], places: Sequence[str], years: Sequence[int], match: str | None, kind: str | None
) -> list[Fact]:
    """The facts of these places, years and kind whose indicator or its usual name holds `match`; no wish, no limit."""
    wanted = fold(match).lower() if match else ""
    return [
        fact
        for fact in facts
        if (not places or any(_is_place(fact.context.place, place) for place in places))
        and (not years or any(_in_year(fact, year) for year in years))
        and (not kind or fact.context.kind == kind)
        and (
            not wanted
            or any(wanted in unicodedata.normalize("NFKC", text).lower() for text in (fact.indicator, fact.name))
        )
    ]


def _is_place(place: str | None, wished: str) -> bool:
    """市北 wishes for 市北区 too, 鼓楼区 for every one of that name, and 即墨市 for 即墨区."""
    if place is None:
        return False
    known = identify(place)
    return same(place, wished) or (len(wished) > 1 and wished in (known.name, known.short))


def _in_year(fact: Fact, year: int) -> bool:
    period = fact.context.period
    return fact.context.year == year or (period is not None and period[0] <= year <= period[1])


def rows_of(facts: Iterable[Fact], shelf: Shelf) -> list[Row]:
    """The rows of the contract, with the section, the number of the paragraph and the span added."""
    numbers: dict[str, dict[str, int]] = {}
    found = []
    for fact in facts:
        paragraph = shelf.paragraph(fact.paragraph_id)
        report = shelf.report(paragraph.report_id)
        if report.id not in numbers:
            numbers[report.id] = paragraph_numbers(shelf.blocks(report.id))
        found.append(_row(fact, paragraph, report, numbers[report.id].get(paragraph.id)))
    return found


def _row(fact: Fact, paragraph: Paragraph, report: Report, number: int | None) -> Row:
    context = fact.context
    return {
        "place": context.place,
        "year": context.year,
        "period": list(context.period) if context.period else None,
        "kind": context.kind,
        "indicator": fact.indicator,
        "relation": fact.relation,
        "value": fact.value,
        "unit": fact.unit,
        "normalized": _plain(fact.normalized),
        "qualifier": fact.qualifier,
        "quote": paragraph.text[fact.quote_start : fact.quote_end],
        "paragraph_id": paragraph.id,
        "report": report.title,
        "file": report.file,
        "name": fact.name,
        "base_unit": fact.base_unit,
        "section": list(paragraph.section),
        "paragraph": number,
        "start": fact.start,
        "end": fact.end,
    }


def _plain(number: float | None) -> int | float | None:
    """45000 and not 45000.0."""
    return int(number) if number is not None and number == int(number) else number


def shown(row: Row) -> dict[str, Value]:
    """A row in words for people: one cell for each column, and the short columns of the table."""
    cells: dict[str, Value] = {
        **row,
        "when": period_text(row["year"], tuple(row["period"]) if row["period"] else None),
        "kind": KIND_NAMES[row["kind"]],
        "relation": RELATIONS[row["relation"]],
        "qualifier": QUALIFIERS.get(row["qualifier"] or "", ""),
        "section": " › ".join(row["section"]),
        "place": row["place"] or "",
    }
    cells["figure"] = f"{cells['qualifier']}{row['value']}{row['unit']}"
    where = f" 第{row['paragraph']}段" if row["paragraph"] else ""
    cells["citation"] = f"《{row['report']}》{where}"
    return cells


def table_text(rows: Sequence[Row]) -> str:
    """A table for a terminal; wide characters count double."""
    heads = dict(COLUMNS) | SHORT_HEADS
    lines = [[heads[key] for key in SHORT]] + [[_cell(shown(row)[key]) for key in SHORT] for row in rows]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(SHORT))]
    return "\n".join(
        "  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: Value) -> str:
    return "" if value is None else " ".join(str(value).split())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def json_text(found: Sequence[Row] | Mapping[str, Sequence[Row]]) -> str:
    """Rows, or conflicts and outcomes, as JSON to be read."""
    return json.dumps(found, ensure_ascii=False, indent=1)


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """CSV as spreadsheets expect it: a byte order mark, CRLF, no cell that they would run as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([head for _, head in COLUMNS])
    for row in rows:
        writer.writerow([harmless(shown(row)[key]) for key, _ in COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def harmless(value: Value) -> Value:
    """Text that a spreadsheet could take for a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and (value.lstrip(" \u3000").startswith(_FORMULA) or value.startswith(_CONTROLS)):
        return f"'{value}"
    return value


def xlsx_bytes(rows: Sequence[Row]) -> bytes:
    """A workbook of one sheet; every text is stored as text, so that no cell is a formula."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook()
    sheet = book.active
    sheet.title = "指标"
    sheet.append([head for _, head in COLUMNS])
    for number, row in enumerate(rows, 2):
        cells = shown(row)
        for column, (key, _) in enumerate(COLUMNS, 1):
            value = number_in(cells[key]) if key == "value" else cells[key]
            if isinstance(value, str):
                value = ILLEGAL_CHARACTERS_RE.sub("", value)
            _put(sheet.cell(number, column), harmless(value))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _put(cell: Cell, value: Value) -> None:
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"


def number_in(value: Value) -> Value:
    """The number that digits write; other text stays as it is."""
    text = str(value).replace(",", "").replace("，", "")
    if not text.replace(".", "", 1).isascii() or not text.replace(".", "", 1).isdigit():
        return value
    return float(text) if "." in text else int(text)


def conflict_rows(facts: Sequence[Fact], shelf: Shelf) -> dict[str, list[dict[str, Any]]]:
    """Disagreements and outcomes among `facts`, each with the rows of both."""

    def pair(first: Fact, second: Fact) -> list[Row]:
        return rows_of([first, second], shelf)

    conflicts: Sequence[Conflict] = find_conflicts(facts)
    outcomes: Sequence[Outcome] = find_outcomes(facts)
    return {
        "conflicts": [{"facts": pair(c.first, c.second)} for c in conflicts],
        "outcomes": [
            {"verdict": o.verdict, **dict(zip(("target", "result"), pair(o.target, o.result), strict=True))}
            for o in outcomes
        ],
    }


def conflict_text(found: dict[str, list[dict[str, Any]]]) -> str:
    """The same in lines: what is told, and under it who tells it."""
    lines = [f"不一致：{len(found['conflicts'])} 处"]
    for conflict in found["conflicts"]:
        lines += _told(conflict["facts"], "")
    lines.append(f"目标与实绩：{len(found['outcomes'])} 项")
    for outcome in found["outcomes"]:
        lines += _told([outcome["target"], outcome["result"]], f" {VERDICTS[outcome['verdict']]}")
    return "\n".join(lines)


def _told(rows: Sequence[Row], ending: str) -> list[str]:
    first = shown(rows[0])
    head = f"{first['place']} {first['when']} {first['indicator']}（{first['relation']}）{ending}"
    return [head] + [
        f"  {c['kind'] or '其他'} {c['figure']}  {c['citation']}：{_cell(c['quote'])}" for c in map(shown, rows)
    ]
