"""Reports that disagree, and what came of targets: made up, and in the real reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.annotate.conflicts import Verdict, find_conflicts, find_outcomes, interval, verdict
from index.storage.store import Store
from index.types import Context, Fact, Kind, Qualifier, Relation


def fact(
    normalized: float,
    *,
    kind: Kind = "result",
    qualifier: Qualifier | None = None,
    relation: Relation = "total",
    name: str = "高新技术企业",
    where: str = "p1",
    value: str = "",
    unit: str = "家",
) -> Fact:
    context = Context("市北区", 2025, None, kind)
    written = value or f"{abs(normalized):g}"
    return Fact(where, context, name, name, relation, written, unit, normalized, unit, qualifier, 0, 1, 0, 2)


def judged(asked: Fact, reached: Fact) -> Verdict:
    (outcome,) = find_outcomes([asked, reached])
    assert (outcome.target, outcome.result) == (asked, reached)
    return outcome.verdict


@pytest.mark.parametrize(
    ("target", "qualifier", "result", "expected"),
    [
        (70, "at_least", 75, "met"),
        (70, "at_least", 69, "missed"),
        (70, None, 70, "met"),
        (70, "over", 70, "missed"),
        (70, "over", 71, "met"),
        (70, "under", 60, "met"),
        (70, "under", 80, "missed"),
        (70, "about", 69, "unclear"),
        (70, "about", 60, "missed"),
        (-3, None, -4, "met"),
        (-3, None, -2, "missed"),
    ],
)
def test_the_qualifier_of_a_target_decides(
    target: float, qualifier: Qualifier | None, result: float, expected: Verdict
) -> None:
    assert judged(fact(target, kind="target", qualifier=qualifier), fact(result)) == expected


def test_a_result_that_is_only_known_from_one_side_may_not_decide() -> None:
    asked = fact(70, kind="target", qualifier="at_least")
    assert judged(asked, fact(60, qualifier="over")) == "unclear"
    assert judged(asked, fact(80, qualifier="over")) == "met"
    assert judged(asked, fact(60, qualifier="under")) == "missed"


def test_where_less_is_better_less_is_met() -> None:
    asked = fact(5.5, kind="target", name="城镇调查失业率", relation="share", unit="%", qualifier="about")
    assert judged(asked, fact(5.2, name="城镇调查失业率", relation="share", unit="%")) == "met"


def test_a_total_never_meets_a_growth_nor_another_name_unit_or_year() -> None:
    asked = fact(5, kind="target")
    others = [fact(6, relation="growth"), fact(6, unit="户"), fact(6, name="专精特新企业"), fact(6, kind="cumulative")]
    assert find_outcomes([asked, *others]) == ()


def test_two_reports_that_differ_conflict_and_two_that_agree_do_not() -> None:
    one, same, other = fact(4, where="a"), fact(4, where="b"), fact(5, where="c")
    (found,) = find_conflicts([one, same, other])
    assert (found.first, found.second) == (one, other)


def test_what_a_qualifier_or_rounding_allows_is_no_conflict() -> None:
    assert find_conflicts([fact(600, qualifier="over", where="a"), fact(612, where="b")]) == ()
    rounded = fact(74e9, value="740", unit="元", where="a")
    assert find_conflicts([rounded, fact(74.03e9, value="740.3", unit="元", where="b")]) == ()
    assert len(find_conflicts([rounded, fact(74.3e9, value="743", unit="元", where="b")])) == 1


def test_names_that_say_nothing_alone_and_facts_of_unknown_time_are_not_compared() -> None:
    vague = [fact(n, name="总投资", where=str(n)) for n in (3, 4)]
    timeless = [
        Fact("p", Context("市北区"), "企业数", "企业数", "total", str(n), "家", n, "家", None, 0, 1, 0, 1)
        for n in (3, 4)
    ]
    assert find_conflicts([*vague, *timeless]) == ()


@given(
    st.floats(-1e9, 1e9),
    st.sampled_from([None, "at_least", "over", "about", "under"]),
    st.floats(-1e9, 1e9),
    st.sampled_from([None, "at_least", "over", "about", "under"]),
)
def test_a_verdict_is_always_given_and_the_figure_is_in_its_interval(
    a: float, first: Qualifier | None, b: float, second: Qualifier | None
) -> None:
    asked, reached = fact(a, kind="target", qualifier=first), fact(b, qualifier=second)
    assert verdict(asked, reached) in ("met", "missed", "unclear")
    assert interval(reached)[0] <= b <= interval(reached)[1]


def test_what_came_of_the_budget_target_of_2025_in_the_real_reports(real_index: Path) -> None:
    found = {
        (o.target.context.place, o.target.context.year, o.target.name, o.target.relation): o
        for o in find_outcomes(Store.open(real_index).facts)
    }
    outcome = found["市北区", 2025, "一般公共预算收入", "growth"]
    assert (outcome.target.value, outcome.result.value, outcome.verdict) == ("5", "5.6", "met")


def test_the_real_reports_do_not_contradict_each_other(real_index: Path) -> None:
    assert find_conflicts(Store.open(real_index).facts) == ()
