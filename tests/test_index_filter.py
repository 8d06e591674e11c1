"""The one filter: what it lets through, and that everything which asks it agrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from small_index import EMBEDDER

from index.search.filter import ANSWERING, RELAXING, Aspect, Filter, Step, Subject
from index.search.hybrid import HybridIndex
from index.storage.generation import FORMAT, Manifest
from index.storage.store import Content, Store
from index.types import Context, Kind, Paragraph, Passage, Report
from rag.check.gate import fault
from rag.retrieve.columns import Columns, Sections
from rag.types import Query, Statement

PLACES = ("市北区", "李沧区", "青岛市")
YEARS = (2023, 2024, 2025)
PERIODS = ((2021, 2025), (2016, 2020))
KINDS: tuple[Kind, ...] = ("target", "result", "cumulative", "other")
ASPECTS: tuple[Aspect, ...] = ("place", "name", "report", "time", "kind")
# What may never answer for what: a promise is no result, a result no promise, and what was counted up is no promise.
NEVER: dict[Kind, set[Kind]] = {
    "target": {"result", "cumulative"},
    "result": {"target"},
    "cumulative": {"target", "other"},
}

times = st.one_of(st.none(), st.sampled_from(YEARS), st.sampled_from(PERIODS))
contexts = st.builds(
    lambda place, time, kind: Context(
        place, time if isinstance(time, int) else None, time if isinstance(time, tuple) else None, kind
    ),
    st.sampled_from((*PLACES, None)),
    times,
    st.sampled_from(KINDS),
)
filters = st.builds(
    Filter,
    places=st.lists(st.sampled_from(PLACES), unique=True, max_size=2).map(tuple),
    names=st.sampled_from(((), ("广州",), ("地铁",))),
    years=st.lists(st.sampled_from(YEARS), unique=True, max_size=2).map(tuple),
    period=st.sampled_from((None, *PERIODS)),
    as_of=st.booleans(),
    report_year=st.sampled_from((None, 2024, 2025)),
    kind=st.sampled_from((None, *KINDS[:3])),
    guessed=st.frozensets(st.sampled_from(ASPECTS)),
    unsaid=st.booleans(),
)
words = st.sampled_from(("新增就业4万人", "广州地铁开通", "地铁里程100公里"))
subjects = st.builds(Subject, contexts, st.sampled_from((None, 2024, 2025)), words)


def store_of(made: list[tuple[Context, str, int]]) -> Store:
    """An index with a paragraph in a section for each (context, words, which of two reports)."""
    reports = tuple(
        Report(f"r{n}", "报告", "市北区", 2024 + n, None, None, None, f"{n}.txt", str(n) * 64) for n in range(2)
    )
    paragraphs = tuple(
        Paragraph(f"p{i}", f"r{n}", i, "item", None, text, (f"第{i}节",), context, ((0, len(text)),))
        for i, (context, text, n) in enumerate(made)
    )
    passages = tuple(Passage(f"s{i}", p.id, p.text, "", 0, len(p.text), p.context) for i, p in enumerate(paragraphs))
    index = HybridIndex.build([p.text for p in passages], EMBEDDER)
    manifest = Manifest(FORMAT, "test", "hashing", EMBEDDER.fingerprint, EMBEDDER.dim, {}, {})
    return Store(Content(reports, paragraphs, passages, index), manifest=manifest, embedder=EMBEDDER)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(contexts, words, st.integers(0, 1)), min_size=1, max_size=12), filters)
def test_mask_gate_headings_and_filter_agree(made: list[tuple[Context, str, int]], asked: Filter) -> None:
    """What the search may return, the gate lets through, and no more: they once disagreed on the year of the report."""
    store = store_of(made)
    admitted = [asked.admits(store.subject(passage)) for passage in store.passages]
    assert Columns(store).mask(asked).tolist() == admitted
    unnamed = replace(asked, names=())
    sections = {section for _, section in Sections(store).admitted(asked)}
    assert sections == {p.section for p in store.paragraphs if unnamed.admits(store.subject(p))}
    plain = replace(asked, guessed=frozenset(), unsaid=False)
    query = Query(
        question="问",
        text="问",
        topic="",
        places=plain.places,
        names=plain.names,
        years=plain.years,
        period=plain.period,
        report_year=plain.report_year,
        as_of=plain.as_of,
        kind=plain.kind,
    )
    assert query.filter == plain
    for passage in store.passages:
        statement = Statement(passage.paragraph_id, 0, passage.end, passage.text, passage.context)
        passed = fault(statement, query, store) is None
        assert passed == plain.admits(store.subject(passage)), (passage, plain)


@given(filters, subjects)
def test_another_place_time_report_or_kind_never_gets_through(asked: Filter, subject: Subject) -> None:
    context, plain = subject.context, replace(asked, guessed=frozenset(), unsaid=False)
    wrong = (
        (bool(asked.places) and context.place not in asked.places)
        or (bool(asked.names) and not all(name in subject.words for name in asked.names))
        or (asked.report_year is not None and subject.report_year != asked.report_year)
        or (asked.kind is not None and context.kind in NEVER[asked.kind])
        or not _in_time(asked, context)
    )
    assert plain.admits(subject) == (not wrong)
    assert not (plain.fit(subject) == "match" and wrong)
    assert not (plain.fit(subject) == "clash" and plain.admits(subject))


def _in_time(asked: Filter, context: Context) -> bool:
    if not asked.years and asked.period is None:
        return True
    end = context.period[1] if context.period and asked.as_of else None
    return context.year in asked.years or end in asked.years or (asked.period or ()) == context.period


@given(filters, subjects)
def test_a_guess_hides_nothing(asked: Filter, subject: Subject) -> None:
    guessed = replace(asked, guessed=frozenset(ASPECTS))
    assert guessed.admits(subject)
    assert guessed.fit(subject) == "match"
    assert guessed.doubts(subject) == (replace(asked, guessed=frozenset()).fit(subject) == "clash")


@given(filters, subjects)
def test_what_is_left_unsaid_may_answer_and_what_is_said_otherwise_never(asked: Filter, subject: Subject) -> None:
    law = replace(asked, guessed=frozenset(), unsaid=False)
    wider = replace(law, unsaid=True)
    assert wider.admits(subject) == (law.fit(subject) != "clash")
    other_place = law.places and subject.context.place not in (None, *law.places)
    time = subject.context.year or subject.context.period
    other_time = (law.years or law.period) and time and not _in_time(law, subject.context)
    undated_elsewhere = (
        (law.years or law.period)
        and not time
        and subject.report_year not in (None, *law.years)
        and not (law.period and law.period[0] <= (subject.report_year or 0) <= law.period[1])
    )
    assert not (wider.admits(subject) and (other_place or other_time or undated_elsewhere))


@given(filters, subjects, st.frozensets(st.sampled_from(ASPECTS)))
def test_letting_go_only_lets_more_through(asked: Filter, subject: Subject, aspects: frozenset[Aspect]) -> None:
    wider = asked.without(aspects)
    assert wider.admits(subject) >= asked.admits(subject)
    assert wider.without(aspects) == wider
    assert asked.without(frozenset(ASPECTS)).admits(subject)


@given(filters, subjects)
def test_each_step_of_relaxing_lets_more_through_and_only_the_last_another_place_or_time(
    asked: Filter, subject: Subject
) -> None:
    admitted = [asked.admits(subject), *(asked.relaxed(step).admits(subject) for step in RELAXING)]
    assert admitted == sorted(admitted)
    assert asked.relaxed(RELAXING[-1]).free
    said = replace(asked, guessed=frozenset()).without(asked.guessed)
    for step in ANSWERING:
        assert not (said.fit(subject) == "clash" and asked.relaxed(step).admits(subject))


@given(filters, subjects, st.sampled_from(RELAXING))
def test_a_step_taken_twice_is_taken_once(asked: Filter, subject: Subject, step: Step) -> None:
    once = asked.relaxed(step)
    assert once.relaxed(step) == once
    assert not once.doubts(subject)


def test_what_does_not_say_is_open_and_what_says_otherwise_clashes() -> None:
    asked = Filter(places=("市北区",), years=(2025,), kind="target")
    assert asked.fit(Subject(Context("市北区", 2025, None, "target"))) == "match"
    for context in (Context(None, 2025, None, "target"), Context("市北区", None, None, "target")):
        assert asked.fit(Subject(context)) == "open"
        assert not asked.admits(Subject(context))
    either = Subject(Context("市北区", 2025, None, "other"))
    assert (asked.fit(either), asked.admits(either)) == ("open", True)
    assert asked.fit(Subject(Context("李沧区", None, None, "target"))) == "clash"


def test_an_empty_mask_has_a_row_for_each_passage() -> None:
    store = store_of([(Context("市北区", 2025, None, "target"), "新增就业4万人", 0)])
    mask = Columns(store).mask(Filter(places=("李沧区",)))
    assert mask.dtype == np.bool_
    assert mask.tolist() == [False]
