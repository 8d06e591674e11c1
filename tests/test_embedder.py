"""The models as they ship, folders of their formats that are damaged, and models of other makers."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from index.embed.embedder import Embedder, load_embedder, load_model
from index.embed.encoder import ENCODER_FILE
from index.embed.folder import CONFIG_FILE, EMBEDDED_FOLDER, ENCODER_FOLDER, STATIC_FOLDER, TOKENIZER_FILE, sha256
from index.embed.static import MODEL_FILE, StaticEmbedder, to_sentence_transformer
from index.errors import EmbedderError

TEXTS = [
    "预期新增就业4万人",
    "今年市北区要增加多少个上学名额？",
    "How many jobs will be created this year?",
    "ＧＤＰ增长５.５％左右",
    "預期新增就業4萬人",
    "一" * 3000,
]
NEEDS_MODELS = "needs the extra: pip install 'wenju[models]'"
UNKNOWN = ["", "   ", "。，！？——", "\u3000\n", "\U0001f680"]


@cache
def shipped(name: str) -> Embedder:
    """A shipped model, loaded once; a function because Hypothesis takes no fixture of a module."""
    return load_embedder(name)


@pytest.fixture(params=["embedded", "static"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return shipped(request.param)


@pytest.fixture
def static() -> Embedder:
    return shipped("static")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped table that a test may break."""
    return Path(shutil.copytree(STATIC_FOLDER, tmp_path / "model"))


def test_shipped_model_gives_unit_float32_rows(embedder: Embedder) -> None:
    for vectors in (embedder.embed_queries(TEXTS), embedder.embed_passages(TEXTS)):
        assert vectors.shape == (len(TEXTS), embedder.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_text_without_a_known_token_gives_a_row_of_zeros(static: Embedder) -> None:
    assert not static.embed_queries(UNKNOWN).any()
    assert not static.embed_passages(UNKNOWN).any()


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_queries([]).shape == (0, embedder.dim)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_any_text_gives_the_same_row_alone_and_in_a_batch(texts: list[str]) -> None:
    embedder = shipped("static")
    together = embedder.embed_passages(texts)
    alone = np.concatenate([embedder.embed_passages([text]) for text in texts])
    np.testing.assert_array_equal(together, alone)
    lengths = np.linalg.norm(together, axis=1)
    assert all(abs(length - 1) < 1e-5 or length == 0 for length in lengths)


def test_two_loads_give_the_same_vectors_and_fingerprint(static: Embedder) -> None:
    again = load_model(str(STATIC_FOLDER))
    assert again.fingerprint == static.fingerprint
    np.testing.assert_array_equal(again.embed_queries(TEXTS), static.embed_queries(TEXTS))


def test_rows_agree_with_a_float_computation_of_the_published_format(static: Embedder) -> None:
    tensors = load_file(STATIC_FOLDER / MODEL_FILE)
    weights = tensors["embedding"].astype(np.float64) * tensors["scale"].astype(np.float64)[:, None]
    tokenizer = Tokenizer.from_file(str(STATIC_FOLDER / TOKENIZER_FILE))
    for text, row in zip(TEXTS, static.embed_passages(TEXTS), strict=True):
        mean = weights[tokenizer.encode(text, add_special_tokens=False).ids].mean(axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "今年要增加多少个上学名额？",
            "增加学位3300个以上",
            ["新增停车泊位3300个", "预期新增就业4万人", "新建口袋公园8处"],
        ),
        ("要让多少人找到工作？", "预期新增就业4万人", ["新建停车泊位2000个", "引进外资3亿美元", "培育企业100家"]),
        ("要翻新几个旧小区？", "开工改造老旧小区17个", ["新增高新技术企业17家", "举办展会17场", "引进人才17名"]),
        ("财政收入要涨多少？", "一般公共预算收入增长5%", ["绿化覆盖率达到45%", "粮食产量增长5%", "游客增长5%"]),
        ("停车位会多出多少？", "新建停车泊位2000个", ["新增托位2000个", "新增床位2000张", "植树2000株"]),
        ("How many jobs will be created?", "预期新增就业4万人", ["新建口袋公园8处", "改造供热管网4公里"]),
    ],
)
def test_everyday_question_is_nearest_to_the_statement_that_answers_it(
    embedder: Embedder, question: str, right: str, wrong: list[str]
) -> None:
    heading = "2025年 市北区 政府工作报告 "
    scores = (
        embedder.embed_passages([heading + text for text in (right, *wrong)]) @ embedder.embed_queries([question])[0]
    )
    assert int(scores.argmax()) == 0, dict(zip((right, *wrong), scores.round(3).tolist(), strict=True))


def test_width_and_case_make_no_difference(static: Embedder) -> None:
    rows = static.embed_queries(["ＧＤＰ增长５％", "gdp增长5%"])
    np.testing.assert_array_equal(rows[0], rows[1])


