"""A question and the questions before it -> Query: place, time, kind, type and topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.text.normalize import fold
from index.text.quantities import number_of, quantities
from index.text.times import Time, find_times
from index.types import Coverage, Kind
from rag.retrieve.word_match import ACTIONS, tagged
from rag.types import Operation, Order, Query, QuestionType
from rag.understand import cues
from rag.understand.asked_places import named, placed
from rag.understand.english import chinese_cues, is_english, uncovered_names
from rag.understand.limits import limit_in
from rag.understand.terms import formal, translated
from rag.understand.units import ASKED_UNIT, asked_unit

_SAYING_LITTLE = cues.ASPECTS | cues.IDLE | ACTIONS  # a question of these alone leans on the one before it
MOST_SIDES = 8  # of a comparison; more are put in order
_TYPES = (("who", cues.WHO), ("when", cues.WHEN), ("where", cues.WHERE))


@dataclass(frozen=True, slots=True)
class _Said:
    """What one question says by itself."""

    query: Query
    times: tuple[Time, ...]
    fragment: bool  # cannot be understood without what came before
    new_topic: bool

    @property
    def placed(self) -> bool:
        return bool(self.query.places or self.query.unknown_places)

    @property
    def timed(self) -> bool:
        return bool(self.query.years or self.query.period)


def _without(text: str, times: Sequence[Time]) -> str:
    for time in reversed(times):
        text = text[: time.start] + " " + text[time.end :]
    return text


def _kind(text: str) -> Kind | None:
    """Target or result, where the question says it, for itself or by saying that it does not mean the other."""
    if cues.NOT_TARGET.search(text):
        return "result"
    if cues.NOT_RESULT.search(text):
        return "target"
    target, result = bool(cues.TARGET.search(text)), bool(cues.RESULT.search(text))
    return None if target == result else "target" if target else "result"


def _kinds(text: str, times: Sequence[Time]) -> tuple[Kind | None, ...]:
    """The kind asked for at each of several times: “2023年实际…，2025年计划…”; what only “and” parts shares it."""
    ends = [*(t.start for t in times[1:]), len(text)] if times else []
    found: list[Kind | None] = []
    for time, end in reversed(list(zip(times, ends, strict=True))):
        words = text[time.end : end]
        found.append(found[-1] if found and cues.AND.fullmatch(words) else _kind(words))
    return tuple(reversed(found))


def _parts(text: str) -> tuple[str, ...]:
    """The topics of a question that asks several things, each with a topic of its own; none for a single one."""
    asked = [part for part in re.split(r"[，,？?；;。！!]", text) if cues.ASKS.search(part)]
    topics = [_topic(part) for part in asked]
    return tuple(topics) if len(topics) > 1 and all(len(t.replace(" ", "")) >= 2 for t in topics) else ()


def _type(text: str, sides: int, *, ranks: bool) -> QuestionType:
    """The type of a question that names `sides` places or times and, with `ranks`, asks for their order."""
    if cues.BEYOND.search(text):
        return "beyond"
    if sides > 1:
        return "rank" if ranks or sides > MOST_SIDES else "compare"
    several, figure = cues.LIST.search(text), cues.NUMBER.search(text)
    for name, pattern in _TYPES:
        if pattern.search(text) and not several and not figure:
            return name  # type: ignore[return-value]
    if several:
        return "list"
    if figure:
        return "number"
    if cues.SUMMARY.search(text):
        return "summary"
    return "yesno" if cues.YESNO.search(text) else "what"


def _is_trend(text: str, times: Sequence[Time]) -> bool:
    """Whether a question follows a figure through the years: it says so, and names no years, or a stretch of them."""
    if cues.BEYOND.search(text) or len([t for t in times if t.year]) > 1:
        return False
    stretch = any(t.period and not t.relative for t in times)
    return cues.TREND.search(text) is not None or (stretch and cues.EACH_YEAR.search(text) is not None)


def _operations(text: str) -> tuple[Operation, ...]:
    """What a question wants to be computed of two figures."""
    cued: tuple[tuple[Operation, re.Pattern[str]], ...] = (
        ("difference", cues.DIFFERENCE),
        ("ratio", cues.RATIO),
        ("share", cues.SHARE),
        ("growth", cues.GROWTH),
    )
    return tuple(operation for operation, cue in cued if cue.search(text))


def _order(text: str) -> Order | None:
    if not (cues.RANK.search(text) or cues.MORE.search(text)):
        return None
    return "least" if cues.LEAST.search(text) else "most"


def _top(text: str) -> int | None:
    """How many of a ranking are asked for; None for all."""
    match = cues.TOP.search(text)
    number = number_of(match[1]) if match else None
    return int(number) if number else None


def _topic(text: str) -> str:
    """The words of `text` that say what is asked about, separated by spaces."""
    counted = cues.COUNTED.sub(" ", ASKED_UNIT.sub(" ", text))
    said = cues.PHRASES.sub(" ", cues.ENGLISH_STOPS.sub(" ", counted))
    stripped = re.sub(r"[^\w%“”·+.]+|(?<!\d)\.|\.(?!\d)", " ", said)  # PM2.5 stays whole
    return " ".join(word for word, _ in tagged(stripped) if word not in cues.EMPTY)


def _in_chinese(text: str, english: bool, coverage: Coverage) -> str:
    """The folded question with places, times and indicators in the form that the rest of this module reads."""
    if english:
        return translated(chinese_cues(text, coverage.places))
    years = cues.LISTED_YEAR.sub(r"\1年", cues.YEARS_COUNTED.sub(r"\1年", formal(text)))
    years = cues.LEVEL_BEHIND.sub(r"的哪些\1", years)
    return cues.THAN.sub("、", cues.FROM.sub("", cues.FIVE_YEARS.sub("过去5年", years)))


def _say(question: str, coverage: Coverage, asked: int, kept: Sequence[str] = ()) -> _Said:
    """What one question says, without the ones before it. `asked` is the year that 今年 means, `kept` are the places
    spoken of before: of several of one name they tell which is meant."""
    text = fold(question)
    for spoken, written in cues.SPOKEN:
        text = spoken.sub(written, text)
    english = is_english(text)
    new_topic = bool(cues.NEW_TOPIC.search(text))
    places, unknown, rest, shared = placed(_in_chinese(text, english, coverage), coverage, () if new_topic else kept)
    names, rest = named(rest, coverage)
    if english:
        unknown += uncovered_names(rest, text)
    report = cues.REPORT.search(rest)
    if report:
        asked = int(report[1])
        rest = rest[: report.start()] + " " + rest[report.end() :]
    # “不是2025年的计划数” names no time to look for.
    said = cues.NOT_THEN.sub(" ", cues.NOT_RESULT.sub(" ", cues.NOT_TARGET.sub(" ", rest)))
    times = tuple(find_times(said, asked, heading=True))
    bare = _without(said, times)
    plain = bare
    places_or_times = max(1 if shared else len(places) + len(unknown), len({t.year or t.period for t in times}))
    operations = _operations(text)
    limit, span = (limit_in(bare) if len(places) > 1 else None) or (None, (0, 0))
    type_ = _type(bare, places_or_times, ranks=limit is not None or cues.RANK.search(text) is not None)
    bare = f"{bare[: span[0]]} {bare[span[1] :]}"
    unit = limit.unit if limit else asked_unit(bare)
    if type_ == "yesno":  # a figure that is asked about is compared, not searched
        for quantity in reversed(quantities(bare)):
            bare = bare[: quantity.before] + " " + bare[quantity.after :]
    if places_or_times > 1 or cues.TREND.search(text) or cues.CONTEXTUAL.search(text):
        for words in (cues.COMPUTING, cues.RANK, cues.TREND):
            bare = words.sub(" ", bare)
    years = tuple(dict.fromkeys(t.year for t in times if t.year))
    periods = [t.period for t in times if t.period]
    both = bool(cues.BOTH_KINDS.search(said))
    kinds = _kinds(said, times)
    kind = None if both or len(set(kinds)) > 1 else _kind(rest)
    query = Query(
        question=question,
        text=text,
        topic=_topic(bare),
        places=places,
        unknown_places=unknown,
        shared=shared,
        names=names,
        years=years,
        period=periods[0] if periods else None,
        report_year=asked if report else None,
        as_of=bool(years and cues.AS_OF.search(text)),
        kind="cumulative" if kind is None and periods and cues.CUMULATIVE.search(text) else kind,
        both_kinds=both and len(times) < 2,
        kinds=kinds if len(set(kinds)) > 1 else (),
        parts=_parts(bare),
        type="compare" if both else "trend" if _is_trend(text, times) else type_,
        unit=unit if limit or bare == plain else asked_unit(bare),
        english=english,
        operations=operations,
        order=_order(text),
        top=_top(text) if cues.RANK.search(text) else None,
        limit=limit,
    )
    fragment = bool(cues.CONTEXTUAL.search(text.lower())) or not (set(query.topic.split()) - _SAYING_LITTLE)
    return _Said(query, times, fragment, new_topic)


def _inherit(said: _Said, before: Query) -> Query:
    """A fragment keeps what the question before it said and it does not."""
    now = said.query
    topic = now.topic if len(now.topic.replace(" ", "")) >= 2 else ""
    if topic and _SAYING_LITTLE.issuperset(topic.split()):
        sides = [word for word in topic.split() if word in cues.ASPECTS and word not in before.topic]
        topic = " ".join((before.topic, *sides)) if sides else ""
    places = now.places if said.placed else before.places
    if now.places and (cues.AGAINST_IT.search(now.text) or (now.order and len(now.places) == 1)):
        places = tuple(dict.fromkeys((*before.places, *now.places)))
    years = now.years if said.timed else before.years
    type_ = before.type if now.type in ("what", "yesno") else now.type
    if (now.operations or now.order) and max(len(places), len(years)) > 1:
        type_ = "rank" if before.type == "rank" else "compare"
    elif type_ in ("compare", "rank") and max(len(places), len(years)) < 2 and not (now.both_kinds or now.period):
        type_ = "number"
    return replace(
        now,
        topic=topic or before.topic,
        places=places,
        unknown_places=now.unknown_places if said.placed else before.unknown_places,
        shared=now.shared if said.placed else before.shared,
        names=now.names if said.placed or now.names else before.names,
        years=years,
        period=now.period if said.timed else before.period,
        report_year=now.report_year or (None if said.timed else before.report_year),
        as_of=now.as_of if said.timed else before.as_of,
        kind=now.kind or before.kind,
        type=type_,
        unit=now.unit or (None if topic else before.unit),
    )


def _stay(said: _Said, before: Query) -> Query:
    """A whole question that names neither place nor time most likely stays with those of the one before it."""
    return replace(
        said.query,
        places=before.places,
        shared=before.shared,
        years=before.years,
        period=before.period,
        stayed=True,
    )


def _settle(query: Query, times: Sequence[Time], coverage: Coverage) -> Query:
    """Relative years that no report covers mean the newest covered one; either way the year taken is named.

    A stretch of years that no report covers as such means its first and its last year.
    """
    covered = coverage.years
    if query.type == "trend":
        if query.period is None:
            return query
        first, last = query.period
        last += any(t.relative for t in times)  # the last years go on to the year of asking
        return replace(query, period=None, years=tuple(y for y in covered if first <= y <= last))
    periods = sorted({c.period for c in coverage.contexts if c.period})
    relative = any(t.relative for t in times)
    if query.period and query.period not in periods:
        if relative and periods:
            return replace(query, period=max((p for p in periods if p <= query.period), default=periods[0]))
        if not relative:
            return replace(query, period=None, years=query.period, type="compare")
    if not relative or not query.years:
        return query
    years = tuple(y if y in covered or not covered else covered[-1] for y in query.years)
    return replace(query, years=tuple(dict.fromkeys(years)), assumed_year=years[0])


def understand(
    question: str, history: Sequence[str] = (), *, coverage: Coverage, today: date, self_contained: bool = False
) -> Query:
    """The meaning of `question` after the earlier questions `history`, oldest first.

    `today` gives 今年 its meaning. With `self_contained` a whole question takes nothing from the history.
    """
    before: Query | None = None
    for earlier in history:
        before = _after(earlier, before, coverage, today.year, self_contained=False)
    return _after(question, before, coverage, today.year, self_contained=self_contained)


def _after(question: str, before: Query | None, coverage: Coverage, asked: int, *, self_contained: bool) -> Query:
    if before is not None and len(before.years) == 1 and cues.LAST_YEAR.search(question):
        asked = before.years[0]
    said = _say(question, coverage, asked, (*before.places, *before.unknown_places) if before else ())
    here = said.query
    if before is not None and not said.new_topic:
        if said.fragment:
            here = _inherit(said, before)
        elif not said.placed and not said.timed and not self_contained and here.type != "beyond":
            here = _stay(said, before)
    if here.shared and here.type in ("number", "what", "when"):  # one line for each place of that name
        here = replace(here, type="compare")
    return _settle(here, said.times, coverage)
