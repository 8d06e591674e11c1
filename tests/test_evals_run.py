"""A run, its figures, its reports and the gate, with answers made by hand."""

import io
import json
import re
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evals.bench import machine, table
from evals.dataset import Evidence, Question
from evals.gate import Baseline, compare, read_baseline, updated, write_baseline
from evals.report import print_report, to_html, to_json, to_junit
from evals.run import Run, run
from evals.scores import milliseconds, tabulate
from index.errors import InputError
from index.types import Context, Hit, Passage
from rag.types import Answer, Citation

PARAGRAPHS = {"p1": "新增就业4万人。", "p2": "新建学校6所。", "p3": "楼宇26座。", "p4": "学位5000个。"}
HOSTILE = '<script>alert("x")</script>'


def hit(paragraph: str) -> Hit:
    return Hit(Passage("s", paragraph, "", "", 0, 0, Context()), 1, 1, 1, 1, 1)


def said(text: str, *paragraphs: str, hits: Sequence[str] = ()) -> Answer:
    citations = tuple(
        Citation(n, p, "r", "t", (), None, None, None, "other", PARAGRAPHS[p], "", 0, 0, "f", ())
        for n, p in enumerate(paragraphs, 1)
    )
    return Answer("？", False, text, citations, hits=tuple(map(hit, hits or paragraphs)))


def asked(
    id_: str, split: str = "train", category: str = "fact", figure: str = "4万人", snippet: str = "就业4万人"
) -> Question:
    return Question(id_, category, id_, True, (), ((figure,),), (Evidence("f", snippet),), split=split)


REFUSED = Answer("？", True, "没有写。")
QUESTIONS = [
    asked("right"),
    asked("wrong-" + HOSTILE),
    asked("late", category="list"),
    Question("refuse", "unanswerable", "refuse", False, split="train"),
    asked("held-right", "heldout"),
    asked("held-wrong-secret", "heldout"),
]
ANSWERS = {
    "right": said("新增就业4万人。[1]", "p1"),
    "wrong-" + HOSTILE: said(f"6所{HOSTILE}。[1]", "p2"),
    "late": said("4万人。[1][2]", "p1", "p2", hits=["p2", "p2", "p3", "p2", "p4", "p1"]),
    "refuse": REFUSED,
    "held-right": said("新增就业4万人。[1]", "p1"),
    "held-wrong-secret": REFUSED,
}


class Scripted:
    """Answers by heart; a question without an answer crashes."""

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        if question not in ANSWERS:
            raise RuntimeError(f"no answer to {question} after {len(history)}")
        return ANSWERS[question]


@pytest.fixture
def done() -> Run:
    return run(QUESTIONS, Scripted(), PARAGRAPHS.__getitem__)


@pytest.fixture
def crashed() -> Run:
    return run([*QUESTIONS, asked("boom")], Scripted(), PARAGRAPHS.__getitem__)


def test_the_figures_of_every_split_and_category(done: Run) -> None:
    scores = tabulate(done)
    assert list(scores) == ["train", "heldout"]
    assert list(scores["train"]) == ["fact", "list", "unanswerable", "ANSWERABLE", "REFUSE", "ALL"]
    assert (scores["train"]["fact"].right, scores["train"]["fact"].evidence) == (0.5, 0.5)
    assert scores["train"]["ANSWERABLE"].citation_precision == 2 / 4
    assert scores["train"]["ALL"].right == 3 / 4
    assert (scores["train"]["REFUSE"].right, scores["train"]["REFUSE"].evidence) == (1, None)
    assert scores["heldout"]["ALL"].refusals == 1


def test_evidence_counts_in_the_first_three_distinct_paragraphs_only(done: Run) -> None:
    assert [result.retrieved for result in done.results] == [True, False, False, None, True, False]


def test_a_crash_is_listed_and_not_averaged_in(crashed: Run, done: Run) -> None:
    assert [(c.question.id, c.error) for c in crashed.crashes] == [("boom", "RuntimeError: no answer to boom after 0")]
    assert tabulate(crashed) == tabulate(done)


def test_the_times_are_those_of_the_answers(done: Run) -> None:
    slow = replace(done, results=tuple(replace(r, seconds=n) for n, r in enumerate(done.results, 1)))
    assert milliseconds(slow) == {"median": 3500, "p95": 6000}
    assert milliseconds(Run((), ())) == {}


def terminal(run: Run, failures: int) -> str:
    with redirect_stdout(io.StringIO()) as out:
        print_report(run, failures)
    return out.getvalue()


def test_the_table_shows_both_splits_and_the_wrong_answers_of_train_only(crashed: Run) -> None:
    shown = terminal(crashed, failures=5)
    assert re.search(r"fact +2 +0\.500 +0\.500 +0\.500 +0\.500 +0 +2 +0\.500", shown)
    assert "wrong-" in shown
    assert "figure missing" in shown
    assert "崩溃 boom" in shown
    assert "secret" not in shown
    assert "wrong-" not in terminal(crashed, failures=0)


