"""A name that several covered places have: what each of them has, and the question which is meant."""

from __future__ import annotations

from dataclasses import replace

from rag.answer.answerer import Sources
from rag.answer.comparison import Tables
from rag.retrieve.found import Found
from rag.types import Draft, Query
from rag.wording.sentences import which_one


class Namesakes:
    """Answers for each of the places that a name may mean."""

    name = "namesakes"

    def __init__(self, sources: Sources) -> None:
        self._tables = Tables(sources)

    def draft(self, query: Query, found: Found) -> Draft | None:
        """One line for each place with the question which is meant; without lines, for what no table holds, the
        question alone."""
        if not query.shared:
            return None
        table = self._tables.tabled(query, found) if query.type == "compare" else Draft(reason="unsure")
        reason = "namesakes" if table.statements else table.reason
        return replace(table, notes=(*table.notes, which_one(*query.shared)), reason=reason)


ANSWERER = Namesakes
