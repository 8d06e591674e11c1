"""The one constraint: whose, when, of which report and of what kind a text must be to answer a question.

Everything that asks whether something may be an answer asks `Filter.fit`: the mask of a search, the headings of a
list, the facts of a table, the gate, the explanation, the evaluation; `rag.retrieve.columns` asks for all passages of
an index at once. What a question said, or has from the question before, is law; what was only guessed moves the ranking
and hides nothing. Where the law leaves nothing that answers, conditions are let go of in the order of `RELAXING`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from index.text.places import lookup, same
from index.types import Context, Kind

Aspect = Literal["place", "name", "report", "time", "kind"]
Fit = Literal["match", "open", "clash"]  # meets a condition; does not say; says otherwise

NEAR = 60  # characters ahead of a clause within which the name of a thing that it speaks of stands
Step = Literal["guessed", "unsaid", "elsewhere"]

# The order in which conditions are let go of where nothing that meets them answers: what was only guessed; then a text
# may answer that does not say whom or when it speaks of; at last all at once, for hints and never for an answer: what
# is said of another place in another year is as good a hint as any.
RELAXING: tuple[Step, ...] = ("guessed", "unsaid", "elsewhere")
ANSWERING = RELAXING[:-1]  # the steps after which a text may still answer
_ALL: frozenset[Aspect] = frozenset(("place", "name", "report", "time", "kind"))
# What may answer a question about each kind. Over several years a result is a cumulative one.
_ANSWERS: dict[Kind, frozenset[Kind]] = {
    "target": frozenset(("target",)),
    "result": frozenset(("result", "cumulative")),
    "cumulative": frozenset(("cumulative", "result")),
    "other": frozenset(("target", "result", "cumulative")),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a filter is asked about: the context of a text, the year of its report, and its words with those close ahead
    of it in its sentence (for a name that must stand there)."""

    context: Context
    report_year: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions; an empty one demands nothing. `guessed` and `inherited` name those that the question did not say
    itself: a guess excludes nothing. `unsaid` lets a text meet a condition that it says nothing of."""

    places: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # short names of places that what is asked about is known by: 广州 of 广州地铁
    years: tuple[int, ...] = ()
    period: tuple[int, int] | None = None
    as_of: bool = False  # how things stood at the end of `years`: what is counted up to then meets it too
    report_year: int | None = None
    kind: Kind | None = None
    inherited: frozenset[Aspect] = frozenset()
    guessed: frozenset[Aspect] = frozenset()
    unsaid: bool = False

    @property
    def free(self) -> bool:
        """Whether it demands nothing of a text's context."""
        return not (self.places or self.years or self.period or self.kind or self.report_year)

    def fit(self, subject: Subject) -> Fit:
        """The worst that any condition gives which is not a guess."""
        found = [fit for aspect, fit in self._fits(subject) if aspect not in self.guessed]
        return "clash" if "clash" in found else "open" if "open" in found else "match"

    def admits(self, subject: Subject) -> bool:
        """Whether a text may answer: no condition clashes, and none but that of kind is left open. A text that does not
        say whom or when it speaks of answers for anyone or any time only where `unsaid`; one that is neither a plan nor
        a result may be either."""
        return all(
            fit == "match" or aspect in self.guessed or (fit == "open" and (self.unsaid or aspect == "kind"))
            for aspect, fit in self._fits(subject)
        )

    def doubts(self, subject: Subject) -> bool:
        """Whether a text says otherwise than what was guessed: it may answer, but one that does not is likelier to."""
        return bool(self.guessed) and any(
            fit == "clash" and aspect in self.guessed for aspect, fit in self._fits(subject)
        )

    def without(self, aspects: frozenset[Aspect]) -> Filter:
        """The filter with these conditions let go of."""
        kept = replace(self, places=(), inherited=self.inherited - {"place"}) if "place" in aspects else self
        kept = replace(kept, names=()) if "name" in aspects else kept
        kept = replace(kept, report_year=None) if "report" in aspects else kept
        kept = replace(kept, years=(), period=None, as_of=False) if "time" in aspects else kept
        kept = replace(kept, kind=None) if "kind" in aspects else kept
        return replace(kept, guessed=kept.guessed - aspects)

    def relaxed(self, step: Step) -> Filter:
        """The filter after this step of `RELAXING` and those before it."""
        if step == "elsewhere":
            return replace(self.without(_ALL), unsaid=False)
        return replace(self.without(self.guessed), unsaid=self.unsaid or step == "unsaid")

    def _fits(self, subject: Subject) -> Iterator[tuple[Aspect, Fit]]:
        """Each condition and how it is met, the quickest to tell first."""
        yield "place", self._place(subject.context)
        yield "time", self._time(subject)
        yield "kind", self._kind(subject.context.kind)
        yield "report", self._report(subject.report_year)
        yield "name", self._named(subject)

    def _place(self, context: Context) -> Fit:
        if not self.places or any(same(context.place, place) for place in self.places):
            return "match"
        return "open" if context.place is None else "clash"

    def _named(self, subject: Subject) -> Fit:
        if not self.names:
            return "match"
        place = lookup(subject.context.place or "")
        short = place.short if place else None
        return "match" if all(name == short or name in subject.words for name in self.names) else "clash"

    def _report(self, year: int | None) -> Fit:
        if self.report_year is None or year == self.report_year:
            return "match"
        return "open" if year is None else "clash"

    def _time(self, subject: Subject) -> Fit:
        if not self.years and self.period is None:
            return "match"
        context = subject.context
        ends = self.as_of and context.period is not None and context.period[1] in self.years
        if ends or context.year in self.years or (self.period is not None and context.period == self.period):
            return "match"
        dated = context.year is not None or context.period is not None
        return "clash" if dated or not self._may_be_of(subject.report_year) else "open"

    def _may_be_of(self, report_year: int | None) -> bool:
        """Whether what a report of this year says without a time may be of the time asked about."""
        spanned = (
            self.period is not None and report_year is not None and self.period[0] <= report_year <= self.period[1]
        )
        return report_year is None or report_year in self.years or spanned

    def _kind(self, kind: Kind) -> Fit:
        if self.kind is None or kind in _ANSWERS[self.kind]:
            return "match"
        # What was counted up over years is neither plan nor result of one, and says so.
        return "open" if kind == "other" and self.kind != "cumulative" else "clash"
