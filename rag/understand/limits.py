"""A limit in a question that asks which places keep to it: “GDP目标在5.5%以上的省”, “超过5万亿的省”."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from index.text.numbers import Number, Relation, bounds, numbers
from index.types import Span
from rag.understand.units import states_unit

_HOLDS: Mapping[Relation, Callable[[Decimal, Decimal], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq,
}  # fmt: skip
_ENDS = re.compile(r"的|$|[，,？?]")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure must be, against `value` in the base of `unit`; a unit that is not said fits any figure."""

    text: str
    relation: Relation
    value: Decimal
    unit: str | None

    def counts(self, unit: str) -> bool:
        """Whether figures in a base unit can be held against the limit."""
        return self.unit is None or states_unit(f"1{unit}", self.unit) >= 0.9

    def keeps(self, amount: Decimal, unit: str) -> bool:
        """Whether a figure in its base unit keeps to the limit, by the number that is written."""
        return self.counts(unit) and _HOLDS[self.relation](amount, self.value)


def limit_in(text: str) -> tuple[Limit, Span] | None:
    """The first limit in `text` and where it stands; None for none. A bare number needs a unit and 是 or 为 ahead."""
    return next((limit for found in numbers(text) if (limit := _limit(text, found))), None)


def _limit(text: str, found: Number) -> tuple[Limit, Span] | None:
    """The limit that one number of a question sets."""
    around = bounds(text, found.start, found.end)
    ahead, behind = (bound.relation if bound else None for bound in (around.ahead, around.behind))
    relation = ahead or behind or _named(text, found)
    ends = behind is not None or _ENDS.match(text, found.end) is not None
    if found.amount is None or not found.stated or found.bare or not ends or relation is None:
        return None
    span = (around.before if ahead else found.start, around.after if behind else found.end)
    unit = found.base or ("元" if found.scale.endswith("亿") else None)
    return Limit(text[slice(*span)], relation, found.amount, unit), span


def _named(text: str, found: Number) -> Relation | None:
    """The relation of a number that 是 or 为 names: equal, where it says of what."""
    named = text[found.start - 1 : found.start] in ("是", "为") and (found.scale or found.unit)
    return "==" if named else None
