"""The last step of understanding: what follows from a question that is read, so that no later stage rewrites it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.types import Coverage
from rag.types import TABLES, Instead, Query
from rag.understand.asked import asked_figures
from rag.understand.asked_places import around, short_name
from rag.understand.topic import subject


def finished(query: Query, parts: Sequence[str], coverage: Coverage, *, by_itself: Query | None = None) -> Query:
    """`query` with its subject, with each of the topics `parts` as a question of its own, and with the questions that
    may be answered in its stead; `by_itself` is one of those."""
    query = replace(query, subject=subject(query.topic))
    wider = _around(query, coverage)
    single = replace(query, type="number") if query.type in TABLES else None
    instead = Instead(
        by_itself=finished(by_itself, parts, coverage) if by_itself else None,
        one_figure=finished(single, parts, coverage) if single else None,
        around=finished(wider, parts, coverage) if wider else None,
        both_years=_both_years(query),
    )
    return replace(query, parts=tuple(_part(query, topic) for topic in parts), instead=instead)


def _part(query: Query, topic: str) -> Query:
    """One of several things that are asked, at the same place and time: which figures, its own words say."""
    said = asked_figures(topic)
    figures = replace(query.asked.figures, how_many=said.how_many, rates=said.rates)
    return replace(query, topic=topic, asked=replace(query.asked, figures=figures))


def _around(query: Query, coverage: Coverage) -> Query | None:
    """What the reports of the place around say of the one place without a report that is asked about, by its name."""
    if query.places or len(query.unknown_places) != 1 or not query.topic:
        return None
    within = around(query.unknown_places, coverage)
    if not within or query.type in (*TABLES, "summary", "beyond"):
        return None
    names = (*query.names, short_name(query.unknown_places[0], coverage))
    return replace(query, places=within, unknown_places=(), names=names)


def _both_years(query: Query) -> Query | None:
    """The figures of a year and of the one before it, for a question of how much one grew over the other."""
    if not (query.asked.table.operations and len(query.years) == 1 and query.asked.figures.than_before):
        return None
    year = query.years[0]
    return replace(query, type="compare", years=(year - 1, year))
