"""What a question asks for, beside its topic, place, time and kind: read off its words once, and kept as plain values.

Later stages know a question by these values alone. None of them looks at its words again, so that what a word means in
a question is written here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from index.text.normalize import fold
from index.text.numbers import number
from index.text.quantities import quantities
from index.types import Qualifier
from rag.understand import cues
from rag.understand.intent import intent
from rag.understand.limits import Limit
from rag.understand.units import ASKED_UNIT

Operation = Literal["difference", "ratio", "share", "growth"]
Order = Literal["most", "least"]
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_QUOTED = re.compile("“([^“”]+)”")


@dataclass(frozen=True, slots=True)
class AskedFigures:
    """Which figures are asked for."""

    how_many: int = 0  # things that are asked for, one mark each: 多少, 谁, 哪天 ...
    rates: bool = False  # a percentage answers
    change: bool = False  # a rise or a fall, not how much there is
    growth: bool = False  # ... as a rate, so that a share is no answer
    total: bool = False  # all that there is, so that what was added is no answer
    in_unit: bool = False  # the unit is said: 多少亿元
    than_before: bool = False  # against the year before


@dataclass(frozen=True, slots=True)
class AskedThings:
    """Which things a list is to hold."""

    which: bool = False  # 哪些, 哪几个
    count: Decimal | None = None  # ... and how many: 10 of 哪十个方面
    counts: frozenset[Decimal] = frozenset()  # how many things the question says that there are: 10 of 10件实事
    whole_field: bool = False  # all of a field: 养老方面有什么打算
    quoted: frozenset[str] = frozenset()  # words in quotes
    undated: str = ""  # the question without numbers and dates, to find in it what headings share


@dataclass(frozen=True, slots=True)
class AskedTable:
    """What is to be made of the figures of several places or times."""

    operations: tuple[Operation, ...] = ()  # what is to be computed of two
    order: Order | None = None  # which end of a ranking is asked for
    top: int | None = None  # how many of a ranking, None for all
    limit: Limit | None = None  # what the figures of the places must keep to


@dataclass(frozen=True, slots=True)
class ClaimedFigure:
    """A figure of a question of yes or no, in its base unit."""

    number: Decimal
    qualifier: Qualifier | None
    base_unit: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a question of yes or no claims."""

    denied: bool = False  # 没有, 不 ..., which turn yes and no around
    restrictions: frozenset[str] = frozenset()  # words that claim less: 新增, 部分, 力争 ...
    figures: tuple[ClaimedFigure, ...] = ()
    digits: bool = False  # digits stand in it that name no year


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question asks for by its own words, whatever the questions before it said."""

    figures: AskedFigures = AskedFigures()
    things: AskedThings = AskedThings()
    table: AskedTable = AskedTable()
    claimed: Claimed = Claimed()
    pairs: frozenset[str] = frozenset()  # of neighbouring characters: what an answer may say after the question


def asked_in(text: str, limit: Limit | None = None) -> Asked:
    """What the folded question `text` asks for; `limit` is the one that it sets."""
    signs = intent(text).signs
    operations = tuple(operation for operation in get_args(Operation) if operation in signs)
    table = AskedTable(operations, _order(text, signs), _top(text), limit)
    return Asked(asked_figures(text), _things(text, signs), table, _claimed(text), pairs(text))


def asked_figures(text: str) -> AskedFigures:
    """Which figures a folded question, or a part of one, asks for."""
    return AskedFigures(
        how_many=len(cues.ASKS.findall(text)),
        rates=cues.RATES.search(text) is not None,
        change=cues.ASKS_CHANGE.search(text) is not None,
        growth=cues.GROWS.search(text) is not None,
        total=cues.TOTALS.search(text) is not None and cues.ADDS.search(text) is None,
        in_unit=ASKED_UNIT.search(text) is not None,
        than_before=cues.THAN_BEFORE.search(text) is not None,
    )


def pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring Chinese characters of a text."""
    return frozenset(run[i : i + 2] for run in _HAN.findall(fold(text)) for i in range(len(run) - 1))


def _order(text: str, signs: Set[str]) -> Order | None:
    if not ("more" in signs or cues.RANK.search(text)):
        return None
    return "least" if "least" in signs else "most"


def _top(text: str) -> int | None:
    match = cues.TOP.search(text) if cues.RANK.search(text) else None
    top = number(match[1]) if match else None
    return int(top) if top else None


def _things(text: str, signs: Set[str]) -> AskedThings:
    which = cues.COUNTED_LIST.search(text)
    counts = map(number, cues.COUNTED_THINGS.findall(text))
    return AskedThings(
        which=which is not None,
        count=number(which["count"]) if which and which["count"] else None,
        counts=frozenset(count for count in counts if count is not None),
        whole_field="field" in signs,
        quoted=frozenset(_QUOTED.findall(text)),
        undated=cues.DATED.sub(" ", text),
    )


def _claimed(text: str) -> Claimed:
    stated = cues.ASKS_WHETHER.sub("", text)
    return Claimed(
        denied=cues.DENIES.search(stated) is not None,
        restrictions=frozenset(word for word in cues.RESTRICTING if word in stated),
        figures=tuple(
            ClaimedFigure(q.number, q.qualifier, q.base_unit)
            for q in quantities(text)
            if q.number is not None and q.upto is None
        ),
        digits=re.search(r"\d", re.sub(r"\d{4}年", "", stated)) is not None,
    )
