"""Whom and when each block and each clause speaks of, and whether it promises or reports.

A heading that names a time rules its section. Inside a section without one, a time that a sentence names goes on
until another is named. A place named as the subject of a sentence rules that sentence; the section's place beats the
report's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from index.parse.outline import Block
from index.text.clauses import clauses, sentences
from index.text.modality import calls_to_action, explains, kind_of_wording, leaning, sets_the_stage, strong_kind
from index.text.places import COUNTRY, Mention, Place, find_places, lookup, named_zone, parent, siblings
from index.text.times import Time, find_times
from index.types import Context, Kind, Span

_SUBJECT_AHEAD = re.compile(
    r"^(?:(?!\d{4}年)[^\u4e00-\u9fff])*+"
    r"(?:(?:\d{4}年|[今去全]年|进入|目前|预计|记者.{0,6}悉)[，,]?)*+[^\u4e00-\u9fff]*+$"
)
_THIS_YEAR = re.compile(r"(?:^|[。；])(?:今年|新的一年)")
_REVIEW = re.compile(r"公报|统计|总结|回顾|成[就果效]")
_CENTRAL = re.compile(r"国务院|^(?:\d{4}年)?(?:中华人民共和国|全国)")
_FOR_THE_STATE_COUNCIL = re.compile(r"代表国务院|国务院副?总理")
_DELIVERED = re.compile(r"((?:19|20)\d\d)年(\d{1,2})月\d{1,2}日在.{4,40}会议?上")
_TWO_TIMES = re.compile(r"(?:年|时期)[和与及、](?:[三五十35]|10|\d{4})年")  # 过去一年和五年工作回顾: ask the text
OPENING = 10  # blocks in which a report says who gives it, when and where
LEADING = 3  # characters of a clause in front of a time that goes on: “支持办好2022年冬奥会” dates nothing else
MOSTLY = 0.8  # share of a section's text from which its heading takes the text's context


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for a report as a whole: the year that its 今年 means, its place, and the kind of its undated text."""

    year: int | None
    place: str | None
    kind: Kind
    period: tuple[int, int] | None = None  # of a plan for several years, which its title names

    @property
    def whole(self) -> Context:
        """The context of a text that names no time."""
        return Context(self.place, None if self.period else self.year, self.period, self.kind)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a block's text with its context."""

    span: Span
    context: Context


def frame_of(title: str, year: int | None, place: str | None) -> Frame:
    """A report plans unless its title says that it reviews."""
    periods = [t.period for t in find_times(title, None) if t.period]
    kind: Kind = "result" if _REVIEW.search(title) else "target"
    return Frame(periods[0][0] if periods else year, place, kind, periods[0] if periods else None)


def _near(frame: Frame) -> frozenset[str]:
    return frozenset([frame.place]) if frame.place else frozenset()


def _related(mention: Mention, frame: Frame) -> bool:
    """Whether a report about `frame.place` may speak of this place: itself, around, beside or inside it. Of a name
    that several places share one of them is enough: what is said of it is not said of the report's place."""
    here = lookup(frame.place or "")
    if here is None:
        return True
    beside = here.parent_code or here.code
    there = {mention.place.code, *(sense.place.code for sense in mention.senses)}
    return any(code.startswith(beside) or here.code.startswith(code) for code in there)


def _dated(context: Context, time: Time, frame: Frame) -> Context:
    """`context` moved to another time; the kind follows from which side of the report's year it lies on."""
    kind = context.kind
    if frame.year is not None:
        last = time.year or (time.period[1] if time.period else frame.year)
        if time.period:
            kind = "cumulative" if time.period[0] < frame.year and last <= frame.year else "target"
        elif last != frame.year:
            kind = "result" if last < frame.year else "target"
        else:
            kind = frame.kind
    return replace(context, year=time.year, period=time.period, kind=kind)


def _heading_context(text: str, above: Context, frame: Frame) -> tuple[Context, bool]:
    """Context that a heading gives its section, and whether it names a time."""
    context, named = above, False
    times = find_times(text, frame.year, heading=True)
    if times:
        context, named = _dated(context, times[0], frame), _TWO_TIMES.search(text) is None
        wording = kind_of_wording(text)
        if wording in ("target", "result") and context.period is None:
            context = replace(context, kind=wording)
    places = [m for m in find_places(text, _near(frame)) if m.start <= 2 and _related(m, frame)]
    if places:
        context = replace(context, place=places[0].place.label)
    if explains(text):
        return replace(context, year=None, period=None, kind="other"), True
    if sets_the_stage(text):
        context = replace(context, kind="other")
    elif context.kind == "other" and kind_of_wording(text) == "target":
        context = replace(context, kind="target")
    return context, named


