"""Indicator facts: every figure with a unit that a paragraph states, with what it is a figure of.

A passage is cut into pieces, one a figure. A figure either follows its indicator (新增就业4万人) or stands before it
(实施195个重点项目); a piece without an indicator of its own (同比增长5.6%) speaks of the one before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from index.annotate.indicators import (
    COMPARES,
    MADE,
    PART,
    Core,
    complete,
    core_of,
    generic,
    name_of,
    noun_behind,
    shared_names,
)
from index.annotate.leads import words_of
from index.annotate.pieces import DONE_TO, REACHES, TAIL, Piece, last_part, pieces_of, runs_of
from index.text.quantities import Quantity
from index.types import Fact, Paragraph, Passage, Qualifier, Relation

SHOWN = 30  # characters of a clause that name what it speaks of
_DEPENDENT = re.compile(r"^(?:增[速幅]|总[数量额]|规模|数量)?$")
_RATIO = frozenset({"%", "‰", "‱"})
_RATES = frozenset({*_RATIO, "个百分点", "倍"})
_MONEY_NAME = re.compile(r"(?:[值额]|收入|规模)$")
_LISTED = re.compile(r"(?:产业|领域|[县区][市县])$")  # a list of names that a count only sums up: 甲、乙2个产业


@dataclass(slots=True)
class _State:
    """What a piece may take from those before it in the sentence."""

    indicator: str = ""
    creates: bool = False
    listing: bool = False
    quote_start: int = -1
    unheard: list[Passage] = field(default_factory=list)  # without a figure; read when a piece speaks of what they name

    def speak_of(self, indicator: str, quote_start: int) -> None:
        self.indicator, self.quote_start = indicator, quote_start
        self.unheard.clear()

    def listen(self) -> None:
        """Take as the subject what the clauses without a figure name."""
        for passage in reversed(self.unheard):
            if found := core_of(last_part(passage.text), passage.context.place).text:
                self.speak_of(_subject_of(found), passage.start)
                return


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a piece: those ahead of its figure, their ending verb, the noun phrase in them, and what stands
    behind the figure with its noun phrase."""

    ahead: str
    tail: re.Match[str] | None
    core: Core
    behind: str
    noun: str

    @property
    def own(self) -> str:
        return self.core.text

    @property
    def reached(self) -> bool:
        return bool(self.tail and (self.tail["reach"] or self.tail["growth"]))

    @property
    def lends(self) -> bool:
        """Whether they name no indicator of their own: they speak of the one before, or compare it."""
        return (_DEPENDENT.match(self.own) or COMPARES.match(self.own)) is not None

    @property
    def is_part(self) -> bool:
        return PART.match(self.own) is not None


@dataclass(frozen=True, slots=True)
class _Named:
    """What a figure is a figure of: the indicator, what it is a part of (may be empty), and where the words that name
    it begin; whether the figure `follows` it, and whether it is only a `part` of something (总投资)."""

    indicator: str
    subject: str
    quote_start: int
    follows: bool
    part: bool


def facts_of(paragraph: Paragraph, passages: Sequence[Passage]) -> tuple[Fact, ...]:
    """The facts that `passages`, those of `paragraph` in order, state."""
    found: list[Fact] = []
    state = _State()
    for passage in passages:
        found += [_placed(fact, passage, paragraph) for fact in _facts(passage, state)]
        text = passage.text.rstrip("”’）) ")
        state.listing = text.endswith("、")
        if text.endswith(("。", "！", "？", "!", "?")):
            state = _State()
        elif not state.listing:
            state.creates = False
    return tuple(found)


def _facts(passage: Passage, state: _State) -> list[Fact]:
    """The facts of one passage, their figures still placed in it; `state` goes on to the next."""
    pieces = pieces_of(passage.text)
    if not pieces:
        if not state.listing:
            state.unheard.append(passage)
        return []
    drafts = [_draft(passage, piece, pieces[i + 1 : i + 2], state) for i, piece in enumerate(pieces)]
    return _aligned(passage, pieces, [draft for draft in drafts if draft])


def _subject_of(words: str) -> str:
    """A clause without a figure, up to its verb: “全市生产总值迈上新台阶” speaks of 全市生产总值."""
    ends = (w.start for w in words_of(words)[1:] if w.text in REACHES or (w.known and w.leads and w.tag in ("v", "d")))
    return words[: next(ends, SHOWN)][:SHOWN]


