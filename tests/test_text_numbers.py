"""The one reading of numbers: what the formatter writes is read back, and what people write is read as they mean it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.text.normalize import fold
from index.text.numbers import SCALES, UNITS, in_numerals, number, phrase
from index.text.quantities import quantities
from index.text.times import find_times
from index.types import Qualifier
from rag.check.numbers import figures
from rag.understand.limits import limit_in
from rag.understand.units import states_figure, states_unit

LEADS = st.sampled_from(["", "共", "全年完成", "投资", "，其中新增", "2025年建成"])
TAILS = st.sampled_from(["", "。", "，增长"])
QUALIFIERS: list[Qualifier | None] = [None, "at_least", "over", "under", "about"]
AMOUNTS = st.decimals("0.01", "99999.99", places=2)
LARGE = ["万", "亿", "万亿"]


@settings(max_examples=5000, deadline=None)
@given(
    AMOUNTS, st.none() | AMOUNTS, st.sampled_from(sorted(UNITS)), st.sampled_from(["", *LARGE]),
    st.sampled_from(QUALIFIERS), LEADS, TAILS,
)  # fmt: skip
def test_what_is_written_in_digits_is_read_back(
    amount: Decimal,
    more: Decimal | None,
    unit: str,
    scale: str,
    qualifier: Qualifier | None,
    lead: str,
    tail: str,
) -> None:
    value = amount * SCALES[scale]
    upto = None if more is None else more * SCALES[scale]
    written = phrase(value, unit, scale, upto=upto, qualifier=qualifier)
    (read,) = quantities(f"{lead}{written}{tail}")
    known = UNITS[unit]
    assert (read.number, read.upto) == (value * known.factor, None if upto is None else upto * known.factor)
    assert (read.base_unit, read.qualifier) == (known.base, qualifier)
    assert (read.before, read.after) == (len(lead), len(lead) + len(written))


@settings(max_examples=5000, deadline=None)
@given(st.integers(1, 9999), st.sampled_from(LARGE), st.sampled_from(["人", "元", "亩", "平方米", "个"]), LEADS, TAILS)
def test_what_is_written_in_numerals_is_read_back(value: int, scale: str, unit: str, lead: str, tail: str) -> None:
    written = f"{in_numerals(value)}{scale}{unit}"
    (read,) = quantities(f"{lead}{written}{tail}")
    assert (read.number, read.base_unit) == (Decimal(value * SCALES[scale]), unit)
    assert (read.start, read.end) == (len(lead), len(lead) + len(written))


@given(st.integers(0, 9999), st.sampled_from(["", *LARGE]))
def test_numerals_and_digits_write_one_number(value: int, scale: str) -> None:
    assert number(in_numerals(value)) == value
    assert number(f"{value}{scale}") == value * SCALES[scale]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十万", "100000"), ("5千万", "50000000"), ("3.5亿", "350000000"), ("一百二十", "120"), ("两万五", "25000"),
        ("百", "100"), ("万亿", "1000000000000"), ("三点五亿", "350000000"), ("10亿5千万", "1050000000"),
        ("1.2万亿", "1200000000000"), ("二〇二五", "2025"), ("1,234.5", "1234.5"), ("九千九百九十九亿点一", None),
        ("数百", None), ("3-5", None), ("", None), ("一百百", None), ("99999999999999999", None),
    ],
)  # fmt: skip
def test_a_number_in_its_forms(text: str, value: str | None) -> None:
    expected = Decimal("999900000000.1") if text.endswith("点一") else None if value is None else Decimal(value)
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "value", "upto", "unit", "qualifier"),
    [
        ("建成一百二十余个", "120", None, "个", "over"),
        ("投资3.5亿元", "350000000", None, "元", None),
        ("占两成半", "25", None, "%", None),
        ("引进3—5万人", "30000", "50000", "人", None),
        ("增长5%-6%", "5", "6", "%", None),
        ("不足百分之三十", "30", None, "%", "under"),
        ("超百亿元", "10000000000", None, "元", "over"),
        ("减少一半以上", "50", None, "%", "at_least"),
    ],
)
def test_a_quantity_as_people_write_it(
    text: str, value: str, upto: str | None, unit: str, qualifier: Qualifier | None
) -> None:
    (read,) = quantities(text)
    assert (read.number, read.upto) == (Decimal(value), None if upto is None else Decimal(upto))
    assert (read.base_unit, read.qualifier) == (unit, qualifier)
    assert read.normalized is None or upto is None


@pytest.mark.parametrize("text", ["一体推进", "三农工作", "万无一失", "第一次", "千千万万个家庭", "推进二期"])
def test_numerals_in_words_count_nothing(text: str) -> None:
    assert quantities(text) == []
    assert not states_figure(text)


@pytest.mark.parametrize(
    ("text", "period"),
    [("过去二十年", (2005, 2024)), ("近三十年", (1995, 2024)), ("过去5年", (2020, 2024)), ("未来十五年", (2025, 2039)),
     ("十二年来", (2013, 2024))],
)  # fmt: skip
def test_years_in_numerals(text: str, period: tuple[int, int]) -> None:
    assert [time.period for time in find_times(text, 2025)] == [period]


def test_all_readers_agree_on_a_number() -> None:
    found = limit_in("收入超过5千万元的区")
    assert found
    assert (found[0].value, found[0].unit, found[0].relation) == (Decimal(50000000), "元", ">")
    assert [q.number for q in quantities("收入超过5千万元")] == [Decimal(50000000)]
    assert [(f.value, f.unit, f.bound) for f in figures("收入超过5千万元")] == [("50000000", "元", "more")]
    assert states_unit("收入超过5千万元", "元") == 1
    assert states_unit("提高3个百分点", "个") < 0.9
    assert [q.number for q in quantities(fold("百分之三十五"))] == [q.number for q in quantities("百分之三十五")]
