"""Which lines belong together: hard-wrapped lines and paragraphs cut in mid-sentence.

A break inside a word is not a break. Where no word spans the break, weaker signs are weighed: what the line before
leaves open, how the next one begins, and whether its neighbourhood is wrapped at a fixed width.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from index.parse.block_types import is_byline, is_caption, is_furniture, names_an_era
from index.parse.lines import Line, display_width

JOIN_FROM = 2.0  # the sum of signs from which two lines are one
FULL_LINES = 2.0  # the sign that a line fills its column
SHORTEST_COLUMN, LONGEST_COLUMN = 24.0, 60.0  # full-width characters
INDENTED = 0.3  # share of lines that are set in from which setting in means something
SPACED, SPACED_LINES = 0.8, 10  # share, and least number, of finished lines with a blank line below them
NEIGHBOURHOOD = 12  # lines on either side in which a certain wrap tells the width of the wrapping
_OPENING, _CLOSING = "“‘「『（(《【[", "”’」』）)》】]"
_CJK = re.compile(r"[\u4e00-\u9fff]")
_FIGURE = re.compile(r"\d")
_COMPLETE = re.compile(r"(\d[\d.,]{0,24}+\s*+[万亿千百]?余?\s*+[^\d\s，。；、]{0,3}|[%％])(以上|以下|左右|以内|余)?$")
_GENRE = re.compile(
    r"[\u4e00-\u9fff]{0,14}(?:公报|报告|方案|通知|意见|规划|纲要|办法|计划|细则|条例|解读|摘要)(?:[（(].{2,14}[)）])?"
)
_FRAGMENT_FIRST = re.compile(
    r"(?!今年|去年|明年|全年|目前|当前|近年|其中|同时|此外|另外|为此|但是|因此|例如|比如)[^，。；、：\d]{1,2}[，。；]"
)  # “下，在区人大 …”: no sentence begins so


def _tagged(text: str) -> list[tuple[str, str]]:
    import rjieba

    return [(word, tag) for word, tag in rjieba.tag(text)]


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


def _left_open(text: str) -> bool:
    """Whether it ends in mid-list or with a quote or bracket still open."""
    if text[-1] in "、，,（(“《—":
        return True
    return any(text.count(o) > text.count(c) for o, c in zip(_OPENING, _CLOSING, strict=True) if o != "‘")


def _running_text(text: str) -> bool:
    return re.search(r"[，。；,]", text) is not None


def _signs(before: Line, after: Line, narrowest: float | None) -> float:
    """The sum of the signs that `after` continues `before`; `narrowest` is the width of the narrowest certain
    wrap nearby, None where nothing is wrapped."""
    a, b = before.text, after.text
    score = 0.0
    if _left_open(a) or b[0] in "，。、；！？：,;" + _CLOSING:
        score += 3
    if re.search(r"[，、；\u4e00-\u9fff]\d+$", a) and re.match(r"[\u4e00-\u9fff]", b) and display_width(a) >= 10:
        score += 3  # a figure that waits for its unit
    if _GENRE.fullmatch(b) and not _GENRE.fullmatch(a) and not _running_text(a):
        score += 2  # a title in two lines: “… 行动 | 实施方案”
    if re.search(r"\d$", a) and re.match(r"[\d.%％](?!\d{3}年)", b):
        score += 3
    if (display_width(a) >= 60 or re.search(r"。.", a)) and _running_text(b):
        score += 3  # a paragraph that stops in mid-sentence, and running text that goes on
    if narrowest is not None and display_width(a) >= narrowest - 0.5:
        score += 1 + (1 if _running_text(a) and _running_text(b) else 0)
    width = display_width(b)
    score += 2 if width <= 2 else 1 if width <= 4 else 0
    if _FRAGMENT_FIRST.match(b):
        score += 2
    last, first = _tagged(a[-12:]), _tagged(b[:12])
    begins_with_verb = first[0][1] == "v"
    if width <= 8 and not begins_with_verb and narrowest is not None:
        score += 1
    if len(last) >= 3 and [t[0] for _, t in last[-3:-1]] == ["v", "m"]:
        score += 1  # “加快2处”: a number and its measure word still wait for their noun
    if re.match(r"\d", b) and not _FIGURE.search(a) and narrowest is not None:
        score += 1  # “引进人工智能项目 | 10个以上”
    if begins_with_verb and _COMPLETE.search(a):
        score -= 2
    return score


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
    return text[0].text.startswith("——") or any(_running_text(before.text) for before in text)


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
    # A line much wider or narrower was not wrapped together with those neighbours.
    width = display_width(before.text)
    around = [wraps[j] for j in range(i - NEIGHBOURHOOD, i + NEIGHBOURHOOD + 1) if j in wraps]
    near = [w for w in around if width / 1.5 <= w <= 1.5 * width]
    if word_spans_break(before.text, line.text):
        return True
    running = _running_text(before.text) and _running_text(line.text) and not _COMPLETE.search(before.text)
    full = FULL_LINES if running and _full(lines, i - 1) else 0
    return _signs(before, line, min(near, default=None)) + full >= JOIN_FROM


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
