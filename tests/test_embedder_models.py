"""Models of other makers, each a real transformer made here: prompts, batches, ONNX, and an index built with one."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from typer.testing import CliRunner

from index.embed.embedder import load_embedder, load_model
from index.embed.options import ModelOptions, prompts_of
from index.embed.transformer import AT_ONCE, in_batches
from index.errors import EmbedderError, IndexMismatch
from index.storage.build import build
from index.storage.generation import current_name
from index.storage.store import Store
from ui.cli.app import app
from ui.cli.messages import Messages

NEEDS_MODELS = "needs the extra: pip install 'wenju[models]'"
NEEDS_ONNX = "needs the extras: pip install 'wenju[models,onnx]'"
TEXTS = ["新增就业", "", "就业人数", "新", "问题" * 200, "   "]
OWN = ModelOptions()


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers", reason=NEEDS_MODELS)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("WENJU_ALLOW_DOWNLOAD", raising=False)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with its ONNX files, as the command writes them."""
    for package in ("sentence_transformers", "onnx", "onnxruntime"):
        pytest.importorskip(package, reason=NEEDS_ONNX)
    from typer.testing import CliRunner

    from ui.cli.app import app

    folder = tiny_transformer(tmp_path_factory.mktemp("exported"))
    with warnings.catch_warnings():  # of the exporter and of torch
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(app, ["model", "export", str(folder)])
    assert done.exit_code == 0, done.output
    assert done.output.count(".onnx（") == 2
    return folder


@pytest.mark.parametrize(
    ("name", "saved", "options", "wanted"),
    [
        ("intfloat/multilingual-e5-small", {"query": "", "document": ""}, OWN, ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large-instruct", {}, OWN, ("", "")),
        ("BAAI/bge-small-zh-v1.5", {}, OWN, ("为这个句子生成表示以用于检索相关文章：", "")),
        ("BAAI/bge-small-zh-noinstruct", {}, OWN, ("", "")),
        ("thenlper/gte-base-zh", {}, OWN, ("", "")),
        ("BAAI/bge-m3", {}, OWN, ("", "")),
        ("intfloat/multilingual-e5-small", {"query": "Q: "}, OWN, ("Q: ", "")),
        ("any", {"query": "Q: ", "passage": "P: "}, OWN, ("Q: ", "P: ")),
        ("any", {"query": "Q: ", "document": "D: "}, ModelOptions(query_prompt="", passage_prompt="x"), ("", "x")),
    ],
)
def test_prompts_are_those_given_else_saved_else_known(
    name: str, saved: dict[str, str], options: ModelOptions, wanted: tuple[str, str]
) -> None:
    assert prompts_of(name, saved, options) == wanted


def test_a_folder_of_the_hub_s_cache_is_known_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "models--BAAI--bge-base-zh-v1.5" / "snapshots" / "0123"
    folder.mkdir(parents=True)
    assert prompts_of(str(folder), {}, OWN)[0].startswith("为这个句子")


def test_batches_are_bounded_and_rows_are_unit_or_zero() -> None:
    sizes: list[int] = []

    def encode(texts: list[str]) -> np.ndarray:
        sizes.append(len(texts) * max(map(len, texts)))
        assert all(text.strip() for text in texts)
        return np.array([[len(text), 0.0] if "零" not in text else [0, 0] for text in texts], np.float32)

    texts = ["就" * n for n in range(300)] + ["零", " ", "长" * 100_000]
    rows = in_batches(texts, 2, encode)
    assert max(sizes[:-1]) <= AT_ONCE
    assert sizes[-1] == 100_000
    assert [row.tolist() for row in rows[[0, 1, 299, 300, 301, 302]]] == [
        [0, 0],
        [1, 0],
        [1, 0],
        [0, 0],
        [0, 0],
        [1, 0],
    ]


def test_a_transformer_folder_loads_with_its_own_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers", reason=NEEDS_MODELS)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tiny_transformer(tmp_path)
    embedder = load_model(str(folder))
    queries, passages = embedder.embed_queries(["新 增 就 业"]), embedder.embed_passages(["新 增 就 业"])
    assert queries.shape == (1, embedder.dim) == (1, 16)
    assert queries.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)
    assert np.abs(queries - passages).max() > 1e-4, "the prompt for questions was not used"
    assert embedder.fingerprint == load_model(str(folder)).fingerprint
    assert embedder.embed_queries([]).shape == (0, 16)


def test_a_transformer_folder_with_damaged_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers", reason=NEEDS_MODELS)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tiny_transformer(tmp_path)
    weights = next(folder.rglob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:200])
    with pytest.raises(EmbedderError, match=r"No usable model .* on this machine"):
        load_embedder(str(folder))


def test_rows_are_unit_the_same_every_time_and_zero_for_blank_texts(tmp_path: Path) -> None:
    embedder = load_model(str(tiny_transformer(tmp_path)))
    rows = embedder.embed_passages(TEXTS)
    np.testing.assert_array_equal(rows, embedder.embed_passages(TEXTS))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0, 1, 1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(rows[2], embedder.embed_passages(["就业人数"])[0], atol=1e-5)


