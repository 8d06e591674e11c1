"""Which draft is given: its reason and its probability are typed, and nothing is searched twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

import pytest

from rag import Pipeline, select
from rag.answer.answerer import Answerer, Sources, rated
from rag.answer.cutting import Cutter
from rag.retrieve.found import Found
from rag.retrieve.ranking import answering, probability, refusing
from rag.select import ANSWERERS, Selector
from rag.types import STRUCTURAL, WITHHELD, Draft, Given, Query
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
    return query, Selector(Sources.of(pipeline.store, pipeline.retriever)).select(query, found), found


@pytest.mark.parametrize(("question", "reason"), ASKED.items())
def test_a_draft_says_its_reason(real_pipeline: Pipeline, question: str, reason: str) -> None:
    _, draft, _ = selected(real_pipeline, question)
    assert draft.reason == reason
    assert (draft.withheld is None) == bool(draft.statements)


@pytest.mark.parametrize("question", ASKED)
def test_a_probability_is_that_of_the_features(real_pipeline: Pipeline, question: str) -> None:
    _, draft, _ = selected(real_pipeline, question)
    assert draft.probability == (probability(draft.features) if draft.features else None)
    answer = real_pipeline.ask(question)
    expected = refusing(draft.probability) if answer.refused else answering(draft.probability)
    assert answer.confidence == round(expected, 3)


@pytest.mark.parametrize("question", [q for q, reason in ASKED.items() if reason in ("headings", "list_under_heading")])
def test_a_list_by_its_heading_is_given_however_unsure_its_best_hit_is(real_pipeline: Pipeline, question: str) -> None:
    answer = real_pipeline.ask(question)
    assert not answer.refused
    assert answer.draft
    assert answer.draft.structural
    assert answer.confidence < real_pipeline.retriever.threshold.at
    explanation = real_pipeline.explain(answer)
    assert (explanation.confidence, explanation.why) == (answer.confidence, "章节与问题相符，取其中各条")


def test_refusing_and_answering_are_the_two_outcomes() -> None:
    assert (answering(None), refusing(None)) == (0.0, 1.0)
    assert (answering(0.25), refusing(0.25)) == (0.25, 0.75)


def test_reasons_either_give_or_withhold() -> None:
    assert not set(get_args(Given)) & set(WITHHELD)
    assert set(get_args(Given)) >= STRUCTURAL
    assert all(Draft(reason=reason).withheld == reason for reason in WITHHELD)


@pytest.mark.parametrize("question", ASKED)
def test_nothing_is_searched_twice(real_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, question: str) -> None:
    made: Counter[tuple[Any, ...]] = Counter()
    search = real_pipeline.store.search

    def counted(words: str, *, k: int, mask: Any) -> Any:
        made[words, k, mask.tobytes()] += 1
        return search(words, k=k, mask=mask)

    monkeypatch.setattr(real_pipeline.store, "search", counted)
    real_pipeline.ask(question)
    assert all(count == 1 for count in made.values())


def test_a_search_beside_it_is_made_once(real_pipeline: Pipeline) -> None:
    query, _, found = selected(real_pipeline, FIRST)
    assert found.of(query.search) is found
    beside = found.of(query.search.about("税收"))
    assert beside is found.of(query.search.about("税收")) is not found
    assert beside.of(query.search) is found


@dataclass(frozen=True)
class Echo:
    """An answerer of its own: it takes the best hit, however unsure."""

    cutter: Cutter
    name: str = "echo"

    def draft(self, query: Query, found: Found) -> Draft | None:
        if not found.ranked:
            return None
        return rated(Draft((self.cutter.widened(query, found.ranked[0]),), reason="best_clause"), found)


def test_an_answerer_is_a_row(real_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def echo(sources: Sources) -> Answerer:
        return Echo(sources.cutter)

    question = "市北区2025年建了多少座核电站"
    assert selected(real_pipeline, question)[1].reason == "unsure"
    monkeypatch.setattr(select, "ANSWERERS", (*ANSWERERS, echo))
    _, draft, _ = selected(real_pipeline, question)
    assert (draft.answerer, draft.reason) == ("echo", "best_clause")


def test_answerers_have_names_of_their_own(real_pipeline: Pipeline) -> None:
    sources = Sources.of(real_pipeline.store, real_pipeline.retriever)
    names = [answerer(sources).name for answerer in ANSWERERS]
    assert len(set(names)) == len(names)
