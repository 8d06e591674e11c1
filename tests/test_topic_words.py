"""Which words of a question are its topic: the learned table, and what follows from it."""

from __future__ import annotations

import pytest

from evals.topic_words import Count, by_word, plain
from index.text.lexicon import rows
from rag.understand.topic import names_figure, says_little, subject, topic
from rag.understand.topic_words import PACKAGE, TOPIC, likely
from rag.understand.units import ASKED_UNIT


def test_words_of_asking_are_no_topic_and_words_of_the_evidence_are() -> None:
    assert all(likely(word, "v") < TOPIC for word in ("打算", "多少", "哪几个", "目标"))
    assert all(likely(word, "n") > 0.6 for word in ("就业", "收入", "充电桩", "GDP"))
    assert likely("甲乙", "r") == 0 < likely("甲乙", "v") < likely("甲乙", "n") < 1  # never met: by part of speech


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("请问计划新增就业多少人？", "新增 就业"),
        ("帮我查一下，到底能不能加装电梯", "加装 电梯"),
        ("除了邮轮，还要发展哪些产业", "发展 产业"),
        ("5件民生实事分别是什么", "民生 实事"),
    ],
)
def test_the_topic_is_what_answers_hold(question: str, left: str) -> None:
    assert topic(question, ASKED_UNIT).replace("还 ", "") == left


def test_what_leans_on_the_question_before() -> None:
    assert all(map(says_little, ("", "增速", "完成", "更高", "全市 排名")))
    assert not any(map(says_little, ("就业", "停车位", "生产总值 增速")))
    assert subject("重点 工作") == "" != subject("重点 项目")


def test_a_name_is_no_figure() -> None:
    assert names_figure("2025年生产总值目标", 0)
    assert not names_figure("文明城市有几个", 0)
    assert not names_figure("，生产总值", 0)  # what stands behind a comma is said of something else


def test_what_is_found_by_chance_does_not_count() -> None:
    speech = {"n": Count(10, 6, 1)}
    ours = {("就业", "n"): Count(5, 5, 0.5), ("工作", "n"): Count(5, 5, 5)}
    share = {word: count.share() for word, count in by_word(ours, {}, speech).items()}
    assert share["就业"] > 0.8 > 0.1 > share["工作"]
    assert plain("2025年市北区新增就业多少人") == "  新增就业多少人"


def test_the_table_is_what_its_counts_say() -> None:
    for row in rows("topic_words.tsv", PACKAGE):
        asked, found, chance = (float(row[name]) for name in ("asked", "found", "chance"))
        assert float(row["topic"]) == pytest.approx(max(0.0, (found - chance) / asked), abs=0.12)
