"""The head that tells what a question asks for: its rows, sentences that it has not seen, and how it is made."""

from __future__ import annotations

import numpy as np
import pytest

from evals.intent import KEYS, SIGNS, TYPE, TYPES, Example, examples, fitted, gathered, told
from rag.understand import intent as head
from rag.understand.intent import intent

REAL = [example for example in examples() if example.real]


def read(example: Example, key: str) -> str | bool:
    found = intent(example.text)
    return found.type if key == TYPE else key in found.signs


@pytest.mark.parametrize("key", KEYS)
def test_the_training_questions_are_read_as_the_table_says(key: str) -> None:
    known = [example for example in REAL if example.known(key)]
    wrong = [example.text for example in known if read(example, key) != example.answer(key)]
    assert len(wrong) <= 0.01 * len(known), wrong


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("长沙的湘雅医院新院区建在什么地方", "where"),
        ("梅溪湖大桥何时通车", "when"),
        ("哪位同志作的审计报告", "who"),
        ("洞庭湖治理都有哪些举措", "list"),
        ("怎么培育专精特新企业", "list"),
        ("湘江新区生产总值达到多少亿元", "number"),
        ("橘子洲的接待能力有多大", "number"),
        ("地铁六号线是否已经全线贯通", "yesno"),
        ("概括一下财政工作", "summary"),
        ("为什么房价一直降不下来", "beyond"),
        ("帮我写一首赞美岳麓山的诗", "beyond"),
        ("如何申请公租房", "beyond"),
        ("这个园区叫什么名字", "what"),
    ],
)
def test_new_questions_are_of_their_type(text: str, type_: str) -> None:
    assert intent(text).type == type_


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("拟新建多少座污水处理厂", {"target"}),
        ("力争引进几家总部企业", {"target"}),
        ("实际新建多少座污水处理厂", {"result"}),
        ("一共关停了多少座小煤矿", {"result"}),
        ("重要湿地有多少处", set()),
        ("污水处理厂有多少座", set()),
        ("教育支出占财政支出的比重是多少", {"share"}),
        ("两个园区的产值相差多少", {"difference"}),
        ("养老方面有哪些措施", {"field"}),
        ("那浏阳呢", {"leans"}),
    ],
)
def test_new_questions_have_their_signs(text: str, signs: set[str]) -> None:
    assert intent(text).signs == signs


def test_runs_are_of_tokens_between_begin_and_end() -> None:
    assert head.grams("GDP 5%") == {
        "^", "gdp", "0", "%", "$", "^gdp", "gdp0", "0%", "%$", "^gdp0", "gdp0%", "0%$", "^gdp0%", "gdp0%$"
    }  # fmt: skip


def test_the_shipped_head_tells_what_one_made_anew_tells() -> None:
    pytest.importorskip("sklearn")
    data = gathered()
    every = np.ones(len(data.examples), np.bool_)
    anew = told(data, {label: fitted(data, label, every) for label in (*TYPES, *SIGNS)}, every)
    for key in KEYS:
        pairs = [(read(each, key), say) for each, say in zip(data.examples, anew[key], strict=True) if each.real]
        agree = sum(shipped == say for shipped, say in pairs) / len(pairs)
        assert agree > 0.99, f"{key}: python -m evals.intent --write"
