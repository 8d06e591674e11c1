"""Facts side by side: reports that disagree on a figure, and targets next to what came of them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from index.annotate.indicators import vague
from index.types import Fact

Verdict = Literal["met", "missed", "unclear"]
Interval = tuple[float, float]

NEAR = 0.05  # how far from a figure “左右” may reach, as a share of it
_LESS_IS_BETTER = re.compile(r"失业率|消费价格|[能电水]耗|排放|死亡|事故|浓度|发案|负债率|不良率|超标|降幅")
_COMPARED = ("total", "new", "growth", "share", "change")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two facts on the same thing, place, time and kind that cannot both be right."""

    first: Fact
    second: Fact


@dataclass(frozen=True, slots=True)
class Outcome:
    """A target and what was reached, of the same thing, place and time."""

    target: Fact
    result: Fact
    verdict: Verdict


Key = tuple[str, str, int | None, tuple[int, int] | None, str, str]


def figure_key(fact: Fact) -> Key | None:
    """What must be equal for two facts to tell one figure, place and time included; None where that is not known."""
    context = fact.context
    if context.place is None or not (context.year or context.period) or fact.normalized is None:
        return None
    if vague(fact.name, fact.base_unit) or fact.relation not in _COMPARED:
        return None
    return context.place, fact.name, context.year, context.period, fact.relation, fact.base_unit


def find_conflicts(facts: Iterable[Fact]) -> tuple[Conflict, ...]:
    """Pairs of facts that differ, in the order of `facts`; of equal statements only the first counts."""
    found = []
    for group in _grouped(facts, ("target", "result", "cumulative")):
        for first, second in itertools.combinations(_distinct(group), 2):
            comparable = first.paragraph_id != second.paragraph_id and first.context.kind == second.context.kind
            if comparable and not agree(first, second):
                found.append(Conflict(first, second))
    return tuple(found)


def find_outcomes(facts: Iterable[Fact]) -> tuple[Outcome, ...]:
    """Every target with every result of the same key; totals meet totals, growth meets growth."""
    found = []
    for group in _grouped(facts, ("target", "result")):
        targets = _distinct(f for f in group if f.context.kind == "target")
        results = _distinct(f for f in group if f.context.kind == "result")
        found += [Outcome(t, r, verdict(t, r)) for t, r in itertools.product(targets, results)]
    return tuple(found)


def verdict(target: Fact, result: Fact) -> Verdict:
    """Whether the result is surely within what the target asks, surely outside, or neither."""
    asked, reached = _asked(target), interval(result)
    if target.qualifier == "over" and reached == (asked[0], asked[0]):
        return "missed"
    if asked[0] <= reached[0] and reached[1] <= asked[1]:
        return "met"
    if _overlap(asked, reached):
        return "unclear"
    if target.qualifier == "about" and _overlap(interval(target), reached):
        return "unclear"
    return "missed"


def agree(first: Fact, second: Fact) -> bool:
    """Whether two facts of one key can both be right."""
    return _overlap(interval(first), interval(second))


def interval(fact: Fact) -> Interval:
    """The numbers that a fact may mean: its qualifier and the rounding of its digits."""
    value = fact.normalized if fact.normalized is not None else math.nan
    half = _rounding(fact)
    if fact.qualifier in ("at_least", "over"):
        return value - half, math.inf
    if fact.qualifier == "under":
        return -math.inf, value + half
    if fact.qualifier == "about":
        return value - NEAR * abs(value), value + NEAR * abs(value)
    return value - half, value + half


def _rounding(fact: Fact) -> float:
    """Half a unit of the last digit written, where there are decimals or a scale (740亿元 may be 740.3亿元)."""
    digits = fact.value.replace(",", "").replace("，", "")
    if not re.fullmatch(r"\d+(?:\.\d+)?", digits) or not float(digits) or fact.normalized is None:
        return 0.0
    scale = abs(fact.normalized) / float(digits)
    decimals = len(digits.partition(".")[2])
    return 0.5 * scale / 10**decimals if decimals or scale > 1 else 0.0


def _asked(target: Fact) -> Interval:
    """The numbers with which a target is met."""
    value = target.normalized if target.normalized is not None else math.nan
    less = target.qualifier == "under" or value < 0 or _LESS_IS_BETTER.search(target.name) is not None
    if less and target.qualifier not in ("at_least", "over"):
        return -math.inf, value
    return (-math.inf, value) if value < 0 else (value, math.inf)


def _overlap(a: Interval, b: Interval) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def _grouped(facts: Iterable[Fact], kinds: tuple[str, ...]) -> list[list[Fact]]:
    groups: dict[Key, list[Fact]] = {}
    for fact in facts:
        key = figure_key(fact)
        if key is not None and fact.context.kind in kinds:
            groups.setdefault(key, []).append(fact)
    return [group for group in groups.values() if len(group) > 1]


def _distinct(facts: Iterable[Fact]) -> list[Fact]:
    """One fact for each figure and qualifier, the first."""
    seen: dict[tuple[str, float | None, str | None], Fact] = {}
    for fact in facts:
        seen.setdefault((fact.context.kind, fact.normalized, fact.qualifier), fact)
    return list(seen.values())
