"""Questions understood: place, time, kind, type and unit, follow-ups, and the many ways of writing the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.text.normalize import fold, visible
from index.types import Context, Coverage, Kind
from rag.types import Query
from rag.understand.query import understand

PLANS: Sequence[tuple[str, int, Kind]] = [
    ("市北区", 2024, "target"), ("市北区", 2025, "target"), ("市北区", 2026, "target"), ("李沧区", 2025, "target"),
    ("崂山区", 2025, "target"), ("城阳区", 2025, "target"), ("莱西市", 2025, "target"), ("青岛市", 2025, "target"),
    ("市北区", 2023, "result"), ("市北区", 2025, "result"), ("李沧区", 2024, "result"), ("崂山区", 2024, "result"),
]  # fmt: skip
COVERAGE = Coverage(
    (
        *(Context(place, year, None, kind) for place, year, kind in PLANS),
        Context("市北区", None, (2021, 2025), "cumulative"),
        Context("市北区", None, (2026, 2030), "target"),
    )
)
TODAY = date(2026, 7, 1)
DISTRICTS = {"市北区", "李沧区", "崂山区", "城阳区", "莱西市"}


def ask(question: str, *history: str, coverage: Coverage = COVERAGE, today: date = TODAY) -> Query:
    return understand(question, history, coverage=coverage, today=today)


SHIBEI, LICANG, LAOSHAN, CHENGYANG = "市北区", "李沧区", "崂山区", "城阳区"


def row(question: str, **expected: object) -> tuple[str, dict[str, object]]:
    """A question, and those fields of its Query that a reader would fill in."""
    return question, expected


TABLE = [
    row("2025年市北区计划新增就业多少人？", places=(SHIBEI,), years=(2025,), kind="target", type="number", unit="人"),
    row("市北区2023年实际新增就业多少人", places=(SHIBEI,), years=(2023,), kind="result", type="number", unit="人"),
    row("青岛市北区2024年要建成几座亿元楼宇", places=(SHIBEI,), years=(2024,), kind="target", unit="座"),
    row("李沧2025年城镇新增就业目标是多少", places=(LICANG,), years=(2025,), kind="target", type="number"),
    row("崂山区2024年一般公共预算收入完成了多少亿元", places=(LAOSHAN,), years=(2024,), kind="result", unit="元"),
    row("城阳打算新引进多少青年人才？", places=(CHENGYANG,), years=(), kind="target", unit="人"),
    row("莱西市2024年生产总值达到多少？", places=("莱西市",), years=(2024,), type="number"),
    row("青岛市2025年新开通多少个5G基站", places=("青岛市",), years=(2025,), unit="个"),
    row("2025年市北区增长目标是百分之几", places=(SHIBEI,), years=(2025,), kind="target", unit="%"),
    row("“十四五”时期市北区民生支出一共多少亿元", places=(SHIBEI,), years=(), period=(2021, 2025), kind="cumulative"),
    row("过去5年市北区引进了多少人才", places=(SHIBEI,), years=(), period=(2021, 2025), kind="result"),
    row("市北区“十五五”期间的目标任务有哪些", places=(SHIBEI,), period=(2026, 2030), kind="target", type="list"),
    row("2025年市北区要办哪些民生实事", years=(2025,), kind="target", type="list"),
    row("列出市北区2026年的重点工作", places=(SHIBEI,), years=(2026,), type="list"),
    row("李沧区的政府工作报告是谁作的", places=(LICANG,), type="who", unit=None),
    row("市北区的哪位领导作了报告", places=(SHIBEI,), type="who"),
    row("市北区的口袋公园在哪里", places=(SHIBEI,), type="where"),
    row("莱西市人代会什么时候开幕", places=("莱西市",), type="when"),
    row("市北区2025年有没有邮轮项目", places=(SHIBEI,), years=(2025,), type="yesno"),
    row(
        "李沧区和崂山区2025年的生产总值增速目标", places=(LICANG, LAOSHAN), years=(2025,), kind="target", type="compare"
    ),
    row("市北区2023年和2025年新增就业对比", places=(SHIBEI,), years=(2023, 2025), type="compare"),
    row("2023、2024和2025年市北区的亿元楼宇", years=(2023, 2024, 2025), type="compare"),
    row("2025年市北区新增就业的目标和完成情况", years=(2025,), kind=None, both_kinds=True, type="compare"),
    row("介绍一下城阳区2025年的整体情况", places=(CHENGYANG,), years=(2025,), type="summary"),
    row("市北区为什么要发展邮轮经济", places=(SHIBEI,), type="beyond"),
    row("你觉得李沧区发展得好不好", type="beyond"),
    row("崂山区明天的天气", type="beyond"),
    row("济南市历下区2025年新增就业多少人", places=(), unknown_places=("济南市历下区",), years=(2025,)),
    row("即墨区2025年生产总值目标", places=(), unknown_places=("即墨区",), years=(2025,)),
    row("2030年市北区新增就业多少人", places=(SHIBEI,), years=(2030,), period=None),
    row("二〇二五年市北区新增就业多少人", years=(2025,)),
    row("25年市北区新增就业多少人", years=(2025,)),
    row("2025年全国GDP目标是多少", places=(), unknown_places=("全国",), years=(2025,), kind="target"),
    row("What is China's GDP growth target for 2025?", places=(), unknown_places=("全国",), years=(2025,)),
    row("2025年国家对民营经济有什么政策", places=(), unknown_places=("全国",), topic="民营 经济 政策"),
    row("国家在市北区有什么重点实验室", places=(SHIBEI,), unknown_places=()),
    row("市北区怎么稳就业", places=(SHIBEI,), type="list", topic="稳 就业"),
    row("市北区有哪些全国文明社区", places=(SHIBEI,), unknown_places=()),
    row("莱西市花生产量占全国比重是多少", places=("莱西市",), unknown_places=()),
    row("2025年政府工作报告里讲新增就业多少人", report_year=2025, years=(), topic="新增 就业", unit="人"),
    row("市北区2026年的报告说过去五年新增就业多少", places=(SHIBEI,), report_year=2026, years=(), period=(2021, 2025)),
    row("截至2025年，市北区有多少所学校", years=(2025,), as_of=True),
    row("2025年市北区新建多少所学校", years=(2025,), as_of=False),
    row("2023、2024、2025三年里市北区哪年新增就业最多", years=(2023, 2024, 2025), type="rank"),
    row("2021到2025这五年市北区新增就业多少人", years=(), period=(2021, 2025)),
    row("2023年和2025年市北区新增就业目标哪个高", years=(2023, 2025), kind="target", kinds=(), type="compare"),
    row("市北区2023年新增就业多少，2025年目标是多少", years=(2023, 2025), kind=None, kinds=(None, "target")),
    row("2025年青岛港吞吐量是多少", places=(), unknown_places=(), years=(2025,)),
    row("“莱西经验”是什么", places=(), unknown_places=()),
    row("崂山实验室要实施什么任务", places=(), unknown_places=()),
    row("青岛2025年养老方面有啥打算", places=("青岛市",), type="list", topic="养老", kind="target"),
    row("市北区怎么发展数字经济", places=(SHIBEI,), type="list", topic="发展 数字 经济"),
    row("青岛地铁里程", places=("青岛市",), names=(), type="number"),
    row("济南地铁里程", places=(), names=("济南",), unknown_places=(), type="number"),
    row("青岛哪些隧道要开工", places=("青岛市",), type="list"),
    row("崂山区长是谁", places=(LAOSHAN,), topic="区长", type="who"),
    row("2025年GDP目标超过5%的区有哪些", type="rank", unit="%", years=(2025,), kind="target", topic="生产总值"),
    row("来市北区玩的人有多少", places=(SHIBEI,), topic="游客", type="number"),
    row("市北区2025年要建几所学校", topic="建 学校", unit="所"),
    row("新增就业多少人", places=(), years=(), kind=None, unit="人", type="number"),
    row("不是2025年的计划，市北区2023年新增就业多少人", years=(2023,), kind="result"),
    row("市北区2025年拆除违法建设多少平方米", unit="平方米"),
    row("市北区2025年新建多少公里电力廊道", unit="公里"),
    row("市北区2025年邮轮多少航次", unit="航次"),
    row(
        "How many jobs will Shibei District create in 2025?",
        places=(SHIBEI,),
        years=(2025,),
        kind="target",
        english=True,
    ),
    row(
        "How much did Laoshan actually collect in 2024?", places=(LAOSHAN,), years=(2024,), kind="result", english=True
    ),
    row("Compare Licang and Chengyang GDP targets for 2025", places=(LICANG, CHENGYANG), type="compare", english=True),
    row("Who gave the report of Laixi City?", places=("莱西市",), type="who", english=True),
    row("How many jobs in Pudong District in 2025?", places=(), unknown_places=("Pudong",), english=True),
]


@pytest.mark.parametrize(("question", "expected"), TABLE, ids=[question for question, _ in TABLE])
def test_what_a_question_says(question: str, expected: dict[str, object]) -> None:
    query = ask(question)
    assert {name: getattr(query, name) for name in expected} == expected
    assert query.question == question


def test_the_topic_is_what_is_left() -> None:
    assert "pm2.5" in ask("李沧区2025年PM2.5平均浓度是多少").topic.split()
    assert ask("除了邮轮，市北区还要发展哪些产业").topic == ask("市北区还要发展哪些产业").topic
    assert "隐患" in ask("市北区要消除多少隐患，2025年").topic
    assert ask("请问2025年市北区计划新增就业多少人？").topic.replace(" ", "") == "新增就业"
    assert ask("李沧区的GDP目标是多少").topic.replace(" ", "") == ask("李沧区生产总值目标是多少").topic.replace(" ", "")


@pytest.mark.parametrize(
    "question", ["各区2025年新增就业目标", "哪个区的生产总值增速目标最高", "各区市2025年的财政收入目标"]
)
def test_all_districts_are_those_that_are_covered(question: str) -> None:
    query = ask(question)
    assert {p for p in query.places if p != "莱西市"} == DISTRICTS - {"莱西市"}
    assert "青岛市" not in query.places
    assert query.type == ("rank" if "最" in question else "compare")


def test_the_whole_city_is_the_city_around_the_districts() -> None:
    assert ask("全市2025年新建口袋公园多少个").places == ("青岛市",)
    assert ask("市北区的货物进出口增速列全市第几").places == (SHIBEI,)
    assert ask("莱西市2025年的全市生产总值目标").places == ("莱西市",)
    assert ask("农房改造，莱西市多少户，全市多少户").places == ("莱西市", "青岛市")


# Follow-ups.


def test_a_follow_up_about_another_place_keeps_the_rest() -> None:
    first = ask("2025年市北区计划新增就业多少人？")
    second = ask("那李沧区呢？", first.question)
    assert (second.places, second.years, second.kind) == ((LICANG,), (2025,), "target")
    assert (second.topic, second.type, second.unit) == (first.topic, "number", "人")
    third = ask("崂山区呢？", first.question, "那李沧区呢？")
    assert (third.places, third.years, third.kind, third.topic) == ((LAOSHAN,), (2025,), "target", first.topic)


def test_a_follow_up_about_the_same_year_keeps_the_topic() -> None:
    first = ask("2025年市北区计划新增就业多少人？")
    query = ask("李沧的呢，同一年", first.question)
    assert (query.places, query.years, query.topic) == ((LICANG,), (2025,), first.topic)


def test_a_follow_up_about_another_year_keeps_the_place() -> None:
    query = ask("那2023年呢？", "2025年市北区计划新增就业多少人？")
    assert (query.places, query.years) == ((SHIBEI,), (2023,))
    again = ask("2024年呢", "2025年市北区计划新增就业多少人？", "那2023年呢？")
    assert (again.places, again.years, again.topic) == ((SHIBEI,), (2024,), query.topic)


def test_a_follow_up_about_another_thing_keeps_place_and_year() -> None:
    query = ask("那扶持创业呢？", "2025年市北区计划新增就业多少人？")
    assert (query.places, query.years, query.kind) == ((SHIBEI,), (2025,), "target")
    assert query.topic.replace(" ", "") == "扶持创业"
    asked = ask("实际完成了多少？", "2025年市北区计划引进多少亿元项目？")
    assert (asked.places, asked.years, asked.kind) == ((SHIBEI,), (2025,), "result")


def test_a_follow_up_that_asks_for_the_rank_keeps_what_is_ranked() -> None:
    query = ask("全国排第几？", "2025年市北区计划新增就业多少人？")
    assert (query.places, query.years) == ((SHIBEI,), (2025,))
    assert {"新增", "就业"} <= set(query.topic.split())


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("增速是多少", "生产总值增速"),
        ("比上年增长了多少", "生产总值增长"),
        ("换成李沧区", "生产总值"),
        ("李沧区也是这个数吗", "生产总值"),
    ],
)
def test_a_follow_up_that_names_a_side_of_a_thing_keeps_the_thing(question: str, topic: str) -> None:
    query = ask(question, "2025年市北区GDP是多少？")
    assert (query.topic.replace(" ", ""), query.years) == (topic, (2025,))
    assert query.places == ((LICANG,) if "李沧" in question else (SHIBEI,))


@pytest.mark.parametrize("question", ["李沧区跟它比谁高", "李沧区呢？哪个更高", "李沧呢，谁更多"])
def test_a_follow_up_that_compares_takes_both_places(question: str) -> None:
    query = ask(question, "2025年市北区计划新增就业多少人？")
    assert (query.places, query.type) == ((SHIBEI, LICANG), "compare")
    assert query.topic.replace(" ", "") == "新增就业"


def test_the_year_before_is_that_before_the_year_of_the_question_before() -> None:
    assert ask("上一年实际是多少", "2024年市北区计划新增就业多少人？").years == (2023,)
    assert ask("去年呢", "2024年市北区计划新增就业多少人？").years == (2025,)
    assert ask("比上年多多少", "2024年市北区计划新增就业多少人？").years == (2024,)


def test_a_stretch_of_years_each_is_a_trend() -> None:
    query = ask("2023到2025年市北区新增就业分别是多少")
    assert (query.type, query.years) == ("trend", (2023, 2024, 2025))
    assert ask("2023年到2025年市北区新增就业一共多少").type != "trend"


def test_a_follow_up_after_a_period_forgets_the_period_for_a_year() -> None:
    query = ask("那2025年呢？", "“十四五”时期市北区民生支出多少亿元？")
    assert (query.years, query.period) == ((2025,), None)


def test_a_new_topic_drops_everything() -> None:
    alone = ask("青岛市2025年新开通多少个5G基站？")
    for question in ("青岛市2025年新开通多少个5G基站？", "换个话题，青岛市2025年新开通多少个5G基站？"):
        query = ask(question, "2023年市北区实际新增就业多少人？", "那李沧区呢？")
        assert (query.places, query.years, query.kind, query.unit) == (("青岛市",), (2025,), None, "个")
        assert query.topic == alone.topic
    free = ask("换个话题，新增多少学位？", "2023年市北区实际新增就业多少人？")
    assert (free.places, free.years, free.kind) == ((), (), None)


def test_without_history_a_fragment_stands_alone() -> None:
    assert (ask("那李沧区呢？").places, ask("那李沧区呢？").years) == ((LICANG,), ())


def test_a_question_that_is_whole_is_read_by_itself_as_well() -> None:
    query = ask("新增多少学位？", "2023年市北区新增就业多少人？")
    assert (query.places, query.years) == ((SHIBEI,), (2023,))  # it seems to stay with them
    assert query.instead.by_itself
    assert (query.instead.by_itself.places, query.instead.by_itself.years) == ((), ())


# This year.


@pytest.mark.parametrize(
    ("question", "year", "taken"),
    [
        ("今年市北区新增就业多少人", 2026, 2026),
        ("今年市北区新增就业多少人", 2025, 2025),
        ("去年市北区新增就业多少人", 2026, 2025),
        ("前年市北区新增就业多少人", 2026, 2024),
        ("今年市北区新增就业多少人", 2031, 2026),  # no report of 2031: the newest
        ("明年市北区新增就业多少人", 2026, 2026),
    ],
)
def test_this_year_is_the_year_of_asking_as_far_as_it_is_covered(question: str, year: int, taken: int) -> None:
    query = ask(question, today=date(year, 3, 1))
    assert (query.years, query.assumed_year) == ((taken,), taken)


def test_a_year_in_digits_is_never_replaced() -> None:
    query = ask("2031年市北区新增就业多少人")
    assert (query.years, query.assumed_year) == ((2031,), None)


def test_an_uncovered_stretch_of_years_is_its_two_ends() -> None:
    query = ask("2023—2024年市北区的亿元楼宇")
    assert (query.years, query.period, query.type) == ((2023, 2024), None, "compare")


def test_an_empty_index_does_not_break_a_question() -> None:
    query = ask("今年市北区新增就业多少人", coverage=Coverage(()))
    assert query.years == (2026,)
    assert query.places == ()


# The same question in other writing.

MEANING = (
    "text",
    "topic",
    "places",
    "unknown_places",
    "years",
    "period",
    "kind",
    "both_kinds",
    "type",
    "unit",
    "english",
)


def meaning(query: Query) -> dict[str, object]:
    return {name: getattr(query, name) for name in MEANING}


SAME = [
    ("2025年市北区计划新增就业多少人？", "2025年市北區計劃新增就業多少人？"),
    ("2025年市北区计划新增就业多少人？", "２０２５年市北区计划新增就业多少人？"),
    ("2025年市北区计划新增就业多少人？", "二〇二五年市北区计划新增就业多少人？"),
    ("2025年市北区计划新增就业多少人？", "二零二五年市北区计划新增就业多少人?"),
    ("2025年市北区计划新增就业多少人？", "  2025年市北区计划新增就业多少人？\n"),
    ("2025年市北区计划新增就业多少人？", "\ufeff2025年市北区\u200b计划\u202e新增就业多少人？\x00"),
    ("2025年市北区计划新增就业多少人？", "2025年市北区计划新增\ud800就业多少人？"),
    ("哪个区增长5.5%", "哪個區增長百分之五点五"),
    ("2025年李沧区GDP目标", "２０２５年李滄區ＧＤＰ目標"),
    ("2023年市北区的亿元楼宇有多少座", "二〇二三年市北區的億元樓宇有多少座"),
]


@pytest.mark.parametrize(("plain", "other"), SAME)
def test_writing_does_not_change_the_meaning(plain: str, other: str) -> None:
    assert meaning(ask(other)) == meaning(ask(plain))


PLAIN = st.sampled_from([question for question, _ in TABLE])
INVISIBLE = st.sampled_from(
    [
        "\u200b",
        "\u200c",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2069",
        "\x00",
        "\x07",
        "\x7f",
        "\ud800",
    ]
)


@settings(deadline=None, max_examples=150)
@given(PLAIN, st.data())
def test_invisible_characters_change_nothing(question: str, data: st.DataObject) -> None:
    noisy = question
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(noisy)))
        noisy = noisy[:at] + data.draw(INVISIBLE) + noisy[at:]
    assert meaning(ask(noisy)) == meaning(ask(question))


def wide(text: str) -> str:
    """ASCII in full width."""
    return "".join("\u3000" if c == " " else chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@settings(deadline=None, max_examples=100)
@given(PLAIN, st.data())
def test_full_width_changes_nothing(question: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(question)), st.integers(0, len(question)))))
    assert meaning(ask(question[:start] + wide(question[start:end]) + question[end:])) == meaning(ask(question))


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_folding_is_done_once_and_leaves_nothing_invisible(text: str) -> None:
    once = fold(text)
    assert once == once.strip()
    assert visible(once) == once
    assert fold(once) == once


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_is_some_question(question: str, history: list[str]) -> None:
    query = understand(question, history, coverage=COVERAGE, today=TODAY)
    assert query.question == question
    assert set(query.places) <= set(COVERAGE.places)
    assert not set(query.unknown_places) & set(COVERAGE.places)
    assert replace(query) == query
