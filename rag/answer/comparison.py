"""Answers that are tables: the sides of a comparison, a rank over places, a trend over years."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Literal

import numpy as np

from index.annotate.passages import when
from index.types import Context, Fact, Kind, Passage
from rag.answer.answerer import Sources, rated
from rag.answer.cutting import cut
from rag.answer.figures import Key, Measure, indicator_key
from rag.retrieve.found import Found
from rag.retrieve.types import Ranked
from rag.types import Draft, Query, Reason, Statement
from rag.wording.sentences import KIND_NAMES, kept_to, not_found

Time = int | tuple[int, int] | None
SAME_INDICATOR = 4.0  # what a likeness of 1 to the surest side adds to the score of another side of a comparison
# A side of a comparison that words its figure like the surest side needs to be less sure.
LIKE_ANCHOR, SURE_ENOUGH = 0.5, 0.2
MOST_NAMED = 3  # places of a comparison without which there is none; of more, those that are there are shown
MOST_SEARCHED = 8  # places that are searched one by one; of more, only figures under the same name are gathered
_PREFERRED: tuple[Kind, ...] = ("result", "cumulative", "target", "other")  # for a year of a trend


class Tables:
    """Answers with tables from one index."""

    name = "table"

    def __init__(self, sources: Sources) -> None:
        self._store = sources.store
        self._retriever = sources.retriever
        self._measures = sources.measures
        self._cutter = sources.cutter

    def draft(self, query: Query, found: Found) -> Draft | None:
        """The table that `query` asks for; None for a question that asks for none, or that one figure may answer, or of
        which it is to be asked back which place is meant."""
        if query.instead.one_figure is None or query.shared:
            return None
        table = self.tabled(query, found)
        named = query.asked.table.limit is not None or (query.type == "compare" and len(query.places) <= MOST_NAMED)
        return table if table.statements or named else None

    def tabled(self, query: Query, found: Found) -> Draft:
        """The table of `query`; a draft without statements when fewer than two of its rows are found."""
        figures = found.of(query.search.for_figures())
        if query.type == "trend":
            return self._trend(query, figures)
        if query.type == "rank" and len(query.places) > MOST_SEARCHED:
            return self._gathered(query, figures, "place")
        table = self._sides(query, figures)
        return self._ordered(query, table) if query.type == "rank" else table

    # A comparison.

    def _sides(self, query: Query, figures: Found) -> Draft:
        """One statement for each side; a comparison with fewer than two sides found is none."""
        sides = _searched(query, figures)
        found = {name: side for name, side in sides.items() if side.ranked and side.probability >= SURE_ENOUGH}
        surest = max(sides.values(), key=_sureness)
        if not found or not surest.sure:
            missing = (*query.unknown_places, *sides)
            reason: Reason = "sides" if surest.sure else "unsure"
            return replace(rated(Draft(missing=missing, reason=reason), surest), ranked=_best(sides.values()))
        kept = self._kept(found, surest.ranked[0])
        missing = (*query.unknown_places, *(name for name in sides if name not in kept))
        if len(kept) < 2:
            return Draft(missing=missing, reason="sides", ranked=_best(found.values()))
        rest = [r for name in kept for r in _best([found[name]]) if r is not kept[name]]
        lines = tuple(self._cutter.widened(query, r) for r in kept.values())
        draft = rated(
            Draft(lines, table=True, missing=missing, reason="table"),
            min((sides[name] for name in kept), key=_sureness),
        )
        return replace(draft, ranked=(*kept.values(), *rest))

    def _kept(self, sides: Mapping[str, Found], anchor: Ranked) -> dict[str, Ranked]:
        """The hit of each side that is sure enough, or worded like `anchor`, the first hit of the surest."""
        chosen = {name: self._like(side.ranked, anchor) for name, side in sides.items()}
        return {
            name: r
            for name, r in chosen.items()
            if sides[name].sure or self._retriever.likeness(r, anchor) >= LIKE_ANCHOR
        }

    def _like(self, ranked: Sequence[Ranked], anchor: Ranked) -> Ranked:
        """The hit that answers best in words like those of `anchor`: both sides must speak of the same indicator."""
        return max(ranked, key=lambda r: r.score + SAME_INDICATOR * self._retriever.likeness(r, anchor))

    # A rank and a trend.

    def _ordered(self, query: Query, found: Draft) -> Draft:
        """The rows of a rank from its first to its last; those that state no number to compare come at the end. Of a
        limit only those that keep to it, or all where none does."""
        measures = self._measures.chosen(query, found.statements)
        order = _in_order(measures, least=query.asked.table.order == "least", top=query.asked.table.top)
        notes = found.notes
        if limit := query.asked.table.limit:
            known = [(i, m.amount.stated, m.key[2]) for i in order if (m := measures[i]) and m.amount]
            kept = [i for i, stated, unit in known if limit.keeps(stated, unit)]
            notes = (kept_to(limit.text, len(kept), len(known)), *notes)
            order = kept or order
        statements = tuple(found.statements[i] for i in order)
        return replace(found, statements=statements, notes=notes)

    def _trend(self, query: Query, figures: Found) -> Draft:
        """One row for each year; with fewer than two years, what one year's question would get."""
        found = self._gathered(query, figures, "year")
        if found.statements or len(query.years) < 2:
            return found
        return self._sides(query, figures)

    def _gathered(self, query: Query, figures: Found, by: Literal["place", "year"]) -> Draft:
        """A row for each place or year that has a figure under the name of the one that answers best."""
        key = self._key(query, figures.ranked) if figures.sure else None
        if key is None:
            return rated(Draft(reason="sides" if figures.sure else "unsure"), figures)
        admitted = query.filter
        facts = [f for f in self._measures.under(key) if admitted.admits(self._store.subject(self._passage(f)))]
        if by == "place":
            facts = _of_one_time(facts)
        best = self._best_of_each(query, facts, by)
        if len(best) < 2:
            return rated(Draft(reason="sides"), figures)
        statements = tuple(self._stated(fact) for fact in best.values())
        missing = [p for p in query.places if p not in best] if by == "place" else []
        notes = (not_found(missing),) if missing else ()
        found = rated(Draft(statements, table=True, notes=notes, reason="table"), figures)
        return self._ordered(query, found) if by == "place" else found

    def _key(self, query: Query, ranked: Sequence[Ranked]) -> Key | None:
        """The indicator of which the best hits state a figure."""
        limit, keyed = query.asked.table.limit, []
        for r in ranked:
            passage = r.hit.passage
            facts = self._measures.facts(passage.paragraph_id, passage.start, passage.end)
            keys = [indicator_key(f) for f in facts if limit is None or limit.counts(f.base_unit)]
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
        scores = (
            {r.hit.passage.id: r.score for r in self._retriever.ranked_among(query.search.for_figures(), mask)}
            if facts
            else {}
        )

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


