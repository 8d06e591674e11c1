"""What follows from the figures of a table: differences, ratios, shares, growth, an order. Each is a `Computed` that
names its operands, so that the gate can work it out again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from index.text.numbers import plain, spelled
from index.types import Context
from rag.answer.arithmetic import Amount, bound_of, calculate, common_scale, surely_more
from rag.answer.figures import Measure
from rag.types import Bound, Computed, Operand, Query
from rag.understand.asked import Operation
from rag.wording import sentences as phrase

RATES = ("%", "个百分点")


@dataclass(frozen=True, slots=True)
class Side:
    """A row of a table: whom and when it speaks of, its marker and its figure."""

    context: Context
    marker: int
    measure: Measure | None


@dataclass(frozen=True, slots=True)
class _Known:
    """A side whose figure is a number."""

    side: Side
    measure: Measure
    amount: Amount

    @property
    def operand(self) -> Operand:
        return Operand(self.side.marker, self.measure.text, plain(self.amount.stated), self.measure.key[2])


def computed(query: Query, sides: Sequence[Side]) -> tuple[tuple[Computed, ...], tuple[str, ...]]:
    """The computed lines of a table, and notes on why there are none where the question asks for one."""
    known = [_Known(s, s.measure, s.measure.amount) for s in sides if s.measure and s.measure.amount]
    asked = bool(query.asked.table.operations or query.asked.table.order) or query.type in ("rank", "trend")
    if query.asked.table.limit:  # which they are was asked, not which is the first
        return (), ()
    if why := _none(query, known):
        return (), ((why,) if asked else ())
    if query.type == "trend":
        return _changes(query, known), ()
    if len(known) > 2 or query.type == "rank":
        return ((_order(query, known),) if asked or _all_equal(known) else ()), ()
    return _of_two(query, known, asked=asked)


def _none(query: Query, known: Sequence[_Known]) -> str | None:
    """Why nothing is computed of the known sides; None when something may be."""
    if len(known) < 2:
        return phrase.NO_NUMBERS
    return None if query.type == "trend" else _incomparable(known)


def _incomparable(known: Sequence[_Known]) -> str | None:
    """Why the figures cannot be set against each other; None when they can."""
    keys = list(dict.fromkeys(k.measure.key for k in known))
    if len(keys) < 2:
        return None
    if len({unit for _, _, unit in keys}) > 1:
        return phrase.other_units([unit for _, _, unit in keys])
    if len({name for name, _, _ in keys}) > 1:
        return phrase.other_indicators([name for name, _, _ in keys])
    return phrase.OTHER_RELATIONS


def _all_equal(known: Sequence[_Known]) -> bool:
    return len({k.amount for k in known}) == 1


def _promised(a: _Known, b: _Known) -> bool:
    """Whether what is open is only what a target leaves open: the number that was set is the one that is written."""
    return all(k.side.context.kind == "target" for k in (a, b) if k.amount.qualifier)


def _of_two(query: Query, known: Sequence[_Known], *, asked: bool) -> tuple[tuple[Computed, ...], tuple[str, ...]]:
    a, b = known
    if a.operand.marker == b.operand.marker:
        return (), ()
    quotients = [operation for operation in query.asked.table.operations if operation != "difference"]
    found = [_quotient(query, operation, a, b) for operation in quotients]
    if not any(found) or "difference" in query.asked.table.operations or query.asked.table.order:
        found.insert(0, _difference(query, a, b))
    lines = tuple(line for line in found if line)
    open_ended = next((k.measure.text for k in known if k.amount.qualifier), "")
    return lines, ((phrase.open_ended(open_ended),) if asked and len(lines) < len(found) and open_ended else ())


def _first(a: _Known, b: _Known) -> tuple[_Known, _Known]:
    """The side that a difference speaks of first: the later time, the result, else the larger one."""
    times = [k.side.context.year or (k.side.context.period or (0, 0))[1] for k in (a, b)]
    if times[0] != times[1]:
        return (a, b) if times[0] > times[1] else (b, a)
    kinds = (a.side.context.kind, b.side.context.kind)
    if kinds in (("target", "result"), ("result", "target")):
        return (a, b) if kinds[0] == "result" else (b, a)
    return (a, b) if a.amount.stated >= b.amount.stated else (b, a)


def _difference(query: Query, a: _Known, b: _Known) -> Computed | None:
    """How much more or less one is than the other; None when nothing can be said."""
    first, second = _first(a, b)
    if a.amount == b.amount and (a.amount.qualifier is None or _promised(a, b)):
        return _equal(query, [a, b])
    larger, smaller = (first, second) if first.amount.stated >= second.amount.stated else (second, first)
    bound = bound_of("difference", larger.amount, smaller.amount, promised=_promised(a, b))
    value = first.amount.stated - second.amount.stated
    if bound is None or value == 0:
        return None
    base = first.measure.key[2]
    unit = "个百分点" if base in RATES else base
    shown = spelled(abs(value), unit, common_scale([first.measure.unit, second.measure.unit], base))
    names = [phrase.side(k.side.context, [first.side.context, second.side.context]) for k in (first, second)]
    text = phrase.difference(
        query,
        names,
        (_adverb(base in RATES, more=value > 0), shown, bound),
        (_formula("−", first, second), first.side.marker, second.side.marker),
    )
    return _computed(text, "difference", (first, second), plain(value), unit, bound)


def _adverb(rate: bool, *, more: bool) -> str:
    """高 and 低 for rates, 多 and 少 for numbers."""
    return ("高" if more else "低") if rate else "多" if more else "少"


def _formula(sign: str, a: _Known, b: _Known) -> str:
    return sign.join(k.measure.text if k.amount.stated >= 0 else f"（−{k.measure.text}）" for k in (a, b))


def _quotient(query: Query, operation: Operation, a: _Known, b: _Known) -> Computed | None:
    """The first as a multiple or a share of the second, or its growth over it; None when nothing can be said."""
    if operation == "growth":
        a, b = _first(a, b)
    if operation == "share" and a.amount.stated > b.amount.stated:
        a, b = b, a
    if b.amount.stated <= 0 or a.measure.key[2] in RATES:
        return None
    bound = bound_of(operation, a.amount, b.amount, promised=_promised(a, b))
    if bound is None:
        return None
    value = calculate(operation, a.amount.stated, b.amount.stated)
    unit = "倍" if operation == "ratio" else "%"
    names = [phrase.side(k.side.context, [a.side.context, b.side.context]) for k in (a, b)]
    formula = _formula("÷", a, b) if operation != "growth" else f"（{_formula('−', a, b)}）÷{b.measure.text}"
    text = phrase.quotient(
        query,
        operation,
        names,
        (spelled(abs(value), unit, ""), value >= 0, bound),
        (formula, a.side.marker, b.side.marker),
    )
    return _computed(text, operation, (a, b), plain(value), unit, bound)


def _computed(
    text: str, operation: Operation, pair: tuple[_Known, _Known], result: str, unit: str, bound: Bound
) -> Computed:
    return Computed(text, operation, tuple(k.operand for k in pair), result, unit, bound)


def _equal(query: Query, known: Sequence[_Known]) -> Computed:
    contexts = [k.side.context for k in known]
    names = [phrase.side(c, contexts) for c in contexts]
    text = phrase.equal(query, names, known[0].measure.text, [k.side.marker for k in known])
    return Computed(text, "equal", tuple(k.operand for k in known))


def _order(query: Query, known: Sequence[_Known]) -> Computed:
    """Which sides stand first, by the numbers as they are written."""
    if _all_equal(known):
        return _equal(query, known)
    least = query.asked.table.order == "least"
    ordered = sorted(known, key=lambda k: k.amount.stated if least else -k.amount.stated)
    first = [k for k in ordered if k.amount.stated == ordered[0].amount.stated]
    contexts = [k.side.context for k in known]
    told = [(phrase.side(k.side.context, contexts), k.measure.text, k.side.marker) for k in first]
    rate = ordered[0].measure.key[2] in RATES
    rest = ordered[len(first) :]
    sure = all(surely_more(*((k.amount, o.amount)[:: -1 if least else 1])) for k in first for o in rest)
    text = phrase.first_of(query, told, None if query.asked.table.top else len(known), _adverb(rate, more=not least))
    return Computed(text, "order", tuple(k.operand for k in ordered), bound="exact" if sure else "stated")


def _changes(query: Query, known: Sequence[_Known]) -> tuple[Computed, ...]:
    """From each year to the next, where both are of one kind."""
    lines = []
    for kind in dict.fromkeys(k.side.context.kind for k in known):
        for before, after in itertools.pairwise(k for k in known if k.side.context.kind == kind):
            if not _incomparable([before, after]) and (line := _difference(query, before, after)):
                lines.append(line)
    return tuple(lines)
