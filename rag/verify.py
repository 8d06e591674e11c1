"""The one gate that every draft passes: what it lets through is cited, verbatim, and fits the question."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from index.types import Context, Paragraph, Span
from rag.constraints import kind_fits, time_fits
from rag.types import Citation, Draft, Query, Statement

if TYPE_CHECKING:
    from index.store import Store

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def numbers(text: str) -> set[str]:
    """The figures in `text`, in half width and without thousands commas."""
    folded = unicodedata.normalize("NFKC", text)
    return {n.replace(",", "") for n in _NUMBER.findall(folded)}


def passes(statement: Statement, query: Query, store: Store) -> bool:
    """Whether a statement may be shown: its paragraph can be cited, its words stand in its quote with no figure cut,
    its context is one that the paragraph has there, and place, time and kind are those asked for."""
    try:
        paragraph = store.paragraph(statement.paragraph_id)
    except KeyError:
        return False
    quote = paragraph.text[statement.start : statement.end]
    context = statement.context
    return (
        paragraph.citable
        and 0 <= statement.start < statement.end <= len(paragraph.text)
        and bool(statement.words.strip())
        and any(_whole_figures(quote, m.start(), m.end()) for m in re.finditer(re.escape(statement.words), quote))
        and _whole_figures(paragraph.text, statement.start, statement.end)
        and context in _contexts(paragraph, statement, store)
        and (not query.places or context.place in query.places)
        and time_fits(context, query.years, query.period)
        and kind_fits(query.kind, context.kind)
    )


def _whole_figures(text: str, start: int, end: int) -> bool:
    """Whether neither edge of ``text[start:end]`` lies inside a figure: “500家” is not to be cut out of “2500家”."""
    return not (_cuts(text, start) or _cuts(text, end))


def _cuts(text: str, edge: int) -> bool:
    before, after = text[max(0, edge - 2) : edge], text[edge : edge + 2]
    return re.search(r"\d[.,]?$", before) is not None and re.match(r"[.,]?\d", after) is not None


def _contexts(paragraph: Paragraph, statement: Statement, store: Store) -> set[Context]:
    """The contexts that a paragraph has at the place of a statement."""
    there = (p for p in store.passages_of(paragraph.id) if p.start < statement.end and statement.start < p.end)
    return {paragraph.context, *(p.context for p in there)}


def checked(draft: Draft, query: Query, store: Store) -> tuple[Statement, ...]:
    """The statements of a draft that pass, in order; a comparison that keeps fewer than two sides keeps none."""
    kept = tuple(s for s in draft.statements if passes(s, query, store))
    return () if draft.table and len(kept) < 2 else kept


def file_spans(paragraph: Paragraph, start: int, end: int) -> tuple[Span, ...]:
    """Where ``paragraph.text[start:end]`` stands in the decoded file."""
    spans = []
    position = 0
    for a, b in paragraph.spans:
        left, right = max(start, position), min(end, position + b - a)
        if left < right:
            spans.append((a + left - position, a + right - position))
        position += b - a
    return tuple(spans)


def citation(statement: Statement, marker: int, store: Store) -> Citation:
    """The evidence of a statement that passed."""
    paragraph = store.paragraph(statement.paragraph_id)
    report = store.report(paragraph.report_id)
    return Citation(
        marker=marker,
        paragraph_id=paragraph.id,
        report=report.id,
        title=report.title,
        section=paragraph.section,
        place=statement.context.place,
        year=statement.context.year,
        period=statement.context.period,
        kind=statement.context.kind,
        text=paragraph.text,
        quote=paragraph.text[statement.start : statement.end],
        start=statement.start,
        end=statement.end,
        file=report.file,
        spans=file_spans(paragraph, statement.start, statement.end),
    )
