"""Query + index -> ranked hits. Place, time and kind are constraints: what nothing meets is not in the reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from index.search.filter import Filter
from index.search.fusion import Mask
from rag.retrieve.columns import Columns, Sections
from rag.retrieve.ranking import Ranker
from rag.retrieve.types import Ranked
from rag.types import Search

if TYPE_CHECKING:
    from index.storage.store import Store
    from index.types import Hit
    from rag.retrieve.word_match import Match

CANDIDATES = 40  # hits that are ranked
FREE_CANDIDATES = 20  # hits that are ranked without the constraints: only the first few are looked at


def relaxed(search: Search) -> Search:
    """The same search with the filter let go of."""
    return search.within(search.filter.relaxed("elsewhere"))


class Retriever:
    """Searches one index for questions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._columns = Columns(store)
        self._sections = Sections(store)
        self._ranker = Ranker(store)

    def retrieve(self, search: Search, *, candidates: int = CANDIDATES) -> list[Ranked]:
        """Hits that meet the filter of `search`, best first; none when no passage meets it."""
        mask = self._columns.mask(search.filter)
        if not mask.any():
            return []
        hits = self._store.search(search.words, sentence=search.sentence, k=candidates, mask=mask)
        return self._ranker.rank(search, hits)

    def ranked_among(self, search: Search, mask: Mask) -> list[Ranked]:
        """All passages of `mask`, (passages,), best first."""
        hits = self._store.search(search.words, sentence=search.sentence, k=int(mask.sum()), mask=mask)
        return self._ranker.rank(search, hits)

    def name_fit(self, topic: str, names: Sequence[str]) -> list[float]:
        """How well each name of an indicator fits a topic, in [0, 1]."""
        return self._ranker.name_fit(topic, names)

    def unconstrained(self, search: Search) -> list[Ranked]:
        """The same search with the filter let go of: what the reports hold beside what was asked."""
        return self.retrieve(relaxed(search), candidates=FREE_CANDIDATES)

    def admitted(self, filter_: Filter) -> Mask:
        """Bool (passages,): those that meet `filter_`."""
        return self._columns.mask(filter_)

    def meeting(self, filter_: Filter) -> int:
        """How many passages meet `filter_`."""
        return int(self.admitted(filter_).sum())

    def matches(self, topic: str, hit: Hit) -> tuple[Match, ...]:
        """How each word of a topic is found at a hit."""
        return self._ranker.matches(topic, hit)

    def headings(self, search: Search) -> list[tuple[float, tuple[str, tuple[str, ...]]]]:
        """The sections that hold blocks which meet the constraints, with how well their headings fit, best first; each
        as (report id, section path)."""
        found = [
            (self._ranker.heading_fit(search.topic, key[1]), key) for key in self._sections.admitted(search.filter)
        ]
        return sorted(found, key=lambda x: -x[0])

    def parts(self, search: Search) -> list[tuple[float, tuple[str, tuple[str, ...]]]]:
        """Like `headings`, of the sections within which there are such blocks at any depth; of equals the outermost."""
        found: dict[tuple[str, tuple[str, ...]], float] = {}
        for _, (report_id, section) in self.headings(search):
            for depth in range(1, len(section) + 1):
                key = (report_id, section[:depth])
                if key not in found:
                    found[key] = self._ranker.heading_fit(search.topic, section[depth - 1 : depth])
        return sorted(((fit, key) for key, fit in found.items()), key=lambda x: (-round(x[0], 2), len(x[1][1])))

    def likeness(self, a: Ranked, b: Ranked) -> float:
        """How alike the wordings of two ranked clauses are, a cosine."""
        return self._ranker.likeness(a.hit, b.hit)
