"""The page of the models, and weights that were fitted on a user's own questions."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.dataset import SEED_QUESTIONS
from evals.models import COLUMNS, page, size
from index.embed.folder import STATIC_FOLDER
from index.errors import InputError
from rag.retrieve.ranking import weights
from ui.cli.app import app


@pytest.fixture(autouse=True)
def _own_weights(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("WENJU_WEIGHTS", "")
    weights.cache_clear()
    yield
    weights.cache_clear()


def test_the_page_has_a_column_for_each_model_and_a_line_for_each_figure() -> None:
    text = page({"embedded": {"seeds": 0.919, "build s": 8.04}, "/models/other": {"MB": 1234.5}})
    assert "| | `embedded` | `other` |" in text
    assert all(sum(line.startswith(f"| {name}: ") for line in text.splitlines()) == 1 for name in COLUMNS)
    assert "| 0.919 | – |" in text
    assert "| 8.0 | – |" in text
    assert "| – | 1,234 |" in text


def test_the_size_of_a_model_is_that_of_its_files_and_the_table() -> None:
    table = sum(path.stat().st_size for path in STATIC_FOLDER.iterdir() if path.suffix != ".md")
    assert size("static") == table < size("embedded") <= 90_000_000


def test_own_questions_move_the_weights_and_the_file_is_used(
    real_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [json.loads(line) for line in SEED_QUESTIONS.read_text("utf-8").splitlines()]
    some = [row for row in rows if row["split"] == "train" and row["category"] in ("fact", "paraphrase")][:40]
    questions, out = tmp_path / "own.jsonl", tmp_path / "weights.json"
    questions.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some), "utf-8")
    shipped = weights()
    fit = ["eval", "fit", "--questions", str(questions), "--index", str(real_index), "--out", str(out)]
    done = CliRunner().invoke(app, fit)
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("WENJU_WEIGHTS", str(out))
    weights.cache_clear()
    assert weights().keys() == shipped.keys()
    assert weights()["rank"] != shipped["rank"]
    assert weights()["draft"]["threshold"] == shipped["draft"]["threshold"]
    moved = [abs(weights()["rank"][name] - shipped["rank"][name]) for name in shipped["rank"]]
    assert max(moved) < 1.5, "forty questions say little: the weights stay near those that ship"
    questions.write_text(json.dumps(some[0], ensure_ascii=False) + "\n", "utf-8")
    few = CliRunner().invoke(app, fit)
    assert isinstance(few.exception, InputError)
    assert "至少要 20 个" in few.exception.what


@pytest.mark.parametrize("text", ["{", "[]", '{"rank": {}}', '{"rank": 1, "confidence": 2, "draft": 3}'])
def test_a_file_of_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "weights.json"
    path.write_text(text, "utf-8")
    monkeypatch.setenv("WENJU_WEIGHTS", str(path))
    with pytest.raises(InputError, match=r"weights\.json.*wenju eval fit"):
        weights()
