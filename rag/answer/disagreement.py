"""Reports that contradict each other: what another report says of a figure that an answer states.

A reader of one report cannot see that another one tells it otherwise: by mistake, by revision, or because somebody has
put a report of a false origin on the shelf. An answer does not choose silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from index.annotate.conflicts import agree, figure_key
from rag.answer.cutting import cut
from rag.types import Statement

if TYPE_CHECKING:
    from index.storage.store import Store
    from index.types import Fact

MOST_TOLD = 2  # contradictions that an answer tells


class Disagreement:
    """The figures of one index by what they are figures of."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._alike: dict[object, list[Fact]] = {}
        self._in_paragraph: dict[str, list[Fact]] = {}
        for fact in store.facts:
            self._in_paragraph.setdefault(fact.paragraph_id, []).append(fact)
            if (key := figure_key(fact)) is not None:
                self._alike.setdefault((key, fact.context.kind), []).append(fact)

    def with_others(self, statements: Iterable[Statement]) -> list[Statement]:
        """What other reports say of the same indicator, place, time and kind that cannot be right together with what
        `statements` say; none that `statements` hold already."""
        told: dict[tuple[str, int], Statement] = {}
        here = list(statements)
        for statement in here:
            for other in self._contradicting(statement):
                held = any(s.paragraph_id == other.paragraph_id and s.start <= other.start < s.end for s in here)
                if not held and len(told) < MOST_TOLD:
                    paragraph = self._store.paragraph(other.paragraph_id)
                    said = cut(paragraph, other.context, other.quote_start, other.quote_end)
                    told.setdefault((said.paragraph_id, said.start), said)
        return list(told.values())

    def _contradicting(self, statement: Statement) -> Iterator[Fact]:
        report = self._report(statement.paragraph_id)
        for fact in self._in_paragraph.get(statement.paragraph_id, ()):
            if not statement.start <= fact.start < fact.end <= statement.end:
                continue
            for other in self._alike.get((figure_key(fact), fact.context.kind), ()):
                if self._report(other.paragraph_id) != report and not agree(fact, other):
                    yield other

    def _report(self, paragraph_id: str) -> str:
        return self._store.paragraph(paragraph_id).report_id
