"""Answers that compute or gather, over the five seed reports. Figures are read from the reports, and what is expected
of them is worked out here by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Answer, Pipeline
from rag.check.gate import recomputed
from rag.types import Computed

SHIBEI, LICANG, LAOSHAN, CHENGYANG, LAIXI = "市北区", "李沧区", "崂山区", "城阳区", "莱西市"

# Question; operation, result, unit and bound of the computed line; words of it.
COMPUTED = [
    ("市北区2023年和2025年新增就业相差多少", "difference", "-5000", "人", "exact", "少0.5万人"),
    ("市北区税收亿元楼宇从2023年到2025年增加了多少座", "difference", "6", "座", "exact", "2025年比2023年多6座"),
    ("市北区2025年的亿元楼宇比2023年多几座", "difference", "6", "座", "exact", "多6座"),
    ("高新技术企业认定目标，市北2026年比2025年多多少家", "difference", "5", "家", "exact", "多5家"),
    ("市北区和李沧区2025年新增就业目标相差多少", "difference", "18000", "人", "stated", "按写明的数"),
    ("2025年引进青年人才，市北多还是城阳多", "difference", "1000", "人", "stated", "城阳区比市北区多0.1万人"),
    ("市北2023年实际扶持创业和2026年目标差多少人", "difference", "-2500", "人", "at_least", "至少少2500人"),
    ("市北区2025年一般公共预算收入增速，目标和实际差多少", "difference", "0.6", "个百分点", "about", "约高0.6个百分点"),
    ("市北区新增就业2025年目标是2023年实际的几倍", "ratio", "0.89", "倍", "about", "约是2023年实绩的0.89倍"),
    ("市北区2025年扶持创业目标占青岛市的比重是多少", "share", "16.7", "%", "stated", "市北区是青岛市的16.7%"),
    ("市北区2025年高新技术企业目标是崂山区的百分之几", "share", "70", "%", "exact", "是崂山区的70%"),
]  # fmt: skip


def check_computed(answer: Answer) -> None:
    """Each computed line is shown, its operands stand in the quotes that it names, and no other line has its number."""
    cited = {c.marker: c for c in answer.citations}
    for line in answer.computed:
        assert line.text in answer.answer
        assert recomputed(line, cited)
        for operand in line.operands:
            assert operand.text in cited[operand.marker].quote
    for row in answer.rows:
        assert row.value in cited[row.marker].quote
        assert row.place in ("", cited[row.marker].place)


@pytest.mark.parametrize(("question", "operation", "result", "unit", "bound", "words"), COMPUTED)
def test_what_two_figures_make(
    real_pipeline: Pipeline, question: str, operation: str, result: str, unit: str, bound: str, words: str
) -> None:
    answer = real_pipeline.ask(question)
    check_computed(answer)
    line = next(c for c in answer.computed if c.operation == operation)
    assert (line.result, line.unit, line.bound) == (result, unit, bound)
    assert words in line.text
    assert "计算" in line.text


def test_equal_figures_are_said_to_be_equal(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("李沧和城阳2025年一般公共预算收入增长目标一样吗")
    check_computed(answer)
    assert [c.operation for c in answer.computed] == ["equal"]
    assert "相同，均为3%" in answer.computed[0].text


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("2025年“微更新”李沧区和青岛市哪个多", "单位不同"),
        ("莱西、城阳2025年一般公共预算收入增长目标差几个百分点", "不是确切的数"),
    ],
)
def test_what_cannot_be_set_against_each_other_is_not(real_pipeline: Pipeline, question: str, note: str) -> None:
    answer = real_pipeline.ask(question)
    assert len(answer.rows) == 2
    assert answer.computed == ()
    assert note in "".join(answer.notes)


def test_a_rank_over_places_names_the_first_and_who_states_nothing(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("2025年哪个区新增高新技术企业最多")
    check_computed(answer)
    assert [(r.place, r.value) for r in answer.rows] == [(CHENGYANG, "300家"), (LAOSHAN, "100家"), (SHIBEI, "70家")]
    assert answer.answer.startswith("按3处写明的数比较，最多的是城阳区300家[1]。")
    assert LICANG in answer.notes[-1]
    assert LAIXI in answer.notes[-1]


def test_the_least_stands_first_when_it_is_asked_for(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("2025年一般公共预算收入增长目标最低的是哪个区")
    check_computed(answer)
    assert [r.value for r in answer.rows] == ["3%", "3%", "3%左右", "3.5%以上", "5%左右"]
    assert "最低的是城阳区3%[1]、李沧区3%[2]、莱西市3%左右[3]" in answer.answer
    two = real_pipeline.ask("2025年一般公共预算收入增长目标前两名的区")
    assert [r.place for r in two.rows] == [SHIBEI, LAOSHAN]
    after = real_pipeline.ask("那最高的呢？", ["2025年一般公共预算收入增长目标最低的是哪个区"])
    assert after.rows[0].place == SHIBEI


def test_a_place_that_is_asked_for_is_no_rank(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("2025年哪个区要建第四代万达广场")
    assert [c.place for c in answer.citations] == [CHENGYANG]
    assert answer.rows == ()


def test_a_trend_has_a_row_a_year_and_sets_like_against_like(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("市北区近几年税收亿元楼宇有什么变化")
    check_computed(answer)
    rows = [(r.period, r.kind, r.value) for r in answer.rows]
    assert rows == [("2023年", "result", "20座"), ("2024年", "target", "24座"), ("2025年", "result", "26座")]
    assert [c.result for c in answer.computed] == ["6"]
    years = real_pipeline.ask("市北区2023到2026年新认定高新技术企业逐年变化")
    assert [r.value for r in years.rows] == ["55家", "70家", "75家"]


def test_growth_that_a_report_states_is_quoted(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("市北区2025年一般公共预算收入比上年增长多少")
    assert "同比增长5.6%" in answer.answer
    assert answer.computed == ()


SUMMARIES = [
    "概括一下青岛市2025年在保障和改善民生上的重点工作",
    "莱西市2025年推进乡村全面振兴的主要内容是什么",
    "概括一下2025年市北区的重点工作",
    "李沧区2025年有哪些举措",
]


@pytest.mark.parametrize("question", SUMMARIES)
def test_a_summary_is_at_most_five_sentences_each_verbatim(real_pipeline: Pipeline, question: str) -> None:
    answer = real_pipeline.ask(question)
    assert 3 <= len(answer.citations) <= 5
    assert all(c.quote in c.text for c in answer.citations)
    assert {c.year for c in answer.citations} == {2025}
    assert len({(c.report, c.section[:1]) for c in answer.citations}) == 1 or "概括" in question


def test_a_summary_takes_from_each_part_of_a_section(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask(SUMMARIES[0])
    assert len({c.section[-1] for c in answer.citations}) == 5
    assert {c.section[0] for c in answer.citations} == {answer.citations[0].section[0]}


def test_a_list_that_spans_paragraphs_is_complete(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("莱西2025年要在哪些方面加力提效")
    for part in ("全方位扩大内需", "建设创新型产业体系", "提升城市功能品质", "推进乡村全面振兴", "保障和改善民生"):
        assert f"在{part}上加力提效" in answer.answer


YES_NO = {
    "市北区2023年实现城中村清零了吗？": "是。",
    "市北区2025年新增就业目标是4万人吗": "是。",
    "市北区2025年新增就业目标是5万人吗": "否。",
    "市北区2025年新增就业目标超过3万人吗": "是。",
    "李沧区2025年新增就业目标是3万人吗": "",  # “2.2万人以上” may be 3万
    "市北区2025年计划实现违建动态清零吗": "",
}


@pytest.mark.parametrize(("question", "said"), YES_NO.items())
def test_yes_or_no_is_said_where_the_report_decides_it(real_pipeline: Pipeline, question: str, said: str) -> None:
    answer = real_pipeline.ask(question)
    assert not answer.refused
    assert (answer.answer[:2] if answer.answer[:2] in ("是。", "否。") else "") == said


def test_several_lines_come_with_an_offer_to_narrow_down(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("引进青年人才多少人")
    assert 2 <= len(answer.citations) <= 6
    assert answer.notes[-1].startswith("可以指明地区和年份")


# The gate.


@pytest.fixture(scope="module")
def compared(real_pipeline: Pipeline) -> Answer:
    return real_pipeline.ask("市北区2023年和2025年新增就业相差多少")


def test_a_wrong_result_never_passes(compared: Answer) -> None:
    (line,) = compared.computed
    cited = {c.marker: c for c in compared.citations}
    a, b = line.operands
    forged: list[Computed] = [
        replace(line, result="-6000", text=line.text.replace("0.5万", "0.6万")),
        replace(line, text=line.text.replace("0.5万", "0.6万")),
        replace(line, text=f"{line.text}另有3处。"),
        replace(line, operands=(b, a)),
        replace(line, operands=(replace(a, marker=9), b)),
        replace(line, operands=(replace(a, amount="50000"), b)),
        replace(line, operands=(replace(a, text="40万人"), b)),
        replace(line, operands=(replace(a, unit="个"), b)),
        replace(line, operation="equal", result=None),
        replace(line, operands=(a,)),
    ]
    assert recomputed(line, cited)
    assert not [f for f in forged if recomputed(f, cited)]


@given(st.decimals(min_value=0, max_value=10**6, places=2))
def test_only_the_right_number_passes(compared: Answer, number: Decimal) -> None:
    (line,) = compared.computed
    cited = {c.marker: c for c in compared.citations}
    shown = f"{number:f}"
    forged = replace(line, result=f"-{shown}", text=re.sub(r"0\.5万人", f"{shown}人", line.text, count=1))
    assert recomputed(forged, cited) == (shown == "5000")
