"""The index as LangChain sees it, by LangChain's own standard tests for retrievers."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from index.errors import IndexMissing
from rag import Pipeline
from rag.langchain import ReportRetriever, answering

ROOT = Path(__file__).parent.parent
QUESTION = "2025年市北区计划新增就业多少人？"


class TestReportRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _index(self, real_index: Path) -> None:
        self.folder = real_index

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return ReportRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.folder}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION


def test_a_document_says_where_it_stands(real_index: Path) -> None:
    first, *_ = found = ReportRetriever(index=real_index).invoke(QUESTION)
    assert "4万人" in first.page_content
    assert first.metadata["quote"] in first.page_content
    assert {(d.metadata["place"], d.metadata["year"]) for d in found} == {("市北区", 2025)}
    assert len({d.id for d in found}) == len(found) == 8
    assert set(first.metadata) == {
        "paragraph_id", "report", "title", "section", "place", "year", "period", "kind", "quote", "score",
    }  # fmt: skip
    assert ReportRetriever(index=real_index).invoke("1998年市北区计划新增就业多少人？") == []


def test_a_missing_index_is_said(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="wenju build"):
        ReportRetriever(index=tmp_path / "none").invoke(QUESTION)


def test_the_runnable_gives_the_contract(real_pipeline: Pipeline) -> None:
    runnable = answering(real_pipeline)
    alone = runnable.invoke(QUESTION)
    after = runnable.invoke({"question": "那李沧区呢？", "history": [QUESTION]})
    assert "4万人" in alone["answer"]
    assert alone["citations"][0]["place"] == "市北区"
    assert after["citations"][0]["place"] == "李沧区"
    assert [one["question"] for one in runnable.batch([QUESTION, "2025年李沧区呢"])] == [QUESTION, "2025年李沧区呢"]


def test_nothing_of_the_project_needs_it() -> None:
    for path in (p for package in ("index", "rag", "evals", "ui") for p in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert "rag.langchain" not in names, path
