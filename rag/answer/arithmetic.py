"""Arithmetic on the figures of reports: exact decimals, and the bounds that 以上, 超过 and 不超过 leave open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from index.text.numbers import SCALES
from index.types import Qualifier
from rag.types import Bound
from rag.understand.asked import Operation

_PRECISION = 60  # digits: the largest number by the least one that is read, and those behind the point
_DIGITS_OF: dict[Operation, Decimal] = {"ratio": Decimal("0.01"), "share": Decimal("0.1"), "growth": Decimal("0.1")}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in its base unit, as a report states it; `qualifier` tells which numbers it may really be."""

    stated: Decimal
    qualifier: Qualifier | None = None

    @property
    def low(self) -> Decimal | None:
        """The least it may be; None for no bound. About a number counts as that number."""
        return None if self.qualifier == "under" else self.stated

    @property
    def high(self) -> Decimal | None:
        return None if self.qualifier in ("at_least", "over") else self.stated


def calculate(operation: Operation, a: Decimal, b: Decimal) -> Decimal:
    """`a` − `b`; or `a` as a multiple of, in percent of, or above `b` in percent, rounded half even.

    Raises ZeroDivisionError for a quotient by 0.
    """
    exact = _exactly(operation, a, b)
    if operation == "difference":
        return a - b
    with localcontext(prec=_PRECISION):
        return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_DIGITS_OF[operation])


def _exactly(operation: Operation, a: Decimal, b: Decimal) -> Fraction:
    first, second = Fraction(a), Fraction(b)
    if operation == "difference":
        return first - second
    if operation == "ratio":
        return first / second
    return 100 * (first if operation == "share" else first - second) / abs(second)


def bound_of(operation: Operation, a: Amount, b: Amount, *, promised: bool = False) -> Bound | None:
    """What the result of `operation` on the stated numbers is to the result on the real ones.

    None when it is nothing: 4万 less “2.2万以上” may be anything below 1.8万. `promised`: what is open is
    open in a target, where the number that is written is what was set, and “以上” takes nothing from it.
    """
    qualifiers = {a.qualifier, b.qualifier}
    if qualifiers == {None}:
        rounded = Fraction(calculate(operation, a.stated, b.stated)) != _exactly(operation, a.stated, b.stated)
        return "about" if rounded else "exact"
    if qualifiers <= {None, "about"}:
        return "about"
    least = a.low is not None and b.high is not None and "about" not in qualifiers
    if least and a.stated >= b.stated and (operation == "difference" or b.stated > 0):
        return "at_least"
    return "stated" if promised or qualifiers <= {"at_least", "over"} or qualifiers == {"under"} else None


def surely_more(a: Amount, b: Amount) -> bool:
    """Whether every number that `a` may be is above every one that `b` may be."""
    return a.low is not None and b.high is not None and a.low > b.high


def common_scale(units: Sequence[str], base: str) -> str | None:
    """The scale that all of `units` are written in (万 of 万人), None when they differ."""
    scales = {re.sub(re.escape(base) + "$", "", unit) for unit in units}
    scale = scales.pop() if len(scales) == 1 else None
    return scale if scale in SCALES else None
