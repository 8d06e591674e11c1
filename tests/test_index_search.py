"""Fusion, masks and files of the hybrid index."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import EmbedderError
from index.search import fusion
from index.search import hybrid as search
from index.search.bm25 import tokenize
from index.search.hybrid import HybridIndex, Mode

WORDS = ["就业", "新增", "市北", "李沧", "楼宇", "4.5", "万人", "目标"]
texts_of = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join), min_size=1, max_size=30)
modes = st.sampled_from(["hybrid", "dense", "lexical"])
EMBEDDER = HashingEmbedder()


@settings(deadline=None)
@given(texts_of, st.data(), modes)
def test_a_mask_neither_leaks_nor_loses_rows(texts: list[str], data: st.DataObject, mode: Mode) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    index = HybridIndex.build(texts, EMBEDDER)
    found = index.search(texts[0], embedder=EMBEDDER, k=len(texts), mask=mask, mode=mode)
    rows = [scored.row for scored in found]
    assert len(rows) == len(set(rows))
    assert all(mask[row] for row in rows)
    if mode == "lexical":
        shared = index.search(texts[0], embedder=EMBEDDER, k=len(texts), mode=mode)
        assert set(rows) == {scored.row for scored in shared if mask[scored.row]}
    else:
        assert len(rows) == mask.sum()


def covered(texts: list[str], query: str) -> np.ndarray:
    """The share of the question's idf in each text, token by token."""
    held = [set(tokenize(text)) for text in texts]
    asked = set(tokenize(query))
    rows = {token: sum(token in one for one in held) for token in asked}
    idf = {token: np.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for token, n in rows.items()}
    return np.array([sum(idf[token] for token in asked & one) for one in held]) / sum(idf.values())


@settings(deadline=None)
@given(texts_of, st.integers(1, 10), modes)
def test_the_best_rows_come_first_and_equal_ones_by_row(texts: list[str], k: int, mode: Mode) -> None:
    index = HybridIndex.build(texts, EMBEDDER)
    query = "新增就业4.5万人"
    found = index.search(query, embedder=EMBEDDER, k=k, mode=mode)
    (scale,) = index._meaning.scales
    products = (EMBEDDER.embed_passages(texts) * EMBEDDER.embed_queries([query])).sum(axis=1)
    dense = (products - scale.nothing) / scale.spread
    bm25 = index._lexical.scores(query)
    lexical = bm25 / bm25.max() if bm25.max() > 0 else bm25
    by_words = (1 + fusion.OWN) * lexical  # here each text is a whole
    share = covered(texts, query)
    weight = fusion.dense_weight(1)
    hybrid = weight * dense + (1 - weight) * by_words * share / max(share.max(), 1e-9) ** 0.5
    scores = {"dense": dense, "lexical": by_words, "hybrid": hybrid}[mode]
    wanted = sorted(range(len(texts)), key=lambda row: (-round(float(scores[row]), 6), row))
    if mode == "lexical":
        wanted = [row for row in wanted if lexical[row] > 0]
    assert [one.score for one in found] == pytest.approx([float(scores[row]) for row in wanted[:k]], abs=1e-5)
    assert [(-one.score, one.row) for one in found] == sorted((-one.score, one.row) for one in found)
    for one in found:
        assert one.lexical == (pytest.approx(lexical[one.row]) if mode != "dense" else 0)
        assert one.dense == (pytest.approx(dense[one.row], abs=1e-6) if mode != "lexical" else 0)


@settings(deadline=None, max_examples=20)
@given(texts_of, modes)
def test_saved_and_loaded_many_and_one_give_the_same(texts: list[str], mode: Mode) -> None:
    index = HybridIndex.build(texts, EMBEDDER)
    queries = [*texts, "李沧区新增多少", "？"]
    each = [index.search(query, embedder=EMBEDDER, k=5, mode=mode) for query in queries]
    with TemporaryDirectory() as folder:
        index.save(Path(folder))
        loaded = HybridIndex.load(Path(folder))
        assert loaded.search_many(queries, embedder=EMBEDDER, k=5, mode=mode) == each
        np.testing.assert_array_equal(loaded.vectors, index.vectors)


def test_ranks_say_which_side_found_a_row() -> None:
    texts = ["新增就业4万人", "楼宇24座", "新增就业"]
    found = HybridIndex.build(texts, EMBEDDER).search("新增就业", embedder=EMBEDDER, k=3)
    assert [one.row for one in found] == [2, 0, 1]
    assert [one.lexical_rank for one in found] == [1, 2, None]
    assert found[0].dense_rank == 1
    assert found[0].lexical == 1


