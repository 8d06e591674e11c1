"""The raw lines of a report: their text, place in the file, list marker and numbering."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from index.types import Span

BULLET = re.compile(r"(?:[-*+](?:\s+|$)|[•●◆▲★◎○■▪➢▶]\s*)")
INDENT = re.compile(r"(?:\u3000{2}|[ \u3000]{4}|\t)[ \u3000\t]*\S")
HASHES = re.compile(r"(#{1,6})\s*(?=\S|$)")
# Outermost first: the order in which Chinese official documents nest their numbering (GB/T 9704-2012, 7.3.3),
# with the looser forms of newspapers behind.
NUMBERINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("章", re.compile(r"第([一二三四五六七八九十百\d]{1,4})[编篇部章]分?[\s、]*")),
    ("节", re.compile(r"第([一二三四五六七八九十百\d]{1,4})节[\s、]*")),
    ("一、", re.compile(r"([一二三四五六七八九十]{1,3})、\s*")),
    ("（一）", re.compile(r"[（(]([一二三四五六七八九十]{1,3})[)）]\s*")),
    ("1 ", re.compile(r"(\d{1,2})\s+(?=[\u4e00-\u9fff])")),
    ("1.", re.compile(r"(\d{1,2})(?:\.(?!\d)|．|、)\s*")),
    ("(1)", re.compile(r"[（(](\d{1,2})[)）]\s*")),
    ("[1]", re.compile(r"[\[〔［](\d{1,2})[\]〕］]\s*")),
    ("①", re.compile(r"([①-⑳])\s*")),
)
# What web pages and editors leave between characters; a line of nothing else is not there, not even as a blank line.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_CONTENT = re.compile(rf"[^\s{_INVISIBLE}](?:.*[^\s{_INVISIBLE}])?")
TERMINAL = re.compile(r"[。！？!?；;…：:][”’」』)）]*$")
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, without its list marker. `start` and `end` place `text` in the file."""

    text: str
    start: int
    end: int
    marker: str | None  # "#", "##", "-", "●" ...: not part of the text
    style: str | None  # of its numbering, a key of NUMBERINGS: part of the text
    number: int | None
    blank_before: int  # blank lines since the line before
    indented: bool = False  # set in as the first line of a paragraph is

    @property
    def span(self) -> Span:
        return (self.start, self.end)

    @property
    def marked(self) -> bool:
        return self.marker is not None or self.style is not None

    @property
    def finished(self) -> bool:
        """Whether it ends as a sentence ends."""
        return TERMINAL.search(self.text) is not None


def chinese_number(text: str) -> int:
    """Value of a numbering below a hundred: 十二 -> 12, ⑫ -> 12, "3" -> 3. Raises ValueError for anything else."""
    if text.isdigit() and text.isascii():
        return int(text)
    if len(text) == 1 and unicodedata.category(text) == "No":
        return int(unicodedata.numeric(text))
    tens, ten, ones = text.rpartition("十")
    if any(c not in _DIGITS for c in tens + ones):
        raise ValueError(f"not a numbering below a hundred: {text!r}")
    value = (_DIGITS[tens] if tens else 1) * 10 if ten else 0
    return value + (_DIGITS[ones] if ones else 0)


def numbering(text: str) -> tuple[str, int] | None:
    """The style and value of the numbering that `text` begins with, or None."""
    for style, pattern in NUMBERINGS:
        if match := pattern.match(text):
            try:
                return style, chinese_number(match[1])
            except ValueError:
                return None
    return None


def split_lines(text: str) -> list[Line]:
    """The lines of a file that are not blank, in order."""
    lines: list[Line] = []
    position = blanks = 0
    for raw in text.split("\n"):
        found = _CONTENT.search(raw)
        start = position + (found.start() if found else 0)
        position += len(raw) + 1
        if not found:
            blanks += not raw.strip()
            continue
        content, marker = found[0], None
        if match := HASHES.match(content) or BULLET.match(content):
            marker = match[0].strip()
            start += match.end()
            content = content[match.end() :]
        if content:
            style, number = numbering(content) or (None, None)
            indented = INDENT.match(raw) is not None
            lines.append(Line(content, start, start + len(content), marker, style, number, blanks, indented))
            blanks = 0
    return lines


def display_width(text: str) -> float:
    """Width in full-width characters: a half-width character counts half."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.5 for c in text)
