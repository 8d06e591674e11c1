"""Which draft is given: its reason and its probability are typed, and nothing is searched twice."""

from __future__ import annotations

import math
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from small_index import EMBEDDER

import rag.answer
from index.search.hybrid import HybridIndex
from index.storage.generation import FORMAT, Manifest
from index.storage.store import Content, Store
from index.types import Context, Paragraph, Passage, Report
from rag import Pipeline
from rag.answer.answerer import Sources
from rag.answer.rating import probability, values
from rag.retrieve.found import Found
from rag.retrieve.ranking import Threshold, weights
from rag.select import Selector, answerers
from rag.types import WITHHELD, Draft, DraftFeatures, Given, Query
from rag.understand.query import understand

FIRST = "2025年市北区计划新增就业多少人？"
TODAY = date(2026, 7, 1)
ASKED = {
    FIRST: "best_clause",
    "市北和李沧，2025年谁计划新增的学位更多？各多少": "table",
    "2025年青岛要给多少户家里做方便老人生活的改造？": "close_clauses",
    "市北区2025年要建成哪几个安置房项目？": "best_sentence",
    "棚户区、城里的村子，市北清完了没": "each_open",
    "市北区2025年工作成效从哪几个“聚力”来讲？": "headings",
    "2025年青岛激发消费潜能有哪几项举措，列全": "list_under_heading",
    "李沧区2025年说要在七个方面奋力突破，具体哪七个？": "parallel",
    "市北要以哪6大产业为主导构建现代化产业体系": "enumerated",
    "“十五五”时期市北区的目标任务有哪五条？": "summary",
    "为什么市北区的财政收入下降了？": "beyond",
    "苏州市2025年新增就业目标是多少？": "place",
    "2031年市北区新增就业目标是多少人？": "unsure",
    "李沧区2025年最后实际新增就业多少人？目标我知道，要完成数": "sides",
    "市北区2025年建了多少座核电站": "unsure",
}


def selected(pipeline: Pipeline, question: str) -> tuple[Query, Draft, Found]:
    query = understand(question, coverage=pipeline.store.coverage, today=TODAY)
    found = Found(pipeline.retriever, query.search)
    sources = Sources.of(pipeline.store, pipeline.retriever)
    return query, Selector(sources, pipeline.threshold).select(query, found), found


@pytest.mark.parametrize(("question", "reason"), ASKED.items())
def test_a_draft_says_its_reason(real_pipeline: Pipeline, question: str, reason: str) -> None:
    _, draft, _ = selected(real_pipeline, question)
    assert draft.reason == reason
    assert (draft.withheld is None) == bool(draft.statements)


@pytest.mark.parametrize("question", ASKED)
def test_a_probability_is_that_of_the_features(real_pipeline: Pipeline, question: str) -> None:
    _, draft, _ = selected(real_pipeline, question)
    assert draft.features
    assert draft.features.reason == draft.reason
    assert draft.probability == probability(draft.features)
    assert (draft.likely >= real_pipeline.threshold.at) == bool(draft.statements)
    answer = real_pipeline.ask(question)
    assert answer.confidence == round(draft.probability, 3)
    explanation = real_pipeline.explain(answer)
    assert explanation.confidence == round(draft.likely, 3)
    assert explanation.features == draft.features


@pytest.mark.parametrize("question", ASKED)
def test_the_likeliest_of_the_drafts_is_given(real_pipeline: Pipeline, question: str) -> None:
    _, draft, _ = selected(real_pipeline, question)
    drafted = [answer.draft for answer in real_pipeline.drafted(question) if answer.draft]
    likely = [d.probability for d in drafted if not d.withheld]
    if not draft.withheld:
        assert draft.probability == max(likely)
    elif likely and not any(d.withheld for d in drafted):
        assert max(likely) < real_pipeline.threshold.at


