"""The order in which a page is read: runs of text with their places -> lines, column by column.

Used for PDF pages and for what is recognised on pictures. Places are in points or pixels, from the top left.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

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


@dataclass(frozen=True, slots=True)
class _Stripe:
    """White between two columns: how many lines run over it, its width and its middle."""

    across: int
    width: float
    middle: float


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
    """The x of the white stripe that divides two columns of text, or None; of several the one that the fewest lines
    cross, then the widest, then the first."""
    size = statistics.median(r.size for r in runs) if runs else 0.0
    found = [stripe for x in sorted({round(r.x1, 0) for r in runs}) if (stripe := _stripe(runs, x, size))]
    best = max(found, key=lambda stripe: (-stripe.across, stripe.width), default=None)
    return best.middle if best else None


def _stripe(runs: Sequence[Run], x: float, size: float) -> _Stripe | None:
    """The white stripe behind the lines that end at `x`; None where no columns of text stand on both sides of it.
    `size` is that of a character."""
    left, right = [r for r in runs if r.x1 <= x + 1], [r for r in runs if r.x0 >= x]
    across = sum(r.x0 < x and r.x1 > x + 1 for r in runs)
    if min(len(left), len(right)) < COLUMN_ROWS or across > CROSSING * len(runs):
        return None
    edge = max(r.x1 for r in left)
    width = min(r.x0 for r in right) - edge
    if width < 0.8 * size or not (_is_text(left, size) and _is_text(right, size)) or not _beside(left, right):
        return None
    return _Stripe(across, width, edge + width / 2)


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
    edges = min(r.x0 for r in rows), max(r.x1 for r in rows)
    breaks = [_apart(a, b, edges, alone=len(rows) < COLUMN_ROWS) for a, b in pairwise(rows)]
    return [Placed(row, apart) for row, apart in zip(rows, [rows[0].block, *breaks], strict=True)]


def _apart(before: Run, row: Run, edges: tuple[float, float], *, alone: bool) -> bool:
    """Whether a line begins a paragraph, from its place and that of the one before in a column with these `edges`;
    `alone` where the column has too few lines to tell a short one."""
    if row.block or before.block or _set_off(before, row):
        return True
    x0, x1 = edges
    short = not alone and x1 - before.x1 > 3 * row.size
    deep = row.x0 - x0 > 1.2 * row.size
    if short:
        same_edge = abs(row.x0 - before.x0) < 0.4 * row.size
        return (same_edge and deep) or not _centered(before, row, edges) or (deep and before.x0 - x0 < 0.6 * row.size)
    hangs = before.text[:1] in "●◆■▪•-0123456789（(①②③④⑤⑥⑦⑧⑨"
    return deep and before.x0 - x0 < 0.6 * row.size and not hangs


def _set_off(before: Run, row: Run) -> bool:
    """Whether there is white space between two lines, or their characters are of another size."""
    return row.top - before.bottom > 1.2 * row.size or abs(row.size - before.size) > 0.25 * row.size


def _centered(before: Run, row: Run, edges: tuple[float, float]) -> bool:
    """Whether both lines stand in the middle, clear of the edges."""
    x0, x1 = edges
    return all(abs((r.x0 - x0) - (x1 - r.x1)) < r.size and r.x0 - x0 > r.size for r in (before, row))
