"""A question and the questions before it -> Query: place, time, kind, type and topic.

It is the only way to a Query that later stages know, and the last to look at the words of a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.search.filter import Aspect as Condition
from index.text.normalize import fold
from index.text.quantities import quantities
from index.text.times import Time, find_times
from index.types import Coverage, Kind
from rag.types import Query, QuestionType
from rag.understand import cues
from rag.understand.asked import asked_in
from rag.understand.asked_places import named, placed
from rag.understand.english import chinese_cues, is_english, uncovered_names
from rag.understand.finish import finished
from rag.understand.follow_up import Said, inherit, inherited, stay
from rag.understand.intent import intent
from rag.understand.limits import Limit, limit_in
from rag.understand.place_cues import LEVEL_BEHIND
from rag.understand.settle import settled
from rag.understand.terms import formal, translated
from rag.understand.topic import says_little, written
from rag.understand.topic import topic as topic_of
from rag.understand.units import ASKED_UNIT, asked_unit

MOST_SIDES = 8  # of a comparison; more are put in order


@dataclass(frozen=True, slots=True)
class _Form:
    """How a question asks, and the words that are left for its topic."""

    type: QuestionType
    limit: Limit | None
    unit: str | None
    bare: str


def _without(text: str, times: Sequence[Time]) -> str:
    for time in reversed(times):
        text = text[: time.start] + " " + text[time.end :]
    return text


def _kind(text: str) -> Kind | None:
    """Target or result, where the question says it, for itself or by saying that it does not mean the other."""
    if denied := cues.DENIED.search(text):
        return "result" if denied["planned"] else "target"
    said = intent(text).signs & {"target", "result"}
    return None if len(said) != 1 else "target" if "target" in said else "result"


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
    topics = [topic_of(part, ASKED_UNIT) for part in asked]
    return tuple(topics) if len(topics) > 1 and all(len(t.replace(" ", "")) >= 2 for t in topics) else ()


def _type(text: str, sides: int, *, ranks: bool) -> QuestionType:
    """The type of a question that names `sides` places or times and, with `ranks`, asks for their order."""
    type_ = intent(text).type
    if type_ == "beyond" or sides < 2:
        return type_
    return "rank" if ranks or sides > MOST_SIDES else "compare"


def _is_trend(text: str, times: Sequence[Time]) -> bool:
    """Whether a question follows a figure through the years: it says so, and names no years, or a stretch of them."""
    if intent(text).type == "beyond" or len([t for t in times if t.year]) > 1:
        return False
    stretch = any(t.period and not t.relative for t in times)
    return cues.TREND.search(text) is not None or (stretch and cues.EACH_YEAR.search(text) is not None)


def _in_chinese(text: str, english: bool, coverage: Coverage) -> str:
    """The folded question with places, times and indicators in the form that the rest of this module reads."""
    if english:
        return translated(chinese_cues(text, coverage.places))
    years = cues.LISTED_YEAR.sub(r"\1年", cues.YEARS_COUNTED.sub(r"\1年", formal(text)))
    years = LEVEL_BEHIND.sub(r"的哪些\1", years)
    return cues.THAN.sub("、", cues.FROM.sub("", cues.FIVE_YEARS.sub("过去5年", years)))


def _report(text: str) -> tuple[int | None, str]:
    """The year of the report that a question is about, and the question without it."""
    if (report := cues.REPORT.search(text)) is None:
        return None, text
    return int(report[1]), text[: report.start()] + " " + text[report.end() :]


def _form(text: str, plain: str, sides: int, *, places: int) -> _Form:
    """How the question `text` asks; `plain` is what is left of it without places and times, of which it names `sides`,
    `places` of them places."""
    limit, (start, end) = (limit_in(plain) if places > 1 else None) or (None, (0, 0))
    type_ = _type(plain, sides, ranks=limit is not None or cues.RANK.search(text) is not None)
    bare = f"{plain[:start]} {plain[end:]}"
    if type_ == "yesno":  # a figure that is asked about is compared, not searched
        for quantity in reversed(quantities(bare)):
            bare = bare[: quantity.before] + " " + bare[quantity.after :]
    if sides > 1 or cues.TREND.search(text) or "leans" in intent(text).signs:
        for words in (cues.COMPUTING, cues.RANK, cues.TREND):
            bare = words.sub(" ", bare)
    return _Form(type_, limit, limit.unit if limit else asked_unit(bare), bare)


def _say(question: str, coverage: Coverage, asked: int, kept: Sequence[str] = ()) -> Said:
    """What one question says, without the ones before it. `asked` is the year that 今年 means, `kept` are the places
    spoken of before: of several of one name they tell which is meant."""
    text = written(fold(question))
    english = is_english(text)
    new_topic = bool(cues.NEW_TOPIC.search(text))
    places, unknown, rest, shared = placed(_in_chinese(text, english, coverage), coverage, () if new_topic else kept)
    names, rest = named(rest, coverage)
    if english:
        unknown += uncovered_names(rest, text)
    report_year, rest = _report(rest)
    # “不是2025年的计划数” names no time to look for.
    said = cues.NOT_THEN.sub(" ", cues.DENIED.sub(" ", rest))
    times = tuple(find_times(said, report_year or asked, heading=True))
    sides = max(1 if shared else len(places) + len(unknown), len({t.year or t.period for t in times}))
    form = _form(text, _without(said, times), sides, places=len(places))
    topic = topic_of(form.bare, ASKED_UNIT)
    query = Query(
        question=question,
        text=text,
        topic=topic,
        own_topic=topic,
        places=places,
        unknown_places=unknown,
        shared=shared,
        names=names,
        report_year=report_year,
        type=form.type,
        unit=form.unit,
        english=english,
        asked=asked_in(text, form.limit),
    )
    query = _when_and_what(query, times, said, rest)
    query = replace(query, guessed=_hinted(query))
    fragment = "leans" in intent(text).signs or says_little(query.topic)
    return Said(query, times, _parts(form.bare), fragment, new_topic)


def _when_and_what(query: Query, times: Sequence[Time], said: str, rest: str) -> Query:
    """A query with its times and with target or result at each; `said` is `rest`, the question without its places,
    less what it says not to mean."""
    text = query.text
    years = tuple(dict.fromkeys(t.year for t in times if t.year))
    period = next((t.period for t in times if t.period), None)
    both = bool(cues.BOTH_KINDS.search(said))
    kinds = _kinds(said, times)
    differing = len(set(kinds)) > 1
    kind = None if both or differing else _kind(rest)
    return replace(
        query,
        years=years,
        period=period,
        as_of=bool(years and cues.AS_OF.search(text)),
        kind="cumulative" if kind is None and period and cues.CUMULATIVE.search(text) else kind,
        both_kinds=both and len(times) < 2,
        kinds=kinds if differing else (),
        type="compare" if both else "trend" if _is_trend(text, times) else query.type,
    )


def _hinted(query: Query) -> frozenset[Condition]:
    """The kind of a question that does not say target or result, but has words that hint at one of them."""
    return frozenset(("kind",)) if query.kind and not cues.SAYS_KIND.search(query.text) else frozenset()


def understand(question: str, history: Sequence[str] = (), *, coverage: Coverage, today: date) -> Query:
    """The meaning of `question` after the earlier questions `history`, oldest first. `today` gives 今年 its meaning."""
    before: Query | None = None
    for earlier in history:
        before = _after(earlier, before, coverage, today.year).query
    return _after(question, before, coverage, today.year).finished(coverage)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A question read after the one before it."""

    query: Query
    parts: tuple[str, ...]
    by_itself: Query | None  # where it only seems to share place and time with the one before

    def finished(self, coverage: Coverage) -> Query:
        return finished(self.query, self.parts, coverage, by_itself=self.by_itself)


