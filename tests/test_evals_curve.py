"""The coverage–accuracy curve: known by hand on made questions, the report's own figures on the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from xml.etree import ElementTree

import pytest

from evals.chart import chart, curves_html, rows, terminal_curves
from evals.curve import Curves, Point, Step, Traced, curves, point, trace
from evals.dataset import SEED_QUESTIONS, Question, load
from evals.report import to_html, to_json
from evals.run import Run, run
from evals.scores import ANSWERABLE, REFUSE, tabulate
from rag import Pipeline
from rag.retrieve.ranking import Threshold

INFINITE = float("inf")


def asked(id_: str, answerable: bool = True, split: str = "train") -> Question:
    return Question(id_, "fact", id_, answerable, split=split)


def answered_up_to(upto: float, *, right: bool) -> tuple[Step, ...]:
    return Step(upto, refused=False, right=right), Step(INFINITE, refused=True, right=False)


# Four questions that can be answered and two that cannot, with the thresholds up to which they are.
MADE = [
    Traced(asked("sure"), answered_up_to(0.9, right=True)),
    Traced(asked("fair"), answered_up_to(0.5, right=True)),
    Traced(asked("wrong"), answered_up_to(0.3, right=False)),
    Traced(asked("no passage"), (Step(INFINITE, refused=True, right=False),)),
    Traced(asked("lure", answerable=False), answered_up_to(0.4, right=False)),
    Traced(asked("refused", answerable=False), (Step(INFINITE, refused=True, right=True),)),
    Traced(asked("held", split="heldout"), answered_up_to(0.2, right=True)),
]
TRAIN = [traced for traced in MADE if traced.question.split == "train"]


@pytest.mark.parametrize(
    ("threshold", "coverage", "accuracy", "risk"),
    [
        (0.0, 3 / 4, 2 / 3, 1 / 2),
        (0.3, 3 / 4, 2 / 3, 1 / 2),  # a probability that equals the threshold reaches it
        (0.31, 2 / 4, 1.0, 1 / 2),
        (0.4, 2 / 4, 1.0, 1 / 2),
        (0.41, 2 / 4, 1.0, 0.0),
        (0.6, 1 / 4, 1.0, 0.0),
        (0.95, 0.0, None, 0.0),
    ],
)
def test_the_curve_that_is_known_by_hand(
    threshold: float, coverage: float, accuracy: float | None, risk: float
) -> None:
    assert point(TRAIN, threshold) == Point(threshold, coverage, accuracy, risk)


def test_every_split_has_its_curve_with_the_shipped_threshold_in_it() -> None:
    found = curves(MADE[::-1], shipped=0.37)
    assert list(found.splits) == ["train", "heldout"]
    for points in found.splits.values():
        assert [p.threshold for p in points] == sorted({p.threshold for p in points})
        assert 0.37 in {p.threshold for p in points}
    assert [p.coverage for p in found.splits["heldout"]][:6] == [1, 1, 1, 1, 1, 0]
    assert {p.risk for p in found.splits["heldout"]} == {None}
    assert curves([]).splits == {}


def test_the_curve_is_shown_in_each_report_and_the_svg_is_whole() -> None:
    found, empty = curves(MADE, shipped=0.37), Run((), ())
    page = to_html(empty, (), found)
    assert not re.search(r"<script|https?://|src=|href=|@import|url\(", page)
    assert page.count('<tr class="shipped"><td>0.37</td>') == 1
    for measure in ("accuracy", "risk"):
        figure = ElementTree.fromstring(chart(found, measure, "率"))
        circles = figure.findall(".//circle")
        drawn = [p for points in found.splits.values() for p in points if getattr(p, measure) is not None]
        assert len(circles) == len(drawn)
        assert [circle[0].text for circle in circles if circle.get("r") == "6"] == [
            f"train 门槛 0.37：回答率 0.500，率 {'1.000' if measure == 'accuracy' else '0.500'}"
        ]  # nothing of the other split is answered there
        for circle in circles:
            assert 0 <= float(circle.get("cy") or -1) <= 240
    assert json.loads(json.dumps(to_json(empty, (), found)))["curve"] == json.loads(json.dumps(asdict(found)))
    assert to_json(empty, ())["curve"] is None
    assert "回答率与答对率" not in to_html(empty, ())
    assert terminal_curves(found).row_count == 11
    assert dict(rows(found))[0.37] == ("0.500", "1.000", "0.500", "0.000", "-", "-")


def test_a_split_that_is_named_badly_is_only_text() -> None:
    page = curves_html(Curves(0.4, {"<script>": (Point(0.4, 0.5, 0.5, 0.5),)}))
    assert "<script>" not in page


@pytest.fixture(scope="module")
def questions() -> Sequence[Question]:
    """Every ninth question of the real set: each split is in it, with questions of both sorts."""
    return load(SEED_QUESTIONS)[::9]


@pytest.fixture(scope="module")
def traced(questions: Sequence[Question], real_pipeline: Pipeline) -> list[Traced]:
    return list(trace(questions, real_pipeline))


def test_at_the_shipped_threshold_the_curve_is_the_report(
    questions: Sequence[Question], traced: list[Traced], real_pipeline: Pipeline
) -> None:
    done = run(questions, real_pipeline, lambda id_: real_pipeline.store.paragraph(id_).text)
    assert not done.crashes
    found = curves(traced)
    assert found.shipped == real_pipeline.threshold.at
    for split, table in tabulate(done).items():
        answerable, others = table[ANSWERABLE], table[REFUSE]
        (shipped,) = [p for p in found.splits[split] if p.threshold == found.shipped]
        answered = answerable.n - answerable.refusals
        assert shipped.coverage == answered / answerable.n
        assert shipped.accuracy == pytest.approx(answerable.right * answerable.n / answered)
        assert shipped.risk == (others.n - others.refusals) / others.n


def test_at_any_threshold_the_curve_is_what_a_pipeline_with_it_answers(
    traced: list[Traced], real_pipeline: Pipeline
) -> None:
    threshold = Threshold(0.5)
    asker = Pipeline(real_pipeline.store, today=real_pipeline.today, threshold=threshold)
    for threshold.at in (0.13, 0.62, 0.88):
        for one in traced[::3]:
            answer = asker.ask(one.question.question, one.question.history)
            assert answer.refused == one.at(threshold.at).refused, one.question.id


def test_a_trace_has_an_end_and_leaves_the_pipeline_as_it_is(traced: list[Traced], real_pipeline: Pipeline) -> None:
    assert real_pipeline.threshold.at == Threshold().at
    for one in traced:
        ends = [step.upto for step in one.steps]
        assert ends == sorted(set(ends))
        assert ends[-1] == INFINITE
