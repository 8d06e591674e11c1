"""The clause that answers, as a report has it; one for each place and year where the question leaves them open."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from index.types import Context
from rag.answer.answerer import Sources, rated
from rag.answer.yes_no import polarity
from rag.retrieve.found import AS_GOOD, Found
from rag.retrieve.types import Ranked
from rag.types import Draft, Query, Statement
from rag.understand import cues
from rag.understand.units import SHARE_ONLY, states_figure
from rag.wording.sentences import UNSURE, narrow

SURE = 0.75  # probability below which the hits that score nearly as well are shown beside the best
CLOSE, MOST_CLOSE = 1.0, 2  # how much lower they may score, and how many lines there are in all
MOST_LINES = 6


class Clause:
    """Answers with the clause of the best hit."""

    name = "clause"

    def __init__(self, sources: Sources) -> None:
        self._measures = sources.measures
        self._cutter = sources.cutter

    def draft(self, query: Query, found: Found) -> Draft | None:
        """The lines that answer a question for one thing; of an unsure one the runner-up too. None for a table or a
        list, and where they do not state what is asked for."""
        if (
            query.instead.one_figure
            or query.type in ("list", "summary")
            or not found.ranked
            or share_for_amount(query, found.ranked[0])
        ):
            return None
        lines = self._lines(query, found.ranked)
        unsure = found.probability < SURE and len(lines) == 1
        close = self._close(query, found.ranked, lines[0]) if unsure else []
        if not any(_tells(query, line) for line in (*lines, *close)):
            return None
        if close:
            return rated(Draft((*lines, *close), notes=(UNSURE,), reason="close_clauses"), found)
        return rated(self._stated(query, found, lines), found)

    def _stated(self, query: Query, found: Found, lines: Sequence[Statement]) -> Draft:
        """The draft of lines that surely answer, with what else is asked."""
        statements = (*lines, *self._further(query, found, lines))
        if len(lines) > 1:
            note = narrow([s.context for s in lines])
            return Draft(statements, notes=(note,) if note else (), reason="each_open")
        said = None
        if query.type == "yesno" and found.probability >= SURE:
            said = polarity(query, found.ranked[0], self._measures, lines[0])
        return Draft(statements, polarity=said, reason="best_clause")

    def _close(self, query: Query, ranked: Sequence[Ranked], best: Statement) -> list[Statement]:
        """What scores nearly as well as the best hit and is not part of its statement."""
        close = (self._cutter.widened(query, r) for r in ranked[1:] if r.score >= ranked[0].score - CLOSE)
        return list(islice((statement for statement in close if statement != best), MOST_CLOSE - 1))

    def _further(self, query: Query, found: Found, lines: Sequence[Statement]) -> list[Statement]:
        """Lines for the other things that a question asks, where the first lines do not hold them."""
        further: list[Statement] = []
        for part in query.parts:
            other = found.of(part.search)
            if not other.sure:
                continue
            statement = self._cutter.widened(part, other.ranked[0])
            held = [s for s in (*lines, *further) if s.paragraph_id == statement.paragraph_id]
            if not any(s.start <= statement.start and statement.end <= s.end for s in held):
                further.append(statement)
        return further

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


ANSWERER = Clause


def _tells(query: Query, line: Statement) -> bool:
    """Whether a line holds a number where one is asked for, and a time where that is; written any way."""
    asked = {"number": cues.NUMERAL, "when": cues.MOMENT}.get(query.type)
    return asked is None or asked.search(line.words) is not None


def share_for_amount(query: Query, best: Ranked) -> bool:
    """Whether “多少亿元” or “总量” would be answered by a percentage: the growth of what was asked is not it."""
    return (
        query.type == "number"
        and query.unit != "%"
        and (query.asked.figures.in_unit or query.asked.figures.total)
        and best.features.figure <= SHARE_ONLY
        and states_figure(best.hit.passage.text)
    )
