"""Which lines belong together: hard-wrapped lines and paragraphs cut in mid-sentence.

A break inside a word is not a break. Where no word spans the break, weaker signs are weighed: what the line before
leaves open, how the next one begins, and whether its neighbourhood is wrapped at a fixed width.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from index.lines import Line, display_width
from index.roles import is_byline, is_caption, is_furniture, names_an_era

JOIN_FROM = 2.0  # the sum of signs from which two lines are one
NEIGHBOURHOOD = 12  # lines on either side in which a certain wrap tells the width of the wrapping
_OPENING, _CLOSING = "“‘「『（(《【[", "”’」』）)》】]"
_CJK = re.compile(r"[\u4e00-\u9fff]")
_FIGURE = re.compile(r"\d")
_COMPLETE = re.compile(r"(\d[\d.,]*\s*[万亿千百]?余?\s*[^\d\s，。；、]{0,3}|[%％])(以上|以下|左右|以内|余)?$")
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
    if text[-1] in "、，,（(“《":
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


def join_lines(lines: Sequence[Line]) -> list[list[Line]]:
    """Groups of lines, each group one block, in order."""
    wraps = _wrap_widths(lines)
    groups: list[list[Line]] = []
    for i, line in enumerate(lines):
        if i and is_byline(line.text) and not is_caption(lines[i - 1].text):
            groups[-1].append(line)  # a photographer's line belongs to the caption above it
            continue
        if i == 0 or not _may_join(lines[i - 1], line):
            groups.append([line])
            continue
        # A line much wider or narrower was not wrapped together with those neighbours.
        width = display_width(lines[i - 1].text)
        near = [w for j, w in wraps.items() if abs(j - i) <= NEIGHBOURHOOD and width / 1.5 <= w <= 1.5 * width]
        joins = i - 1 in wraps or _signs(lines[i - 1], line, min(near, default=None)) >= JOIN_FROM
        if joins:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups
