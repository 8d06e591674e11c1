"""Which draft is given, or the refusal: the answerers in the order in which they are asked, the first that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answer.answerer import Answerer, Sources, rated
from rag.answer.clause import Clause
from rag.answer.comparison import Tables
from rag.answer.growth import Growth
from rag.answer.lists import Lists
from rag.answer.namesakes import Namesakes
from rag.answer.summary import Summary
from rag.types import TABLES, Draft, Query

if TYPE_CHECKING:
    from rag.retrieve.found import Found

# A row for each way of answering; those that need more of the question come first.
ANSWERERS: tuple[Callable[[Sources], Answerer], ...] = (Namesakes, Tables, Summary, Lists, Growth, Clause)


class Selector:
    """Selects the draft that answers a question from one index."""

    def __init__(self, sources: Sources) -> None:
        self._answerers = tuple(answerer(sources) for answerer in ANSWERERS)

    def select(self, query: Query, found: Found) -> Draft:
        """The first draft for `query`, or for one of the finished questions that are close to it; one without
        statements, which says why, when the reports do not say."""
        if query.type == "beyond":
            return Draft(reason="beyond")
        if query.unknown_places and not query.places:
            return self._around(query, found)
        for reading in (query, query.instead.one_figure):
            draft = self._first(reading, found.of(reading.search)) if reading else None
            if draft:
                return draft
        return _withheld(query, found.of((query.instead.one_figure or query).search))

    def _around(self, query: Query, found: Found) -> Draft:
        """What the reports of the place around say of one that has none, where they say anything."""
        wider = query.instead.around
        draft = self._first(wider, found.of(wider.search)) if wider else None
        return replace(draft, asked=wider) if draft and draft.statements else Draft(reason="place")

    def _first(self, query: Query, found: Found) -> Draft | None:
        """What the first of the answerers that does not leave the question to others says."""
        return next(self._drafts(query, found), None)

    def _drafts(self, query: Query, found: Found) -> Iterator[Draft]:
        for answerer in self._answerers:
            if draft := answerer.draft(query, found):
                yield replace(draft, answerer=answerer.name)


def _withheld(query: Query, found: Found) -> Draft:
    """The refusal of what none of the answerers answers."""
    if not found.sure:
        return rated(Draft(reason="unsure"), found)
    return rated(Draft(reason="sides" if query.type in TABLES else "silent"), found)
