"""The index for LangChain users: a retriever of paragraphs, and a runnable that answers. Needs ``wenju[chat]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda

from index.types import Hit
from rag.pipeline import Pipeline, open_pipeline
from rag.understand.query import understand


class ReportRetriever(BaseRetriever):
    """Paragraphs of an index for a question, best first. Place, year and kind in the question are constraints: when no
    paragraph meets them, there are no documents.

    `index` is the folder of a built index, `k` the most documents that are returned. A document's `page_content` is
    the whole paragraph; its metadata are `paragraph_id`, `report`, `title`, `section`, `place`, `year`, `period`,
    `kind`, `quote` (the clause that was found) and `score`. Opening raises IndexMissing, IndexDamaged or IndexMismatch.
    """

    index: Path
    k: int = 8

    @cached_property
    def _pipeline(self) -> Pipeline:
        return open_pipeline(self.index)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        del run_manager  # nothing here takes long enough to be reported
        asked = understand(query, coverage=self._pipeline.store.coverage, today=date.today())
        best: dict[str, Hit] = {}
        for ranked in self._pipeline.retriever.retrieve(asked.search):
            best.setdefault(ranked.hit.passage.paragraph_id, ranked.hit)
        return [self._document(hit) for hit in list(best.values())[: k or self.k]]

    def _document(self, hit: Hit) -> Document:
        paragraph = self._pipeline.store.paragraph(hit.passage.paragraph_id)
        report = self._pipeline.store.report(paragraph.report_id)
        context = hit.passage.context
        about = {
            "paragraph_id": paragraph.id,
            "report": report.id,
            "title": report.title,
            "section": list(paragraph.section),
            "place": context.place,
            "year": context.year,
            "period": context.period,
            "kind": context.kind,
            "quote": hit.passage.text,
            "score": float(hit.score),
        }
        return Document(page_content=paragraph.text, metadata=about, id=paragraph.id)


def answering(pipeline: Pipeline) -> Runnable[str | Mapping[str, Any], dict[str, Any]]:
    """A runnable from a question, or ``{"question", "history"?}``, to the Answer contract as a dict."""

    def answer(asked: str | Mapping[str, Any]) -> dict[str, Any]:
        question, history = (asked, ()) if isinstance(asked, str) else (asked["question"], asked.get("history", ()))
        earlier: Sequence[str] = tuple(history)
        return pipeline.ask(question, earlier).to_json()

    return RunnableLambda(answer)