def test_a_small_depth_still_scores_every_proposed_row_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that only one side proposes has the other side's score all the same, only no rank there."""
    monkeypatch.setattr(search, "DEPTH", 2)
    texts = [f"{word}{number}" for number in range(10) for word in WORDS]
    index = HybridIndex.build(texts, EMBEDDER)
    (found,) = index.search("就业李沧1", embedder=EMBEDDER, k=1)
    assert (found.row, found.dense_rank, found.lexical_rank) == (11, None, 1)
    vectors = EMBEDDER.embed_queries([texts[11], "就业李沧1"])
    (scale,) = index._meaning.scales
    assert found.dense == pytest.approx((float(vectors[0] @ vectors[1]) - scale.nothing) / scale.spread, abs=1e-5)


def test_a_word_that_few_of_the_question_s_are_found_with_counts_for_little() -> None:
    """The text that shares only the year loses to the one that the model is nearer to: BM25 alone says otherwise."""
    texts = ["楼宇2025", "就业人数"]
    vectors = np.array([[0.6, 0.8], [0.8, 0.6]], np.float32)

    class Fixed(HashingEmbedder):
        def embed_queries(self, texts):  # type: ignore[no-untyped-def]
            return np.array([[1, 0]] * len(texts), np.float32)

    index = HybridIndex.build(texts, Fixed(dim=2), known=dict(zip(texts, vectors, strict=True)))
    question = "how many new jobs were created in 2025"
    (found,) = index.search(question, embedder=Fixed(dim=2), k=1)
    assert (found.row, found.dense_rank, found.lexical) == (1, 1, 0)
    (found,) = index.search(question, embedder=Fixed(dim=2), k=1, mode="lexical")
    assert (found.row, found.lexical) == (0, 1)


def test_equal_rows_come_in_order_however_many_there_are() -> None:
    texts = ["就业" if row % 10 else "市北就业" for row in range(1000)]
    found = HybridIndex.build(texts, EMBEDDER).search("市北就业", embedder=EMBEDDER, k=150, mode="lexical")
    assert [one.row for one in found] == [*range(0, 1000, 10), *(row for row in range(56) if row % 10)]


def test_a_text_the_model_knows_nothing_of_is_indexed_all_the_same() -> None:
    index = HybridIndex.build(["", "就业"], EMBEDDER)
    assert not index.vectors[0].any()
    assert [(one.row, one.score) for one in index.search("", embedder=EMBEDDER, k=2)] == [(0, 0), (1, 0)]


def test_known_texts_are_not_embedded_and_new_ones_once() -> None:
    embedder = HashingEmbedder()
    old = HybridIndex.build(["甲乙", "丙丁"], embedder)
    known = dict(zip(["甲乙", "丙丁"], old.vectors, strict=True))
    embedder.embedded.clear()
    steps: list[tuple[int, int]] = []
    new = HybridIndex.build(
        ["戊己", "甲乙", "戊己"], embedder, known=known, progress=lambda done, total: steps.append((done, total))
    )
    assert [text for text in embedder.embedded if text in ("甲乙", "丙丁", "戊己")] == ["戊己"]
    assert steps == [(1, 1)]
    np.testing.assert_array_equal(new.vectors, embedder.embed_queries(["戊己", "甲乙", "戊己"]))


@pytest.mark.parametrize("wrong", [np.nan, 2.0])
def test_vectors_that_are_not_unit_are_refused(wrong: float) -> None:
    class Broken(HashingEmbedder):
        def embed_queries(self, texts):  # type: ignore[no-untyped-def]
            return super().embed_queries(texts) * np.float32(wrong)

    with pytest.raises(EmbedderError, match="不是单位长度"):
        HybridIndex.build(["甲乙"], Broken())
    with pytest.raises(EmbedderError, match="不是单位长度"):
        HybridIndex.build(["甲乙"], EMBEDDER).search("甲", embedder=Broken(), k=1)


def test_a_model_of_another_dimension_is_refused() -> None:
    with pytest.raises(EmbedderError, match=r"\(1, 8\).*应为 float32 \(1, 16\)"):
        HybridIndex.build(["甲乙"], EMBEDDER).search("甲", embedder=HashingEmbedder(dim=8), k=1)


@pytest.mark.parametrize(
    ("k", "mask", "mode"),
    [(0, None, "hybrid"), (1, None, "rrf"), (1, np.ones(3, bool), "hybrid"), (1, np.ones(1, np.int64), "dense")],
)
def test_wrong_arguments_are_refused(k: int, mask: search.Mask | None, mode: Mode) -> None:
    with pytest.raises(ValueError, match=r"k=|mask"):
        HybridIndex.build(["甲乙"], EMBEDDER).search("甲", embedder=EMBEDDER, k=k, mask=mask, mode=mode)


def test_vectors_and_texts_of_different_number_are_refused() -> None:
    one, two = (HybridIndex.build(["甲乙", "丙丁"][:n], EMBEDDER) for n in (1, 2))
    with pytest.raises(ValueError, match="1 vectors and 2 parts of wholes for 2 texts"):
        HybridIndex(one._vectors, two._lexical, two._wholes, two._meaning.scales)
