"""The plain form that `index/parse/outline.py` reads, made from the blocks of a formatted document.

One block a line, headings as `# ` to `###### `, list items as `- `, a row of a table as one sentence with its header.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from index.parse.lines import INVISIBLE

# Three blank lines: index/parse/unwrap.py never joins over them. Blocks of a formatted document are whole by mark-up.
APART = "\n\n\n\n"
DEEPEST = 6
_SPACE = re.compile(r"\s+")
_CJK_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
_STATES = re.compile(r"[增长下降达到突破约超过]{0,2}\d")  # a cell that can end a sentence as it is
_FIGURE = re.compile(r"\d")
_TIME = re.compile(r"[12][09]\d\d(?:年|[-—至/](?:[12][09])?\d\d年?)?|\d{1,2}月份?|[1-4]季度|序号\d*|(?<!\d)\d++[、.]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A block: a heading of `level` 1 to 6, a list item, or (level 0) a paragraph. A line break in it stays one."""

    text: str
    level: int = 0
    item: bool = False


# Fonts often share a glyph between a character and a radical, and a PDF then names the radical. Unicode maps the Kangxi
# ones (U+2F00 on) itself, but none of these; 户 and 黄 it maps to forms that the mainland does not write.
_RADICALS = dict(
    zip(
        "⺟⺠⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳⼾⻁⺎⺋",
        "母民西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟户虎兀巳",
        strict=True,
    )
)
# The soft hyphen of a PDF is a hyphen that was drawn: fonts give both one glyph.
_RADICALS["\u00ad"] = "-"
_RADICAL = re.compile("[\u00ad\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06]")


def unified(text: str) -> str:
    """The text of a PDF with radicals, compatibility forms and hyphens as the characters that were meant."""
    return _RADICAL.sub(lambda match: _RADICALS.get(match[0]) or unicodedata.normalize("NFKC", match[0]), text)


def one_space(text: str) -> str:
    """`text` with each run of white space made one space, and without what does not show."""
    return _SPACE.sub(" ", INVISIBLE.sub("", text)).strip()


def in_lines(text: str) -> str:
    """`text` line by line with one space for each run of white space; empty lines are left out."""
    return "\n".join(line for raw in text.split("\n") if (line := one_space(raw)))


def joined(text: str) -> str:
    """The lines of a cell or a heading as one line, with no space where Chinese was broken."""
    return _CJK_GAP.sub("", one_space(text))


def render(pieces: Sequence[Piece], title: str = "") -> str:
    """The plain text of `pieces`. `title` becomes its title; without one, a single topmost first heading is it."""
    pieces = [piece for piece in pieces if piece.text]
    title = joined(title)
    levels = [piece.level for piece in pieces if piece.level]
    top = min(levels, default=1)
    if title:
        pieces = _without_title(pieces, title)
        levels = [piece.level for piece in pieces if piece.level]
        shift = 2 - min(levels, default=2)
    else:
        named = levels.count(top) == 1 and bool(levels) and levels[0] == top
        shift = (1 if named else 2) - top
    lines = [f"# {title}"] if title else []
    return APART.join([*lines, *(_line(piece, shift) for piece in pieces)])


def _without_title(pieces: Sequence[Piece], title: str) -> list[Piece]:
    """`pieces` without the first that says the title once more."""
    same = next((i for i, piece in enumerate(pieces[:10]) if joined(piece.text) == title), None)
    return [piece for i, piece in enumerate(pieces) if i != same]


def _line(piece: Piece, shift: int) -> str:
    if piece.level:
        return "#" * max(1, min(DEEPEST, piece.level + shift)) + " " + joined(piece.text)
    return "- " + joined(piece.text) if piece.item else piece.text


def sentences(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """A table as one line a row. A row of figures about one thing says it with each: “2024年完成新增就业4万人；
    2025年目标新增就业4.5万人。”; another names its columns: “单位：区教育局；联系人：甲。”. A row of one cell is a
    line of its own."""
    table = [row for row in ([joined(cell or "") for cell in row] for row in rows) if any(row)]
    header: list[str] = []
    lines: list[str] = []
    place = 0
    while place < len(table):
        row, below = table[place], table[place + 1 : place + 3]
        place += 1
        if _merged(row):
            lines.append(next(filter(None, row)))
        elif not header and below and _heads(row):
            header, taken = _header(row, below)
            place += taken
        elif row != header:  # a header comes again on each page
            lines.append(_sentence(header, row))
    return [line for line in lines if line]


def _merged(row: Sequence[str]) -> bool:
    """Whether one cell spans the table: a caption, the name of a group."""
    return len(row) > 1 and len(set(filter(None, row))) == 1


def _header(row: list[str], below: Sequence[list[str]]) -> tuple[list[str], int]:
    """The names of the columns, and how many more rows than `row` they take: one where it names groups of them."""
    if len(below) < 2 or not _spread(row) or not _heads(below[0]):
        return row, 0
    return [f"{a} {b}".strip() if a != b else a for a, b in zip(row, below[0], strict=False)], 1


def _heads(row: Sequence[str]) -> bool:
    """Whether a row names the columns: at least two names and no figure but years and months."""
    named = [cell for cell in row if cell]
    return len(named) >= 2 and not any(_FIGURE.search(_TIME.sub("", cell)) for cell in named)


def _spread(row: Sequence[str]) -> bool:
    return any(a == b and a for a, b in pairwise(row))


def _sentence(header: Sequence[str], row: Sequence[str]) -> str:
    names = [*header, *[""] * (len(row) - len(header))]
    cells = [(name, cell.rstrip("。；;")) for name, cell in zip(names, row, strict=False) if cell]
    if not header and len(cells) == 2:
        return f"{cells[0][1]}：{cells[1][1]}。"
    if header and _states_figures([cell for _, cell in cells]):
        subject = cells[0][1]
        return "；".join(f"{name}{subject}{cell}" for name, cell in cells[1:]) + "。"
    parts = [f"{name}：{cell}" if name and name != cell else cell for name, cell in cells]
    parts = [part for part, _ in groupby(parts)]  # a cell merged over columns
    return "；".join(parts) + "。" if parts else ""


def _states_figures(cells: Sequence[str]) -> bool:
    """Whether a row names one thing and states figures of it."""
    return len(cells) > 1 and not _FIGURE.search(cells[0]) and all(map(_STATES.match, cells[1:]))
