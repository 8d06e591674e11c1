"""A server that runs takes each new generation of its index, and says so; a bad one never replaces a good one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx
import pytest
from browser import running

from index.embed.embedder import load_embedder
from index.errors import IndexDamaged, IndexMissing
from index.storage.build import build
from index.storage.generation import FILES, current_name
from ui.api.app import create_app
from ui.api.server import IndexFolder
from ui.api.service import Desk

ASKED = "2025年市北区计划新增就业多少人？"
DEADLINE = 60.0  # seconds in which a new generation must have come, on the slowest machine; seconds are usual


def publish(folder: Path, sources: Path, jobs: str) -> str:
    """A new generation of the index that says how many `jobs`; its name."""
    sources.mkdir(exist_ok=True)
    (sources / "a.txt").write_text(
        f"2025年市北区政府工作报告\n\n2025年，新增就业{jobs}万人。\n\n建成亿元楼宇24座。\n", encoding="utf-8"
    )
    build([sources], folder, embedder=load_embedder())
    return current_name(folder)


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    publish(tmp_path / "index", tmp_path / "reports", "4")
    return IndexFolder(tmp_path / "index")


@pytest.fixture
def desk(folder: IndexFolder) -> Desk:
    return Desk(folder.open(), folder)


def test_a_new_generation_answers_the_next_question(folder: IndexFolder, desk: Desk, tmp_path: Path) -> None:
    first = desk.ask(ASKED)
    assert ("4万人" in first.answer, first.generation) == (True, folder.newest())
    taken = desk.current
    name = publish(folder.path, tmp_path / "reports", "5")
    assert desk.obstacle() is None  # it is there, and will be taken
    desk.refresh()
    second = desk.ask(ASKED)
    assert ("5万人" in second.answer, second.generation) == (True, name)
    before = desk.ask(ASKED, (), taken)  # a request that began with the old one ends with it
    assert ("4万人" in before.answer, before.generation) == (True, first.generation)
    assert taken.explain(before).hits


def test_a_damaged_generation_is_not_taken(folder: IndexFolder, desk: Desk, tmp_path: Path) -> None:
    old = desk.current
    name = publish(folder.path, tmp_path / "reports", "5")
    whole = (folder.path / name / FILES.vectors).read_bytes()
    (folder.path / name / FILES.vectors).write_bytes(whole[:-1])
    desk.refresh()
    assert desk.current is old
    assert isinstance(desk.obstacle(), IndexDamaged)
    publish(folder.path, tmp_path / "reports", "6")
    desk.refresh()
    assert desk.obstacle() is None
    assert "6万人" in desk.ask(ASKED).answer


def test_an_index_that_is_gone_is_told_and_the_old_one_answers(folder: IndexFolder, desk: Desk) -> None:
    name = folder.newest()
    shutil.rmtree(folder.path / name)
    assert isinstance(desk.obstacle(), IndexDamaged)
    shutil.rmtree(folder.path)
    desk.refresh()
    assert isinstance(desk.obstacle(), IndexMissing)
    assert "4万人" in desk.ask(ASKED).answer


def test_a_running_server_takes_it_by_itself(folder: IndexFolder, tmp_path: Path) -> None:
    app = create_app(folder.open(), folder=folder)
    with running(app) as url, httpx.Client(base_url=url, timeout=30) as client:
        ask = client.post("/api/ask", json={"question": ASKED}).json()
        shelf = client.get("/api/shelf").json()
        assert ask["generation"] == shelf["generation"] == client.get("/readyz").json()["generation"]
        shutil.copy(Path(__file__).parents[1] / "seeds" / "004_977c2cac0d19ad45.txt", tmp_path / "reports" / "b.txt")
        name = publish(folder.path, tmp_path / "reports", "5")
        end = time.monotonic() + DEADLINE
        while client.get("/readyz").json()["generation"] != name:
            assert time.monotonic() < end, "the new generation was not taken"
        answer = client.post("/api/ask", json={"question": ASKED}).json()
        assert ("5万人" in answer["answer"], answer["generation"]) == (True, name)
        assert client.get("/api/shelf").json()["count"].startswith("2 份报告")
        assert "wenju_reports 2.0" in client.get("/metrics").text
        shutil.rmtree(folder.path)
        gone = client.get("/readyz")
        assert (gone.status_code, gone.json()["generation"]) == (503, name)
        assert "wenju build" in gone.json()["detail"]
        assert str(tmp_path) not in gone.text
        assert client.post("/api/ask", json={"question": ASKED}).status_code == 200