ANSWERER = Tables


def _searched(query: Query, figures: Found) -> dict[str, Found]:
    """What is found for each side, by its name: each place at each time, as target and as result where asked."""
    places: Sequence[str | None] = query.places or (None,)
    times: Sequence[Time] = (*query.years, *((query.period,) if query.period else ())) or (None,)
    kinds: Sequence[Kind | None] = ("target", "result") if query.both_kinds else (query.kind,)
    of_time = dict(zip(times, query.kinds, strict=False))
    sides = {}
    for place, time, said in itertools.product(places, times, kinds):
        kind = of_time.get(time, said)
        sides[_side_name(place, time, kind)] = figures.side(place=place, time=time, kind=kind)
    return sides


def _best(sides: Iterable[Found]) -> tuple[Ranked, ...]:
    """The first few hits of each side."""
    return tuple(r for side in sides for r in side.ranked[:3])


def _sureness(side: Found) -> float:
    return side.probability


def _in_order(measures: Sequence[Measure | None], *, least: bool, top: int | None) -> list[int]:
    """The rows by their amounts, those without one at the end; of `top` rows also those that equal the last of them."""

    def place(i: int) -> tuple[bool, Decimal]:
        amount = measure.amount if (measure := measures[i]) else None
        return amount is None, (amount.stated if least else -amount.stated) if amount else Decimal(0)

    order = sorted(range(len(measures)), key=place)
    if not top or not order:
        return order
    last = place(order[min(top, len(order)) - 1])
    return [i for i in order if place(i) <= last]


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
