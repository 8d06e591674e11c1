"""The arithmetic of computed answers, against fractions and intervals on random figures."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from index.text.numbers import SCALES, spelled
from index.text.quantities import quantities
from index.types import Qualifier
from rag.answer.arithmetic import (
    Amount,
    bound_of,
    calculate,
    common_scale,
    surely_more,
)

NUMBERS = st.decimals(min_value=0, max_value=10**9, places=2).map(lambda d: d.normalize())
QUALIFIERS: list[Qualifier | None] = [None, "at_least", "over", "under", "about"]
AMOUNTS = st.builds(Amount, NUMBERS, st.sampled_from(QUALIFIERS))
STEP = Fraction(1, 1000)


def may_be(amount: Amount, by: int) -> Fraction:
    """A number that `amount` may really be: its own, or one further where it is open."""
    away = {"at_least": by, "over": by + 1, "under": -by}.get(amount.qualifier or "", 0)
    return Fraction(amount.stated) + away * STEP * 100


@given(NUMBERS, NUMBERS)
def test_results_are_those_of_fractions(a: Decimal, b: Decimal) -> None:
    x, y = Fraction(a), Fraction(b)
    assert Fraction(calculate("difference", a, b)) == x - y
    assume(b > 0)
    assert abs(Fraction(calculate("ratio", a, b)) - x / y) <= Fraction(1, 200)
    assert abs(Fraction(calculate("share", a, b)) - 100 * x / y) <= Fraction(1, 20)
    assert abs(Fraction(calculate("growth", a, b)) - 100 * (x - y) / y) <= Fraction(1, 20)


@given(AMOUNTS, AMOUNTS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_exact_difference_is_exact_and_a_least_one_is_least(a: Amount, b: Amount, i: int, j: int) -> None:
    real = may_be(a, i) - may_be(b, j)
    stated = Fraction(calculate("difference", a.stated, b.stated))
    bound = bound_of("difference", a, b)
    if bound == "exact":
        assert real == stated
    if bound == "at_least":
        assert real >= stated >= 0
    if surely_more(a, b):
        assert real > 0


@given(AMOUNTS, AMOUNTS)
def test_what_is_open_is_never_called_exact(a: Amount, b: Amount) -> None:
    for promised in (False, True):
        bound = bound_of("difference", a, b, promised=promised)
        assert (bound == "exact") == (a.qualifier is None and b.qualifier is None)


def test_a_bound_that_leaves_the_result_open_gives_none() -> None:
    exact, least = Amount(Decimal(40000)), Amount(Decimal(22000), "at_least")
    assert bound_of("difference", exact, least) is None
    assert bound_of("difference", exact, least, promised=True) == "stated"
    assert bound_of("difference", Amount(Decimal(40000), "at_least"), Amount(Decimal(22000))) == "at_least"
    assert bound_of("difference", least, Amount(Decimal(30000), "over")) == "stated"
    assert bound_of("difference", exact, Amount(Decimal(22000), "about")) == "about"


@pytest.mark.parametrize("operation", ["ratio", "share", "growth"])
def test_nothing_is_divided_by_0(operation: str) -> None:
    with pytest.raises(ZeroDivisionError):
        calculate(operation, Decimal(5), Decimal(0))  # type: ignore[arg-type]


@given(NUMBERS, st.sampled_from([None, *SCALES]), st.sampled_from(["人", "元", "亩"]))
def test_a_spelled_number_is_read_back(value: Decimal, scale: str | None, unit: str) -> None:
    shown = spelled(value, unit, scale)
    number = shown.removesuffix(unit)
    name = next(s for s in sorted(SCALES, key=len, reverse=True) if number.endswith(s))
    assert Fraction(Decimal(number.removesuffix(name))) * SCALES[name] == Fraction(value)
    assert "e" not in shown.lower()
    if value == value.to_integral_value() and name in ("", "万", "亿") and value > 0:
        (read,) = quantities(f"共{shown}。")
        assert read.number == value


def test_a_scale_is_shared_or_there_is_none() -> None:
    assert common_scale(["万人", "万人"], "人") == "万"
    assert common_scale(["万人", "人"], "人") is None
    assert common_scale(["个", "个"], "个") == ""
    assert common_scale(["万亿元", "万亿元"], "元") == "万亿"