def _subject_place(sentence: str, frame: Frame) -> str | None:
    """The place that a sentence is about: its full name opens the sentence or follows only a time."""
    for mention in find_places(sentence, _near(frame))[:1]:  # another place stands ahead of all others
        if mention.whole and _SUBJECT_AHEAD.match(sentence[: mention.start]) and _related(mention, frame):
            after = sentence[mention.end : mention.end + 1]
            if after and after not in "第委人政":
                return mention.place.label
    return None


def clause_contexts(text: str, start: Context, frame: Frame, *, fixed: bool) -> tuple[list[Clause], Context]:
    """Clauses of a paragraph with their contexts, beginning from `start`, and the context in which it leaves off.

    With `fixed` (the heading named the time) another time that a sentence names holds for that sentence only.
    """
    found: list[Clause] = []
    running = start
    for span in sentences(text):
        current = start if fixed else running
        left = current
        subject = _subject_place(text[slice(*span)], frame)
        for clause in clauses(text, span):
            words = text[slice(*clause)]
            times = find_times(words, frame.year)
            if times:
                current = _dated(current, times[-1] if len(times) > 1 and not times[-1].relative else times[0], frame)
                if times[0].start <= LEADING:
                    left = current
            context = replace(current, place=subject or start.place)
            found.append(Clause(clause, _with_kind(context, words, frame, fixed=fixed)))
        running = replace(left, place=start.place)
    return found, running


def _with_kind(context: Context, words: str, frame: Frame, *, fixed: bool) -> Context:
    """In the report's own year plans and results stand side by side: there plain words of the clause decide."""
    if fixed or context.kind not in ("target", "result") or context.year != frame.year:
        return context
    strong = strong_kind(words)
    return replace(context, kind=strong) if strong else context


def block_context(parts: Sequence[Clause], fallback: Context) -> Context:
    """The context that most of a block's text has."""
    weights: Counter[Context] = Counter()
    for part in parts:
        weights[part.context] += part.span[1] - part.span[0]
    return weights.most_common(1)[0][0] if weights else fallback


def _caption_context(text: str, section: Context, frame: Frame, *, fixed: bool) -> Context:
    """A caption shows what has been unless it says otherwise; without a figure or a word for it, it shows a scene."""
    base = replace(section, year=None, period=None, kind="other")
    times = find_times(text, frame.year)
    if times:
        return _dated(base, times[0], frame)
    if fixed and section.kind == "result":
        return section
    if strong_kind(text) != "result" and not re.search(r"\d", text):
        return base
    return replace(base, year=frame.year - 1 if frame.year else None, kind="result")


def contexts(
    blocks: Sequence[Block], duplicates: Mapping[int, int], frame: Frame
) -> tuple[list[Context], list[list[Clause]]]:
    """Context of every block, and of the clauses of every block that states something. A copy has the context of its
    canonical block."""
    whole = frame.whole
    heads: dict[int, tuple[Context, bool]] = {}
    found: list[Context] = []
    parts: list[list[Clause]] = []
    running: dict[int, Context] = {}
    for i, block in enumerate(blocks):
        top = block.section[-1] if block.section else -1
        above, fixed = heads.get(top, (whole, frame.period is not None))
        clauses_here: list[Clause] = []
        if block.role == "heading":
            so_far = above if fixed else running.get(top, above)  # “一年来的主要工作是：” dates what comes below
            context, named = _heading_context(block.text, so_far, frame)
            heads[i] = (context, named or fixed)
        elif block.role in ("title", "furniture"):
            context = Context(frame.place, frame.year, None, "other")
        elif block.role == "caption":
            context = _caption_context(block.text, above, frame, fixed=fixed)
            clauses_here = [Clause((0, len(block.text)), context)]
        else:
            start = above if fixed or above.kind == "other" else running.get(top, above)
            clauses_here, left = clause_contexts(block.text, start, frame, fixed=fixed)
            if above.kind == "other" or calls_to_action(block.text):
                clauses_here = [replace(c, context=replace(c.context, kind="other")) for c in clauses_here]
            elif block.role == "paragraph":
                running[top] = left
            context = block_context(clauses_here, start)
        found.append(context)
        parts.append(clauses_here)
    for copy, canonical in duplicates.items():
        found[copy] = found[canonical]
        parts[copy] = []
    _slogans(blocks, found, heads)
    _undated_headings(blocks, found, heads)
    return found, parts


def _slogans(blocks: Sequence[Block], found: list[Context], heads: Mapping[int, tuple[Context, bool]]) -> None:
    """A heading that only leads to another heading is about the place of that one."""
    for i in range(len(blocks) - 2, -1, -1):
        a, b = blocks[i], blocks[i + 1]
        if (
            a.role == b.role == "heading"
            and i in heads
            and b.section[-1:] == (i,)
            and found[i].place != found[i + 1].place
        ):
            found[i] = replace(found[i], place=found[i + 1].place)


