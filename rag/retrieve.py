"""Query + index -> ranked hits. Place, time and kind are constraints: what nothing meets is not in the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.constraints import ContextTable, kind_fits, time_fits
from rag.rank import Ranked, Ranker, evidence, probability

if TYPE_CHECKING:
    from index.store import Store
    from index.types import Context, Kind
    from rag.types import Query

CANDIDATES = 40  # hits that are ranked
FREE_CANDIDATES = 20  # hits that are ranked without the constraints: only the first few are looked at


class Retriever:
    """Searches one index for questions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contexts = ContextTable(store.passages)
        self._ranker = Ranker(store)

    def retrieve(self, query: Query, *, candidates: int = CANDIDATES) -> list[Ranked]:
        """Hits that meet the constraints of `query`, best first; none when no passage meets them."""
        mask = self._contexts.mask(places=query.places, years=query.years, period=query.period, kind=query.kind)
        if not mask.any():
            return []
        hits = self._store.search(query.topic or query.text, k=candidates, mask=mask)
        return self._ranker.rank(query, hits)

    def unconstrained(self, query: Query) -> list[Ranked]:
        """The same search without the constraints: what the reports hold beside what was asked."""
        free = replace(query, places=(), years=(), period=None, kind=None)
        return self.retrieve(free, candidates=FREE_CANDIDATES)

    def confidence(self, query: Query, ranked: Sequence[Ranked]) -> float:
        """The probability, in [0, 1], that the first of `ranked` answers `query`; 0 for no hits."""
        if not ranked:
            return 0.0
        anywhere = ranked if query.free else self.unconstrained(query)
        return probability(evidence(query, ranked[0], anywhere[0] if anywhere else None))

    def headings(self, query: Query) -> list[tuple[float, tuple[str, tuple[str, ...]]]]:
        """The sections that hold blocks which meet the constraints, with how well their headings fit, best first; each
        as (report id, section path)."""
        found: dict[tuple[str, tuple[str, ...]], float] = {}
        for block in self._store.paragraphs:
            key = (block.report_id, block.section)
            if block.section and block.citable and key not in found and self._meets(query, block.context):
                found[key] = self._ranker.heading_fit(query, block.section)
        return sorted(((fit, key) for key, fit in found.items()), key=lambda x: -x[0])

    @staticmethod
    def _meets(query: Query, context: Context) -> bool:
        return (
            (not query.places or context.place in query.places)
            and time_fits(context, query.years, query.period)
            and kind_fits(query.kind, context.kind)
        )

    def likeness(self, a: Ranked, b: Ranked) -> float:
        """How alike the wordings of two ranked clauses are, a cosine."""
        return self._ranker.likeness(a.hit, b.hit)

    def side(
        self, query: Query, *, place: str | None, time: int | tuple[int, int] | None, kind: Kind | None
    ) -> tuple[list[Ranked], float]:
        """The hits for one side of a comparison, and the probability that the first answers it."""
        narrowed = replace(
            query,
            places=(place,) if place else (),
            years=(time,) if isinstance(time, int) else (),
            period=time if isinstance(time, tuple) else None,
            kind=kind,
        )
        ranked = self.retrieve(narrowed)
        return ranked, self.confidence(narrowed, ranked)