def test_a_list_by_its_heading_is_likely_however_unsure_its_best_hit_is(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask("2025年青岛激发消费潜能有哪几项举措，列全")
    assert answer.draft
    assert answer.draft.hit
    assert answer.confidence > 0.8
    assert "章节与问题相符" in real_pipeline.explain(answer).why


def test_what_a_model_has_not_seen_weighs_nothing() -> None:
    new = DraftFeatures(reason="a way of its own", statements=1.0)
    assert values(new)["reason a way of its own"] == 1.0
    table = weights()["draft"]
    assert "reason a way of its own" not in table
    assert probability(new) == pytest.approx(1 / (1 + math.exp(-(table["bias"] + table["statements"]))))


def test_reasons_either_give_or_withhold() -> None:
    assert not set(get_args(Given)) & set(WITHHELD)
    assert all(Draft(reason=reason).withheld == reason for reason in WITHHELD)


@pytest.mark.parametrize("question", ASKED)
def test_nothing_is_searched_twice(real_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    made: Counter[tuple[Any, ...]] = Counter()
    search = real_pipeline.store.search

    def counted(words: str, *, k: int, mask: Any, sentence: str) -> Any:
        made[words, sentence, k, mask.tobytes()] += 1
        return search(words, k=k, mask=mask, sentence=sentence)

    monkeypatch.setattr(real_pipeline.store, "search", counted)
    real_pipeline.ask(question)
    assert all(count == 1 for count in made.values())


def test_a_search_beside_it_is_made_once(real_pipeline: Pipeline) -> None:
    query, _, found = selected(real_pipeline, FIRST)
    assert found.of(query.search) is found
    beside = found.of(query.search.about("税收"))
    assert beside is found.of(query.search.about("税收")) is not found
    assert beside.of(query.search) is found


def test_what_words_hint_at_is_a_guess_and_what_they_say_is_law(real_pipeline: Pipeline) -> None:
    hinted, _, _ = selected(real_pipeline, "去年新开了多少个5G基站")
    said, draft, _ = selected(real_pipeline, "去年实际新开了多少个5G基站")
    assert (hinted.kind, hinted.filter.guessed) == ("result", {"kind"})
    assert (said.kind, said.filter.guessed) == ("result", frozenset())
    assert all(s.context.kind != "target" for s in draft.statements)
    answer = real_pipeline.ask("去年新开了多少个5G基站")
    assert {citation.kind for citation in answer.citations} == {"target"}
    assert answer.answer.endswith("以上是目标，不是实绩。")


def test_a_year_that_no_report_covers_is_taken_for_the_newest_by_a_guess(real_pipeline: Pipeline) -> None:
    coverage = real_pipeline.store.coverage
    taken = understand("明年市北区新增就业多少人", coverage=coverage, today=TODAY)
    assert (taken.years, taken.assumed_year, "time" in taken.filter.guessed) == ((2026,), 2026, True)
    covered = understand("今年市北区新增就业多少人", coverage=coverage, today=TODAY)
    assert (covered.years, "time" in covered.filter.guessed) == ((2026,), False)


def test_what_does_not_say_its_year_answers_last_and_with_a_note() -> None:
    """A report without year or place, beside one of 2025."""

    def asker(*contexts: Context, report_year: int | None = None) -> Pipeline:
        text = "新增城镇就业4万人。"
        one = Report("r1", "报告", None, report_year, None, None, None, "a.txt", "0" * 64)
        paragraphs = tuple(
            Paragraph(f"p{n}", "r1", n, "item", None, text, ("一",), context, ((0, len(text)),))
            for n, context in enumerate(contexts)
        )
        passages = tuple(Passage(f"s{p.id}", p.id, text, "", 0, len(text), p.context) for p in paragraphs)
        index = HybridIndex.build([text for _ in passages], EMBEDDER)
        manifest = Manifest(FORMAT, "test", "hashing", EMBEDDER.fingerprint, EMBEDDER.dim, {}, {})
        content = Content((one,), paragraphs, passages, index)
        store = Store(content, manifest=manifest, embedder=EMBEDDER)
        return Pipeline(store, today=TODAY, threshold=Threshold(0.05))

    question = "2025年新增城镇就业多少万人？"
    dated, undated = Context("市北区", 2024, None, "result"), Context("市北区", None, None, "result")
    answer = asker(dated, undated).ask(question)
    assert not answer.refused
    assert {(c.paragraph_id, c.year) for c in answer.citations} == {("p1", None)}
    assert answer.answer.endswith("原文没有写明时间。")
    assert asker(dated).ask(question).refused
    assert asker(dated, undated, report_year=2024).ask(question).refused  # what is undated there is not of 2025
    both = asker(Context("市北区", 2025, None, "result"), undated).ask(question)
    assert {c.paragraph_id for c in both.citations} == {"p0"}


ECHO = """
from rag.answer.answerer import rated
from rag.types import Draft


class Echo:
    name = "echo"

    def __init__(self, sources):
        self._cutter = sources.cutter

    def draft(self, query, found):
        lines = tuple(self._cutter.widened(query, ranked) for ranked in found.ranked[:1])
        return rated(Draft(lines, reason="echo"), found) if lines else None


ANSWERER = Echo
"""


def test_adding_an_answerer_is_adding_a_file(
    real_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    question = "市北区2025年建了多少座核电站"
    (tmp_path / "echo.py").write_text(ECHO, encoding="utf-8")
    monkeypatch.setattr(rag.answer, "__path__", [*rag.answer.__path__, str(tmp_path)])
    answerers.cache_clear()
    try:
        sure_of_all = Pipeline(real_pipeline.store, today=TODAY, threshold=Threshold(0.0))
        drafts = [answer.draft for answer in sure_of_all.drafted(question)]
    finally:
        answerers.cache_clear()
        sys.modules.pop("rag.answer.echo", None)
    (echo,) = [draft for draft in drafts if draft and draft.answerer == "echo"]
    assert echo.features
    assert (echo.reason, echo.probability) == ("echo", probability(echo.features))


def test_answerers_have_names_of_their_own(real_pipeline: Pipeline) -> None:
    sources = Sources.of(real_pipeline.store, real_pipeline.retriever)
    names = [answerer(sources).name for answerer in answerers()]
    assert sorted(names) == ["clause", "growth", "list", "namesakes", "summary", "table"]