def _words(passage: Passage, piece: Piece, later: Sequence[Piece]) -> _Words:
    text, quantity = passage.text, piece.quantity
    ahead = text[piece.left : quantity.before].strip(" 、，,")
    tail = None if quantity.rank else TAIL.search(ahead)
    counts = quantity.base_unit not in _RATES
    if tail and counts and DONE_TO.fullmatch(tail["growth"] or "") and not complete(ahead[: tail.start()]):
        tail = None
    behind = text[quantity.after : piece.right]
    if not behind.strip("、 ") and later and later[0].joined and not _ahead(text, later[0]):
        behind = text[later[0].quantity.after : later[0].right]  # 251项、445条改革措施: both of the same
    core = core_of(ahead[: tail.start()] if tail else ahead, passage.context.place)
    return _Words(ahead, tail, core, behind, noun_behind(behind))


def _ahead(text: str, piece: Piece) -> str:
    return text[piece.left : piece.quantity.before].strip("、 ")


def _draft(passage: Passage, piece: Piece, later: Sequence[Piece], state: _State) -> Fact | None:
    """The fact of one piece; None when nothing tells what it is a figure of."""
    quantity = piece.quantity
    words = _words(passage, piece, later)
    named = _named(passage, piece, later, words, state)
    if not any(c.isalnum() for c in named.indicator):
        return None
    creates = _creates(words, piece, state)
    relation, sign = _relation(quantity, words.tail, named.indicator, creates and not words.own.endswith("投资"))
    if not named.follows and "、" in words.own and _LISTED.search(words.noun):
        relation = "other"
    if not named.part and not quantity.rank:
        state.speak_of(named.indicator, named.quote_start)
    state.creates = creates
    return Fact(
        paragraph_id=passage.paragraph_id,
        context=passage.context,
        indicator=named.indicator,
        name=name_of(named.subject + named.indicator),
        relation=relation,
        value=quantity.value,
        unit=quantity.unit,
        normalized=None if quantity.normalized is None else sign * quantity.normalized,
        base_unit=quantity.base_unit or ("元" if _MONEY_NAME.search(named.indicator) else ""),
        qualifier=quantity.qualifier,
        start=quantity.start,
        end=quantity.end,
        quote_start=named.quote_start,
        quote_end=passage.end,
    )


def _named(passage: Passage, piece: Piece, later: Sequence[Piece], words: _Words, state: _State) -> _Named:
    """What the figure of a piece is a figure of; a piece that says too little of it lets `state` hear what is ahead."""
    text, quantity = passage.text, piece.quantity
    if words.lends or words.is_part:
        state.listen()
        _hear(text[piece.since : piece.left], passage, state)
    follows = _follows(words, quantity, "突破" in text[quantity.before : quantity.start])
    inherited, part = follows and words.lends, follows and words.is_part
    indicator = _inherited(words.own, state) if inherited else _indicator(words, quantity, follows)
    heard = state.quote_start >= 0
    subject = state.indicator if part and heard else ""
    if part and words.behind.startswith("的") and later:
        subject = noun_behind(text[later[0].quantity.after : later[0].right])  # 总投资n亿元的m个项目
    quote = state.quote_start if (inherited or part) and heard else passage.start
    return _Named(indicator.strip("，、。；：: 的"), subject, quote, follows=follows, part=part)


def _creates(words: _Words, piece: Piece, state: _State) -> bool:
    """Whether a verb says that something came into being: that of the piece, or of the list that it goes on."""
    if words.core.creates or (words.tail and words.tail["new"]):
        return True
    goes_on = (piece.joined or state.listing) and not words.core.verbs and not words.reached
    return goes_on and state.creates


def _follows(words: _Words, quantity: Quantity, broken: bool) -> bool:
    """Whether the figure follows its indicator (就业4万人) rather than standing before it (195个项目)."""
    if not words.noun or quantity.rank or quantity.base_unit in ("个百分点", "倍"):
        return True
    return bool(words.own) and (words.reached or broken or quantity.base_unit in _RATIO)


def _indicator(words: _Words, quantity: Quantity, follows: bool) -> str:
    """The indicator in the piece's own words."""
    if not follows:
        return _before(words)
    sharing = (
        quantity.base_unit in _RATIO and not words.reached and not complete(words.own) and "突破" not in words.ahead
    )
    return words.own + words.noun if sharing else words.own  # 初中100%参与集团化办学


def _inherited(own: str, state: _State) -> str:
    """The indicator of the piece before, with what this one compares: 占全国, 总额."""
    kept = own.startswith("占") or own in ("总额", "规模")
    return state.indicator + own if kept and not state.indicator.endswith(own) else state.indicator


def _hear(words: str, passage: Passage, state: _State) -> None:
    """Take as the subject what the clause ahead of a figure names: 企业实现“零的突破”，增至8家."""
    clause = words.strip("，。；、,;：: ")
    clause = re.split(r"[，；,;]", clause)[-1]
    found = core_of(clause, passage.context.place)
    if len(clause) >= 4 and found.text:
        state.speak_of(_subject_of(found.text), passage.start)


