"""Query + index -> ranked hits. Place, time and kind are constraints: what nothing meets is not in the reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.constraints import ContextTable
from rag.rank import Ranked, Ranker

if TYPE_CHECKING:
    from index.store import Store
    from index.types import Kind
    from rag.types import Query

CANDIDATES = 60  # hits that are ranked; the evidence is among them for every training question


class Retriever:
    """Searches one index for questions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contexts = ContextTable(store.passages)
        self._ranker = Ranker(store)

    def retrieve(self, query: Query) -> list[Ranked]:
        """Hits that meet the constraints of `query`, best first; none when no passage meets them."""
        mask = self._contexts.mask(places=query.places, years=query.years, period=query.period, kind=query.kind)
        if not mask.any():
            return []
        hits = self._store.search(query.topic or query.text, k=CANDIDATES, mask=mask)
        return self._ranker.rank(query, hits)

    def unconstrained(self, query: Query) -> list[Ranked]:
        """The same search without the constraints: what the reports hold beside what was asked."""
        return self.retrieve(replace(query, places=(), years=(), period=None, kind=None))

    def side(
        self, query: Query, *, place: str | None, time: int | tuple[int, int] | None, kind: Kind | None
    ) -> list[Ranked]:
        """One side of a comparison."""
        return self.retrieve(
            replace(
                query,
                places=(place,) if place else (),
                years=(time,) if isinstance(time, int) else (),
                period=time if isinstance(time, tuple) else None,
                kind=kind,
            )
        )
