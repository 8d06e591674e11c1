"""What stands ahead of the name of an indicator: how it is learnt, and what is made of it."""

from __future__ import annotations

import pytest

from evals.leads import count, fitted, observed
from index.annotate.indicators import core_of


def test_a_figure_shows_where_a_name_begins() -> None:
    ((ahead, named),) = observed("全市累计建成30家高新技术企业。")
    assert [word for word, _ in ahead] == ["累计", "建成"]
    assert named[0][0] == "高新技术"


@pytest.mark.parametrize("text", ["共有120人受伤", "获得30亿元资金", "建成充电桩3000个", "建成3个充电桩和5座换电站"])
def test_what_shows_nothing_of_a_name(text: str) -> None:
    assert [named for _, named in observed(text) if named] == []


def test_a_word_that_was_seen_often_outweighs_its_part_of_speech() -> None:
    seen = [([("建成", "v")], [("养老", "vn"), ("机构", "n")])] * 20 + [([("培育", "vn")], [("机构", "n")])] * 20
    weights = fitted(count(seen))
    assert weights["words"]["培育"] > 0
    assert weights["words"].get("养老", weights["kinds"]["vn"]) < 0


@pytest.mark.parametrize(
    ("words", "place", "name", "creates"),
    [
        ("累计新建改造口袋公园", None, "口袋公园", True),
        ("力争全年招引落地亿元以上项目", None, "亿元以上项目", True),
        ("有序推进老旧小区", None, "老旧小区", False),
        ("建成区面积", None, "建成区面积", False),
        ("建设用地", None, "建设用地", False),
        ("新开通国际航线", None, "国际航线", True),
        ("青岛啤酒产量", "青岛市", "青岛啤酒产量", False),
        ("青岛市规上工业增加值", "青岛市", "规上工业增加值", False),
        ("2025年全市新认定高新技术企业", None, "高新技术企业", True),
        ("城镇新增就业", None, "城镇新增就业", False),
    ],
)
def test_what_is_left_is_the_name(words: str, place: str | None, name: str, creates: bool) -> None:
    core = core_of(words, place)
    assert (core.text, core.creates) == (name, creates)
