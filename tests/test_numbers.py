"""No number that a document or a question can hold makes a conversion fail, and none is without end."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.annotate.report import ReadReport, read_report
from index.parse.lines import NUMBERINGS, numbering
from index.text.normalize import fold
from index.text.numbers import MOST, number, plain
from index.text.quantities import quantities
from index.text.times import find_times
from index.types import Context, Coverage
from rag.answer.arithmetic import Amount, bound_of, calculate
from rag.check.numbers import figures, years
from rag.understand.limits import limit_in
from rag.understand.query import understand
from rag.understand.units import main_quantity, states_unit

assert number("十万") == 100000  # loads cn2an, which may take longer than an example
NINES = "9" * 400
COVERAGE = Coverage((Context("市北区", 2025, None, "target"), Context("青岛市", 2024, None, "result")))
# Digits of all scripts, numerals, scales, units, times and what stands between them.
_PIECES = (
    *"0123456789", *"０９٣۹५²½①⑳㈠Ⅷ", *"零〇○一二两三四五六七八九十百千万亿", *"廿卅壹贰拾佰仟兆",
    *".,，、。-—~至到/%％‰（）()“”第前数余多几半成倍约近超过达为是的 \n",
    *("年", "月", "日", "年来", "年以上", "个", "人", "元", "万元", "亿元", "个百分点", "位", "万亿", "亿亿亿"),
    *("百分之", "点", "过去", "近", "未来", "今后", "十五五", "十四五", "时期", "2025年", "9999年", "0000年"),
    *("五年", "新增就业", "增长", "不超过", "以上", "左右", "翻番", "一半", "排名第", "市北区", "哪些区", "多少"),
    *("billion", "per"),
    NINES, "九" * 309, "千" * 40, "1,234,567", ",000" * 20, "0." + "0" * 30 + "1",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join) | st.text(max_size=30)


def report(text: str) -> ReadReport:
    return read_report(text, file="a.txt", sha256="0" * 64, metadata={"title": "2025年市北区政府工作报告"})


def finite(value: float | None) -> bool:
    return value is None or (math.isfinite(value) and abs(value) <= MOST)


def number_as_text(value: str) -> bool:
    """Whether a value is a plain number or text, never a number with an exponent, inf or nan."""
    return "E" not in value and "inf" not in value.lower() and "nan" not in value.lower()


@given(TEXTS)
@example(f"增长{NINES}%")
@example("新增就业九千九百九十九万亿亿亿人，新增就业" + "千" * 5000 + "万人")
@example("增长" + "9" * 5000 + "%")
def test_quantities_state_finite_numbers(text: str) -> None:
    for quantity in quantities(text):
        assert finite(quantity.normalized)
        assert text[quantity.start : quantity.end]


@given(TEXTS)
@example(NINES)
@example("9" * 5000)
@example("٣")
@example("²")
@example("九" * 30)
@example("万亿0")
def test_text_becomes_a_finite_number_or_none(text: str) -> None:
    assert (exact := number(text)) is None or exact <= MOST
    assert (scaled := number(text, 10**12)) is None or scaled <= MOST


@given(TEXTS, st.none() | st.integers(1, 9999), st.booleans())
@example(
    "过去五年来，近٣年来，未来十年，今后1一年，过去九十九年，近٣年来，9999年0000年，20٣٤年，十七五时期", 2025, True
)
def test_times_are_years_that_can_be(text: str, base: int | None, heading: bool) -> None:
    for time in find_times(text, base, heading=heading):
        named = [y for y in (time.year, *(time.period or ())) if y]
        assert all(1900 <= y < 2100 or time.relative for y in named)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
@example(f"今年全区新增就业{NINES}人。增长{NINES}%。")
@example("一一、工作\n（一二）内容\n第一一章\n" + "1" * 5000 + "、x")
@example("数百—3万人，2.2万—" + "9" * 30 + "万人")
def test_a_report_reads_and_its_facts_are_finite(text: str) -> None:
    assert all(finite(fact.normalized) for fact in report(text).facts)


@given(TEXTS)
@example("一一、")
@example("（一二）")
@example("第百百百百章")
@example("٣.")
def test_a_numbering_is_a_number_or_none(text: str) -> None:
    found = numbering(text)
    assert found is None or (found[0] in dict(NUMBERINGS) and 0 <= found[1] < 10000)


@given(TEXTS)
@example("百分之" + "9" * 309)
@example("百分之" + "九" * 309)
@example("百分之一点二三四五六七八九")
def test_folding_takes_any_number(text: str) -> None:
    assert not any(word in fold(text) and word not in text for word in ("inf", "nan", "e+", "e-"))


@given(TEXTS)
@example("数百—3万人")
@example("3" + "9" * 400 + "—5万亿元")
@example("1—" + "9" * 400 + "万人、0—0万人、2—0.0万人")
@example("一万亿亿—3万人")
def test_figures_are_numbers_or_as_they_are_written(text: str) -> None:
    folded = fold(text)
    for figure in figures(text):
        assert number_as_text(figure.value) or figure.value in folded
    assert all(1900 <= year < 2100 for year in years(text))


@given(TEXTS, st.sampled_from(["元", "千瓦", "%", "人"]))
def test_units_are_found_beside_any_number(text: str, unit: str) -> None:
    assert 0 <= states_unit(text, unit) <= 1
    start, end = main_quantity(text, unit) or (0, 0)
    assert 0 <= start <= end <= len(text)


@given(TEXTS)
@example(f"GDP超过{NINES}万亿的省")
@example("GDP超过9999999999999999万亿的省")
def test_a_limit_is_within_what_is_a_number(text: str) -> None:
    found = limit_in(text)
    assert found is None or 0 <= found[0].value <= MOST


@given(TEXTS)
@settings(max_examples=60, deadline=None)
@example("新增就业前" + NINES + "名是哪些区？")
@example(f"增长百分之{NINES}了吗？市北区2025年")
@example("哪" + "9" * 5000 + "个项目超过" + "9" * 5000 + "亿元")
def test_any_question_is_understood(text: str) -> None:
    query = understand(text, coverage=COVERAGE, today=date(2026, 7, 1))
    assert query.asked.table.top is None or 0 < query.asked.table.top <= MOST


_STATED = st.floats(1e-16, 1e21) | st.floats(1e-16, 1e21).map(lambda x: -x)


@given(_STATED, _STATED, st.sampled_from(["difference", "ratio", "share", "growth"]))
@example(1e21, 1e-16, "ratio")
@example(-1e21, 1e-16, "growth")
def test_what_is_computed_of_two_numbers_is_finite(first: float, second: float, operation: str) -> None:
    a, b = Decimal(repr(first)), Decimal(repr(second))
    assert calculate(operation, a, b).is_finite()  # type: ignore[arg-type]
    bound_of(operation, Amount(a), Amount(b, "at_least"))  # type: ignore[arg-type]
    assert number_as_text(plain(a))


@pytest.mark.parametrize(
    "text",
    [f"增长{NINES}%", "增长1" + "0" * 400 + "%", "新增就业" + "千" * 400 + "万人", "新增就业99999999999999999人"],
)
def test_a_number_beyond_all_sense_is_text(text: str) -> None:
    assert quantities(text) == []
    assert report(f"今年全区{text}。").facts == ()


@pytest.mark.parametrize(
    ("text", "value", "number"),
    [("1,234,567人", "1,234,567", 1234567.0), ("9999999999999999人", "9999999999999999", 9999999999999999.0),
     ("126.06万亿元", "126.06", 126060000000000.0), ("١٢个", "١٢", 12.0), ("１２个", "１２", 12.0)],
)  # fmt: skip
def test_numbers_in_their_many_forms(text: str, value: str, number: float) -> None:
    assert [(q.value, q.normalized) for q in quantities(text)] == [(value, number)]


@pytest.mark.parametrize(
    "text", ["1,234,567,890,123,456,789人", ",".join(["123"] * 40) + "人", "1234567890" * 3 + ",123人"]
)
def test_no_part_of_a_number_is_taken_for_it(text: str) -> None:
    assert quantities(text) == []


READERS: tuple[Callable[[str], object], ...] = (quantities, fold, figures, limit_in, number, years)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "text", ["9" * 5000, "百分之" + "9" * 5000, "前" + "九" * 5000 + "万名", "0." + "3" * 5000 + "%"]
)
def test_numbers_that_int_and_float_refuse(read: Callable[[str], object], text: str) -> None:
    assert "inf" not in repr(read(text)).lower()


def test_a_share_keeps_its_digits() -> None:
    assert fold("百分之十二点三四五六七八九") == "12.3456789%"
    assert fold("百分之一百") == "100%"
    assert number("千" * 40) is None  # no numeral
    assert number("九千九百九十九亿") == Decimal("999900000000")
