"""A growth that no report states: the figures of a year and of the one before it, from which it is worked out."""

from __future__ import annotations

from dataclasses import replace

from rag.answer.answerer import Sources
from rag.answer.clause import share_for_amount
from rag.answer.comparison import Tables
from rag.retrieve.found import Found
from rag.types import Draft, Query
from rag.understand import cues


class Growth:
    """Answers how much one year grew over the one before it, where the report itself does not say so."""

    name = "growth"

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._tables = Tables(sources)

    def draft(self, query: Query, found: Found) -> Draft | None:
        """Both years side by side; None for other questions and where the best hit states the growth."""
        both = query.instead.both_years
        if both is None or query.instead.one_figure or not found.ranked or share_for_amount(query, found.ranked[0]):
            return None
        if self._states_growth(found):
            return None
        table = self._tables.tabled(both, found.of(both.search))
        return replace(table, reason="both_years", asked=both) if table.statements else None

    def _states_growth(self, found: Found) -> bool:
        """Whether the sentence of the best hit says how much it grew."""
        best, cutter = found.ranked[0], self._sources.cutter
        stated = self._sources.measures.facts(best.hit.passage.paragraph_id, *cutter.sentence_span(best))
        if any(fact.relation in ("growth", "change") for fact in stated):
            return True
        return cues.THAN_BEFORE.search(cutter.sentence(best).words) is not None


ANSWERER = Growth
