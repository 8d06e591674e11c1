"""Which draft is given, or the refusal: of all that the answerers draft the one that is likeliest right.

A module of `rag.answer` that names its class `ANSWERER` is a way of answering; there is no list of them elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import rag.answer
from index.search.filter import ANSWERING
from rag.answer.answerer import Answerer, Sources, rated
from rag.answer.rating import features, probability
from rag.retrieve.ranking import Threshold
from rag.types import TABLES, Draft, DraftFeatures, Query, Withheld
from rag.wording.sentences import of_other_kind, unsaid

if TYPE_CHECKING:
    from rag.retrieve.found import Found


@cache
def answerers() -> tuple[Callable[[Sources], Answerer], ...]:
    """Every way of answering there is, by the names of their modules."""
    modules = (import_module(f"{rag.answer.__name__}.{found.name}") for found in iter_modules(rag.answer.__path__))
    return tuple(module.ANSWERER for module in modules if hasattr(module, "ANSWERER"))


class Selector:
    """Selects the draft that answers a question from one index."""

    def __init__(self, sources: Sources, threshold: Threshold) -> None:
        """`threshold` decides from which probability on a draft is given."""
        self._retriever = sources.retriever
        self._threshold = threshold
        self._answerers = tuple(answerer(sources) for answerer in answerers())

    def select(self, query: Query, found: Found) -> Draft:
        """The likeliest draft for `query`, or for one of the finished questions that are close to it; one without
        statements, which says why, when the reports do not say."""
        if query.type == "beyond":
            return self._refusal(Draft(reason="beyond"))
        best = Draft()
        for reading in self.readings(query):
            draft = max(self.drafts(reading, found.of(reading.search)), key=_weight, default=None)
            if draft is None:
                continue
            if draft.withheld:
                return self._refusal(draft, best)
            if self._threshold.reached(draft.probability):
                return _told(query, reading, draft)
            best = max(best, draft, key=lambda d: d.probability)
        return self._withheld(query, found, best)

    def drafts(self, query: Query, found: Found) -> Iterator[Draft]:
        """What each of the answerers that do not leave the question to others drafts."""
        for answerer in self._answerers:
            if draft := answerer.draft(query, found):
                known = features(query, draft)
                sure = probability(known) if draft.statements else 0.0
                yield replace(draft, answerer=answerer.name, features=known, probability=sure)

    def readings(self, query: Query) -> Iterator[Query]:
        """The question, and those that may be answered in its stead, in the order in which they are tried; none of one
        that goes beyond the reports."""
        if query.type == "beyond":
            return
        if query.unknown_places and not query.places:
            if query.instead.around:
                yield query.instead.around
            return
        single = query.instead.one_figure
        yield query
        if single:
            yield single
        last = single or query
        admitted = self._retriever.meeting(last.filter)
        for step in ANSWERING:
            wider = replace(last, relaxed=step)
            if self._retriever.meeting(wider.filter) > admitted:  # else it would find the same
                yield wider

    def _withheld(self, query: Query, found: Found, best: Draft) -> Draft:
        """The refusal of what none of the answerers answers; `best` is the likeliest of what they drafted."""
        if query.unknown_places and not query.places:
            return self._refusal(Draft(reason="place"), best)
        found = found.of((query.instead.one_figure or query).search)
        silent = found.sure and not best.statements
        reason: Withheld = "unsure" if not silent else "sides" if query.type in TABLES else "silent"
        return self._refusal(rated(Draft(reason=reason), found), best)

    @staticmethod
    def _refusal(draft: Draft, best: Draft | None = None) -> Draft:
        """A draft that withholds an answer, with the probability that this is right; `best` is what it withholds."""
        known = DraftFeatures(reason=draft.reason, withheld=best.probability if best else 0.0)
        return replace(draft, features=known, probability=probability(known))


def _weight(draft: Draft) -> float:
    """What a draft weighs among others: one that says that there is no answer leaves no room for another."""
    return math.inf if draft.withheld else draft.probability


def _told(query: Query, reading: Query, draft: Draft) -> Draft:
    """A draft with what a reader should know who asked `query` where `reading` is answered."""
    contexts = [s.context for s in draft.statements]
    notes = [of_other_kind(reading.kind, contexts)] if reading.kind and "kind" in reading.filter.guessed else []
    notes += [unsaid(contexts)] if reading.relaxed == "unsaid" else []
    draft = replace(draft, notes=(*draft.notes, *filter(None, notes)))
    wider = reading.relaxed or reading is query.instead.around
    return replace(draft, asked=draft.asked or reading) if wider else draft
