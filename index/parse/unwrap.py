"""Which lines belong together: hard-wrapped lines and paragraphs cut in mid-sentence.

A break inside a word is not a break. Where no word spans the break, weaker signs are weighed: what the line before
leaves open, how the next one begins, and whether its neighbourhood is wrapped at a fixed width.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from index.parse.block_types import is_byline, is_caption, is_furniture, names_an_era
from index.parse.line_breaks import Break, complete_figure, running_text, weight
from index.parse.lines import Line, display_width

JOIN_FROM = 2.0  # the sum of signs from which two lines are one
FULL_LINES = 2.0  # the sign that a line fills its column
SHORTEST_COLUMN, LONGEST_COLUMN = 24.0, 60.0  # full-width characters
INDENTED = 0.3  # share of lines that are set in from which setting in means something
SPACED, SPACED_LINES = 0.8, 10  # share, and least number, of finished lines with a blank line below them
NEIGHBOURHOOD = 12  # lines on either side in which a certain wrap tells the width of the wrapping
_CJK = re.compile(r"[\u4e00-\u9fff]")


def word_spans_break(before: str, after: str) -> bool:
    """Whether segmenting the joined text gives a word that lies across the break."""
    import rjieba

    head, tail = before[-10:], after[:10]
    position = 0
    for word in rjieba.cut(head + tail):
        if position < len(head) < position + len(word):
            return _CJK.search(word) is not None or word.isalnum()
        position += len(word)
    return False


def _may_join(before: Line, after: Line) -> bool:
    if after.marked or before.finished or (before.marker or "").startswith("#"):
        return False
    if any(is_furniture(x.text) or is_caption(x.text) or names_an_era(x.text) for x in (before, after)):
        return False
    return after.blank_before <= 2


def _wrap_widths(lines: Sequence[Line]) -> dict[int, float]:
    """Width of each line after which a word goes on in the next line."""
    return {
        i: display_width(a.text)
        for i, (a, b) in enumerate(itertools.pairwise(lines))
        if _may_join(a, b) and word_spans_break(a.text, b.text)
    }


def _sets_in(lines: Sequence[Line]) -> bool:
    """Whether the text sets in the first line of each paragraph, so that a line that is not set in goes on."""
    indented = sum(line.indented for line in lines)
    return indented >= 5 and indented >= INDENTED * len(lines)


def _spaced(lines: Sequence[Line]) -> bool:
    """Whether the text parts its paragraphs by blank lines, so that a line right below running text goes on with it:
    what is left of a link in a page that was copied from the web."""
    parted = [after.blank_before > 0 for before, after in itertools.pairwise(lines) if before.finished]
    return len(parted) >= SPACED_LINES and sum(parted) >= SPACED * len(parted)


def join_lines(lines: Sequence[Line]) -> list[list[Line]]:
    """Groups of lines, each group one block, in order of their first lines. Furniture between two halves of a
    paragraph is a group of its own behind it."""
    wraps = _wrap_widths(lines)
    sets_in, spaced = _sets_in(lines), _spaced(lines)
    groups: list[list[Line]] = []
    text: list[Line] = []  # the latest group that is not furniture
    for i, line in enumerate(lines):
        if is_furniture(line.text) and not is_byline(line.text):
            groups.append([line])
        elif text and ((spaced and _right_below(text, line)) or _goes_on(text, i, lines, wraps, sets_in=sets_in)):
            text.append(line)
        else:
            text = [line]
            groups.append(text)
    return groups


def _right_below(text: Sequence[Line], line: Line) -> bool:
    """Whether `line` follows the running text of a block without a blank line, and is nothing of its own."""
    if line.blank_before or line.marked or (text[0].marked and text[-1].finished):
        return False
    if is_furniture(line.text) or is_caption(line.text) or names_an_era(line.text):
        return False
    return text[0].text.startswith("——") or any(running_text(before.text) for before in text)


def _goes_on(text: list[Line], i: int, lines: Sequence[Line], wraps: dict[int, float], *, sets_in: bool) -> bool:
    """Whether line `i` continues the block `text`."""
    line = lines[i]
    before = text[-1]
    if is_byline(line.text) and not is_caption(before.text):
        return True  # a photographer's line belongs to the caption above it
    if sets_in and text[0].indented:
        return not (line.indented or line.marked or is_caption(line.text))
    if not _may_join(before, line):
        return False
    if word_spans_break(before.text, line.text):
        return True
    running = running_text(before.text) and running_text(line.text) and not complete_figure(before.text)
    full = FULL_LINES if running and _full(lines, i - 1) else 0
    return weight(Break.between(before.text, line.text, _narrowest(before, i, wraps))) + full >= JOIN_FROM


def _narrowest(before: Line, i: int, wraps: dict[int, float]) -> float | None:
    """Width of the narrowest certain wrap near line `i`; None where nothing is wrapped. A line much wider or narrower
    than `before` was not wrapped together with it."""
    width = display_width(before.text)
    around = [wraps[j] for j in range(i - NEIGHBOURHOOD, i + NEIGHBOURHOOD + 1) if j in wraps]
    return min((w for w in around if width / 1.5 <= w <= 1.5 * width), default=None)


def _full(lines: Sequence[Line], i: int) -> bool:
    """Whether line `i` is as long as the longest lines around it, and there are several of that length: a column."""
    width = display_width(lines[i].text)
    around = [display_width(line.text) for line in lines[max(0, i - NEIGHBOURHOOD) : i + NEIGHBOURHOOD]]
    longest = max(around)
    return (
        SHORTEST_COLUMN <= width <= LONGEST_COLUMN
        and width >= 0.92 * longest
        and sum(w >= 0.92 * longest for w in around) > 1
    )
