"""The real thing, built once a session: the five seed reports with the model that ships in the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from index.build import build
from index.embedder import load_embedder
from rag import Pipeline, open_pipeline

SEEDS = Path(__file__).parents[1] / "seeds"
TODAY = date(2026, 7, 1)


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
