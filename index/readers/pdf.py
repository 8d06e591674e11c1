"""PDF: lines in reading order, tables as sentences, without what repeats on the pages.

Lines stay as they are printed; index/joining.py joins those that belong together, also over a page break. Spans count
characters of the text made here. Pages without text but with a picture are scanned ones: they need recognition.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from index.errors import SourceError
from index.readers.layout import Run, ordered
from index.readers.plain import APART, one_space, sentences, unified

MARGIN = 0.13  # share of the height, at the top and at the bottom, where page furniture stands
FEWEST_CHARACTERS = 8  # a page with less is not a page of text
REPEATS = 0.3  # share of the pages on which a running head stands; left and right pages may differ
MOST_EDGES = 4_000  # drawings, not tables
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_DIGITS = re.compile(r"\d+|[〇零一二三四五六七八九十]+(?=页)")
_LATIN = re.compile(r"[!-~]")


@dataclass(frozen=True, slots=True)
class Page:
    """The runs of a page, and whether it is a picture of text."""

    runs: tuple[Run, ...]
    height: float
    scanned: bool


def read(data: bytes) -> dict[str, object]:
    """The plain text of a PDF, and the numbers of its scanned pages, from 1. Raises SourceError."""
    pages = list(_pages(data))
    return {"text": text_of(pages), "scanned": [i for i, page in enumerate(pages, 1) if page.scanned]}


def read_with_ocr(data: bytes) -> dict[str, object]:
    """The same with scanned pages recognised."""
    from index.readers import ocr

    pages = list(_pages(data))
    scanned = [i for i, page in enumerate(pages) if page.scanned]
    for i, (runs, height) in zip(scanned, ocr.pages(data, scanned), strict=True):
        pages[i] = Page(tuple(runs), height, False)
    return {"text": text_of(pages), "scanned": []}


def _pages(data: bytes) -> Iterator[Page]:
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    try:
        with pdfplumber.open(BytesIO(data)) as document:
            if not document.pages:
                raise SourceError("内容已损坏，没有页。", "请检查文件是否完整。")
            for page in document.pages:
                yield _page(page)
                page.close()
    except PdfminerException as error:
        cause = error.args[0] if error.args else None
        if isinstance(cause, (PDFPasswordIncorrect, PDFEncryptionError)):
            raise SourceError("有密码。", "请去掉密码后再试。") from error
        raise SourceError("内容已损坏，读不出来。", "请检查文件是否完整。") from error


def _page(page: Any) -> Page:
    chars = [char for char in page.dedupe_chars().chars if char["upright"]]  # a slanting one is a watermark's
    unmapped = sum(_UNMAPPED.fullmatch(char["text"]) is not None for char in chars)
    words = sum(not char["text"].isspace() for char in chars)
    if words < FEWEST_CHARACTERS or unmapped > 0.3 * words:  # without a map the shapes alone say what is written
        pictured = bool(page.images) or unmapped > 0
        return Page(() if pictured else tuple(_runs(chars)), float(page.height), pictured)
    tables = _tables(page)
    free = [char for char in chars if not any(_inside(char, table) for table in tables)]
    return Page((*_runs(free), *tables), float(page.height), False)


def _tables(page: Any) -> list[Run]:
    """The ruled tables of a page."""
    if not 4 <= len(page.edges) <= MOST_EDGES:
        return []
    found = []
    for table in page.find_tables():
        rows = tuple(tuple(unified(cell or "") for cell in row) for row in table.extract())
        if max(map(len, rows), default=0) < 2 or sum(map(bool, rows[0])) < 2 or not any(map(any, rows)):
            continue  # a frame around text
        x0, top, x1, bottom = map(float, table.bbox)
        found.append(Run("", x0, x1, top, bottom, 10.0, rows))
    return found


def _inside(char: dict[str, Any], table: Run) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(table.x0 <= x <= table.x1 and table.top <= y <= table.bottom)


def _runs(chars: Sequence[dict[str, Any]]) -> Iterator[Run]:
    """Characters at the same height and close together, as runs."""
    rows: list[list[dict[str, Any]]] = []
    for char in sorted(chars, key=lambda c: (round(c["bottom"]), c["x0"])):
        near = next((row for row in rows[-3:] if abs(row[0]["bottom"] - char["bottom"]) < 0.35 * char["size"]), None)
        if near is None:
            rows.append([char])
        else:
            near.append(char)
    for row in rows:
        row.sort(key=lambda c: c["x0"])
        part: list[dict[str, Any]] = []
        for char in row:
            # A wide gap divides columns; the cells of a table without rules too.
            if part and char["x0"] - part[-1]["x1"] > 1.2 * char["size"]:
                yield from _run(part)
                part = []
            part.append(char)
        yield from _run(part)


def _run(part: Sequence[dict[str, Any]]) -> Iterator[Run]:
    texts: list[str] = []
    for i, char in enumerate(part):
        text = _UNMAPPED.sub("□", char["text"])
        if i and char["x0"] - part[i - 1]["x1"] > 0.2 * char["size"] and _LATIN.match(text) and _LATIN.match(texts[-1]):
            texts.append(" ")
        texts.append(text)
    inked = [char for char in part if not char["text"].isspace()]
    if inked and (text := one_space(unified("".join(texts)))):
        size = statistics.median(char["size"] for char in inked)
        top, bottom = min(c["top"] for c in inked), max(c["bottom"] for c in inked)
        yield Run(text, inked[0]["x0"], inked[-1]["x1"], top, bottom, size)


def text_of(pages: Sequence[Page]) -> str:
    """The text of all pages without their furniture, one printed line a line."""
    furniture = _furniture(pages)
    kept = [[run for run in page.runs if _key(run, page) not in furniture] for page in pages]
    _mend_tables(kept)
    text = ""
    for runs in kept:
        for i, line in enumerate(ordered(runs)):
            # Over a page break the text goes on unless its words say otherwise.
            apart = line.apart or (i == 0 and line.run.block)
            text += ("" if not text else APART if apart else "\n") + _text(line.run)
    return text


def _text(run: Run) -> str:
    return APART.join(sentences(run.rows)) if run.rows else run.text


def _mend_tables(pages: list[list[Run]]) -> None:
    """Put a table that goes on over page breaks together on the page where it begins."""
    last: tuple[list[Run], Run] | None = None
    for runs in pages:
        first = min(runs, key=lambda run: run.top, default=None)
        if last and first and first.rows and _goes_on(last[1], first):
            whole = replace(last[1], rows=(*last[1].rows, *first.rows))
            last[0][last[0].index(last[1])] = whole
            runs.remove(first)
            last = (last[0], whole)
            if runs:
                last = None
            continue
        lowest = max(runs, key=lambda run: run.bottom, default=None)
        last = (runs, lowest) if lowest and lowest.rows else None


def _goes_on(above: Run, below: Run) -> bool:
    return len(above.rows[-1]) == len(below.rows[0]) and abs(above.x0 - below.x0) < 4 and abs(above.x1 - below.x1) < 4


Key = tuple[str, bool]


def _key(run: Run, page: Page) -> Key | None:
    """What a running head looks like on every page: its words without numbers, and whether it is at the top."""
    at_top, at_bottom = run.bottom <= MARGIN * page.height, run.top >= (1 - MARGIN) * page.height
    if run.block or not (at_top or at_bottom):
        return None
    return _DIGITS.sub("0", run.text), at_top


def _furniture(pages: Sequence[Page]) -> set[Key]:
    """The keys that repeat at the same height on the pages."""
    found: dict[Key, dict[int, float]] = {}
    for number, page in enumerate(pages):
        for run in page.runs:
            if key := _key(run, page):
                found.setdefault(key, {}).setdefault(number, run.top)
    least = max(min(3, len(pages)), 2, round(REPEATS * len(pages)))
    repeated = set()
    for key, tops in found.items():
        middle = statistics.median(tops.values())
        if sum(abs(top - middle) < 10 for top in tops.values()) >= least:
            repeated.add(key)
    return repeated
