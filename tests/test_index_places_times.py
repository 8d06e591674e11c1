"""Places and times as texts name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.gazetteer import COMMON_NOUNS
from index.text.places import by_code, find_places, lookup, parent, siblings, table
from index.text.times import find_times, five_year_plan

QINGDAO = frozenset(["青岛市"])


def names(text: str, near: frozenset[str] = QINGDAO) -> list[str]:
    return [mention.place.name for mention in find_places(text, near)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("青岛市北区新增就业4万人", ["市北区"]),  # not 青岛市 and 北区
        ("青岛市市北区新增就业4万人", ["市北区"]),
        ("山东省青岛市市北区新增就业4万人", ["市北区"]),
        ("市北新增就业4万人", ["市北区"]),
        ("市北、李沧和崂山", ["市北区", "李沧区", "崂山区"]),
        ("莱西的目标是多少", ["莱西市"]),
        ("青岛今年的目标", ["青岛市"]),
        ("青岛市区的道路", ["青岛市"]),
        ("北京和上海", ["北京市", "上海市"]),
        ("内蒙古、广西", ["内蒙古自治区", "广西壮族自治区"]),
        ("青岛西海岸新区", ["西海岸新区"]),
        ("济南市历下区与青岛市城阳区", ["历下区", "城阳区"]),
        ("徐州市鼓楼区", ["鼓楼区"]),
        ("文山会海", []),  # not 文山州
        ("恩施州和凉山", ["恩施土家族苗族自治州", "凉山彝族自治州"]),
        ("西安市新城区与老城区", ["新城区"]),
        ("“莱西经验”再推广", []),
        ("莱西经验再推广", []),
        ("“莱西周末”品牌建设", []),
        ("青岛港的吞吐量", []),
        ("支持崂山实验室实施重大科技任务", []),
        ("青岛都市圈", []),
        ("青岛日报报道", []),
        ("胶州湾第二隧道与长沙路打通工程", []),
        ("重庆高架路和福州路沿线", []),
        ("青岛大学与青岛啤酒", []),
        ("上海合作组织成员国", []),
        ("中央商务区、主城区、老城区", []),
        ("全市、全区、全省", []),
        ("争创国家级“四好农村路”示范县", []),  # not 范县
        ("8号码头至李村河入海口", []),  # not 海口
        ("不存在区与胜利市", []),
        ("", []),
    ],
)
def test_which_places_a_text_names(text: str, places: list[str]) -> None:
    assert names(text) == places


def test_short_names_of_districts_count_only_near_them() -> None:
    assert names("市北新增就业4万人", frozenset()) == []
    assert names("市北新增就业4万人", frozenset(["市北区"])) == ["市北区"]
    assert names("李沧新增就业4万人", frozenset(["市北区"])) == ["李沧区"]  # beside it
    assert names("李沧新增就业4万人", frozenset(["济南市"])) == []
    assert names("青岛新增就业4万人", frozenset()) == ["青岛市"]  # cities count anywhere


def test_a_name_that_several_share_is_the_one_nearby() -> None:
    code = {near: find_places("鼓楼区", frozenset([near]))[0].place.code for near in ("徐州市", "福州市", "开封市")}
    assert {near: by_code()[c[:4]].name for near, c in code.items()} == {n: n for n in code}


def test_whole_names_are_told_from_short_ones() -> None:
    whole, short = find_places("李沧区和崂山", QINGDAO)
    assert (whole.whole, short.whole) == (True, False)
    assert (whole.start, whole.end, short.start, short.end) == (0, 3, 4, 6)


def test_the_divisions_form_a_tree() -> None:
    shibei = lookup("市北区")
    assert shibei is not None
    assert shibei.code == "370203"
    path = [shibei.name]
    place = shibei
    while (up := parent(place)) is not None:
        path.append(up.name)
        place = up
    assert path == ["市北区", "青岛市", "山东省"]
    districts = {p.name for p in siblings(shibei)}
    assert {"市南区", "市北区", "黄岛区", "崂山区", "李沧区", "城阳区", "莱西市", "平度市", "胶州市"} <= districts
    assert "历下区" not in districts
    assert lookup("没有这个区") is None
    assert sum(len(p.code) == 2 for p in by_code().values()) >= 31


@given(
    st.sampled_from(sorted(table())),
    st.sampled_from(["", "2025年，", "在", "（"]),
    st.sampled_from(["", "的就业", "，"]),
)
def test_a_full_name_is_found_where_it_stands(name: str, before: str, after: str) -> None:
    """Unless it is a common noun too, like 城区 and 新城区."""
    text = before + name + after
    found = find_places(text)
    assert all(0 <= m.start < m.end <= len(text) for m in found)
    if name not in COMMON_NOUNS:
        assert [(m.place.name, m.start, m.end) for m in found] == [(name, len(before), len(before) + len(name))]


@given(
    st.lists(
        st.sampled_from(
            ["市北区", "李沧", "青岛", "青岛市", "区", "市", "北", "的", "港", "实验室", "“", "，", "2025年"]
        )
    )
)
def test_mentions_stand_in_order_and_apart(pieces: list[str]) -> None:
    text = "".join(pieces)
    ends = 0
    for mention in find_places(text, QINGDAO):
        assert ends <= mention.start < mention.end <= len(text)
        written = text[mention.start : mention.end]
        assert written.endswith(mention.place.name if mention.whole else mention.place.short)
        ends = mention.end


# The plans as they were published.
PLANS = {
    6: (1981, 1985),
    8: (1991, 1995),
    10: (2001, 2005),
    12: (2011, 2015),
    13: (2016, 2020),
    14: (2021, 2025),
    15: (2026, 2030),
}


def test_the_five_year_plans() -> None:
    assert {number: five_year_plan(number) for number in PLANS} == PLANS


def times(text: str, base: int | None = 2025, *, heading: bool = False) -> list[object]:
    return [t.year or t.period for t in find_times(text, base, heading=heading)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2025年新增就业4万人", [2025]),
        ("2025年度新增就业", [2025]),
        ("2025年1月6日上午", [2025]),
        ("2024年完成，2025年计划", [2024, 2025]),
        ("2021—2025年", [(2021, 2025)]),
        ("2021年至2025年", [(2021, 2025)]),
        ("2021-2025年", [(2021, 2025)]),
        ("今年", [2025]),
        ("新的一年", [2025]),
        ("本年度", [2025]),
        ("去年", [2024]),
        ("上年", [2024]),
        ("前年", [2023]),
        ("明年", [2026]),
        ("后年", [2027]),
        ("一年来", [2024]),
        ("三年来", [(2022, 2024)]),
        ("五年来", [(2020, 2024)]),
        ("过去五年", [(2020, 2024)]),
        ("过去5年", [(2020, 2024)]),
        ("近三年", [(2022, 2024)]),
        ("今后五年", [(2025, 2029)]),
        ("未来三年", [(2025, 2027)]),
        ("“十三五”时期", [(2016, 2020)]),
        ("“十四五”期间", [(2021, 2025)]),
        ("十四五时期", [(2021, 2025)]),
        ("“十五五”时期", [(2026, 2030)]),
        ("“十四五”规划的收官之年", []),  # the name of the plan, not a time
        ("比2023年增长5%", []),
        ("较2023年增长5%", []),
        ("自2020年以来", []),
        ("同比去年增长", []),
        ("高于2024年", []),
        ("1990年代的厂房", []),
        ("20250年", []),
        ("12025年", []),
        ("“1314”就业服务", []),
        ("近年来", []),
        ("上半年", []),
        ("", []),
    ],
)
def test_which_times_a_text_names(text: str, found: list[object]) -> None:
    assert times(text) == found


def test_the_bare_name_of_a_plan_is_a_time_in_a_heading() -> None:
    assert times("“十四五”规划回顾", heading=True) == [(2021, 2025)]
    assert times("“十四五”规划回顾") == []


def test_relative_words_need_a_year_to_count_from() -> None:
    assert times("今年和去年，过去5年，2023年", None) == [2023]
    assert [t.relative for t in find_times("今年，2025年，“十四五”时期，过去5年", 2025)] == [True, False, False, True]


@given(
    st.integers(1981, 2090),
    st.sampled_from(["今年", "去年", "明年", "过去5年", "今后五年", "一年来", "2011年", "，", "“十四五”时期"]),
)
def test_a_time_says_where_it_stands(base: int, word: str) -> None:
    text = f"建成{word}，{word}投产"
    found = find_times(text, base)
    assert all(text[t.start : t.end] == word for t in found)
    assert len(found) == (0 if word == "，" else 2)
    for time in found:
        assert (time.year is None) != (time.period is None)
        assert time.period is None or time.period[0] < time.period[1]
