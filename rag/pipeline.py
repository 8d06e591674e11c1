"""Question in, verified answer out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import QuestionError
from index.passages import when
from rag import phrase
from rag.extract import Extraction, Extractor
from rag.fold import visible
from rag.query import understand
from rag.types import Answer, Query, Row, Statement
from rag.units import main_quantity
from rag.verify import checked, citation

if TYPE_CHECKING:
    from index.store import Store

LONGEST_QUESTION = 2000  # characters
LONGEST_HISTORY = 10  # earlier questions that are read


class Pipeline:
    """Answers questions over one opened index."""

    def __init__(self, store: Store, *, today: date | None = None) -> None:
        """`today` fixes what 今年 in a question means; by default each question is asked on the current day."""
        self.store = store
        self._today = today
        self.extractor = Extractor(store)

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """The answer to `question` after the earlier questions `history`, oldest first.

        Raises QuestionError for a question that is empty or longer than LONGEST_QUESTION characters.
        """
        start = time.perf_counter()
        self._check(question)
        earlier = [h for h in history[-LONGEST_HISTORY:] if visible(h).strip()]
        answer = self._ask(question, earlier, self_contained=False)
        if answer.refused and answer.query and answer.query.stayed:
            answer = self._ask(question, earlier, self_contained=True)
        elapsed = round((time.perf_counter() - start) * 1000, 1)
        return replace(answer, elapsed_ms=elapsed)

    def _ask(self, question: str, history: Sequence[str], *, self_contained: bool) -> Answer:
        query = understand(
            question,
            history,
            coverage=self.store.coverage,
            today=self._today or date.today(),
            self_contained=self_contained,
        )
        extraction = self.extractor.draft(query)
        statements = checked(extraction.draft, query, self.store)
        return self._answer(query, extraction, statements) if statements else self._refusal(query, extraction)

    @staticmethod
    def _check(question: str) -> None:
        if not any(c.isalnum() for c in visible(question)):
            raise QuestionError("请输入问题。", "例如：2025年市北区计划新增就业多少人？")
        if len(question) > LONGEST_QUESTION:
            raise QuestionError(f"问题有 {len(question)} 个字，太长了。", f"请缩短到 {LONGEST_QUESTION} 字以内。")

    def _answer(self, query: Query, extraction: Extraction, statements: Sequence[Statement]) -> Answer:
        markers: dict[tuple[str, int, int], int] = {}
        for s in statements:
            markers.setdefault((s.paragraph_id, s.start, s.end), len(markers) + 1)
        marked = [(s, markers[s.paragraph_id, s.start, s.end]) for s in statements]
        citations = {m: citation(s, m, self.store) for s, m in marked}
        rows = tuple(self._row(query, s, m) for s, m in marked) if extraction.draft.table else ()
        taken = (f"按{query.assumed_year}年：",) if query.assumed_year else ()
        notes = self._notes(extraction, rows)
        return Answer(
            question=query.question,
            refused=False,
            answer="\n".join([*taken, *(phrase.line(query, s, m) for s, m in marked), *notes]),
            citations=tuple(citations.values()),
            answerer=extraction.draft.answerer,
            confidence=round(extraction.confidence, 3),
            rows=rows,
            notes=(*taken, *notes),
            query=query,
            hits=tuple(r.hit for r in extraction.ranked),
        )

    @staticmethod
    def _notes(extraction: Extraction, rows: Sequence[Row]) -> tuple[str, ...]:
        """What a reader of the figures should know: sides that are missing, indicators that are not named alike."""
        missing = extraction.draft.missing
        notes = list(extraction.draft.notes)
        if missing:
            notes.append(f"资料没有写：{'、'.join(missing)}。")
        if differing := phrase.differing(rows):
            notes.append(f"{differing}。")
        return tuple(notes)

    @staticmethod
    def _row(query: Query, statement: Statement, marker: int) -> Row:
        context, words = statement.context, statement.words
        start, end = main_quantity(words, query.unit) or (0, 0)
        wording = phrase.indicator(words[:start]) if end else words
        return Row(context.place or "", when(context), context.kind, words[start:end], wording or words, marker)

    def _refusal(self, query: Query, extraction: Extraction) -> Answer:
        near = [] if query.type == "beyond" else self.extractor.nearest(query)
        covered = tuple(dict.fromkeys(phrase.label(c) for c in near)) or phrase.whole_coverage(
            self.store.coverage, query.places
        )
        return Answer(
            question=query.question,
            refused=True,
            answer=phrase.refusal(query, self.store.coverage, covered),
            answerer=extraction.draft.answerer,
            confidence=round(1 - extraction.confidence, 3),
            covered=covered,
            query=query,
            hits=tuple(r.hit for r in extraction.ranked),
        )


def open_pipeline(folder: str | Path, *, today: date | None = None) -> Pipeline:
    """Open the index in `folder` for questions.

    Raises IndexMissing, IndexDamaged or IndexMismatch, each with the command that mends it.
    """
    from index.store import Store

    return Pipeline(Store.open(Path(folder)), today=today)
