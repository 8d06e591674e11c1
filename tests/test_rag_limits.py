"""Limits in questions, and the tables of the places that keep to them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Pipeline
from rag.understand.limits import limit_in


@pytest.mark.parametrize(
    ("text", "relation", "value", "unit"),
    [
        ("GDP目标在5.5%以上", ">=", "5.5", "%"),
        ("GDP目标是5%左右", "==", "5", "%"),
        ("增速为5％的", "==", "5", "%"),
        ("生产总值超过5万亿", ">", "5000000000000", "元"),
        ("收入不到300亿元", "<", "30000000000", "元"),
        ("产量不低于1000亿斤", ">=", "100000000000", "斤"),
        ("新增就业3万人以下", "<=", "30000", "人"),
        ("失业率不超过5.5%", "<=", "5.5", "%"),
    ],
)
def test_what_a_limit_says(text: str, relation: str, value: str, unit: str) -> None:
    found = limit_in(text)
    assert found
    limit, (start, end) = found
    assert (limit.relation, limit.value, limit.unit) == (relation, Decimal(value), unit)
    assert limit.text in text[start:end]


@pytest.mark.parametrize("text", ["2025年新增就业", "5个区", "前3名", "“5G”基站", "新增就业多少人"])
def test_a_figure_that_nothing_bounds_is_no_limit(text: str) -> None:
    assert limit_in(text) is None


@given(
    number=st.decimals("0", "9999", places=2),
    amount=st.decimals("0", "9999", places=2),
    pair=st.sampled_from([("超过", "不超过"), ("不低于", "低于"), ("大于", "不大于"), ("不少于", "少于")]),
)
def test_a_figure_keeps_to_a_limit_or_to_its_opposite(number: Decimal, amount: Decimal, pair: tuple[str, str]) -> None:
    kept = [found[0].keeps(amount, "%") for word in pair if (found := limit_in(f"增速{word}{number}%"))]
    assert sorted(kept) == [False, True]


def test_a_figure_in_another_unit_keeps_to_no_limit() -> None:
    found = limit_in("增速超过5%")
    assert found
    assert found[0].keeps(Decimal(6), "%")
    assert not found[0].keeps(Decimal(6), "元")


def test_the_places_that_keep_to_a_limit_are_the_answer(real_pipeline: Pipeline) -> None:
    """003 gives budget revenue growth: 城阳 and 李沧 3%, 莱西 3%左右, 崂山 3.5%以上, 市北 5%左右."""
    answer = real_pipeline.ask("哪些区2025年一般公共预算收入增长目标超过3%")
    assert {row.place for row in answer.rows} == {"崂山区", "市北区"}
    assert "其中2处符合“超过3%”" in answer.answer


def test_where_none_keeps_to_it_all_are_shown(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("2025年一般公共预算收入增长目标在9%以上的区有哪些")
    assert "没有一处符合“9%以上”" in answer.answer
    assert {row.value for row in answer.rows} >= {"3%", "3.5%以上", "5%左右"}
