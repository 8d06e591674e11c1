"""The order in which a page is read: runs of text with their places -> lines, column by column.

Used for PDF pages and for what is recognised on pictures. Places are in points or pixels, from the top left.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

COLUMN_ROWS = 3  # a column has at least so many lines
COLUMN_WIDTH = 7.0  # and its lines are, in the middle, at least so many characters wide: a table's are not
CROSSING = 0.4  # share of the lines that may run over both columns (title, abstract)


@dataclass(frozen=True, slots=True)
class Run:
    """Text on one line of a page, or a table: the `rows` of its cells."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float  # of a character
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def block(self) -> bool:
        """Whether it is a table."""
        return bool(self.rows)


@dataclass(frozen=True, slots=True)
class Placed:
    """A line in reading order; `apart` when its place says that it begins a paragraph of its own."""

    run: Run
    apart: bool


def ordered(runs: Sequence[Run]) -> list[Placed]:
    """The lines of a page in the order in which they are read."""
    lines: list[Placed] = []
    for column in _columns(list(runs), 0):
        lines += _placed(_rows(column))
    return lines


def _columns(runs: list[Run], depth: int) -> list[list[Run]]:
    """The runs column by column; a stretch over the whole width is one of its own."""
    gutter = _gutter(runs) if depth < 4 else None
    if gutter is None:
        return [runs] if runs else []
    found: list[list[Run]] = []
    beside: list[Run] = []
    across: list[Run] = []

    def flush() -> None:
        for side in ([r for r in beside if r.x1 <= gutter + 1], [r for r in beside if r.x1 > gutter + 1]):
            found.extend(_columns(side, depth + 1))
        beside.clear()

    for run in sorted(runs, key=lambda r: (r.top, r.x0)):
        if run.x0 < gutter - 1 and run.x1 > gutter + 1:
            flush()
            across.append(run)
        else:
            if across:
                found.append(list(across))
                across.clear()
            beside.append(run)
    flush()
    if across:
        found.append(across)
    return found


def _gutter(runs: Sequence[Run]) -> float | None:
    """The x of the white stripe that divides two columns of text, or None."""
    best: tuple[int, float, float] | None = None
    size = statistics.median(r.size for r in runs) if runs else 0.0
    for candidate in sorted({round(r.x1, 0) for r in runs}):
        left = [r for r in runs if r.x1 <= candidate + 1]
        across = sum(r.x0 < candidate and r.x1 > candidate + 1 for r in runs)
        right = [r for r in runs if r.x0 >= candidate]
        if min(len(left), len(right)) < COLUMN_ROWS or across > CROSSING * len(runs):
            continue
        edge = max(r.x1 for r in left)
        width = min(r.x0 for r in right) - edge
        if width < 0.8 * size or not (_is_text(left, size) and _is_text(right, size)) or not _beside(left, right):
            continue
        if best is None or (-across, width) > (-best[0], best[1]):
            best = (across, width, edge + width / 2)
    return best[2] if best else None


def _is_text(runs: Sequence[Run], size: float) -> bool:
    widths = [r.x1 - r.x0 for r in runs]
    return statistics.median(widths) >= COLUMN_WIDTH * size and len({round(r.top) for r in runs}) >= COLUMN_ROWS


def _beside(left: Sequence[Run], right: Sequence[Run]) -> bool:
    """Whether two columns stand beside each other for a good part of their height."""
    top, bottom = (
        max(min(r.top for r in s) for s in (left, right)),
        min(max(r.bottom for r in s) for s in (left, right)),
    )
    height = min(max(r.bottom for r in s) - min(r.top for r in s) for s in (left, right))
    return bottom - top >= 0.5 * height


def _rows(runs: Sequence[Run]) -> list[Run]:
    """Runs at the same height made one line each, from top to bottom."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda r: (r.top + r.bottom, r.x0)):
        middle = (run.top + run.bottom) / 2
        last = rows[-1][0] if rows else None
        if last and not last.block and not run.block and last.top < middle < last.bottom:
            rows[-1].append(run)
        else:
            rows.append([run])
    return [_merged(row) for row in rows]


def _merged(row: list[Run]) -> Run:
    row = sorted(row, key=lambda r: r.x0)
    return replace(
        row[0],
        text=" ".join(r.text for r in row),
        x1=max(r.x1 for r in row),
        top=min(r.top for r in row),
        bottom=max(r.bottom for r in row),
    )


def _placed(rows: Sequence[Run]) -> list[Placed]:
    """Lines of a column with the breaks that their places show: an indented line, a line after a short one."""
    if not rows:
        return []
    x0, x1 = min(r.x0 for r in rows), max(r.x1 for r in rows)
    placed = []
    for i, row in enumerate(rows):
        before = rows[i - 1] if i else None
        apart = row.block or (before is not None and before.block)
        if before and not apart:
            centered = all(abs((r.x0 - x0) - (x1 - r.x1)) < r.size and r.x0 - x0 > r.size for r in (before, row))
            same_edge = abs(row.x0 - before.x0) < 0.4 * row.size
            indented = row.x0 - x0 > 1.2 * row.size and before.x0 - x0 < 0.6 * row.size
            short = len(rows) >= COLUMN_ROWS and x1 - before.x1 > 3 * row.size
            gap = row.top - before.bottom > 1.2 * row.size
            larger = abs(row.size - before.size) > 0.25 * row.size
            hangs = before.text[:1] in "●◆■▪•-0123456789（(①②③④⑤⑥⑦⑧⑨" and not short
            apart = (short and not centered) or (indented and not hangs) or gap or larger
            apart = apart or (same_edge and row.x0 - x0 > 1.2 * row.size and short)
        placed.append(Placed(row, apart))
    return placed
