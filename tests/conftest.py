"""The real thing, built once a session: the five seed reports with the model that ships in the project."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from index.embed.embedder import load_embedder
from index.storage.build import build
from rag import Pipeline, open_pipeline

SEEDS = Path(__file__).parents[1] / "seeds"
TODAY = date(2026, 7, 1)
NEEDS_TORCH = "needs the extra: pip install 'wenju[models]'"


@pytest.fixture(scope="session")
def real_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an index over seeds/."""
    folder = tmp_path_factory.mktemp("real") / "index"
    build([SEEDS], folder, embedder=load_embedder())
    return folder


@pytest.fixture(scope="session")
def real_pipeline(real_index: Path) -> Pipeline:
    """Answers over that index; 今年 in a question is 2026."""
    return open_pipeline(real_index, today=TODAY)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: with products this small the others only wait, for minutes on a busy machine."""
    torch = pytest.importorskip("torch", reason=NEEDS_TORCH)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