def test_given_prompts_are_used_and_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    name = str(tiny_transformer(tmp_path))
    own, other = load_model(name), load_model(name, ModelOptions(query_prompt="就 业 ", passage_prompt="问 题 "))
    assert own.fingerprint != other.fingerprint
    np.testing.assert_allclose(own.embed_queries(["新"]), other.embed_passages(["新"]), atol=1e-6)
    assert np.abs(own.embed_queries(["新"]) - other.embed_queries(["新"])).max() > 1e-4


def test_the_static_model_takes_no_options() -> None:
    with pytest.raises(EmbedderError, match="takes neither prompts nor backends"):
        load_embedder(options=ModelOptions(backend="onnx"))


def test_an_index_is_built_asked_and_refused_when_the_model_changes(tmp_path: Path) -> None:
    source, index = tmp_path / "a.txt", tmp_path / "index"
    source.write_text("市北区政府工作报告\n\n2025年新增就业4万人。\n\n2025年新建学校6所。\n", "utf-8")
    model = tiny_transformer(tmp_path)
    arguments = ["build", str(source), "--index", str(index), "--embedder", str(model), "--passage-prompt", "就 业 "]
    done = CliRunner().invoke(app, arguments, obj=Messages("zh"))
    assert done.exit_code == 0, done.output
    manifest = json.loads((index / current_name(index) / "manifest.json").read_text("utf-8"))
    assert manifest["options"] == {"passage_prompt": "就 业 "}
    store = Store.open(index)
    passage = store.search("新增就业多少人", mode="dense")[0].passage
    prompted = load_embedder(str(model), ModelOptions(passage_prompt="就 业 "))
    np.testing.assert_allclose(
        store.index.vectors[store.passages.index(passage)],
        prompted.embed_passages([f"{passage.header}\n{passage.text}"])[0],
        atol=1e-5,
    )
    with pytest.raises(IndexMismatch, match="索引是用模型"):
        Store.open(index, load_embedder(str(model)))
    tiny_transformer(tmp_path, seed=1)
    with pytest.raises(IndexMismatch, match=r"索引是用模型 .*wenju build"):
        Store.open(index)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken"])
def test_onnx_gives_the_vectors_of_torch(exported: Path, pooling: str) -> None:
    path = exported / "1_Pooling" / "config.json"
    path.write_text(path.read_text("utf-8").replace('"mean"', f'"{pooling}"'), "utf-8")
    try:
        torch, onnx = load_embedder(str(exported)), load_embedder(str(exported), ModelOptions(backend="onnx"))
    finally:
        path.write_text(path.read_text("utf-8").replace(f'"{pooling}"', '"mean"'), "utf-8")
    assert onnx.dim == torch.dim
    np.testing.assert_allclose(onnx.embed_queries(TEXTS), torch.embed_queries(TEXTS), atol=1e-4)
    np.testing.assert_allclose(onnx.embed_passages(TEXTS), torch.embed_passages(TEXTS), atol=1e-4)
    assert onnx.embed_queries([]).shape == (0, onnx.dim)


def test_int8_is_near_and_does_not_depend_on_the_neighbours(exported: Path) -> None:
    whole = load_embedder(str(exported), ModelOptions(backend="onnx"))
    small = load_embedder(str(exported), ModelOptions(backend="onnx-int8"))
    assert small.fingerprint != whole.fingerprint
    rows = small.embed_passages(TEXTS)
    assert float((rows * whole.embed_passages(TEXTS)).sum(axis=1)[[0, 2, 3, 4]].min()) > 0.98
    np.testing.assert_array_equal(rows, np.concatenate([small.embed_passages([text]) for text in TEXTS]))


def test_an_index_remembers_the_backend(exported: Path, tmp_path: Path) -> None:
    source, index = tmp_path / "a.txt", tmp_path / "index"
    source.write_text("市北区政府工作报告\n\n2025年新增就业4万人。\n", "utf-8")
    options = ModelOptions(backend="onnx-int8")
    model = load_embedder(str(exported), options)
    build([source], index, embedder=model, embedder_name=str(exported), options=options)
    assert Store.open(index).embedder.fingerprint == model.fingerprint


def test_a_folder_without_onnx_files_says_how_to_make_them(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason=NEEDS_ONNX)
    folder = tiny_transformer(tmp_path)
    with pytest.raises(EmbedderError, match=r"no file for the backend onnx-int8.*wenju model export"):
        load_embedder(str(folder), ModelOptions(backend="onnx-int8"))
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EmbedderError, match="No usable model"):
        load_embedder(str(folder), ModelOptions(backend="onnx"))


def tiny_transformer(folder: Path, seed: int = 0) -> Path:
    """A BERT of one layer with random weights over a few characters, saved with a prompt for questions."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "问", "题", "新", "增", "就", "业"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Split("", "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", words.index("[CLS]")), ("[SEP]", words.index("[SEP]"))]
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=64)  # fmt: skip
    BertModel(config).save_pretrained(folder / "bert")
    fast.save_pretrained(folder / "bert")
    body = Transformer(str(folder / "bert"))
    model = SentenceTransformer(
        modules=[body, Pooling(16)], prompts={"query": "问 题 ", "document": ""}, default_prompt_name=None
    )
    model.save_pretrained(str(folder / "tiny"))
    return folder / "tiny"