def test_a_pair_weighs_the_cosines_of_both_models() -> None:
    model, static, pair = load_model("embedded"), shipped("static"), shipped("embedded")
    asked, given = ["要让多少人找到工作？"], ["预期新增就业4万人", "新建停车泊位2000个"]
    each = [one.embed_queries(asked) @ one.embed_passages(given).T for one in (static, model)]
    both = pair.embed_queries(asked) @ pair.embed_passages(given).T
    np.testing.assert_allclose(both, 0.2 * each[0] + 0.8 * each[1], atol=1e-5)
    assert pair.dim == static.dim + model.dim


def test_shipped_models_are_small_and_say_what_they_are() -> None:
    files = [path for path in EMBEDDED_FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 90_000_000
    assert sum(path.stat().st_size for path in ENCODER_FOLDER.iterdir()) <= 48_000_000
    for folder, weights in ((STATIC_FOLDER, MODEL_FILE), (ENCODER_FOLDER, ENCODER_FILE)):
        config = json.loads((folder / CONFIG_FILE).read_text("utf-8"))
        card = (folder / "README.md").read_text("utf-8")
        assert config["sha256"][weights] in card, "the card describes other weights: python -m index.training card"


def test_loading_imports_neither_torch_nor_sentence_transformers() -> None:
    code = (
        "import sys; from index.embed.embedder import load_embedder; load_embedder().embed_queries(['就业'])\n"
        "print([name for name in ('torch', 'sentence_transformers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [MODEL_FILE, TOKENIZER_FILE])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_one_flipped_bit_is_noticed(copied: Path, name: str, share: float) -> None:
    path = copied / name
    data = bytearray(path.read_bytes())
    data[int(share * (len(data) - 1))] ^= 1
    path.write_bytes(data)
    with pytest.raises(EmbedderError, match=f"{name} is damaged: SHA-256"):
        load_model(str(copied))


@pytest.mark.parametrize("name", [MODEL_FILE, TOKENIZER_FILE])
def test_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(EmbedderError, match=f"{name} is missing"):
        load_model(str(copied))


def test_folder_without_config_is_refused(copied: Path) -> None:
    (copied / CONFIG_FILE).unlink()
    with pytest.raises(EmbedderError, match=f"has no {CONFIG_FILE}"):
        StaticEmbedder.open(copied)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"name": "x", "version": "1", "sha256": []}', '{"sha256": {}}'])
def test_broken_config_is_refused(copied: Path, text: str) -> None:
    (copied / CONFIG_FILE).write_text(text, "utf-8")
    with pytest.raises(EmbedderError, match=r"config\.json (cannot be read|does not describe)"):
        StaticEmbedder.open(copied)


def test_files_that_do_not_fit_together_are_refused(copied: Path) -> None:
    small = Tokenizer.from_str('{"version":"1.0","model":{"type":"BPE","vocab":{"a":0},"merges":[]}}')
    small.save(str(copied / TOKENIZER_FILE))
    config = json.loads((copied / CONFIG_FILE).read_text("utf-8"))
    config["sha256"][TOKENIZER_FILE] = sha256(copied / TOKENIZER_FILE)
    (copied / CONFIG_FILE).write_text(json.dumps(config), "utf-8")
    with pytest.raises(EmbedderError, match="rows do not fit 1 tokens"):
        load_model(str(copied))


def test_other_weights_have_another_fingerprint(copied: Path, static: Embedder) -> None:
    config = json.loads((copied / CONFIG_FILE).read_text("utf-8"))
    data = bytearray((copied / MODEL_FILE).read_bytes())
    data[-1] ^= 1
    (copied / MODEL_FILE).write_bytes(data)
    config["sha256"][MODEL_FILE] = sha256(copied / MODEL_FILE)
    (copied / CONFIG_FILE).write_text(json.dumps(config), "utf-8")
    assert load_model(str(copied)).fingerprint != static.fingerprint


def test_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EmbedderError, match=r'pip install "wenju\[models\]"'):
        load_embedder("BAAI/bge-m3")
    with pytest.raises(EmbedderError, match=r'pip install "wenju\[models\]"'):
        to_sentence_transformer()


def test_unknown_name_says_what_to_give(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason=NEEDS_MODELS)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("WENJU_ALLOW_DOWNLOAD", raising=False)
    for name in ("nobody/has-this-model", str(tmp_path)):
        with pytest.raises(EmbedderError, match="Give the folder of a sentence-transformers model"):
            load_embedder(name)


def test_sentence_transformers_gives_the_same_vectors(static: Embedder, tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers", reason=NEEDS_MODELS)
    model = to_sentence_transformer()
    np.testing.assert_allclose(model.encode(TEXTS + UNKNOWN), static.embed_passages(TEXTS + UNKNOWN), atol=1e-5)
    model.save_pretrained(str(tmp_path / "saved"))
    again = library.SentenceTransformer(str(tmp_path / "saved"))
    np.testing.assert_allclose(again.encode(TEXTS), static.embed_queries(TEXTS), atol=1e-5)
