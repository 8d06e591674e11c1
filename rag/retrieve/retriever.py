"""Query + index -> ranked hits. Place, time and kind are constraints: what nothing meets is not in the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index.search.fusion import Mask
from rag.retrieve.columns import Columns, Sections
from rag.retrieve.ranking import Ranked, Ranker, Threshold, evidence, probability

if TYPE_CHECKING:
    from index.storage.store import Store
    from index.types import Hit, Kind
    from rag.retrieve.word_match import Match
    from rag.types import Query

CANDIDATES = 40  # hits that are ranked
FREE_CANDIDATES = 20  # hits that are ranked without the constraints: only the first few are looked at


class Retriever:
    """Searches one index for questions."""

    def __init__(self, store: Store, threshold: Threshold | None = None) -> None:
        """`threshold` decides what is sure enough to be an answer; without it the fitted one."""
        self.threshold = threshold or Threshold()
        self._store = store
        self._columns = Columns(store)
        self._sections = Sections(store)
        self._ranker = Ranker(store)

    def retrieve(self, query: Query, *, candidates: int = CANDIDATES) -> list[Ranked]:
        """Hits that meet the constraints of `query`, best first; none when no passage meets them."""
        mask = self._columns.mask(query.filter)
        if not mask.any():
            return []
        hits = self._store.search(query.topic or query.text, k=candidates, mask=mask)
        return self._ranker.rank(query, hits)

    def ranked_among(self, query: Query, mask: Mask) -> list[Ranked]:
        """All passages of `mask`, (passages,), best first."""
        return self._ranker.rank(query, self._store.search(query.topic or query.text, k=int(mask.sum()), mask=mask))

    def name_fit(self, query: Query, names: Sequence[str]) -> list[float]:
        """How well each name of an indicator fits a question, in [0, 1]."""
        return self._ranker.name_fit(query, names)

    def unconstrained(self, query: Query) -> list[Ranked]:
        """The same search without the constraints: what the reports hold beside what was asked."""
        free = replace(query, places=(), names=(), years=(), period=None, report_year=None, kind=None)
        return self.retrieve(free, candidates=FREE_CANDIDATES)

    def confidence(self, query: Query, ranked: Sequence[Ranked], anywhere: Sequence[Ranked] | None = None) -> float:
        """The probability, in [0, 1], that the first of `ranked` answers `query`; 0 for no hits. `anywhere` is what
        `unconstrained` gives, where that is known."""
        if not ranked:
            return 0.0
        if anywhere is None:
            anywhere = ranked if query.free else self.unconstrained(query)
        return probability(evidence(query, ranked, anywhere[0] if anywhere else None))

    def admitted(self, query: Query) -> Mask:
        """Bool (passages,): those that meet the constraints of `query`."""
        return self._columns.mask(query.filter)

    def meeting(self, query: Query) -> int:
        """How many passages meet the constraints of `query`."""
        return int(self.admitted(query).sum())

    def matches(self, query: Query, hit: Hit) -> tuple[Match, ...]:
        """How each word that `query` asks about is found at a hit."""
        return self._ranker.matches(query, hit)

    def headings(self, query: Query) -> list[tuple[float, tuple[str, tuple[str, ...]]]]:
        """The sections that hold blocks which meet the constraints, with how well their headings fit, best first; each
        as (report id, section path)."""
        found = [(self._ranker.heading_fit(query, key[1]), key) for key in self._sections.admitted(query.filter)]
        return sorted(found, key=lambda x: -x[0])

    def parts(self, query: Query) -> list[tuple[float, tuple[str, tuple[str, ...]]]]:
        """Like `headings`, of the sections within which there are such blocks at any depth; of equals the outermost."""
        found: dict[tuple[str, tuple[str, ...]], float] = {}
        for _, (report_id, section) in self.headings(query):
            for depth in range(1, len(section) + 1):
                key = (report_id, section[:depth])
                if key not in found:
                    found[key] = self._ranker.heading_fit(query, section[depth - 1 : depth])
        return sorted(((fit, key) for key, fit in found.items()), key=lambda x: (-round(x[0], 2), len(x[1][1])))

    def likeness(self, a: Ranked, b: Ranked) -> float:
        """How alike the wordings of two ranked clauses are, a cosine."""
        return self._ranker.likeness(a.hit, b.hit)

    def side(
        self,
        query: Query,
        anywhere: Sequence[Ranked],
        *,
        place: str | None,
        time: int | tuple[int, int] | None,
        kind: Kind | None,
    ) -> tuple[list[Ranked], float]:
        """The hits for one side of a comparison, and the probability that the first answers it. `anywhere` is what
        `unconstrained` gives, the same for all sides."""
        narrowed = replace(
            query,
            places=(place,) if place else (),
            years=(time,) if isinstance(time, int) else (),
            period=time if isinstance(time, tuple) else None,
            kind=kind,
        )
        ranked = self.retrieve(narrowed)
        return ranked, self.confidence(narrowed, ranked, None if narrowed.free else anywhere)
