"""Tokens and BM25, the latter against the formula written out on its own."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.bm25 import K1, B, Lexical, tokenize

words = st.sampled_from(["就业", "新增", "市北", "李沧", "楼宇", "4.5", "GDP", "，"])
corpora = st.lists(st.lists(words, max_size=8).map(" ".join), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("新增就业４．５万人", ["新增", "就业", "新增", "增就", "就业", "4.5", "万", "人", "万人"]),
        ("AI＋制造", ["ai", "制造", "制造"]),
        ("2025年的5G", ["2025", "年", "年的", "5g"]),
        ("，。！\ud800", []),
        ("什么", []),
    ],
)
def test_tokens_are_words_and_pairs_folded(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@given(st.text())
def test_any_text_has_tokens_without_space_or_punctuation(text: str) -> None:
    assert all(token and not token.isspace() for token in tokenize(text))


def test_words_added_to_the_shared_segmenter_change_nothing() -> None:
    import rjieba

    before = tokenize("柠檬豆公司")
    rjieba.add_word("柠檬豆公司", 10_000_000, "n")
    assert rjieba.cut("柠檬豆公司") == ["柠檬豆公司"]
    assert tokenize("柠檬豆公司") == before


@given(corpora, st.lists(words, max_size=5).map(" ".join))
def test_scores_are_bm25(texts: list[str], query: str) -> None:
    expected = [_bm25(query, row, texts) for row in range(len(texts))]
    np.testing.assert_allclose(Lexical.build(texts).scores(query), expected, rtol=1e-5)


def _bm25(query: str, row: int, texts: list[str]) -> float:
    """The formula at the head of index/search/bm25.py; a text without tokens counts as one token long."""
    lengths = [len(tokenize(text)) or 1 for text in texts]
    counts = Counter(tokenize(texts[row]))
    total = 0.0
    for token in set(tokenize(query)):
        df = sum(token in tokenize(text) for text in texts)
        idf = math.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
        norm = K1 * (1 - B + B * lengths[row] / (sum(lengths) / len(lengths)))
        total += idf * counts[token] / (counts[token] + norm)
    return total


def test_saving_and_loading_changes_no_score(tmp_path: Path) -> None:
    texts = ["新增就业4万人", "楼宇24座", ""]
    Lexical.build(texts).save(tmp_path / "one")
    Lexical.build(texts).save(tmp_path / "two")
    loaded = Lexical.load(tmp_path / "one")
    np.testing.assert_array_equal(loaded.scores("就业楼宇"), Lexical.build(texts).scores("就业楼宇"))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), f"{path.name} is not reproducible"


def test_loading_never_unpickles(tmp_path: Path) -> None:
    Lexical.build(["新增就业"]).save(tmp_path)
    for path in sorted(tmp_path.glob("*.npy")):
        whole = path.read_bytes()
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        with pytest.raises(ValueError, match="allow_pickle=False"):
            Lexical.load(tmp_path)
        path.write_bytes(whole)


def test_nothing_to_index_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to index"):
        Lexical.build([])
