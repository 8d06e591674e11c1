"""Words of a question found in a text, the order of hits, and place, time and kind as constraints."""

from __future__ import annotations

import math
import random
import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Pipeline, Query
from rag.retrieve.ranking import Ranker, evidence, probability, score, vector, weights
from rag.retrieve.types import Confidence, Features, Ranked
from rag.retrieve.word_match import ABBREVIATED, CONTAINED, WordMatcher, coverage, tagged, words
from rag.understand.units import asked_unit, main_quantity, states_figure, states_unit

FREQUENCY = {"就业": 60, "新增": 40, "楼宇": 5, "市北": 99}
ROWS = 99


def matcher() -> WordMatcher:
    return WordMatcher(HashingEmbedder(), ROWS, lambda word: FREQUENCY.get(word, 0))


# Words.

shares = st.lists(st.tuples(st.just(0) | st.floats(0.01, 10), st.floats(0, 1)), max_size=8)


@given(shares)
def test_coverage_is_the_share_of_the_weight_that_is_found(pairs: list[tuple[float, float]]) -> None:
    found = coverage([w for w, _ in pairs], np.array([like for _, like in pairs], np.float32))
    total = math.fsum(w for w, _ in pairs)
    expected = math.fsum(w * like for w, like in pairs) / total if total else 0.0
    assert found == pytest.approx(expected, abs=1e-5)
    assert 0 <= found <= 1 + 1e-5


def test_coverage_by_hand() -> None:
    assert coverage([3, 1], np.array([1, 0], np.float32)) == pytest.approx(0.75)
    assert coverage([3, 1], np.array([0.5, 1], np.float32)) == pytest.approx(0.625)
    assert coverage([], np.zeros(0, np.float32)) == 0
    assert coverage([0, 0], np.ones(2, np.float32)) == 0


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_rarer_word_weighs_more(rows: int, one: int, other: int) -> None:
    few, many = sorted((min(one, rows), min(other, rows)))
    counted = WordMatcher(HashingEmbedder(), rows, {"few": few, "many": many}.__getitem__)
    assert 0 <= counted.idf("many") <= counted.idf("few") <= 1
    assert WordMatcher(HashingEmbedder(), rows, lambda _: 0).idf("none") == pytest.approx(1)
    assert counted.idf("few") == pytest.approx((math.log(rows + 1) - math.log(few + 1)) / math.log(rows + 1))


def test_the_words_of_a_text_weigh_by_what_they_are() -> None:
    weigh = matcher().weights("新增就业和亿元楼宇")
    assert set(weigh) <= set(words("新增就业和亿元楼宇"))
    assert all(w > 0 for w in weigh.values())
    assert weigh["楼宇"] > weigh["就业"] > weigh.get("和", 0)
    assert matcher().weights("") == {}


CHINESE = st.lists(st.sampled_from(list("新增就业亿元楼宇市北区医疗保险补助的了")), min_size=1, max_size=5).map("".join)


@settings(deadline=None, max_examples=150)
@given(st.lists(CHINESE, min_size=1, max_size=6), st.lists(CHINESE, min_size=1, max_size=8))
def test_likeness_stays_in_bounds(asked: list[str], found: list[str]) -> None:
    like = matcher().likeness(asked, found)
    assert like.forms.shape == like.either.shape == (len(asked), len(set(found)))
    assert (like.forms >= 0).all()
    assert (like.either <= 1).all()
    assert (like.either >= like.forms).all()
    assert (like.best(found) == like.either.max(axis=1)).all()
    assert (like.best([]) == 0).all()
    for i, word in enumerate(asked):
        assert like.best(found)[i] == 1 or word not in found
    assert like.back(found).shape == (len(found),)
    # Which other words are looked at changes nothing.
    alone = matcher().likeness(asked, found[:1])
    np.testing.assert_allclose(alone.either[:, 0], like.either[:, like.columns[found[0]]], atol=1e-5)


def test_words_are_alike_by_their_characters() -> None:
    forms = matcher().likeness(["就业", "医保"], ["就业", "新增就业", "医疗保险", "楼宇", "业"]).forms
    np.testing.assert_allclose(forms[0], [1, CONTAINED, 0, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(forms[1], [0, 0, ABBREVIATED, 0, 0], rtol=1e-6)


def test_a_noun_that_was_not_asked_for_narrows() -> None:
    found = (("海洋", "n"), ("生产总值", "n"))
    like = WordMatcher(HashingEmbedder(256), ROWS, lambda _: 0).likeness(["生产总值"], [w for w, _ in found])
    assert like.narrowed(found).tolist() == [1]
    assert like.narrowed(found[1:]).tolist() == [0]
    assert like.narrowed((*found, ("增长", "v"), ("生产总值", "n"))[2:][1:]).tolist() == [0]


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=60))
def test_words_are_distinct_and_hold_no_punctuation(text: str) -> None:
    assert len(set(words(text))) == len(words(text))
    assert list(words(text)) == list(dict.fromkeys(w for w, _ in tagged(text)))
    assert not set("，。、“”（） ") & set("".join(words(text)))