def _undated_headings(blocks: Sequence[Block], found: list[Context], heads: Mapping[int, tuple[Context, bool]]) -> None:
    """A heading without a time of its own has that of what stands under it, or none when that is mixed."""
    weights: dict[int, Counter[Context]] = {}
    for block, context in zip(blocks, found, strict=True):
        if block.role in ("paragraph", "item", "table"):
            for head in block.section:
                weights.setdefault(head, Counter())[replace(context, place=None)] += len(block.text)
    for i, below in weights.items():
        if not heads[i][1] and heads[i][0].kind != "other":
            context, most = below.most_common(1)[0]
            of_kind = sum(n for c, n in below.items() if c.kind == context.kind)
            if most >= MOSTLY * below.total():
                found[i] = replace(context, place=found[i].place)
            elif of_kind >= MOSTLY * below.total():
                found[i] = replace(found[i], kind=context.kind)
            else:
                found[i] = Context(found[i].place)


def infer_place(title: str, texts: Sequence[str], *, file: str = "", year: int | None = None) -> str | None:
    """The place a report is about: named in its title, else the country when the central government gives it, else
    the place its text names in full most often, or the division around those it names. A name that several places
    share is told by the folders of `file` and by the divisions that the text names; where they do not tell, the place
    is known by the bare name, which is none of theirs."""
    for mention in find_places(title):
        return told_apart(mention, file, texts, year)
    if zone := named_zone(title):
        return zone
    if _CENTRAL.search(title) or any(_FOR_THE_STATE_COUNCIL.search(text) for text in texts[:OPENING]):
        return COUNTRY
    mentions = [m for text in texts for m in find_places(text) if m.whole]
    return _place_of_most(mentions, file, texts, year) if mentions else None


def _place_of_most(mentions: Sequence[Mention], file: str, texts: Sequence[str], year: int | None) -> str:
    """The place that is named most often, or the one around it when those beside it are named more often together."""
    named = Counter(m.place for m in mentions)
    place, times = named.most_common(1)[0]
    around, beside = parent(place), set(siblings(place))
    others = sum(n for other, n in named.items() if other in beside) - times
    if around and others > times:
        return around.label
    return told_apart(next(m for m in mentions if m.place == place), file, texts, year)


def told_apart(mention: Mention, file: str, texts: Sequence[str], year: int | None = None) -> str:
    """The label of the one place that a report can mean by a name that several share: the folders in which the file
    lies tell it, else its first paragraphs, else all of them; where several fit, it is known by the name alone."""
    senses = [s for s in mention.senses if s.until is None or year is None or year <= s.until]
    if len({sense.place for sense in senses}) == 1:
        return senses[0].place.label
    for evidence in ([file], texts[:OPENING], texts):
        around = {m.place for text in evidence for m in find_places(text) if len(m.senses) == 1}
        if (place := _only_inside(around, [sense.place for sense in senses])) is not None:
            return place.label
    return mention.place.name


def _only_inside(around: Collection[Place], places: Sequence[Place]) -> Place | None:
    """The one of `places` inside one of `around`, the smallest divisions first: 徐州市 tells more than 江苏省."""
    for level in (3, 2, 1):
        near = [division for division in around if division.level == level]
        inside = {place for place in places if any(division.holds(place) for division in near)}
        if len(inside) == 1:
            return inside.pop()
    return None


def infer_year(title: str, texts: Sequence[str]) -> int | None:
    """The year whose 今年 a report means: named in its title, else told by the day it was given, else the latest year
    its text names often."""
    years = [t.year for t in find_times(title, None) if t.year] or [
        int(y) for y in re.findall(r"(?<!\d)20\d\d(?!\d)", title)
    ]
    if years:
        return max(years)
    if given := next(filter(None, map(_DELIVERED.search, texts[:OPENING])), None):
        return int(given[1]) + (int(given[2]) >= 11)  # a congress late in the year hears the plan of the next one
    return _year_of_most(texts)


def _year_of_most(texts: Sequence[str]) -> int | None:
    """The latest year that the texts name often; the next one where they look back on it and plan for 今年."""
    named = _sentences_by_year(texts)
    most = max(map(len, named.values()), default=0)
    year = max((y for y, where in named.items() if len(where) * 5 >= most), default=None)
    if year is None:
        return None
    # Each sentence is read once, and counts as often as it names the year.
    reviewed = sum(times * leaning(sentence) for sentence, times in Counter(named[year]).items()) <= 0
    return year + 1 if reviewed and any(_THIS_YEAR.search(text) for text in texts) else year


def _sentences_by_year(texts: Sequence[str]) -> dict[int, list[str]]:
    """For each year the sentences that name it, one as often as it does."""
    named: dict[int, list[str]] = {}
    for text in texts:
        for span in sentences(text):
            sentence = text[slice(*span)]
            for time in find_times(sentence, None):
                if time.year:
                    named.setdefault(time.year, []).append(sentence)
    return named