def test_no_report_shows_what_the_held_out_split_got_wrong(crashed: Run) -> None:
    gate = compare(crashed, Baseline())
    for report in (to_html(crashed, gate), json.dumps(to_json(crashed, gate)), to_junit(crashed, gate).decode()):
        assert "secret" not in report


def test_the_html_is_escaped_and_needs_nothing_else(crashed: Run) -> None:
    page = to_html(crashed, compare(crashed, Baseline()))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"https?://|src=|href=|@import|url\(", page)
    assert "留出集（heldout）答错 1 题" in page


def test_the_json_is_complete(crashed: Run) -> None:
    report = json.loads(json.dumps(to_json(crashed, ())))
    assert report["splits"]["train"]["fact"]["right"] == 0.5
    assert report["crashes"] == [{"id": "boom", "error": "RuntimeError: no answer to boom after 0"}]
    assert [row["id"] for row in report["wrong"]] == ["wrong-" + HOSTILE]
    assert report["gate"] == {"passed": True, "failures": []}


def test_the_junit_counts_fit_its_cases(crashed: Run) -> None:
    bad = replace(crashed, crashes=(replace(crashed.crashes[0], error="\x00\ud800<&>"),))
    root = ElementTree.fromstring(to_junit(bad, compare(bad, updated(bad, Baseline()))))
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {
        "fact", "list", "unanswerable", "heldout fact", "heldout ANSWERABLE", "heldout ALL", "crashes", "gate",
    }  # fmt: skip
    assert (suites["fact"].get("tests"), suites["fact"].get("failures")) == ("2", "1")
    assert suites["heldout fact"][0].get("name") == "1/2"
    assert suites["crashes"].get("errors") == "1"
    assert suites["gate"].get("failures") == "1"  # the crash


def test_what_was_recorded_passes_its_own_gate(done: Run, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(updated(done, Baseline()), path)
    baseline = read_baseline(path)
    assert baseline == updated(done, Baseline())
    lines = compare(done, baseline)
    assert len(lines) > 10
    assert not any(line.failure for line in lines)


def worse(done: Run) -> Run:
    first = done.results[0]
    fallen = replace(first, verdict=replace(first.verdict, right=False, why=("too long",)))
    return replace(done, results=(fallen, *done.results[1:]))


def test_a_fall_is_named_with_both_figures(done: Run) -> None:
    lines = compare(worse(done), updated(done, Baseline()))
    fallen = {line.name: line.failure for line in lines if line.failure}
    assert fallen == {
        "train fact right": "0.500 → 0.000（容许下降 0.100）",
        "train ANSWERABLE right": "0.667 → 0.333（容许下降 0.020）",
        "train ALL right": "0.750 → 0.500（容许下降 0.020）",
    }


def test_a_fall_within_the_tolerance_passes(done: Run) -> None:
    lenient = replace(updated(done, Baseline()), tolerance={"category": 0.5, "overall": 0.5})
    assert not any(line.failure for line in compare(worse(done), lenient))


def test_a_crash_fails_the_gate(crashed: Run) -> None:
    failures = [line for line in compare(crashed, updated(crashed, Baseline())) if line.failure]
    assert [(line.name, line.failure) for line in failures] == [
        ("train boom", "崩溃：RuntimeError: no answer to boom after 0")
    ]


def test_another_question_set_is_not_compared(done: Run) -> None:
    other = replace(done, results=done.results[:-1])
    failures = [line.name for line in compare(other, updated(done, Baseline())) if line.failure]
    assert failures == ["heldout 问题集"]
    assert [line.name for line in compare(done, Baseline()) if line.failure] == ["train 问题集", "heldout 问题集"]


def test_an_update_keeps_the_tolerance_and_the_other_splits(done: Run) -> None:
    before = replace(updated(done, Baseline()), tolerance={"category": 0.3, "overall": 0.2})
    train = replace(worse(done), results=worse(done).results[:4])
    after = updated(train, before)
    assert after.tolerance == before.tolerance
    assert after.splits["heldout"] == before.splits["heldout"]
    assert after.splits["train"]["scores"]["fact"]["right"] == 0


@pytest.mark.parametrize("content", [None, "", "[]", '{"tolerance": {}}', '{"tolerance": 1, "splits": {"train": 1}}'])
def test_a_broken_baseline_names_the_command_that_writes_one(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="--update-baseline"):
        read_baseline(path)


def test_the_bench_names_its_machine() -> None:
    found = machine()
    assert found["cores"] >= 1
    assert found["model"] in table({"machine": found, "build_seconds": 1.5})
