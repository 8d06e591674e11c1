"""The ablation of the search and the fit of its fusion, on a small real index."""

from dataclasses import replace

import numpy as np
import pytest
from hashing import HashingEmbedder

from evals.ablation import asked, measure, table, variants
from evals.dataset import ASKED_ON, Evidence, Question
from evals.fusion import FORMULAS, Asked, fit, quality, reciprocal_ranks
from evals.matching import norm
from index.search import fusion
from index.search.fusion import Candidates
from index.storage.build import build
from index.storage.store import Store
from rag.retrieve.columns import Columns
from rag.understand.query import understand

REPORT = """2025年市北区政府工作报告

一、2025年工作目标

2025年预期新增就业4万人。

2025年开工改造老旧小区17个。

2025年增加学位3300个以上。

二、2024年工作回顾

2024年新增就业3.8万人。

2024年改造老旧小区21个。
"""


def question(id_: str, text: str, snippet: str, category: str = "fact", split: str = "train") -> Question:
    return Question(id_, category, text, True, (), (), (Evidence("a.txt", snippet),), split=split)


QUESTIONS = [
    question("1", "2025年市北区计划新增就业多少人？", "预期新增就业4万人"),
    question("2", "2024年市北区新增就业多少人？", "2024年新增就业3.8万人"),
    question("3", "2025年要多出多少个上学名额？", "增加学位3300个以上", "paraphrase"),
    question("4", "2024年翻新了几个旧小区？", "2024年改造老旧小区21个", "paraphrase", "heldout"),
    Question("5", "unanswerable", "2025年市北区人口多少？", False),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("ablation")
    (folder / "a.txt").write_text(REPORT, "utf-8")
    embedder = HashingEmbedder(dim=64)
    build([folder / "a.txt"], folder / "index", embedder=embedder)
    return Store.open(folder / "index", embedder)


def by_hand(store: Store, k: int, *, constrained: bool) -> float:
    """BM25 alone over the training questions, through the store's own search."""
    columns = Columns(store)
    right = []
    for one in (q for q in QUESTIONS if q.answerable and q.split == "train"):
        query = understand(one.question, coverage=store.coverage, today=ASKED_ON)
        mask = columns.mask(query.filter)
        hits = store.search(query.topic or query.text, k=200, mask=mask if constrained else None, mode="lexical")
        paragraphs = list(dict.fromkeys(hit.passage.paragraph_id for hit in hits))[:k]
        right.append(any(norm(one.evidence[0].snippet) in norm(store.paragraph(id_).text) for id_ in paragraphs))
    return sum(right) / len(right)


def test_the_figures_of_a_variant_are_those_of_its_own_computation(store: Store) -> None:
    ranking = dict(variants(store))["BM25 of paragraphs (words and pairs)"]
    known = asked(store, QUESTIONS)
    row = measure(store, known, ranking)
    assert [one.question.id for one in known] == ["1", "2", "3", "4"]
    for k in (1, 3):
        assert row["train", "all", k] == pytest.approx(by_hand(store, k, constrained=True))
    free = measure(store, [replace(one, mask=np.ones_like(one.mask)) for one in known], ranking)
    assert free["train", "all", 1] == pytest.approx(by_hand(store, 1, constrained=False))
    assert free["train", "all", 1] < row["train", "all", 1]
    assert set(row) == {(s, g, k) for s, g in [("train", "all"), ("train", "paraphrase"), ("heldout", "all"),
                                               ("heldout", "paraphrase")] for k in (1, 3)}  # fmt: skip


def test_every_variant_has_a_row(store: Store) -> None:
    lines = table("Title", store, QUESTIONS).splitlines()
    names = [name for name, _ in variants(store)]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[4:]] == names
    assert len(set(names)) == len(names)
    assert all(line.count("|") == lines[2].count("|") for line in lines[2:])


def candidates(dense: list[float], lexical: list[float], coverage: list[float]) -> Candidates:
    parts, words, share = (np.array(values, np.float32) for values in (dense, lexical, coverage))
    return Candidates(np.arange(len(dense)), np.array([True] * len(dense)), parts[:, None], words, words, share)


def test_the_fit_trusts_the_side_that_is_right() -> None:
    rng = np.random.default_rng(0)
    groups: list[list[Asked]] = [[], []]
    for group in groups:
        for _ in range(40):
            right = np.arange(8) == rng.integers(8)
            near = 0.3 * right + rng.uniform(0, 0.5, 8)
            group.append(Asked(candidates(near.tolist(), rng.uniform(0, 1, 8).tolist(), [0.5] * 8), right))
    (dense, lexical), _ = fit((fusion.dense, fusion.lexical), groups)
    assert dense > 0.9 > 0.1 > abs(lexical)
    alone = quality(fusion.dense, groups[0])
    assert alone > quality(fusion.lexical, groups[0])
    for parts in FORMULAS.values():
        assert np.abs(fit(parts, groups)[0]).sum() == pytest.approx(1)


def test_reciprocal_ranks_are_by_the_book() -> None:
    found = candidates([0.9, 0.1, 0.5], [0.0, 1.0, 0.5], [0.0, 1.0, 0.5])
    np.testing.assert_allclose(reciprocal_ranks(found), [1 / 61, 1 / 63 + 1 / 61, 1 / 62 + 1 / 62])


def test_the_quality_of_a_ranking_is_its_first_right_row() -> None:
    one = Asked(candidates([0.9, 0.8, 0.7], [0] * 3, [0] * 3), np.array([False, True, True]))
    none = Asked(one.found, np.zeros(3, bool))
    assert quality(fusion.dense, [one]) == pytest.approx(1 / np.log2(3))
    assert quality(fusion.dense, [one, none]) == pytest.approx(1 / np.log2(3) / 2)


def test_the_shipped_weights_are_shares() -> None:
    for parts in (1, 2):
        assert 0 < fusion.dense_weight(parts) < 1
        assert sum(fusion.part_shares(parts)) == pytest.approx(1)
        assert min(fusion.part_shares(parts)) > 0
