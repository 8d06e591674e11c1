"""What the index holds for a question, looked up when it is first needed and then only once, whoever needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from rag.retrieve.ranking import evidence, likely, probability
from rag.retrieve.retriever import Retriever, relaxed
from rag.retrieve.types import Confidence, Ranked
from rag.types import Search

if TYPE_CHECKING:
    from index.types import Context, Kind

AS_GOOD = 1.0  # a hit is as good as the best when its score is at most this much below it
MOST_NEAREST = 4


class Found:
    """The hits of one search, and how sure it is that the first is what it looks for."""

    def __init__(self, retriever: Retriever, search: Search) -> None:
        self.search = search
        self._retriever = retriever
        self._known: dict[Search, Found] = {search: self}
        self._relaxed: dict[Search, Sequence[Ranked]] = {}

    def of(self, search: Search) -> Found:
        """What is found for another search beside this one; each search is made once."""
        if search not in self._known:
            other = Found(self._retriever, search)
            other._known, other._relaxed = self._known, self._relaxed
            self._known[search] = other
        return self._known[search]

    def side(self, *, place: str | None, time: int | tuple[int, int] | None, kind: Kind | None) -> Found:
        """What is found for one side of a comparison."""
        filter_ = replace(
            self.search.filter,
            places=(place,) if place else (),
            years=(time,) if isinstance(time, int) else (),
            period=time if isinstance(time, tuple) else None,
            kind=kind,
        )
        return self.of(self.search.within(filter_))

    @cached_property
    def ranked(self) -> tuple[Ranked, ...]:
        """The hits that meet the filter, best first."""
        return tuple(self._retriever.retrieve(self.search))

    @property
    def anywhere(self) -> Sequence[Ranked]:
        """The hits of the same search with its filter let go of, best first."""
        key = relaxed(self.search)
        if key not in self._relaxed:
            self._relaxed[key] = self._retriever.unconstrained(self.search)
        return self._relaxed[key]

    @cached_property
    def features(self) -> Confidence | None:
        """What is known of the first hit; None where there is none."""
        if not self.ranked:
            return None
        anywhere = self.ranked if self.search.filter.free else self.anywhere
        return evidence(self.search.filter, self.ranked, anywhere[0] if anywhere else None)

    @cached_property
    def probability(self) -> float:
        """The probability, in [0, 1], that the first hit is what the search looks for; 0 where there is none."""
        return probability(self.features) if self.features else 0.0

    @cached_property
    def sure(self) -> bool:
        """Whether that is enough for a part of an answer: a side of a table, one of several things that are asked."""
        return likely(self.probability)

    def nearest(self) -> list[Context]:
        """Contexts in which the reports do speak of the topic, best first; at most MOST_NEAREST."""
        ranked = self.anywhere
        if not ranked or not likely(probability(evidence(self.search.filter, ranked, ranked[0]))):
            return []
        good = [r for r in ranked if r.score >= ranked[0].score - AS_GOOD]
        return [c for c in dict.fromkeys(r.hit.passage.context for r in good) if c.place][:MOST_NEAREST]
