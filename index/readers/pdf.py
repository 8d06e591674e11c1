"""PDF: lines in reading order, tables as sentences, without what repeats on the pages.

Lines stay as they are printed; index/parse/unwrap.py joins those that belong together, also over a page break. Spans
count characters of the text made here. Pages without text but with a picture are scanned ones: they need recognition.
What does not show is not read: off the page, as small as a dot, white on the paper. Invisible text over a scan is
its text.
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
from index.readers.text import WHOLE

MARGIN = 0.13  # share of the height, at the top and at the bottom, where page furniture stands
FEWEST_CHARACTERS = 8  # a page with less is not a page of text
REPEATS = 0.3  # share of the pages on which a running head stands; left and right pages may differ
MOST_EDGES = 4_000  # drawings, not tables
SMALLEST = 1.0  # points of a character that can still be read
FAINTEST = 0.1  # how far a colour is from white that can still be read
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_DIGITS = re.compile(r"\d+|(?<![〇零一二三四五六七八九十])[〇零一二三四五六七八九十]++(?=页)")
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
                raise SourceError("内容已损坏，没有页。", WHOLE)
            for page in document.pages:
                yield _page(page)
                page.close()
    except PdfminerException as error:
        cause = error.args[0] if error.args else None
        if isinstance(cause, (PDFPasswordIncorrect, PDFEncryptionError)):
            raise SourceError("有密码。", "请去掉密码后再试。") from error
        raise SourceError("内容已损坏，读不出来。", WHOLE) from error


def _page(page: Any) -> Page:
    if not all(_on_page(char, page) for char in page.chars):
        page = page.filter(lambda thing, page=page: thing["object_type"] != "char" or _on_page(thing, page))
    chars = [char for char in page.dedupe_chars().chars if char["upright"]]  # a slanting one is a watermark's
    tables: list[Run] | None = None
    if any(map(_white, chars)):
        tables = _tables(page)
        chars = _legible(chars, page, tables)
    unmapped = sum(_UNMAPPED.fullmatch(char["text"]) is not None for char in chars)
    words = sum(not char["text"].isspace() for char in chars)
    if words < FEWEST_CHARACTERS or unmapped > 0.3 * words:  # without a map the shapes alone say what is written
        pictured = bool(page.images) or unmapped > 0
        return Page(() if pictured else tuple(_runs(chars)), float(page.height), pictured)
    tables = _tables(page) if tables is None else tables
    return Page((*_runs(_outside(chars, tables)), *tables), float(page.height), False)


def _outside(chars: Sequence[dict[str, Any]], tables: Sequence[Run]) -> list[dict[str, Any]]:
    """The characters that are not in a table."""
    return [char for char in chars if not any(_in_table(char, table) for table in tables)]


def _legible(chars: Sequence[dict[str, Any]], page: Any, tables: Sequence[Run]) -> list[dict[str, Any]]:
    """The characters that are not white on the paper; in a table the ground of a cell may be drawn in many ways."""
    grounds = _grounds(page)
    return [
        char
        for char in chars
        if grounds is None
        or not _white(char)
        or any(_inside(char, *ground) for ground in grounds)
        or any(_in_table(char, table) for table in tables)
    ]


def _on_page(char: dict[str, Any], page: Any) -> bool:
    """Whether a character lies on the page as it is shown, and is large enough to be read."""
    _, b, _, d, *_ = char["matrix"]
    size = char["size"] or (char["width"] if b or d else 0.0)  # fonts made of pictures may not say how high they are
    shown = page.cropbox
    # A broken one is passed over; that of a turned page is not turned with it (pdfplumber 0.11).
    if page.rotation or shown[0] >= shown[2] or shown[1] >= shown[3]:
        shown = page.mediabox
    return bool(size >= SMALLEST and _inside(char, *shown) and _inside(char, *page.mediabox))


def _white(thing: dict[str, Any]) -> bool:
    """Whether something is filled with white, or nearly. A colour of another space than these three is not told."""
    colour = thing.get("non_stroking_color")
    colour = colour if isinstance(colour, tuple) else (colour,)
    if not all(isinstance(part, (int, float)) for part in colour):
        return False
    if len(colour) == 1 and thing.get("ncs") in ("Separation", "Indexed", "DeviceN"):
        return False
    if len(colour) == 4:  # inks
        return bool(max(colour) <= FAINTEST)
    return len(colour) in (1, 3) and bool(min(colour) >= 1 - FAINTEST)


def _grounds(page: Any) -> list[tuple[float, float, float, float]] | None:
    """What white text may stand on: the pictures and the filled shapes of a page that are not white. None where that
    cannot be told: a page with shadings, which are not found, or full of drawings."""
    filled = [shape for shape in (*page.rects, *page.curves) if shape["fill"] and not _white(shape)]
    if len(filled) > MOST_EDGES or (page.page_obj.resources or {}).get("Shading"):
        return None
    return [(one["x0"], one["top"], one["x1"], one["bottom"]) for one in (*filled, *page.images)]


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


def _inside(char: dict[str, Any], x0: float, top: float, x1: float, bottom: float) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(x0 <= x <= x1 and top <= y <= bottom)


def _in_table(char: dict[str, Any], table: Run) -> bool:
    return _inside(char, table.x0, table.top, table.x1, table.bottom)


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
