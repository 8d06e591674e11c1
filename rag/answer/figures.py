"""Which figure a statement states: how much, in what unit, and of which indicator."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from index.annotate.indicators import core_of
from index.annotate.pieces import TAIL
from index.text.quantities import quantities
from index.types import Fact
from rag.answer.arithmetic import Amount
from rag.types import Query, Statement
from rag.understand.units import states_unit

if TYPE_CHECKING:
    from index.storage.store import Store

Key = tuple[str, str, str]  # the indicator under its one name, the relation, the base unit
NameFit = Callable[[str, Sequence[str]], list[float]]
FITS = 2.0  # what a full fit of an indicator's name to the question counts, against 1 for each side that states it
LONGEST_AHEAD = 40  # characters before a figure in which its indicator stands
_ENDS = re.compile(r"[，。；、：:,;\s]")  # of what a clause says
_EXAMPLES = re.compile(r"^.{1,16}等(?=.{2})")  # 十梅庵北侧等口袋公园 are 口袋公园
_OUTPUT = re.compile(r"总产量?$")  # 粮食总产, 粮食总产量 and 粮食产量 are one


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a statement. `text` is as quoted (“2.2万人以上”), `unit` as written (“万人”); `amount` is in the
    base unit of `key`, negative for a decline, None for a range or a vague number."""

    fact: Fact
    key: Key
    indicator: str  # in the report's words
    text: str
    unit: str
    amount: Amount | None


def indicator_key(fact: Fact) -> Key:
    """What two facts must share to be figures of the same thing, of whatever place and time."""
    return _OUTPUT.sub("产量", _EXAMPLES.sub("", fact.name)), fact.relation, fact.base_unit


class Measures:
    """Finds the figures of statements in the facts of one index."""

    def __init__(self, store: Store, name_fit: NameFit) -> None:
        """`name_fit` tells for each of several names of indicators how well it fits a topic, in [0, 1]."""
        self._store = store
        self._name_fit = name_fit
        self._facts: dict[str, list[Fact]] = {}
        self._of_key: dict[Key, list[Fact]] = {}
        for fact in store.facts:
            self._facts.setdefault(fact.paragraph_id, []).append(fact)
            self._of_key.setdefault(indicator_key(fact), []).append(fact)

    def facts(self, paragraph_id: str, start: int, end: int) -> list[Fact]:
        """The facts whose figure stands in the paragraph at ``[start:end]``."""
        return [f for f in self._facts.get(paragraph_id, ()) if start <= f.start and f.end <= end]

    def under(self, key: Key) -> list[Fact]:
        """The facts of `key`, with those that stand right behind its indicator though they go by another name."""
        known = self._of_key.get(key, [])
        names = {fact.indicator for fact in known}
        return known + [
            f for f in self._store.facts if f.base_unit == key[2] and indicator_key(f) != key and self._names(f, names)
        ]

    def _names(self, fact: Fact, names: Collection[str]) -> bool:
        """Whether the figure of a fact stands right behind one of `names`: “城镇新增就业143.02万人、占全国1/10”."""
        text = self._store.paragraph(fact.paragraph_id).text
        ahead = text[max(0, fact.start - LONGEST_AHEAD) : fact.start].rstrip("：:")
        tail = TAIL.search(ahead)
        if tail and not (tail["growth"] or tail["new"]):
            ahead = ahead[: tail.start()]
        named = [name for name in names if ahead.endswith(name)]
        return bool(named) and core_of(_ENDS.split(ahead)[-1], fact.context.place).text in named

    def best_key(self, query: Query, keyed: Sequence[tuple[float, Sequence[Key]]]) -> Key | None:
        """Of the keys of several clauses, each with its weight, the one that fits the question and most clauses; None
        for no key."""
        counts: dict[Key, float] = {}
        for weight, each in keyed:
            for key in dict.fromkeys(each):
                counts[key] = counts.get(key, 0.0) + weight
        if not counts:
            return None
        keys = list(counts)
        fits = self._name_fit(query.topic, [name for name, _, _ in keys])
        scores = [
            counts[key] + FITS * fit + _unit_fit(query, key[2]) + query.asked.figures.change * _grows(key)
            for key, fit in zip(keys, fits, strict=True)
        ]
        return keys[scores.index(max(scores))]

    def chosen(self, query: Query, statements: Sequence[Statement]) -> list[Measure | None]:
        """One figure for each statement: that of the key which they share, else the one that fits best."""
        found = [self._of(s) for s in statements]
        shared = self.best_key(query, [(1.0, [m.key for m in measures]) for measures in found])
        if shared:
            names = {m.indicator for measures in found for m in measures if m.key == shared}
            found = [[self._renamed(m, shared, names) for m in measures] for measures in found]
        return [self._one(query, measures, shared) for measures in found]

    def _one(self, query: Query, measures: Sequence[Measure], shared: Key | None) -> Measure | None:
        """The figure of a statement under the key that all share, else under the one that fits best."""
        own = self.best_key(query, [(1.0, [m.key for m in measures])])
        return next((m for key in (shared, own) for m in measures if m.key == key), None)

    def _renamed(self, measure: Measure, key: Key, names: Collection[str]) -> Measure:
        same = measure.key[2] == key[2] and measure.key != key and self._names(measure.fact, names)
        return replace(measure, key=key, indicator=min(names, key=len)) if same else measure

    def _of(self, statement: Statement) -> list[Measure]:
        """The figures in the quote of a statement, in order."""
        quote = self._store.paragraph(statement.paragraph_id).text[statement.start : statement.end]
        spans = {statement.start + q.start: q for q in quantities(quote)}
        found = []
        for fact in self.facts(statement.paragraph_id, statement.start, statement.end):
            if (quantity := spans.get(fact.start)) is None:
                continue
            number, stated = quantity.number, fact.normalized
            if number is None or stated is None:
                amount = None
            else:
                amount = Amount(number.copy_sign(Decimal(stated)), fact.qualifier or quantity.qualifier)
            text = quote[quantity.before : quantity.after]
            found.append(Measure(fact, indicator_key(fact), fact.indicator, text, fact.unit, amount))
        return found


def _unit_fit(query: Query, base: str) -> float:
    return float(query.unit is not None and base != "" and states_unit(f"1{base}", query.unit) >= 0.9)


def _grows(key: Key) -> float:
    return 1.0 if key[1] in ("growth", "change") else -1.0
