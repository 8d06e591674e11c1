"""The raw lines of a report: their text, place in the file, list marker and numbering."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from index.text.numbers import number
from index.types import Span

BULLET = re.compile(r"(?:[-*+](?:\s+|$)|[•●◆▲★◎○■▪➢▶]\s*)")
INDENT = re.compile(r"(?<![ \u3000\t])(?:\u3000{2}|[ \u3000]{4}|\t)[ \u3000\t]*+\S")
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
# What shows nothing: controls, formats (zero widths, soft hyphen, bidi overrides, tags) and surrogates of Unicode, and
# the variation selectors and fillers that every font leaves out. No block holds them: they would hide a word from the
# search, or show another figure than the one that stands there. A tab is a space, and a break is a break.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]+"
)
_BREAK = re.compile("[\n\x0b\x0c\x85\u2028\u2029]")
_CONTENT = re.compile(r"\S(?:.*\S)?")
TERMINAL = re.compile(r"[。！？!?；;…：:][”’」』)）]*$")
_NUMERAL = re.compile("[一二三四五六七八九]?十[一二三四五六七八九]?|[零一二三四五六七八九]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, without its list marker. `text` is what stands in the file at `spans`, joined: there
    are several where characters that do not show stood between."""

    text: str
    spans: tuple[Span, ...]
    marker: str | None  # "#", "##", "-", "●" ...: not part of the text
    style: str | None  # of its numbering, a key of NUMBERINGS: part of the text
    number: int | None
    blank_before: int  # blank lines since the line before
    indented: bool = False  # set in as the first line of a paragraph is

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
    value = number(text) if _NUMERAL.fullmatch(text) else None
    if value is None:
        raise ValueError(f"not a numbering below a hundred: {text!r}")
    return int(value)


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
    for raw in _BREAK.split(text):
        shown = _shown(raw, position)
        position += len(raw) + 1
        clean = raw if shown is None else "".join(text[a:b] for a, b in shown)
        found = _CONTENT.search(clean)
        if not found:
            blanks += not raw.strip()  # a line of nothing but what does not show is not there, not even as a blank one
            continue
        start, content, marker = found.start(), found[0], None
        if match := HASHES.match(content) or BULLET.match(content):
            marker = match[0].strip()
            start += match.end()
            content = content[match.end() :]
        if content:
            style, number = numbering(content) or (None, None)
            indented = INDENT.match(clean) is not None
            spans = cut(shown or ((position - len(raw) - 1, position - 1),), start, start + len(content))
            lines.append(Line(content, spans, marker, style, number, blanks, indented))
            blanks = 0
    return lines


def _shown(raw: str, position: int) -> tuple[Span, ...] | None:
    """Where the characters of a line that show stand in a file that has the line at `position`; None: all of them."""
    shown: list[Span] = []
    left = 0
    for match in INVISIBLE.finditer(raw):
        if match.start() > left:
            shown.append((position + left, position + match.start()))
        left = match.end()
    if not left:
        return None
    if left < len(raw):
        shown.append((position + left, position + len(raw)))
    return tuple(shown)


def cut(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """Where the characters `start` to `end` of the text that `spans` make up stand in the file."""
    found: list[Span] = []
    position = 0
    for a, b in spans:
        left, right = max(start, position), min(end, position + b - a)
        if left < right:
            found.append((a + left - position, a + right - position))
        position += b - a
    return tuple(found)


def display_width(text: str) -> float:
    """Width in full-width characters: a half-width character counts half."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.5 for c in text)
