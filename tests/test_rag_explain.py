"""Why an answer is as it is, on the real reports: each claim of an explanation is checked by another way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from index.search.hybrid import Mode
from index.types import Context
from rag import Answer, Pipeline
from rag.check.gate import fault
from rag.explain import MOST_HITS, Explanation
from rag.types import Dropped, Query, Statement
from rag.understand.follow_up import ASPECTS

FIRST = "2025年市北区计划新增就业多少人？"
QUESTIONS = (
    FIRST,
    "市北区2023年税收亿元楼宇有多少座",
    "崂山区2024年一般公共预算收入完成多少亿元",
    "李沧区2024年引入了多少个过亿元项目",
    "今年市北区力争新认定多少家高新技术企业",
    "过去5年市北区民生支出一共多少亿元",
    "城阳区2025年新引进青年人才多少人",
    "市北区2025年建了多少座核电站",
    "去年实际新开了多少个5G基站",
)


def explained(pipeline: Pipeline, question: str, *history: str) -> tuple[Answer, Explanation]:
    answer = pipeline.ask(question, history)
    return answer, pipeline.explain(answer)


def meets(query: Query) -> Callable[[Context], bool]:
    """The constraints of a question once more, by hand."""
    kinds = {
        "target": {"target", "other"},
        "result": {"result", "cumulative", "other"},
        "cumulative": {"cumulative", "result"},
    }

    def all_met(context: Context) -> bool:
        timed = not (query.years or query.period) or context.year in query.years
        timed = timed or (query.period is not None and context.period == query.period)
        placed = not query.places or context.place in query.places
        kind = None if "kind" in query.guessed else query.kind
        return placed and timed and (kind is None or context.kind in kinds[kind])

    return all_met


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_words_that_are_found_stand_there(real_pipeline: Pipeline, question: str) -> None:
    _, explanation = explained(real_pipeline, question)
    assert explanation.hits
    for found in explanation.hits:
        paragraph = real_pipeline.store.paragraph(found.paragraph_id)
        where = {"clause": found.clause, "nearby": paragraph.text, "heading": " ".join(paragraph.section)}
        assert found.clause in paragraph.text
        assert {match.asked for match in found.words} <= set(explanation.understood.topic.lower().split())
        for match in found.words:
            assert (match.place is None) == (match.by is None) == (not match.found)
            if match.place:
                assert match.found in where[match.place].lower()
            if match.by == "form":  # the same word, one within the other, or its characters in order
                short, long = sorted((match.asked, match.found), key=len)
                rest = iter(long)
                assert all(character in rest for character in short)


@pytest.mark.parametrize("question", QUESTIONS)
def test_ranks_are_those_of_either_search_alone(real_pipeline: Pipeline, question: str) -> None:
    answer, explanation = explained(real_pipeline, question)
    query, store = answer.query, real_pipeline.store
    assert query is not None
    met = meets(query)
    mask = np.array([met(passage.context) for passage in store.passages])

    def ranks(mode: Mode) -> dict[tuple[str, str], int]:
        hits = store.search(query.search.words, k=200, mask=mask, mode=mode, sentence=query.search.sentence)
        return {(h.passage.paragraph_id, h.passage.text): n for n, h in reversed(list(enumerate(hits, 1)))}

    dense, lexical = ranks("dense"), ranks("lexical")
    for found, hit in zip(explanation.hits, answer.hits, strict=False):
        key = (found.paragraph_id, found.clause)
        assert found.dense_rank == dense.get(key)
        assert found.lexical_rank == lexical.get(key)
        assert (found.paragraph_id, found.clause) == (hit.passage.paragraph_id, hit.passage.text)
    assert [f.score for f in explanation.hits] == sorted((f.score for f in explanation.hits), reverse=True)
    assert len(explanation.hits) == min(MOST_HITS, explanation.looked_at)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_counts_are_those_over_the_outline(real_pipeline: Pipeline, question: str) -> None:
    answer, explanation = explained(real_pipeline, question)
    assert answer.query is not None
    passages = real_pipeline.store.passages
    assert explanation.passages == len(passages)
    so_far = replace(answer.query, places=(), years=(), period=None, kind=None)
    for constraint in explanation.constraints:
        names = ("years", "period") if constraint.aspect in ("years", "period") else (constraint.aspect,)
        so_far = replace(so_far, **{name: getattr(answer.query, name) for name in names})
        assert constraint.passages == sum(map(meets(so_far), (p.context for p in passages)))
        assert constraint.only in explanation.only
    assert (so_far.places, so_far.years, so_far.period, so_far.kind) == (
        answer.query.places, answer.query.years, answer.query.period,
        None if "kind" in answer.query.guessed else answer.query.kind,
    )  # fmt: skip


def test_the_parsed_question_and_the_cited_hit(real_pipeline: Pipeline) -> None:
    answer, explanation = explained(real_pipeline, FIRST)
    read = explanation.understood
    assert (read.places, read.years, read.kind, read.type, read.unit) == (
        ("市北区",),
        (2025,),
        "target",
        "number",
        "人",
    )
    assert read.inherited == ()
    assert explanation.only == "只看：市北区 · 2025年 · 目标或未注明"
    assert explanation.hits[0].markers == (1,)
    assert {m.found for m in explanation.hits[0].words} == {"新增", "就业"}
    assert (explanation.outcome, explanation.confidence) == ("answered", answer.confidence)
    assert explanation.why == f"把握 {answer.confidence:.2f}，门槛 {explanation.threshold:.2f}：给出答案"
    assert json.loads(json.dumps(explanation.to_json()))["understood"]["places"] == ["市北区"]


def test_what_is_inherited_is_told_apart(real_pipeline: Pipeline) -> None:
    def inherited(question: str, *history: str) -> set[str]:
        return set(explained(real_pipeline, question, *history)[1].understood.inherited)

    assert inherited("那李沧区呢？", FIRST) == {"years", "kind", "type", "unit", "topic"}
    assert inherited("2023年呢？", FIRST, "那李沧区呢？") >= {"places", "topic"}
    assert "years" not in inherited("2023年呢？", FIRST, "那李沧区呢？")
    assert inherited("崂山区2024年一般公共预算收入完成多少亿元", FIRST) == set()
    assert set(ASPECTS) >= inherited("目标呢？", "市北区2023年新增就业多少人？")


@pytest.mark.parametrize(
    ("question", "outcome"),
    [
        ("为什么市北区的财政收入下降了？", "beyond"),
        ("苏州市2025年新增就业目标是多少？", "place"),
        ("2031年市北区新增就业目标是多少人？", "constraints"),
        ("市北区2025年建了多少座核电站", "unsure"),
    ],
)
def test_a_refusal_names_what_decided(real_pipeline: Pipeline, question: str, outcome: str) -> None:
    answer, explanation = explained(real_pipeline, question)
    assert answer.refused
    assert explanation.outcome == outcome
    assert explanation.why.endswith(("所以不回答", "没有检索"))
    if outcome == "unsure":
        assert 0 < explanation.confidence < explanation.threshold
        assert answer.confidence > 0.5 > explanation.confidence  # of the refusal, and of what it withholds


def test_a_comparison_explains_its_sides(real_pipeline: Pipeline) -> None:
    answer, explanation = explained(real_pipeline, "市北区和李沧区2025年新增就业目标分别是多少？")
    assert {found.place for found in explanation.hits if found.markers} == {"市北区", "李沧区"}
    assert {m for found in explanation.hits for m in found.markers} == {c.marker for c in answer.citations}
    refused, why = explained(real_pipeline, "市北区和李沧区2025年核电站装机容量哪个大？")
    assert refused.refused
    assert why.outcome in ("unsure", "sides")


def test_what_the_gate_dropped_is_told(real_pipeline: Pipeline) -> None:
    answer = real_pipeline.ask(FIRST)
    dropped = (Dropped("新增就业9万人", "与原文的文字不符"),)
    assert real_pipeline.explain(replace(answer, dropped=dropped)).dropped == dropped
    refused = replace(answer, refused=True, citations=(), confidence=0.05, dropped=dropped)
    assert real_pipeline.explain(refused).outcome == "gate"


def test_the_gate_says_why_it_drops_a_statement(real_pipeline: Pipeline) -> None:
    answer, store = real_pipeline.ask(FIRST), real_pipeline.store
    assert answer.query is not None
    c = answer.citations[0]
    context = Context(c.place, c.year, c.period, c.kind)
    good = Statement(c.paragraph_id, c.start, c.end, c.quote, context)
    heading = next(b for b in store.paragraphs if b.role == "heading")
    reasons = {
        None: good,
        "资料里没有它所引的段落": replace(good, paragraph_id="none"),
        "所引的段落不能引用（标题、重复或版面文字）": replace(good, paragraph_id=heading.id),
        "引文的位置不对": replace(good, start=-1),
        "与原文的文字不符": replace(good, words="新增就业9万人"),
        "地区、时间或性质与该段不符": replace(good, context=replace(context, place="李沧区")),
    }
    assert {fault(one, answer.query, store) for one in reasons.values()} == set(reasons)
    assert all(fault(one, answer.query, store) == reason for reason, one in reasons.items())
    elsewhere = replace(answer.query, places=("李沧区",))
    assert fault(good, elsewhere, store) == "地区、时间或性质与所问不符"


def test_an_answer_without_a_query_cannot_be_explained(real_pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match="no query"):
        real_pipeline.explain(Answer("？", True, "没有写。"))


def test_explaining_changes_no_answer(real_pipeline: Pipeline) -> None:
    def told(questions: Sequence[str]) -> list[object]:
        return [replace(real_pipeline.ask(question), elapsed_ms=0.0) for question in questions]

    before = told(QUESTIONS[:3])
    for answer in before:
        assert isinstance(answer, Answer)
        assert real_pipeline.explain(answer) == real_pipeline.explain(answer)
    assert told(QUESTIONS[:3]) == before
