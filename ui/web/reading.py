"""A report as it reads: its blocks as HTML, its paragraph numbers, and where a citation stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

from index.types import Coverage, Paragraph, Report, Span

NUMBERED = ("paragraph", "item")
JOIN = '<i class="join" title="原文在此断开" aria-hidden="true"></i>'


class Shelf(Protocol):
    """The part of `index.storage.store.Store` that the faces read."""

    @property
    def reports(self) -> Sequence[Report]: ...
    @property
    def paragraphs(self) -> Sequence[Paragraph]: ...
    @property
    def coverage(self) -> Coverage: ...
    def blocks(self, report_id: str) -> Sequence[Paragraph]: ...


class Reading:
    """The reports of a shelf, to be looked up and shown. Numbers are made once per report, on first use."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._reports = {report.id: report for report in shelf.reports}
        self._numbers: dict[str, dict[str, int]] = {}

    def report(self, report_id: str) -> Report | None:
        return self._reports.get(report_id)

    def number(self, report_id: str, paragraph_id: str) -> int | None:
        """The number printed beside a paragraph; None for headings, captions, tables and what is not there."""
        if report_id not in self._reports:
            return None
        if report_id not in self._numbers:
            self._numbers[report_id] = paragraph_numbers(self.shelf.blocks(report_id))
        return self._numbers[report_id].get(paragraph_id)

    def html(self, report_id: str) -> str | None:
        """The whole report, or None when the shelf does not hold it."""
        return report_html(self.shelf.blocks(report_id)) if report_id in self._reports else None

    @property
    def citable(self) -> int:
        """How many paragraphs an answer may cite."""
        return sum(paragraph.citable for paragraph in self.shelf.paragraphs)


def paragraph_numbers(blocks: Sequence[Paragraph]) -> dict[str, int]:
    """Paragraphs and list items counted from 1 in reading order. Of two blocks with one id, the canonical counts."""
    numbers: dict[str, int] = {}
    numbered = (block for block in blocks if block.role in NUMBERED)
    for number, block in enumerate(numbered, start=1):
        if block.duplicate_of is None or block.id not in numbers:
            numbers[block.id] = number
    return numbers


def report_html(blocks: Sequence[Paragraph]) -> str:
    """Every block in reading order; each carries its id, so that the page can lift it."""
    out: list[str] = []
    number = 0
    for block in blocks:
        number += block.role in NUMBERED
        out.append(block_html(block, number if block.role in NUMBERED else None))
    return "\n".join(out)


def block_html(block: Paragraph, number: int | None) -> str:
    """One block. Its text content, marks apart, is exactly `block.text`: offsets in it stay true in the page."""
    text = joined_html(block.text, block.spans)
    key = f'data-id="{escape(block.id)}"'
    copy = " dup" if block.duplicate_of is not None else ""
    if block.role == "title":
        return f'<h2 class="rt" {key}>{text}</h2>'
    if block.role == "heading":
        level = min(max(block.level or 1, 1), 3)
        return f'<h{level + 2} class="rh l{level}{copy}" {key}>{text}</h{level + 2}>'
    if block.role in ("caption", "furniture"):
        return f'<p class="{"cap" if block.role == "caption" else "furn"}{copy}" {key}>{text}</p>'
    shown = f' data-n="¶ {number}"' if number else ""
    note = ' title="这一段与前文重复"' if copy else ""
    return f'<p class="par {block.role}{copy}"{shown} {key}{note}>{text}</p>'


def joined_html(text: str, spans: Sequence[Span]) -> str:
    """The escaped text with a mark at each place where two source lines were joined."""
    out, last = [], 0
    for place in join_places(text, spans):
        out.append(escape(text[last:place]))
        last = place
    return JOIN.join([*out, escape(text[last:])])


def join_places(text: str, spans: Sequence[Span]) -> tuple[int, ...]:
    """Offsets in `text` where one source line ends and the next begins; none when the spans do not add up to it."""
    lengths = [end - start for start, end in spans]
    gap = 1 if sum(lengths) + len(lengths) - 1 == len(text) else 0
    if len(lengths) < 2 or sum(lengths) + gap * (len(lengths) - 1) != len(text):
        return ()
    places, at = [], 0
    for length in lengths[:-1]:
        at += length + gap
        places.append(at)
    return tuple(places)
