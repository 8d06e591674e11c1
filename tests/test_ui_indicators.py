"""`wenju indicators`: rows and their citations, what is chosen, and files that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hashing import HashingEmbedder
from openpyxl import load_workbook
from typer.testing import CliRunner

from index.errors import InputError
from index.storage.build import build
from index.storage.store import Store
from index.types import Context, Fact, Paragraph, Report
from ui.cli.app import app
from ui.indicators import COLUMNS, Row, chosen, csv_bytes, harmless, json_text, rows_of, table_text, xlsx_bytes

CONTRACT = [
    "place", "year", "period", "kind", "indicator", "relation", "value", "unit", "normalized", "qualifier", "quote",
    "paragraph_id", "report", "file",
]  # fmt: skip


@pytest.fixture(scope="module")
def store(real_index: Path) -> Store:
    return Store.open(real_index)


def run(index: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["indicators", "--index", str(index), *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_json_rows_keep_the_contract_and_quote_their_paragraph(real_index: Path, store: Store) -> None:
    rows = json.loads(run(real_index, "--place", "市北区", "--year", "2025", "--match", "就业", "--format", "json"))
    assert [(row["kind"], row["value"], row["unit"], row["normalized"]) for row in rows] == [
        ("cumulative", "24", "万人", 240000),
        ("target", "4", "万人", 40000),
        ("target", "4", "万人", 40000),
    ]
    for row in rows:
        assert list(row)[: len(CONTRACT)] == CONTRACT
        paragraph = store.paragraph(row["paragraph_id"])
        assert row["quote"] in paragraph.text
        assert row["value"] in paragraph.text[row["start"] : row["end"]]
        assert store.report(paragraph.report_id).title == row["report"]


def test_every_fact_of_the_index_cites_a_citable_paragraph(store: Store) -> None:
    assert len(store.facts) > 300
    assert store.manifest.counts["facts"] == len(store.facts)
    assert all(store.paragraph(fact.paragraph_id).citable for fact in store.facts)


def test_place_year_and_kind_choose(store: Store) -> None:
    found = chosen(store.facts, ["市北", "崂山区"], [2023, 2024], None, "result")
    assert {(f.context.place, f.context.year) for f in found} == {("市北区", 2023), ("市北区", 2024), ("崂山区", 2024)}
    assert chosen(store.facts, [], [], None, None) == list(store.facts)
    assert {f.name for f in chosen(store.facts, [], [], "亿元樓宇", None)} == {"亿元楼宇"}


def test_the_table_has_a_line_a_fact_with_its_citation(real_index: Path) -> None:
    lines = run(real_index, "--match", "亿元楼宇").splitlines()
    assert lines[0].split() == ["地区", "年份", "性质", "指标", "口径", "数字", "出处"]
    assert len(lines) == 5
    assert all("《" in line and "段" in line for line in lines[1:])


def test_conflicts_and_outcomes_in_words_and_in_json(real_index: Path) -> None:
    assert "市北区 2025年 一般公共预算收入（增长） 达到" in run(real_index, "--conflicts")
    text = run(real_index, "--conflicts", "--format", "json")
    assert text.startswith('{\n "conflicts": [')
    found = json.loads(text)
    assert found["conflicts"] == []
    assert found["outcomes"][0]["verdict"] == "met"


def test_nothing_found_says_so_and_is_no_failure(real_index: Path) -> None:
    assert json.loads(run(real_index, "--match", "没有这样的指标", "--format", "json")) == []


def test_csv_opens_in_a_spreadsheet(real_index: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    run(real_index, "--format", "csv", "--out", str(out), "--year", "2024")
    data = out.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert lines[0] == [head for _, head in COLUMNS]
    assert len(lines) > 10
    assert {len(line) for line in lines} == {len(COLUMNS)}


def test_a_workbook_keeps_numbers_as_numbers(real_index: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.xlsx"
    run(real_index, "--format", "xlsx", "--out", str(out), "--match", "就业")
    sheet = load_workbook(out).active
    heads = [cell.value for cell in sheet[1]]
    values = {sheet.cell(row, heads.index("数值") + 1).value for row in range(2, sheet.max_row + 1)}
    assert values == {24, 4, 4.5, 2.2, 35}
    assert sheet.cell(2, heads.index("折算") + 1).value == 240000


@pytest.mark.parametrize(
    ("arguments", "said"), [(("--format", "xlsx"), "--out"), (("--conflicts", "--format", "csv"), "table 或 json")]
)
def test_what_cannot_be_written_is_said(real_index: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run(real_index, *arguments)


# Injection

BAD = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠A", " =1", "\u3000=HYPERLINK(1)"]


class Shelf:
    """One report of which every text is hostile."""

    def __init__(self, text: str) -> None:
        context = Context(text, 2025, None, "result")
        self.one = Report("r", text, text, 2025, None, None, None, text, "0")
        self.block = Paragraph("p", "r", 0, "item", None, f"{text}5家", (text,), context, ((0, 1),))
        end = len(text)
        self.facts = (
            Fact("p", context, text, text, "growth", "5", "%", -5.0, "%", None, end, end + 1, 0, len(self.block.text)),
        )

    def report(self, report_id: str) -> Report:
        assert report_id == "r"
        return self.one

    def paragraph(self, paragraph_id: str) -> Paragraph:
        assert paragraph_id == "p"
        return self.block

    def blocks(self, report_id: str) -> tuple[Paragraph, ...]:
        assert report_id == "r"
        return (self.block,)


@pytest.fixture(params=BAD)
def hostile(request: pytest.FixtureRequest) -> list[Row]:
    shelf = Shelf(request.param)
    return rows_of(shelf.facts, shelf)


def test_no_cell_of_a_csv_is_a_formula(hostile: list[Row]) -> None:
    lines = list(csv.reader(io.StringIO(csv_bytes(hostile).decode("utf-8-sig"), newline="")))
    texts = [cell for cell in lines[1] if cell != "-5"]
    assert not any(cell.strip(" \u3000")[:1] in tuple("=+-@＝＋－＠\t\r") and cell.strip() for cell in texts)
    assert "-5" in lines[1]  # a number stays a number


def test_no_cell_of_a_workbook_is_a_formula(hostile: list[Row]) -> None:
    sheet = load_workbook(io.BytesIO(xlsx_bytes(hostile))).active
    cells = list(sheet[2])
    assert "f" not in {cell.data_type for cell in cells}
    assert -5 in [cell.value for cell in cells]
    assert not any(isinstance(c.value, str) and c.value.strip(" \u3000")[:1] in tuple("=+-@＝＋－＠") for c in cells)


def test_harmless_leaves_numbers_and_plain_words_alone() -> None:
    assert [harmless(value) for value in (-5, 4.5, None, "", "就业", "4.5")] == [-5, 4.5, None, "", "就业", "4.5"]


def test_a_table_stays_a_line_a_row(hostile: list[Row]) -> None:
    assert len(table_text(hostile).splitlines()) == 2


def test_absurd_numbers_break_no_export_and_no_export_tells_where_things_lie(tmp_path: Path) -> None:
    """One number of 400 digits once made the indicators of the whole index fail; exports gave away absolute paths."""
    nines = "9" * 400
    text = (
        f"2025年市北区政府工作报告\n\n2025年，全区生产总值增长{nines}%。\n\n新增就业{nines}万亿人。\n\n"
        f"完成率达百分之{'九' * 309}。\n\n建成亿元楼宇24座。\n"
    )
    sources = tmp_path / "reports"
    sources.mkdir()
    (sources / "a.txt").write_text(text, encoding="utf-8")
    build([sources], tmp_path / "index", embedder=HashingEmbedder())
    store = Store.open(tmp_path / "index", HashingEmbedder())
    rows = rows_of(store.facts, store)
    assert [row["normalized"] for row in rows if row["unit"] == "座"] == [24]
    assert {row["file"] for row in rows} == {"reports/a.txt"}
    book = load_workbook(io.BytesIO(xlsx_bytes(rows)))
    cells = {str(cell.value) for line in book.active.iter_rows() for cell in line}
    for shown in (json_text(rows), csv_bytes(rows).decode("utf-8-sig"), table_text(rows), " ".join(cells)):
        assert "24" in shown
        assert str(tmp_path) not in shown
        assert not {"inf", "nan", "Infinity", "NaN"} & set(shown.replace('"', " ").replace(",", " ").split())
