"""A real model behind a real server: `transformers serve` over a tiny Qwen2 of random weights. All that it says is
nonsense, and none of it may be shown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from index.embed.folder import STATIC_FOLDER, TOKENIZER_FILE
from rag import Pipeline
from rag.answer.chat import ChatSettings, open_chat

WAIT = 120.0  # seconds, an upper bound for a busy machine
SERVE = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
QUESTION = "2025年市北区计划新增就业多少人？"

pytest.importorskip("accelerate", reason="accelerate is not installed: make test EXTRAS=test,models")
torch = pytest.importorskip("torch", reason="torch is not installed: make test EXTRAS=test,models")
transformers = pytest.importorskip("transformers", reason="transformers is not installed: make test EXTRAS=test,models")


def save_random_model(folder: Path) -> None:
    """A model that has learnt nothing, with the tokenizer of the embedded model."""
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(STATIC_FOLDER / TOKENIZER_FILE), unk_token="[UNK]", pad_token="[PAD]", eos_token="[SEP]"
    )
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=8192, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    model = transformers.Qwen2ForCausalLM(config)
    model.generation_config.max_new_tokens = 80
    model.save_pretrained(folder)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of `transformers serve` and the folder of its model."""
    save_random_model(tmp_path / "model")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", str(tmp_path / "model"), "--port", str(port), "--device", "cpu"]
    log = tmp_path / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, env={**os.environ, "HF_HUB_OFFLINE": "1"}, stdout=out, stderr=out)
    try:
        transport = httpx.HTTPTransport(retries=8)  # waits longer each time, until the server listens
        with httpx.Client(transport=transport, timeout=WAIT) as client:
            client.get(f"http://127.0.0.1:{port}/health").raise_for_status()
        yield f"http://127.0.0.1:{port}/v1", tmp_path / "model"
    except httpx.HTTPError as error:
        pytest.fail(f"transformers serve does not answer ({error}): {log.read_text(errors='backslashreplace')[-800:]}")
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_the_nonsense_of_a_real_model_is_caught(real_pipeline: Pipeline, served: tuple[str, Path]) -> None:
    url, model = served
    chat = open_chat(
        ChatSettings(f"openai:{model}", base_url=url, api_key="none", first_token=WAIT, total=WAIT, longest=100_000)
    )
    try:
        answer = Pipeline(real_pipeline.store, today=real_pipeline.today, chat=chat).ask(QUESTION)
    finally:
        chat.close()
    plain = real_pipeline.ask(QUESTION)
    assert answer.dropped, answer.notes  # it did speak
    assert (answer.answerer, answer.answer, answer.citations) == ("extractive", plain.answer, plain.citations)
    assert "没有通过核对" in answer.notes[0]
