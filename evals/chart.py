"""The curves of `evals.curve` shown: charts drawn as SVG, a table of the terminal and of HTML."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from evals.curve import Curves, Point
from evals.scores import HELDOUT

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("回答率", "答对率", "误答率")
MEANING = (
    "门槛越高，回答的越少，答错的也越少。回答率：能回答的问题里给出答案的；答对率：给出的答案里对的；误答率：不能回答的问题里给出了答案的。"
    "每个问题都在改变其答案的每个门槛上真问过，圈出的是现在采用的门槛。"
)
WIDE, HIGH, LEFT, TOP = 360, 220, 44, 16  # of the plot, and the margins for what stands beside it, px
SHIPPED = ' class="shipped"'
COLOURS = {HELDOUT: "#b3541e"}
OTHERWISE = "#17457e"  # the colour of train, or of the only split
CHART_STYLE = """figure{display:inline-block;margin:0 1.5rem 0 0}figcaption{font-weight:600}
svg text{font-size:11px;fill:#56667a}tr.shipped{font-weight:600;background:#eef3f9}"""


def rows(curves: Curves) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Each threshold with the figures of all splits as text."""
    for points in zip(*curves.splits.values(), strict=True):
        figures = (share for p in points for share in (p.coverage, p.accuracy, p.risk))
        yield points[0].threshold, tuple("-" if share is None else f"{share:.3f}" for share in figures)


def terminal_curves(curves: Curves) -> Table:
    """Every second threshold and the one in use, the splits side by side."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("\n门槛", no_wrap=True)
    for split in curves.splits:
        for column in COLUMNS:
            table.add_column(f"{split if column == COLUMNS[0] else ''}\n{column}", justify="right", no_wrap=True)
    for number, (threshold, figures) in enumerate(rows(curves)):
        used = threshold == curves.shipped
        if used or number % 2 == 0:
            table.add_row(f"{threshold:.2f}{'  采用' if used else ''}", *figures, style="bold" if used else None)
    return table


def curves_html(curves: Curves) -> str:
    """The section of the report: two charts over the coverage, and all points as a table."""
    heads = ["门槛", *(f"{split} {column}" for split in curves.splits for column in COLUMNS)]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = ""
    for at, figures in rows(curves):
        cells = "".join(f"<td>{text}</td>" for text in (f"{at:.2f}", *figures))
        body += f"<tr{SHIPPED if at == curves.shipped else ''}>{cells}</tr>\n"
    charts = chart(curves, "accuracy", "答对率") + chart(curves, "risk", "误答率")
    return (
        f"<h2>回答率与答对率</h2>\n<p>{MEANING}</p>\n{charts}"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>\n"
    )


def chart(curves: Curves, measure: str, name: str) -> str:
    """One measure over the coverage, a line for each split, as a figure with an SVG that needs no script."""
    lines = {split: [p for p in points if _drawn(p, measure)] for split, points in curves.splits.items()}
    low, high = _range(measure, [getattr(p, measure) for points in lines.values() for p in points] or [0.5])
    drawn, legend = [_grid(low, high)], []
    for split, points in lines.items():
        values = [getattr(point, measure) for point in points]
        across = [LEFT + WIDE * (point.coverage or 0.0) for point in points]
        places = list(zip(across, (TOP + HIGH * (high - value) / (high - low) for value in values), strict=True))
        colour = COLOURS.get(split, OTHERWISE)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point, value, (x, y) in zip(points, values, places, strict=True):
            used = point.threshold == curves.shipped
            told = f"{split} 门槛 {point.threshold:.2f}：回答率 {point.coverage:.3f}，{name} {value:.3f}"
            drawn.append(_dot(x, y, colour, told, used=used))
        legend.append(f'<span style="color:{colour}"> — {escape(split)}</span>')
    svg = f'<svg role="img" aria-label="{name}" width="{LEFT + WIDE + 20}" height="{TOP + HIGH + 40}">'
    return f"<figure><figcaption>{name}{''.join(legend)}</figcaption>{svg}{''.join(drawn)}</svg></figure>\n"


def _range(measure: str, values: Sequence[float]) -> tuple[float, float]:
    """Where the axis of a measure begins and ends. The accuracy is of interest near 1, the risk near 0: it begins at
    the tenth below, or ends at the one above."""
    if measure == "accuracy":
        return min(0.9, *(math.floor(10 * v) / 10 for v in values)), 1.0
    return 0.0, max(0.1, *(math.ceil(10 * v) / 10 for v in values))


def _dot(x: float, y: float, colour: str, told: str, *, used: bool) -> str:
    """A point of a line that tells its figures; that of the threshold in use is a ring."""
    style = f'r="6" fill="#fff" stroke="{colour}" stroke-width="2.5"' if used else f'r="2.5" fill="{colour}"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" {style}><title>{escape(told)}</title></circle>'


def _drawn(point: Point, measure: str) -> bool:
    return point.coverage is not None and getattr(point, measure) is not None


def _grid(low: float, high: float) -> str:
    """Axes with five steps each."""
    parts = []
    for step in range(6):
        x, y = LEFT + WIDE * step / 5, TOP + HIGH * step / 5
        value = high - (high - low) * step / 5
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + HIGH}" stroke="#e6ebf1"/>')
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + WIDE}" y2="{y:.1f}" stroke="#e6ebf1"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + HIGH + 16}" text-anchor="middle">{step / 5:.1f}</text>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    parts.append(f'<text x="{LEFT + WIDE / 2}" y="{TOP + HIGH + 34}" text-anchor="middle">回答率</text>')
    return "".join(parts)
