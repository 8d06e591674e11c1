"""Query + index -> draft answer by extraction: the clauses that answer, as they stand in the reports."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.clauses import sentences
from index.passages import when
from index.types import Context, Kind, Paragraph
from rag.phrase import KIND_NAMES, trimmed
from rag.rank import Ranked
from rag.retrieve import Retriever
from rag.types import Draft, Query, Statement

if TYPE_CHECKING:
    from index.store import Store

ENOUGH = 0.25  # confidence from which an answer is given; calibrated by `python -m evals.fit`
AS_GOOD = 0.6  # a second place, year or kind is shown when its probability is this share of the best
MOST_LINES = 6
MOST_ITEMS = 16
LONGEST_SENTENCE = 110  # characters; a longer one is not shown whole for a question that asks several things
LONGEST_LIST_SENTENCE = 400
_ASKS = re.compile(r"多少|几(?=[\u4e00-\u9fff])|百分之几|第几|谁|哪[天年家个位里些]|什么|如何|多大|how (?:many|much)")
_ENUMERATION = re.compile(r"[^、]{2,}、[^、]{2,}")


@dataclass(frozen=True, slots=True)
class Extraction:
    """A draft, the ranked hits it was made from, and what is nearest when there is no answer."""

    draft: Draft
    ranked: tuple[Ranked, ...]
    confidence: float


class Extractor:
    """Drafts answers from one index; needs no model but the embedder."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._retriever = Retriever(store)

    def draft(self, query: Query) -> Extraction:
        """The best draft for `query`; one without statements when the reports do not say."""
        if query.type == "beyond" or (query.unknown_places and not query.places):
            return Extraction(Draft(), (), 0.0)
        if query.type == "compare":
            return self._compare(query)
        ranked = self._retriever.retrieve(query)
        confidence = self._confidence(query, ranked)
        if confidence < ENOUGH:
            return Extraction(Draft(), tuple(ranked), confidence)
        statements = self._list(query, ranked) if query.type in ("list", "summary") else self._lines(query, ranked)
        return Extraction(Draft(tuple(statements)), tuple(ranked), confidence)

    def nearest(self, query: Query) -> list[Context]:
        """Contexts in which the reports do speak of the topic, best first."""
        ranked = self._retriever.unconstrained(query)
        found = dict.fromkeys(r.hit.passage.context for r in ranked[:20] if r.probability >= ENOUGH)
        return [c for c in found if c.place][:4]

    def _confidence(self, query: Query, ranked: Sequence[Ranked]) -> float:
        return ranked[0].probability if ranked else 0.0

    def _statement(self, ranked: Ranked, start: int | None = None, end: int | None = None) -> Statement:
        """The clause of a hit, or the part of its paragraph given, without what is around its telling part."""
        passage = ranked.hit.passage
        paragraph = self._store.paragraph(passage.paragraph_id)
        a = passage.start if start is None else start
        b = passage.end if end is None else end
        left, right = trimmed(paragraph.text[a:b])
        return Statement(
            paragraph.id, a + left, a + right, paragraph.text[a + left : a + right], passage.context, ranked.probability
        )

    def _lines(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """One line; or one for each place, year and kind that fit equally when the question leaves them open."""
        best = ranked[0]
        lines = [self._widened(query, best)]
        if query.places and (query.years or query.period):
            return lines
        seen = {self._open(query, best.hit.passage.context)}
        for other in ranked[1:]:
            key = self._open(query, other.hit.passage.context)
            as_good = other.probability >= AS_GOOD * best.probability and other.features.clause >= 0.9 * best.features.clause
            if key not in seen and as_good and other.features.figure >= best.features.figure:
                seen.add(key)
                lines.append(self._widened(query, other))
        return lines[:MOST_LINES]

    @staticmethod
    def _open(query: Query, context: Context) -> tuple[object, ...]:
        """What of a context the question leaves open."""
        time = None if query.years or query.period else (context.year, context.period)
        return (None if query.places else context.place, time, None if query.kind else context.kind)

    def _widened(self, query: Query, ranked: Ranked) -> Statement:
        """The clause, or its whole sentence when the question asks several things."""
        if len(_ASKS.findall(query.text)) < 2:
            return self._statement(ranked)
        start, end = self._sentence(ranked)
        return self._statement(ranked, start, end) if end - start <= LONGEST_SENTENCE else self._statement(ranked)

    def _sentence(self, ranked: Ranked) -> tuple[int, int]:
        passage = ranked.hit.passage
        text = self._store.paragraph(passage.paragraph_id).text
        return next(s for s in sentences(text) if s[0] <= passage.start < s[1])

    def _list(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """The items under the heading that the question names, or the sentence that enumerates."""
        best = ranked[0]
        if items := self._items(query, ranked):
            return items
        start, end = self._sentence(best)
        if end - start > LONGEST_LIST_SENTENCE:
            return [self._statement(best)]
        return [self._statement(best, start, end)]

    def _items(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """All items under one heading, when the best hits stand under it and it fits the topic better than any one
        of them."""
        best = ranked[0]
        paragraph = self._store.paragraph(best.hit.passage.paragraph_id)
        if paragraph.role != "item" or not paragraph.section:
            return []
        heading = best.features.section - best.features.clause
        if heading < 0.1 and best.features.clause > 0.5:
            return []
        siblings = self._siblings(paragraph)
        return [self._whole(p, best) for p in siblings[:MOST_ITEMS]]

    def _siblings(self, paragraph: Paragraph) -> list[Paragraph]:
        blocks = self._store.blocks(paragraph.report_id)
        return [b for b in blocks if b.role == "item" and b.section == paragraph.section and b.citable]

    def _whole(self, paragraph: Paragraph, ranked: Ranked) -> Statement:
        left, right = trimmed(paragraph.text)
        return Statement(
            paragraph.id, left, right, paragraph.text[left:right], paragraph.context, ranked.probability
        )

    def _compare(self, query: Query) -> Extraction:
        """One statement for each side; a comparison with fewer than two sides found is none."""
        places: Sequence[str | None] = query.places or (None,)
        times: Sequence[int | tuple[int, int] | None] = (*query.years, *((query.period,) if query.period else ())) or (None,)
        kinds: Sequence[Kind | None] = ("target", "result") if query.both_kinds else (query.kind,)
        statements: list[Statement] = []
        missing: list[str] = list(query.unknown_places)
        pool: list[Ranked] = []
        confidence = 1.0
        for place, time, kind in itertools.product(places, times, kinds):
            ranked = self._retriever.side(query, place=place, time=time, kind=kind)
            sure = self._confidence(query, ranked)
            if sure < ENOUGH:
                missing.append(self._side_name(place, time, kind))
                continue
            pool += ranked[:3]
            confidence = min(confidence, sure)
            statements.append(self._statement(ranked[0]))
        if len(statements) < 2:
            return Extraction(Draft(missing=tuple(missing)), tuple(pool), 0.0)
        return Extraction(Draft(tuple(statements), table=True, missing=tuple(missing)), tuple(pool), confidence)

    @staticmethod
    def _side_name(place: str | None, time: int | tuple[int, int] | None, kind: Kind | None) -> str:
        context = Context(
            place, time if isinstance(time, int) else None, time if isinstance(time, tuple) else None, kind or "other"
        )
        return f"{when(context)}{place or ''}{KIND_NAMES[kind] if kind else ''}"
