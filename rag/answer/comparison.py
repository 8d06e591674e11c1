"""Answers that are tables: the sides of a comparison, a rank over places, a trend over years."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from index.annotate.passages import when
from index.types import Context, Fact, Kind, Passage
from rag.answer.cutting import Cutter, Extraction, cut
from rag.answer.figures import Key, Measures, indicator_key
from rag.retrieve.ranking import Ranked
from rag.retrieve.retriever import Retriever
from rag.types import Draft, Query, Statement
from rag.wording.sentences import KIND_NAMES, kept_to, not_found

if TYPE_CHECKING:
    from index.storage.store import Store

Time = int | tuple[int, int] | None
SAME_INDICATOR = 4.0  # what a likeness of 1 to the surest side adds to the score of another side of a comparison
# A side of a comparison that words its figure like the surest side needs to be less sure.
LIKE_ANCHOR, SURE_ENOUGH = 0.5, 0.2
MOST_SEARCHED = 8  # places that are searched one by one; of more, only figures under the same name are gathered
_PREFERRED: tuple[Kind, ...] = ("result", "cumulative", "target", "other")  # for a year of a trend


class Tables:
    """Drafts tables from one index."""

    def __init__(self, store: Store, retriever: Retriever, measures: Measures) -> None:
        self._store = store
        self._retriever = retriever
        self._measures = measures
        self._cutter = Cutter(store)

    def draft(self, query: Query) -> Extraction:
        """The table that `query` asks for; a draft without statements when fewer than two of its rows are found."""
        if query.type == "trend":
            return self._trend(query)
        if query.type == "rank" and len(query.places) > MOST_SEARCHED:
            return self._gathered(query, "place")
        found = self._sides(query)
        return self._ordered(query, found) if query.type == "rank" else found

    # A comparison.

    def _sides(self, query: Query) -> Extraction:
        """One statement for each side; a comparison with fewer than two sides found is none."""
        query = replace(query, type="compare")
        places: Sequence[str | None] = query.places or (None,)
        times: Sequence[Time] = (*query.years, *((query.period,) if query.period else ())) or (None,)
        kinds: Sequence[Kind | None] = ("target", "result") if query.both_kinds else (query.kind,)
        of_time = dict(zip(times, query.kinds, strict=False))
        anywhere = self._retriever.unconstrained(query)
        sides = {
            _side_name(place, time, kind): self._retriever.side(query, anywhere, place=place, time=time, kind=kind)
            for place, time, said in itertools.product(places, times, kinds)
            for kind in [of_time.get(time, said)]
        }
        found = {name: ranked for name, (ranked, sure) in sides.items() if ranked and sure >= SURE_ENOUGH}
        surest = max(sides.values(), key=lambda side: side[1])
        if not found or not self._retriever.threshold.reached(surest[1]):
            ranked = tuple(r for side, _ in sides.values() for r in side[:3])
            return Extraction(Draft(missing=(*query.unknown_places, *sides)), ranked, surest[1])
        chosen = {name: self._like(ranked, surest[0][0]) for name, ranked in found.items()}
        kept = {
            name: r
            for name, r in chosen.items()
            if self._retriever.threshold.reached(sides[name][1])
            or self._retriever.likeness(r, surest[0][0]) >= LIKE_ANCHOR
        }
        missing = (*query.unknown_places, *(name for name in sides if name not in kept))
        if len(kept) < 2:
            return Extraction(Draft(missing=missing), tuple(r for ranked in found.values() for r in ranked[:3]))
        rest = [r for name in kept for r in found[name][:3] if r is not kept[name]]
        draft = Draft(tuple(self._cutter.widened(query, r) for r in kept.values()), table=True, missing=missing)
        return Extraction(draft, (*kept.values(), *rest), min(sides[name][1] for name in kept))

    def _like(self, ranked: Sequence[Ranked], anchor: Ranked) -> Ranked:
        """The hit that answers best in words like those of `anchor`: both sides must speak of the same indicator."""
        return max(ranked, key=lambda r: r.score + SAME_INDICATOR * self._retriever.likeness(r, anchor))

    # A rank and a trend.

    def _ordered(self, query: Query, found: Extraction) -> Extraction:
        """The rows of a rank from its first to its last; those that state no number to compare come at the end. Of a
        limit only those that keep to it, or all where none does."""
        measures = self._measures.chosen(query, found.draft.statements)
        sign = 1 if query.order == "least" else -1

        def place(i: int) -> tuple[bool, Decimal]:
            amount = measure.amount if (measure := measures[i]) else None
            return amount is None, sign * amount.stated if amount else Decimal(0)

        order = sorted(range(len(measures)), key=place)
        if query.top and order:  # and those that state the same as the last of them
            last = place(order[min(query.top, len(order)) - 1])
            order = [i for i in order if place(i) <= last]
        notes = found.draft.notes
        if limit := query.limit:
            known = [(i, m.amount.stated, m.key[2]) for i in order if (m := measures[i]) and m.amount]
            kept = [i for i, stated, unit in known if limit.keeps(stated, unit)]
            notes = (kept_to(limit.text, len(kept), len(known)), *notes)
            order = kept or order
        statements = tuple(found.draft.statements[i] for i in order)
        return replace(found, draft=replace(found.draft, statements=statements, notes=notes))

    def _trend(self, query: Query) -> Extraction:
        """One row for each year; with fewer than two years, what one year's question would get."""
        found = self._gathered(query, "year")
        if found.draft.statements or len(query.years) < 2:
            return found
        return self._sides(query)

    def _gathered(self, query: Query, by: Literal["place", "year"]) -> Extraction:
        """A row for each place or year that has a figure under the name of the one that answers best."""
        query = replace(query, type="compare")
        ranked = self._retriever.retrieve(query)
        confidence = self._retriever.confidence(query, ranked)
        if not self._retriever.threshold.reached(confidence):
            return Extraction(Draft(), tuple(ranked), confidence)
        if (key := self._key(query, ranked)) is None:
            return Extraction(Draft(), tuple(ranked), confidence)
        admitted = query.filter
        facts = [f for f in self._measures.under(key) if admitted.admits(self._store.subject(self._passage(f)))]
        if by == "place":
            facts = _of_one_time(facts)
        best = self._best_of_each(query, facts, by)
        if len(best) < 2:
            return Extraction(Draft(), tuple(ranked), confidence)
        statements = tuple(self._stated(fact) for fact in best.values())
        missing = [p for p in query.places if p not in best] if by == "place" else []
        notes = (not_found(missing),) if missing else ()
        found = Extraction(Draft(statements, table=True, notes=notes), tuple(ranked), confidence)
        return self._ordered(query, found) if by == "place" else found

    def _key(self, query: Query, ranked: Sequence[Ranked]) -> Key | None:
        """The indicator of which the best hits state a figure."""
        keyed = []
        for r in ranked:
            passage = r.hit.passage
            facts = self._measures.facts(passage.paragraph_id, passage.start, passage.end)
            keys = [indicator_key(f) for f in facts if query.limit is None or query.limit.counts(f.base_unit)]
            keyed.append((math.exp(r.score - ranked[0].score), keys))
        return self._measures.best_key(query, keyed)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {passage.id: row for row, passage in enumerate(self._store.passages)}

    def _passage(self, fact: Fact) -> Passage:
        return next(p for p in self._store.passages_of(fact.paragraph_id) if p.start <= fact.start < p.end)

    def _best_of_each(self, query: Query, facts: Sequence[Fact], by: Literal["place", "year"]) -> dict[object, Fact]:
        """Of the facts of each place, or of each year in order, the one whose clause answers best."""
        passages = {id(fact): self._passage(fact) for fact in facts}
        mask = np.zeros(len(self._store.passages), np.bool_)
        mask[[self._row_of[p.id] for p in passages.values()]] = True
        scores = {r.hit.passage.id: r.score for r in self._retriever.ranked_among(query, mask)} if facts else {}

        def worth(fact: Fact) -> tuple[int, float]:
            kind = _PREFERRED.index(fact.context.kind) if by == "year" else 0
            return -kind, scores.get(passages[id(fact)].id, -math.inf)

        best: dict[object, Fact] = {}
        for fact in facts:
            group = fact.context.place if by == "place" else fact.context.year
            if group and (group not in best or worth(fact) > worth(best[group])):
                best[group] = fact
        return dict(sorted(best.items(), key=lambda item: str(item[0])))

    def _stated(self, fact: Fact) -> Statement:
        """The clause of a fact, with what names its indicator."""
        passage = self._passage(fact)
        start = min(passage.start, fact.quote_start)
        return cut(self._store.paragraph(fact.paragraph_id), passage.context, start, passage.end)


def _of_one_time(facts: Sequence[Fact]) -> list[Fact]:
    """The facts of the time and kind of which most places have one; of equals the latest."""
    places: dict[tuple[Time, Kind], set[str | None]] = {}
    for fact in facts:
        places.setdefault((fact.context.year or fact.context.period, fact.context.kind), set()).add(fact.context.place)
    if not places:
        return []
    most = max(places, key=lambda time: (len(places[time]), str(time[0])))
    return [f for f in facts if (f.context.year or f.context.period, f.context.kind) == most]


def _side_name(place: str | None, time: Time, kind: Kind | None) -> str:
    year, period = (time, None) if not isinstance(time, tuple) else (None, time)
    return f"{when(Context(place, year, period))}{place or ''}{KIND_NAMES[kind] if kind else ''}"