def _after(question: str, before: Query | None, coverage: Coverage, today: int) -> _Reading:
    asked = _year_of_asking(question, before, today)
    kept = (*before.places, *before.unknown_places) if before else ()
    said = _say(question, coverage, asked, kept)
    alone = settled(_each_namesake(said.query), said.times, coverage)
    if before is None or said.new_topic:
        return _Reading(alone, said.parts, None)
    if said.fragment:
        here, stays = inherit(said, before), False
    else:
        stays = not said.placed and not said.timed and said.query.type != "beyond"
        here = stay(said, before) if stays else said.query
    query = settled(_each_namesake(here), said.times, coverage)
    if asked != today:  # without the question before, its years are others
        said = _say(question, coverage, today, kept)
    taken = inherited(query, settled(_each_namesake(said.query), said.times, coverage), before)
    return _Reading(replace(query, inherited=taken), said.parts, alone if stays else None)


def _each_namesake(query: Query) -> Query:
    """A question for a figure of a name that several covered places have, as one for a line of each."""
    split = query.shared is not None and query.type in ("number", "what", "when")
    return replace(query, type="compare") if split else query


def _year_of_asking(question: str, before: Query | None, today: int) -> int:
    """The year that 今年 means: after a question for one year, 上一年 counts from that."""
    counts_on = before is not None and len(before.years) == 1 and cues.LAST_YEAR.search(question)
    return before.years[0] if before is not None and counts_on else today
