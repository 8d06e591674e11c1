"""What stands around the text of a saved page: lines that describe it (标题：…, 发文单位：…), what is left of menus.

All are told by their form. A description is a run of lines `key：value` at the head of the file, no key twice, and
one of the keys is such as only pages have; a menu is a run of short lines, some of them nothing but marks (|, >>, 【).
Behind the text it is a longer run, in which the page has its numbers (of its licence, its record with the police).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from index.parse.block_types import is_date
from index.parse.lines import Line, display_width

Field = Literal["title", "publisher", "date", "other"]

FEWEST_KEYS = 2  # lines of a description; one alone may be the beginning of the text
LONGEST_VALUE = 300.0  # full-width characters
LONGEST_ENTRY, FEWEST_MARKS = 16.0, 3  # of a menu: the width of a line, and how many are nothing but marks
LONGEST_LINK, FEWEST_LINKS, FEWEST_NUMBERS = 26.0, 8, 3  # behind the text: width, lines, and lines that are no words
SHORTEST_TITLE = 5
_KEYED = re.compile(r"([\u4e00-\u9fff]{2,8}(?:URL|url)?|[A-Za-z_ -]{3,16}|URL)\s{0,4}[:：]\s{0,4}(\S.*)")
_TEXT_FOLLOWS = re.compile(r"[正全]文[:：]?")
_TITLE = r"[\u4e00-\u9fff]{0,2}(?:标题|题[目名])"
_ISSUED = "[发制成印公主][文布发稿办]"  # 发文, 印发, 公布
_KEYS: tuple[tuple[Field, re.Pattern[str]], ...] = (
    ("title", re.compile(rf"{_TITLE}|(?:文[件章]|报告)?名称|title", re.I)),
    ("publisher", re.compile(rf"{_ISSUED}(?:单位|机[构关]|部门)|publisher", re.I)),
    ("date", re.compile(rf"(?:{_ISSUED})?(?:时间|日期)|date", re.I)),
)
# What only a page is described by: 时间 and 名称 alone may be those of anything.
_OF_A_PAGE = re.compile(rf"{_TITLE}|{_ISSUED}\w{{2}}|\w{{0,8}}URL|title|publisher", re.I)
_SENTENCE = re.compile(r"[，。；！、]")
_NO_WORDS = re.compile(r"\d{8}|^\W+$")  # 网站标识码：1300000013; ©
_DATE = re.compile(r"([12][09]\d\d)\s?[-年./]\s?(\d{1,2})\s?[-月./]\s?(\d{1,2})(?!\d)")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """How many of the first lines are no text, and which of them is the title, from which character on."""

    size: int = 0
    title: tuple[int, int] | None = None  # index of the line, offset in it


def field_of(text: str) -> tuple[Field, str] | None:
    """What a line `key：value` tells, and its value; None for any other line."""
    match = _KEYED.fullmatch(text)
    if match is None or display_width(match[2]) > LONGEST_VALUE or text.endswith(("。", "；", "！")):
        return None
    return next((field for field, key in _KEYS if key.fullmatch(match[1].strip())), "other"), match[2]


def told_by(texts: Iterable[str]) -> dict[Field, str]:
    """Publisher and date (ISO 8601) as lines of a description tell them; the first of each."""
    told: dict[Field, str] = {}
    for field, value in filter(None, map(field_of, texts)):
        if field == "date":
            value = "-".join(part.zfill(2) for part in found.groups()) if (found := _DATE.match(value)) else ""
        if value:
            told.setdefault(field, value)
    return told


def front_matter(lines: Sequence[Line]) -> FrontMatter:
    """What of the first lines of a file is no text of the document."""
    described, title = _description(lines)
    menu = _menu(lines[described:])
    if title is None and menu:
        title = _title_in_menu(lines[described : described + menu], described)
    return FrontMatter(described + menu, title)


def _description(lines: Sequence[Line]) -> tuple[int, tuple[int, int] | None]:
    """How many of the first lines describe the page, and where the title stands in them."""
    keys: set[str] = set()
    told: dict[Field, tuple[int, int]] = {}
    size = 0
    for line in lines:
        found = field_of(line.text) if not line.marked else None
        key = line.text[: -len(found[1])].strip(" :：") if found else ""
        if found is None or key in keys:
            break
        keys.add(key)
        told.setdefault(found[0], (size, len(line.text) - len(found[1])))
        size += 1
    if len(keys) < FEWEST_KEYS or not any(map(_OF_A_PAGE.fullmatch, keys)):
        return 0, None
    follows = size < len(lines) and _TEXT_FOLLOWS.fullmatch(lines[size].text) is not None
    return size + follows, told.get("title")


def _menu(lines: Sequence[Line]) -> int:
    """How many of the first lines are left of a menu: those up to the last that is nothing but marks."""
    marks = []
    for i, line in enumerate(lines):
        if line.style or display_width(line.text) > LONGEST_ENTRY or line.text.endswith(("。", "；", "！", "？")):
            break
        if not any(c.isalnum() for c in line.text):
            marks.append(i)
    return marks[-1] + 1 if len(marks) >= FEWEST_MARKS else 0


def links(lines: Sequence[Line]) -> frozenset[int]:
    """Which lines behind the head of a file are left of the menus around a text."""
    found: list[int] = []
    run: list[int] = []
    for i, line in enumerate(lines):
        if line.marked or display_width(line.text) > LONGEST_LINK or _SENTENCE.search(line.text):
            found += _if_links(lines, run)
            run = []
        else:
            run.append(i)
    return frozenset([*found, *_if_links(lines, run)])


def _if_links(lines: Sequence[Line], run: Sequence[int]) -> Sequence[int]:
    """The run of short lines if it is long and the page has its numbers in it; nothing otherwise."""
    numbers = sum(_NO_WORDS.search(lines[i].text) is not None for i in run)
    return run if len(run) >= FEWEST_LINKS and numbers >= FEWEST_NUMBERS else ()


def _title_in_menu(lines: Sequence[Line], offset: int) -> tuple[int, int] | None:
    """The title that stands above its date in what is left of a menu; `offset` lines are before."""
    for i, (line, after) in enumerate(pairwise(lines)):
        if len(line.text) >= SHORTEST_TITLE and is_date(after.text):
            return offset + i, 0
    return None
