"""Statements that passed the gate -> the rows of a table, what is computed of them, and what a reader should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.annotate.passages import when
from rag.answer.computed import Side, computed
from rag.answer.figures import Measure, Measures
from rag.types import Computed, Query, Row, Statement
from rag.understand.units import main_quantity
from rag.wording import sentences as phrase


@dataclass(frozen=True, slots=True)
class Table:
    """The table of an answer; empty for an answer that is none."""

    rows: tuple[Row, ...] = ()
    computed: tuple[Computed, ...] = ()
    notes: tuple[str, ...] = ()


def tabulated(query: Query, marked: Sequence[tuple[Statement, int]], measures: Measures) -> Table:
    """The table of statements with their markers, one row each."""
    chosen = measures.chosen(query, [s for s, _ in marked])
    rows = tuple(_row(query, s, m, measure) for (s, m), measure in zip(marked, chosen, strict=True))
    sides = [Side(s.context, m, measure) for (s, m), measure in zip(marked, chosen, strict=True)]
    lines, notes = computed(query, sides)
    same = len({measure.key if measure else None for measure in chosen}) == 1
    differing = None if same and query.type != "compare" else phrase.differing(rows, same=same)
    return Table(rows, lines, (*notes, *([f"{differing}。"] if differing else [])))


def _row(query: Query, statement: Statement, marker: int, measure: Measure | None) -> Row:
    context, words = statement.context, statement.words
    place = phrase.literal(context.place or "")
    if measure:
        return Row(place, when(context), context.kind, measure.text, phrase.literal(measure.indicator), marker)
    start, end = main_quantity(words, query.unit) or (0, 0)
    wording = phrase.literal((phrase.indicator(words[:start]) if end else words) or words)
    return Row(place, when(context), context.kind, phrase.literal(words[start:end]), wording, marker)