# Units.


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("新增就业多少人", "人"),
        ("建成几座楼宇", "座"),
        ("增长百分之几", "%"),
        ("拆除多少万平方米", "平方米"),
        ("投资多少亿元", "元"),
        ("花了多少钱", "元"),
        ("新建多少公里", "公里"),
        ("有什么变化", None),
    ],
)
def test_the_unit_a_question_asks_for(question: str, unit: str | None) -> None:
    assert asked_unit(question) == unit


def test_how_a_figure_fits_a_unit() -> None:
    assert states_unit("新增就业4万人", "人") == 1
    assert states_unit("引进青年人才2万名", "人") == pytest.approx(0.9)
    assert states_unit("投资4万元", "人") == pytest.approx(0.4)
    assert states_unit("促进就业", "人") == 0
    assert states_unit("增长5％", "%") == 1
    assert not states_figure("促进就业")


def test_the_quantity_a_clause_is_about() -> None:
    def quantity(text: str, unit: str | None) -> str | None:
        span = main_quantity(text, unit)
        return text[slice(*span)] if span else None

    assert quantity("2025年新增就业4万人", "人") == "4万人"
    assert quantity("总投资432亿元的69个省市重点项目", "个") == "69个"
    assert quantity("推动就业", "人") is None
    assert quantity("“1314”就业服务惠及百姓", None) is None


# Rank.

QUESTION = Query(
    "2025年市北区计划新增就业多少人？",
    "",
    "新增 就业",
    ("市北区",),
    (),
    (2025,),
    None,
    "target",
    type="number",
    unit="人",
)


def ranked(pipeline: Pipeline, query: Query, seed: int | None = None) -> list[Ranked]:
    hits = pipeline.store.search(query.topic, k=40)
    if seed is not None:
        random.Random(seed).shuffle(hits)
    return Ranker(pipeline.store).rank(query.search, hits)


@pytest.mark.parametrize("topic", ["新增 就业", "亿元 楼宇", "民生 支出", "跨境电商 贸易额", "口袋公园"])
def test_rank_does_not_depend_on_the_order_of_candidates(real_pipeline: Pipeline, topic: str) -> None:
    query = replace(QUESTION, topic=topic)
    first = ranked(real_pipeline, query)
    assert [r.score for r in first] == sorted((r.score for r in first), reverse=True)
    assert ranked(real_pipeline, query) == first
    by_id = {r.hit.passage.id: r.score for r in first}
    assert len(by_id) == len(first)
    for seed in range(3):
        other = ranked(real_pipeline, query, seed)
        assert {r.hit.passage.id: pytest.approx(r.score, abs=1e-4) for r in other} == by_id
        assert [r.score for r in other] == pytest.approx([r.score for r in first], abs=1e-4)


def test_a_score_is_the_weighted_sum_of_features_in_their_bounds(real_pipeline: Pipeline) -> None:
    table = weights()["rank"]
    assert set(table) == {f.name for f in fields(Features)}
    for one in ranked(real_pipeline, QUESTION):
        values = {f.name: getattr(one.features, f.name) for f in fields(Features)}
        assert one.score == pytest.approx(math.fsum(table[name] * value for name, value in values.items()))
        assert one.score == score(one.features)
        for name, value in values.items():
            low = -1 if name in ("meaning", "dense") else 0
            assert low - 1e-5 <= value <= 1 + 1e-5, name
        assert one.features.clause <= one.features.sentence + 1e-6 <= one.features.section + 2e-6
        np.testing.assert_array_equal(vector(one.features), list(values.values()))


def test_the_clause_with_the_figure_comes_first(real_pipeline: Pipeline) -> None:
    first = ranked(real_pipeline, QUESTION)[0].hit.passage.text
    assert "新增" in first
    assert re.search(r"就业\d[\d.]*万", first)
    assert Ranker(real_pipeline.store).rank(QUESTION.search, []) == []


def test_confidence_is_a_probability_that_follows_its_weights(real_pipeline: Pipeline) -> None:
    table = weights()["confidence"]
    assert set(table) == {f.name for f in fields(Confidence)} | {"bias", "threshold"}
    best, *_, last = ranked(real_pipeline, QUESTION)
    for one, anywhere in ((best, None), (last, best), (best, last)):
        known = evidence(QUESTION.filter, [one], anywhere)
        assert known.free == float(QUESTION.free)
        assert known.elsewhere == max(0, anywhere.score - one.score if anywhere else 0)
        z = table["bias"] + math.fsum(table[f.name] * getattr(known, f.name) for f in fields(Confidence))
        assert probability(known) == pytest.approx(1 / (1 + math.exp(-z)))
        assert 0 < probability(known) < 1
