"""Query + index -> draft answer by extraction: the clauses that answer, as they stand in the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from index.types import Context
from rag.answer.comparison import Tables
from rag.answer.cutting import Cutter, Extraction
from rag.answer.figures import Measures
from rag.answer.lists import Gatherer
from rag.answer.yes_no import polarity
from rag.retrieve.ranking import Ranked, Threshold
from rag.retrieve.retriever import Retriever
from rag.types import Draft, Query, Statement
from rag.understand import cues
from rag.understand.units import SHARE_ONLY, states_figure
from rag.wording.sentences import UNSURE, narrow, which_one

if TYPE_CHECKING:
    from index.storage.store import Store

__all__ = ["Extraction", "Extractor"]

AS_GOOD = 1.0  # a second place, year or kind is shown when its score is at most this much below the best
SURE = 0.75  # confidence below which the hits that score nearly as well are shown beside the best
CLOSE, MOST_CLOSE = 1.0, 2  # how much lower they may score, and how many lines there are in all
MOST_LINES = 6
MOST_NAMED = 3  # places of a comparison without which there is none; of more, those that are there are shown


class Extractor:
    """Drafts answers from one index; needs no model but the embedder."""

    def __init__(self, store: Store, threshold: Threshold | None = None) -> None:
        """`threshold` decides what is sure enough to be an answer; without it the fitted one."""
        self.retriever = Retriever(store, threshold)
        self.measures = Measures(store, self.retriever.name_fit)
        self._cutter = Cutter(store)
        self._tables = Tables(store, self.retriever, self.measures)
        self._gatherer = Gatherer(store, self.retriever)

    def draft(self, query: Query) -> Extraction:
        """The best draft for `query`; one without statements when the reports do not say."""
        if query.type == "beyond":
            return Extraction(Draft())
        if query.unknown_places and not query.places:
            return self._instead(query.instead.around)
        if query.shared:
            return self._each_namesake(query)
        if query.instead.one_figure is None:
            return self._single(query)
        table = self._tables.draft(query)
        named = query.asked.table.limit is not None or (query.type == "compare" and len(query.places) <= MOST_NAMED)
        return table if table.draft.statements or named else self._single(query.instead.one_figure)

    def _instead(self, other: Query | None) -> Extraction:
        """The answer of a question that is close to the one that is asked, where it has one."""
        found = self._single(other) if other else Extraction(Draft())
        return replace(found, asked=other) if found.draft.statements else Extraction(Draft())

    def _each_namesake(self, query: Query) -> Extraction:
        """One line for each of the covered places that have the name asked about, with the question which is meant;
        without lines, for what no table holds, the question alone."""
        table = self._tables.draft(query) if query.type == "compare" else Extraction(Draft())
        notes = (which_one(*query.shared),) if query.shared else ()
        return replace(table, draft=replace(table.draft, notes=(*table.draft.notes, *notes)))

    def _single(self, query: Query) -> Extraction:
        """A draft from one ranking of the hits."""
        ranked = self.retriever.retrieve(query.search)
        confidence = self.retriever.confidence(query.search, ranked)
        threshold = self.retriever.threshold
        sure = threshold.reached(confidence)
        several = query.type in ("list", "summary")
        if several and (lines := self._gatherer.several(query, ranked, sure=sure)):
            return Extraction(Draft(tuple(lines)), tuple(ranked), max(confidence, threshold.at))
        if not sure or _share_for_amount(query, ranked[0]):
            return Extraction(Draft(), tuple(ranked), confidence)
        if several:
            found = self._gatherer.siblings(query, ranked) or [self._cutter.sentence(ranked[0])]
            return Extraction(Draft(tuple(found)), tuple(ranked), confidence)
        if (grown := self._grown(query, ranked)) is not None:
            return grown
        return Extraction(self._stated(query, ranked, confidence), tuple(ranked), confidence)

    def _stated(self, query: Query, ranked: Sequence[Ranked], confidence: float) -> Draft:
        """The lines that answer a question for one thing; of an unsure one the runner-up too."""
        lines = self._lines(query, ranked)
        close = self._close(query, ranked, lines[0]) if confidence < SURE and len(lines) == 1 else []
        if not any(_tells(query, line) for line in (*lines, *close)):
            return Draft()
        if close:
            return Draft((*lines, *close), notes=(UNSURE,))
        notes = [narrow([s.context for s in lines])] if len(lines) > 1 else []
        draft = Draft((*lines, *self._further(query, lines)), notes=tuple(n for n in notes if n))
        if query.type == "yesno" and len(lines) == 1 and confidence >= SURE:
            draft = replace(draft, polarity=polarity(query, ranked[0], self.measures, lines[0]))
        return draft

    def _grown(self, query: Query, ranked: Sequence[Ranked]) -> Extraction | None:
        """The figures of a year and of the one before it, for a question of how much one grew over the other; None
        where the report itself says so."""
        if query.instead.both_years is None:
            return None
        passage = ranked[0].hit.passage
        start, end = self._cutter.sentence_span(ranked[0])
        stated = self.measures.facts(passage.paragraph_id, start, end)
        if any(fact.relation in ("growth", "change") for fact in stated):
            return None
        if cues.THAN_BEFORE.search(self._cutter.sentence(ranked[0]).words):
            return None
        table = self._tables.draft(query.instead.both_years)
        return replace(table, asked=query.instead.both_years) if table.draft.statements else None

    def _close(self, query: Query, ranked: Sequence[Ranked], best: Statement) -> list[Statement]:
        """What scores nearly as well as the best hit and is not part of its statement."""
        close = (self._cutter.widened(query, r) for r in ranked[1:] if r.score >= ranked[0].score - CLOSE)
        return list(islice((statement for statement in close if statement != best), MOST_CLOSE - 1))

    def _further(self, query: Query, lines: Sequence[Statement]) -> list[Statement]:
        """Lines for the other things that a question asks, where the first lines do not hold them."""
        found: list[Statement] = []
        for part in query.parts:
            ranked = self.retriever.retrieve(part.search)
            if not self.retriever.threshold.reached(self.retriever.confidence(part.search, ranked)):
                continue
            statement = self._cutter.widened(part, ranked[0])
            held = [s for s in (*lines, *found) if s.paragraph_id == statement.paragraph_id]
            if not any(s.start <= statement.start and statement.end <= s.end for s in held):
                found.append(statement)
        return found

    def nearest(self, query: Query) -> list[Context]:
        """Contexts in which the reports do speak of the topic, best first; at most four."""
        ranked = self.retriever.unconstrained(query.search)
        if not ranked or self.retriever.confidence(query.search, ranked) < self.retriever.threshold.at:
            return []
        good = [r for r in ranked if r.score >= ranked[0].score - AS_GOOD]
        return [c for c in dict.fromkeys(r.hit.passage.context for r in good) if c.place][:4]

    def _lines(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """One line; or one for each place, year and kind that fit equally when the question leaves them open."""
        best = ranked[0]
        lines = [self._cutter.widened(query, best)]
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
                lines.append(self._cutter.widened(query, other))
        return lines[:MOST_LINES]

    @staticmethod
    def _left_open(query: Query, context: Context) -> tuple[object, ...]:
        """What of a context the question leaves open."""
        time = None if query.years or query.period else (context.year, context.period)
        return (None if query.places else context.place, time, None if query.kind else context.kind)


def _tells(query: Query, line: Statement) -> bool:
    """Whether a line holds a number where one is asked for, and a time where that is; written any way."""
    asked = {"number": cues.NUMERAL, "when": cues.MOMENT}.get(query.type)
    return asked is None or asked.search(line.words) is not None


def _share_for_amount(query: Query, best: Ranked) -> bool:
    """Whether “多少亿元” would be answered by a percentage: the growth of what was asked is not what was asked."""
    return (
        query.type == "number"
        and query.unit != "%"
        and query.asked.figures.in_unit
        and best.features.figure <= SHARE_ONLY
        and states_figure(best.hit.passage.text)
    )
