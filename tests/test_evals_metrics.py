"""The judge agrees with the shared scorer; the ranking measures agree with their formulas."""

import importlib.util
import json
import math
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.dataset import Evidence, Question
from evals.matching import norm, occurs
from evals.metrics import hit_at, judge, ndcg_at, recall_at, reciprocal_rank
from evals.retrieval import measure
from rag.types import Answer, Citation

SCORER = Path(__file__).parent.parent.parent / "shared" / "tools" / "score.py"

PIECES = [
    "4万人",
    "24万人",
    "４ 万人",
    "4",
    "4.5",
    "1,234",
    "1234",
    "新增就业",
    "增长5%",
    "5%",
    "RCEP",
    "rcep",
    "。",
    " ",
    "[1]",
]
text = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
figure = st.sampled_from([piece for piece in PIECES if piece.strip()])
long = st.sampled_from([0, 290, 700, 900, 1490, 1600])


def cited(paragraph: str) -> Citation:
    return Citation(1, "p", "r", "t", (), None, None, None, "other", paragraph, "", 0, 0, "f", ())


@st.composite
def questions(draw: st.DrawFn) -> Question:
    return Question(
        id="q",
        category=draw(st.sampled_from(["fact", "list", "compare"])),
        question="？",
        answerable=draw(st.booleans()),
        answers=tuple(tuple(a) for a in draw(st.lists(st.lists(figure, min_size=1, max_size=2), max_size=2))),
        evidence=tuple(Evidence("f", snippet) for snippet in draw(st.lists(figure, max_size=2))),
        evidence_mode=draw(st.sampled_from(["any", "all"])),
        forbidden=tuple(draw(st.lists(figure, max_size=1))),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    paragraphs = [draw(text) + "字" * draw(long) for _ in range(draw(st.integers(0, 3)))]
    said = draw(text) + "字" * draw(long)
    return Answer("？", draw(st.booleans()), said, tuple(cited(paragraph) for paragraph in paragraphs))


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    if not SCORER.exists():
        pytest.skip(f"the shared scorer is not here: {SCORER}")
    spec = importlib.util.spec_from_file_location("shared_score", SCORER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(questions(), answers())
def test_the_judge_agrees_with_the_shared_scorer(scorer: ModuleType, question: Question, answer: Answer) -> None:
    theirs = scorer.judge(json.loads(json.dumps(asdict(question))), json.loads(json.dumps(answer.to_json())))
    ours = judge(question, answer)
    assert (ours.right, ", ".join(ours.why)) == (theirs["right"], theirs["why"])
    if question.answerable:
        assert (ours.evidence, ours.useful, ours.citations) == tuple(
            theirs[name] for name in ("evidence", "useful", "citations")
        )


@given(st.text(), st.text(alphabet="0123456789.,万人 ４", min_size=1))
def test_folding_and_matching_agree_with_the_shared_scorer(scorer: ModuleType, whole: str, part: str) -> None:
    assert norm(whole) == scorer.norm(whole)
    if norm(part):
        assert occurs(part, whole + part + whole) == scorer.occurs(part, whole + part + whole)


def test_a_number_is_never_a_piece_of_a_longer_one() -> None:
    assert occurs("4万", "新增4万人")
    assert not occurs("4万", "新增24万人")
    assert not occurs("4", "4.5万")
    assert occurs("1234", "共1,234个")


QUESTION = Question("q", "fact", "？", True, answers=(("4万人",),), evidence=(Evidence("f", "新增就业4万人"),))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer("？", False, "新增就业4万人。[1]", (cited("全区新增就业 4万人。"),)), ()),
        (Answer("？", True, "没有写。"), ("refused", "figure missing", "evidence not cited")),
        (Answer("？", False, "24万人。[1]", (cited("新增就业4万人"),)), ("figure missing",)),
        (Answer("？", False, "4万人。" + "字" * 300, (cited("新增就业4万人"),)), ("too long",)),
        (Answer("？", False, "4万人。[1]", (cited("新增就业4万人" + "字" * 1500),)), ("evidence not cited",)),
    ],
)
def test_why_an_answer_is_wrong(answer: Answer, why: tuple[str, ...]) -> None:
    assert judge(QUESTION, answer).why == why


IDS = [f"d{number}" for number in range(12)]
rankings = st.permutations(IDS).flatmap(lambda order: st.integers(0, 12).map(lambda n: order[:n]))
gains = st.dictionaries(st.sampled_from([*IDS, "absent"]), st.integers(1, 3), min_size=1)


def by_the_formula(ranked: list[str], gains: dict[str, int], k: int) -> dict[str, float]:
    """The measures written down again, in another way: over the vector of gains at each rank."""
    vector = [gains.get(id_, 0) for id_ in ranked][:k]
    found = [rank for rank, gain in enumerate(vector) if gain]
    ideal = sorted(gains.values(), reverse=True)[:k]
    dcg, best = (sum(g * math.log(2) / math.log(r + 2) for r, g in enumerate(v)) for v in (vector, ideal))
    return {
        "recall": len(found) / len(gains),
        "hit": 1.0 if found else 0.0,
        "mrr": 1 / (found[0] + 1) if found else 0.0,
        "ndcg": dcg / best,
    }


@given(rankings, gains, st.integers(1, 15))
def test_ranking_measures_agree_with_the_formulas(ranked: list[str], gains: dict[str, int], k: int) -> None:
    expected = by_the_formula(ranked, gains, k)
    assert recall_at(ranked, gains, k) == pytest.approx(expected["recall"])
    assert hit_at(ranked, gains, k) == expected["hit"]
    assert reciprocal_rank(ranked, gains, k) == pytest.approx(expected["mrr"])
    assert ndcg_at(ranked, gains, k) == pytest.approx(expected["ndcg"])


@given(rankings, gains)
def test_ranking_measures_stay_in_range_and_grow_with_depth(ranked: list[str], gains: dict[str, int]) -> None:
    for measured in (recall_at, hit_at, reciprocal_rank):
        values = [measured(ranked, gains, k) for k in (1, 5, 10)]
        assert 0 <= values[0] <= values[1] <= values[2] <= 1
    assert 0 <= ndcg_at(ranked, gains) <= 1 + 1e-12
    assert recall_at(ranked, gains, 10) <= hit_at(ranked, gains, 10)


@given(gains)
def test_the_best_order_has_the_gain_one(gains: dict[str, int]) -> None:
    assert ndcg_at(sorted(gains, key=lambda id_: -gains[id_]), gains) == pytest.approx(1)


def test_a_known_value() -> None:
    """Ranks 2 and 3 of gains 1 and 2: (1/log2 3 + 2/log2 4) / (2 + 1/log2 3)."""
    assert ndcg_at(["x", "a", "b"], {"a": 1, "b": 2}) == pytest.approx(1.6309297535714575 / 2.6309297535714575)


def test_measures_are_means_over_the_queries() -> None:
    scores = measure({"1": ["a"], "2": ["b", "c"]}, {"1": {"a": 1}, "2": {"c": 1}})
    assert scores == {
        "recall@1": 0.5, "recall@5": 1, "recall@10": 1, "recall@100": 1, "hit@1": 0.5, "hit@5": 1,
        "mrr@10": 0.75, "ndcg@10": pytest.approx((1 + 1 / math.log2(3)) / 2, abs=1e-5),
    }  # fmt: skip