def _before(words: _Words) -> str:
    """The indicator of a figure that stands before it, with the examples ahead of it: 敦化路等3处过街天桥."""
    if words.own.endswith("等") or re.fullmatch(r"^“[^”]+”", words.own):
        return words.own + words.noun
    if generic(words.noun):
        whole = words.behind.removeprefix("的").strip("，、。；,; ")
        return whole if not words.ahead and len(whole) <= 24 else words.core.subject + words.noun
    return words.noun


def _relation(quantity: Quantity, tail: re.Match[str] | None, indicator: str, creates: bool) -> tuple[Relation, int]:
    """What the number is, and its sign."""
    growth = tail["growth"] if tail else None
    sign = -1 if tail and tail["down"] else 1
    if quantity.rank:
        return "rank", 1
    if quantity.base_unit == "个百分点":
        return ("change", sign) if growth else ("other", 1)
    if quantity.unit.endswith("台阶"):
        return "other", 1
    if quantity.unit == "位" and re.search(r"[排位名][名次]", indicator):
        return "change", sign
    if quantity.value.startswith("翻"):
        return "growth", 1
    if quantity.base_unit in _RATES:
        return ("growth", sign) if growth else (_rate(quantity, indicator), 1)
    if growth:
        return ("new" if sign > 0 else "change"), sign
    return _count(tail, indicator, creates), 1


def _rate(quantity: Quantity, indicator: str) -> Relation:
    """What a ratio is of which no verb says that it grew."""
    if re.search(r"增[长速]$|[增涨]幅$", indicator):
        return "growth"
    return "share" if quantity.base_unit in _RATIO else "other"


def _count(tail: re.Match[str] | None, indicator: str, creates: bool) -> Relation:
    """What a number with a unit of its own is of which no verb says that it grew."""
    if MADE.search(indicator):
        return "new"
    return "new" if creates and not (tail and (tail["reach"] or "").endswith(("至", "到", "达"))) else "total"


def _aligned(passage: Passage, pieces: Sequence[Piece], drafts: Sequence[Fact]) -> list[Fact]:
    """The facts, those of a run of figures shared out to the names before it: 楼宇、园区分别达到26座、33座."""
    facts = {fact.start: fact for fact in drafts}
    names: list[str] = []
    for run in runs_of(passage.text, pieces):
        first = run[0].quantity
        ahead = _ahead(passage.text, run[0])
        tail = TAIL.search(ahead)
        names = shared_names(ahead[: tail.start()] if tail else ahead, passage.context.place) or names
        lead = facts.get(first.start)
        if lead is None or not (tail or first.before < first.start):
            continue
        given = names if len(names) == len(run) else [lead.indicator] * len(run)
        ending = facts.get(run[-1].quantity.start, lead).qualifier if "分别" in ahead else None
        for piece, name in zip(run, given, strict=True):
            if fact := facts.get(piece.quantity.start):
                facts[fact.start] = _shared(fact, lead, name, ending)
    heads = {piece.quantity.start: _ahead(passage.text, piece) for piece in pieces}
    return [each for fact in facts.values() for each in _each(fact, heads[fact.start])]


def _each(fact: Fact, ahead: str) -> list[Fact]:
    """One fact for each of the names of which the figure is told with 均: 甲企业、乙企业均突破1.2万家."""
    tail = TAIL.search(ahead)
    names = shared_names(ahead[: tail.start()], fact.context.place) if tail and "均" in tail[0] else []
    if len(names) < 2 or fact.relation == "rank" or "年均" in ahead or "人均" in names[-1][-2:]:
        return [fact]
    return [replace(fact, indicator=name, name=name_of(name)) for name in names]


def _shared(fact: Fact, lead: Fact, name: str, ending: Qualifier | None) -> Fact:
    """`fact` as one of `name`, told by the same verb as `lead`; `ending` qualifies the whole list."""
    sign = -1 if (lead.normalized or 0) < 0 else 1
    normal = None if fact.normalized is None else sign * abs(fact.normalized)
    return replace(
        fact,
        indicator=name,
        name=name_of(name),
        relation=lead.relation,
        normalized=normal,
        qualifier=fact.qualifier or ending,
    )


def _placed(fact: Fact, passage: Passage, paragraph: Paragraph) -> Fact:
    """The fact with its spans counted in the paragraph, the quote without the comma it ends on."""
    text, begin, end = paragraph.text, fact.quote_start, fact.quote_end
    while (
        end > begin and text[end - 1] in "，。；、,;： "
    ):  # not by a copy of the quote: many facts may share a long one
        end -= 1
    while begin < fact.quote_end and text[begin].isspace():
        begin += 1
    return replace(
        fact, start=passage.start + fact.start, end=passage.start + fact.end, quote_start=begin, quote_end=end
    )
