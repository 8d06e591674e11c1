"""What a question takes over from the one before it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from index.search.filter import Aspect as Condition
from index.text.times import Time
from rag.types import Aspect, Query, QuestionType
from rag.understand import cues
from rag.understand.topic import says_little, sides

ASPECTS: tuple[Aspect, ...] = ("places", "years", "period", "kind", "type", "unit", "topic")


@dataclass(frozen=True, slots=True)
class Said:
    """What one question says by itself."""

    query: Query
    times: tuple[Time, ...]
    parts: tuple[str, ...]  # topics of a question that asks several things
    fragment: bool  # cannot be understood without what came before
    new_topic: bool

    @property
    def placed(self) -> bool:
        return bool(self.query.places or self.query.unknown_places)

    @property
    def timed(self) -> bool:
        return bool(self.query.years or self.query.period)


def inherit(said: Said, before: Query) -> Query:
    """A fragment keeps what the question before it said and it does not."""
    now = said.query
    topic = _own_topic(now, before)
    places = _all_places(said, before)
    of_place, of_time = (now if said.placed else before), (now if said.timed else before)
    return replace(
        now,
        topic=topic or before.topic,
        places=places,
        unknown_places=of_place.unknown_places,
        shared=of_place.shared,
        names=now.names or of_place.names,
        years=of_time.years,
        period=of_time.period,
        report_year=now.report_year or of_time.report_year,
        as_of=of_time.as_of,
        kind=now.kind or before.kind,
        guessed=_guessed(said, before),
        type=_type_after(now, before, sides=max(len(places), len(of_time.years))),
        unit=now.unit or (None if topic else before.unit),
    )


def _guessed(said: Said, before: Query) -> frozenset[Condition]:
    """What is only guessed of the conditions that a fragment says or keeps."""
    sources: dict[Condition, Query] = {
        "kind": said.query if said.query.kind else before,
        "time": said.query if said.timed else before,
    }
    return frozenset(condition for condition, source in sources.items() if condition in source.guessed)


def _own_topic(now: Query, before: Query) -> str:
    """What a fragment is about where that is not just what the question before it was; its words that only say which
    side of a thing is meant are put to the thing."""
    if len(now.topic.replace(" ", "")) < 2:
        return ""
    if not says_little(now.topic):
        return now.topic
    other = [word for word in sides(now.topic.split()) if word not in before.topic]
    return " ".join((before.topic, *other)) if other else ""


def _all_places(said: Said, before: Query) -> tuple[str, ...]:
    """The places of a fragment: its own, with those of the question before where one is held against the other."""
    now = said.query
    against = cues.AGAINST_IT.search(now.text) or (now.asked.table.order and len(now.places) == 1)
    if now.places and against:
        return tuple(dict.fromkeys((*before.places, *now.places)))
    return now.places if said.placed else before.places


def _type_after(now: Query, before: Query, *, sides: int) -> QuestionType:
    """The type of a fragment that speaks of `sides` places or years."""
    if (now.asked.table.operations or now.asked.table.order) and sides > 1:
        return "rank" if before.type == "rank" else "compare"
    type_ = before.type if now.type in ("what", "yesno") else now.type
    alone = sides < 2 and not (now.both_kinds or now.period)
    return "number" if alone and type_ in ("compare", "rank") else type_


def stay(said: Said, before: Query) -> Query:
    """A whole question that names neither place nor time most likely stays with those of the one before it."""
    return replace(
        said.query,
        places=before.places,
        shared=before.shared,
        years=before.years,
        period=before.period,
        guessed=said.query.guessed | (before.guessed & {"time"}),
    )


def inherited(query: Query, alone: Query, before: Query) -> tuple[Aspect, ...]:
    """What is as in the question before and would be otherwise without it."""
    return tuple(a for a in ASPECTS if getattr(alone, a) != getattr(query, a) == getattr(before, a))
