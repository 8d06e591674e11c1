"""Query + index -> draft answer by extraction: the clauses that answer, as they stand in the reports."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.clauses import sentences
from index.passages import when
from index.types import Context, Kind, Paragraph
from rag import cues
from rag.phrase import KIND_NAMES, UNSURE, trimmed
from rag.rank import Ranked, weights
from rag.retrieve import Retriever
from rag.types import Draft, Query, Statement
from rag.units import states_figure

if TYPE_CHECKING:
    from index.store import Store

Time = int | tuple[int, int] | None
AS_GOOD = 1.0  # a second place, year or kind is shown when its score is at most this much below the best
SURE = 0.75  # confidence below which the hits that score nearly as well are shown beside the best
CLOSE, MOST_CLOSE = 1.0, 2  # how much lower they may score, and how many lines there are in all
SAME_INDICATOR = 4.0  # what a likeness of 1 to the surest side adds to the score of another side of a comparison
HEADING_FITS = 0.5  # share of a list question's weight in a heading from which the list under it is the answer
HEADING_HINTS = 0.2  # share from which the items beside the best one belong to the list too
HEADING_LAG = 0.15  # how much better one clause may fit and yet be only one of the list
LIKE_ANCHOR, SURE_ENOUGH = (
    0.5,
    0.2,
)  # a side of a comparison that words its figure like the surest side needs to be less sure
MOST_LINES, MOST_ITEMS = 6, 16
LONGEST_SENTENCE, LONGEST_LIST_SENTENCE = 110, 400  # characters that are shown whole


@dataclass(frozen=True, slots=True)
class Extraction:
    """A draft, the ranked hits that it was made from, and the probability that it is right."""

    draft: Draft
    ranked: tuple[Ranked, ...] = ()
    confidence: float = 0.0


class Extractor:
    """Drafts answers from one index; needs no model but the embedder."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.retriever = Retriever(store)

    def draft(self, query: Query) -> Extraction:
        """The best draft for `query`; one without statements when the reports do not say."""
        if query.type == "beyond" or (query.unknown_places and not query.places):
            return Extraction(Draft())
        if query.type == "compare":
            return self._compare(query)
        ranked = self.retriever.retrieve(query)
        confidence = self.retriever.confidence(query, ranked)
        if query.type in ("list", "summary") and (section := self._section(query, ranked)):
            return Extraction(
                Draft(tuple(section)), tuple(ranked), max(confidence, weights()["confidence"]["threshold"])
            )
        if confidence < weights()["confidence"]["threshold"]:
            return Extraction(Draft(), tuple(ranked), confidence)
        if query.type in ("list", "summary"):
            return Extraction(Draft((self._sentence(ranked[0]),)), tuple(ranked), confidence)
        lines = self._lines(query, ranked)
        if confidence < SURE and len(lines) == 1 and (close := self._close(query, ranked)):
            return Extraction(Draft((*lines, *close), notes=(UNSURE,)), tuple(ranked), confidence)
        return Extraction(Draft((*lines, *self._further(query, lines))), tuple(ranked), confidence)

    def _close(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """What scores nearly as well as the best hit."""
        close = [r for r in ranked[1:] if r.score >= ranked[0].score - CLOSE]
        return [self._widened(query, r) for r in close[: MOST_CLOSE - 1]]

    def _further(self, query: Query, lines: Sequence[Statement]) -> list[Statement]:
        """Lines for the other things that a question asks, where the first lines do not hold them."""
        found: list[Statement] = []
        for part in query.parts:
            ranked = self.retriever.retrieve(replace(query, topic=part))
            if self.retriever.confidence(replace(query, topic=part), ranked) < weights()["confidence"]["threshold"]:
                continue
            statement = self._widened(replace(query, text=part), ranked[0])
            held = [s for s in (*lines, *found) if s.paragraph_id == statement.paragraph_id]
            if not any(s.start <= statement.start and statement.end <= s.end for s in held):
                found.append(statement)
        return found

    def nearest(self, query: Query) -> list[Context]:
        """Contexts in which the reports do speak of the topic, best first; at most four."""
        ranked = self.retriever.unconstrained(query)
        if not ranked or self.retriever.confidence(query, ranked) < weights()["confidence"]["threshold"]:
            return []
        good = [r for r in ranked if r.score >= ranked[0].score - AS_GOOD]
        return [c for c in dict.fromkeys(r.hit.passage.context for r in good) if c.place][:4]

    def _statement(self, ranked: Ranked, start: int, end: int) -> Statement:
        """The part of the hit's paragraph at ``[start:end]`` without what is around its telling words."""
        return self._cut(self._store.paragraph(ranked.hit.passage.paragraph_id), ranked.hit.passage.context, start, end)

    @staticmethod
    def _cut(paragraph: Paragraph, context: Context, start: int = 0, end: int | None = None) -> Statement:
        part = paragraph.text[start:end]
        left, right = trimmed(part)
        return Statement(paragraph.id, start + left, start + right, part[left:right], context)

    def _lines(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """One line; or one for each place, year and kind that fit equally when the question leaves them open."""
        best = ranked[0]
        lines = [self._widened(query, best)]
        if query.places and (query.years or query.period):
            return lines
        seen = {self._left_open(query, best.hit.passage.context)}
        for other in ranked[1:]:
            key = self._left_open(query, other.hit.passage.context)
            alike = (
                other.features.section >= 0.95 * best.features.section and other.features.figure >= best.features.figure
            )
            if key not in seen and alike and other.score >= best.score - AS_GOOD:
                seen.add(key)
                lines.append(self._widened(query, other))
        return lines[:MOST_LINES]

    @staticmethod
    def _left_open(query: Query, context: Context) -> tuple[object, ...]:
        """What of a context the question leaves open."""
        time = None if query.years or query.period else (context.year, context.period)
        return (None if query.places else context.place, time, None if query.kind else context.kind)

    def _widened(self, query: Query, ranked: Ranked) -> Statement:
        """The clause; its whole sentence when the question asks several things at once (in a comparison: of one side);
        up to the next figure when it asks for one and the clause has none."""
        passage = ranked.hit.passage
        start, end = self._sentence_span(ranked)
        several = query.type != "compare" and len(cues.ASKS.findall(query.text)) > 1
        if several and end - start <= LONGEST_SENTENCE:
            return self._statement(ranked, start, end)
        last = passage
        if query.type in ("number", "compare") and not states_figure(passage.text):
            following = [p for p in self._store.passages_of(passage.paragraph_id) if passage.end <= p.start < end]
            last = next((p for p in following[:2] if states_figure(p.text)), passage)
        return self._statement(ranked, passage.start, last.end)

    def _sentence_span(self, ranked: Ranked) -> tuple[int, int]:
        passage = ranked.hit.passage
        text = self._store.paragraph(passage.paragraph_id).text
        return next(s for s in sentences(text) if s[0] <= passage.start < s[1])

    def _sentence(self, ranked: Ranked) -> Statement:
        start, end = self._sentence_span(ranked)
        if end - start > LONGEST_LIST_SENTENCE:
            start, end = ranked.hit.passage.start, ranked.hit.passage.end
        return self._statement(ranked, start, end)

    def _section(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """What stands under the heading that a list question names, when that fits better than any one clause."""
        headings = self.retriever.headings(query)
        fits = {key: fit for fit, key in headings}
        best = ranked[0].features.clause if ranked else 0.0
        top = self._store.paragraph(ranked[0].hit.passage.paragraph_id) if ranked else None
        if headings and headings[0][0] >= max(HEADING_FITS, best - HEADING_LAG):
            report_id, section = headings[0][1]
        elif top and top.role == "item" and fits.get((top.report_id, top.section), 0.0) >= HEADING_HINTS:
            report_id, section = top.report_id, top.section
        else:
            return []
        blocks = [
            b for b in self._store.blocks(report_id) if b.citable and b.section == section and b.role != "caption"
        ]
        if len(blocks) < 2:
            return []
        return [self._gist(b) for b in blocks[:MOST_ITEMS]]

    def _gist(self, block: Paragraph) -> Statement:
        """An item as it is; of a paragraph its first sentence."""
        first = sentences(block.text)[0]
        return self._cut(block, block.context, *(first if block.role == "paragraph" else (0, len(block.text))))

    def _compare(self, query: Query) -> Extraction:
        """One statement for each side; a comparison with fewer than two sides found is none."""
        places: Sequence[str | None] = query.places or (None,)
        times: Sequence[Time] = (*query.years, *((query.period,) if query.period else ())) or (None,)
        kinds: Sequence[Kind | None] = ("target", "result") if query.both_kinds else (query.kind,)
        of_time = dict(zip(times, query.kinds, strict=False))
        sides = {
            _side_name(place, time, kind): self.retriever.side(query, place=place, time=time, kind=kind)
            for place, time, said in itertools.product(places, times, kinds)
            for kind in [of_time.get(time, said)]
        }
        found = {name: ranked for name, (ranked, sure) in sides.items() if ranked and sure >= SURE_ENOUGH}
        surest = max(sides.values(), key=lambda side: side[1])
        if not found or surest[1] < weights()["confidence"]["threshold"]:
            return Extraction(Draft(missing=(*query.unknown_places, *sides)))
        chosen = {name: self._like(ranked, surest[0][0]) for name, ranked in found.items()}
        kept = {
            name: r
            for name, r in chosen.items()
            if sides[name][1] >= weights()["confidence"]["threshold"] or self._alike(r, surest[0][0]) >= LIKE_ANCHOR
        }
        missing = (*query.unknown_places, *(name for name in sides if name not in kept))
        if len(kept) < 2:
            return Extraction(Draft(missing=missing), tuple(r for ranked in found.values() for r in ranked[:3]))
        rest = [r for name in kept for r in found[name][:3] if r is not kept[name]]
        draft = Draft(tuple(self._widened(query, r) for r in kept.values()), table=True, missing=missing)
        return Extraction(draft, (*kept.values(), *rest), min(sides[name][1] for name in kept))

    def _alike(self, a: Ranked, b: Ranked) -> float:
        return self.retriever.likeness(a, b)

    def _like(self, ranked: Sequence[Ranked], anchor: Ranked) -> Ranked:
        """The hit that answers best in words like those of `anchor`: both sides must speak of the same indicator."""
        return max(ranked, key=lambda r: r.score + SAME_INDICATOR * self._alike(r, anchor))


def _side_name(place: str | None, time: Time, kind: Kind | None) -> str:
    year, period = (time, None) if not isinstance(time, tuple) else (None, time)
    return f"{when(Context(place, year, period))}{place or ''}{KIND_NAMES[kind] if kind else ''}"
