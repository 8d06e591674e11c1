"""Question in, verified answer out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import QuestionError
from index.text.normalize import visible
from rag.answer.answerer import Sources
from rag.answer.chat import ChatAnswerer, offered
from rag.answer.disagreement import Disagreement
from rag.answer.table import Table, tabulated
from rag.check.gate import citation, gate, recomputed
from rag.explain import Explanation, explain
from rag.retrieve.found import Found
from rag.retrieve.ranking import Threshold
from rag.retrieve.retriever import Retriever
from rag.select import Selector
from rag.types import LONGEST_HISTORY, LONGEST_QUESTION, Answer, Draft, Query, Stage, Statement
from rag.understand.asked_places import around
from rag.understand.query import understand
from rag.wording import sentences as phrase

if TYPE_CHECKING:
    from index.storage.store import Store
    from index.types import Context, Paragraph


class Pipeline:
    """Answers questions over one opened index."""

    def __init__(
        self,
        store: Store,
        *,
        today: date | None = None,
        chat: ChatAnswerer | None = None,
        threshold: Threshold | None = None,
    ) -> None:
        """`today` fixes what 今年 in a question means; by default each question is asked on the current day. `chat`
        words the answers where it can; without it they are extracts. `threshold` decides what is sure enough to be an
        answer; without it the fitted one."""
        self.store = store
        self.today = today
        self._chat = chat
        self.threshold = threshold or Threshold()
        self.retriever = Retriever(store)
        sources = Sources.of(store, self.retriever)
        self._measures = sources.measures
        self._selector = Selector(sources, self.threshold)
        self._disagreement = Disagreement(store)

    @property
    def writer(self) -> str | None:
        """The chat model that words the answers, None where they are extracts."""
        return self._chat.name if self._chat else None

    @property
    def generation(self) -> str:
        """The name of the generation of the index that the answers come from."""
        return self.store.generation

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """The answer to `question` after the earlier questions `history`, oldest first.

        Raises QuestionError for a question that is empty or longer than LONGEST_QUESTION characters.
        """
        *_, answer = self.stages(question, history)
        assert isinstance(answer, Answer)
        return answer

    def explain(self, answer: Answer) -> Explanation:
        """Why an answer of this pipeline is as it is. For one at a time, like the stages."""
        return explain(answer, self.store, self.retriever, self.threshold)

    def drafted(self, question: str, history: Sequence[str] = ()) -> Iterator[Answer]:
        """The answer that each draft for a question would make, likely or not: what their rating is fitted on."""
        query = self._understood(question, history)
        found = Found(self.retriever, query.search)
        for reading in self._selector.readings(query):
            here = found.of(reading.search)
            drafts = tuple(self._selector.drafts(reading, here))
            yield from (self._given(reading, draft, here) for draft in drafts)
            if drafts:
                return

    def _understood(self, question: str, history: Sequence[str]) -> Query:
        return understand(question, history, coverage=self.store.coverage, today=self.today or date.today())

    def stages(self, question: str, history: Sequence[str] = ()) -> Iterator[Stage | Answer]:
        """Like `ask`, naming each stage as it begins; the last value is the answer. During “generate”, which takes as
        long as the chat model does, the pipeline may be used by others; the other stages are for one at a time.
        """
        start = time.perf_counter()
        yield "retrieve"
        self._check(question)
        earlier = [h for h in history[-LONGEST_HISTORY:] if visible(h).strip()]
        query = self._understood(question, earlier)
        found = Found(self.retriever, query.search)
        answer = self._ask(query, found)
        if answer.refused and (alone := query.instead.by_itself):
            answer = self._ask(alone, found.of(alone.search))
        if self._chat and answer.query and (given := self._for_chat(answer)):
            yield "generate"
            draft = self._chat.draft(answer.query, given, self.store)
            yield "verify"
            answer = self._generated(answer, answer.query, draft, [paragraph.id for paragraph, _ in given])
        answer = replace(answer, history=tuple(earlier), generation=self.generation)
        yield replace(answer, elapsed_ms=round((time.perf_counter() - start) * 1000, 1))

    def _for_chat(self, answer: Answer) -> list[tuple[Paragraph, Context]]:
        """The paragraphs that a chat model is to answer from. None where there is nothing to word: the question goes
        beyond the reports, nothing meets its constraints, or the answer is a table of computed and cited cells."""
        query, draft = answer.query, answer.draft
        if answer.rows or query is None or draft is None or query.type in ("beyond", "compare"):
            return []
        return [] if query.unknown_places and not query.places else offered(draft.ranked, self.store)

    def _generated(self, extracted: Answer, query: Query, draft: Draft, given: Sequence[str]) -> Answer:
        """The sentences of a model's draft that pass the gate; when none does, the extracted answer with a note."""
        found = gate(draft, query, self.store, given)
        dropped = (*extracted.dropped, *found.dropped)
        if not found.sentences:
            reason = next(iter(draft.notes), phrase.MODEL_WITHHELD)
            note = phrase.instead(reason, refused=extracted.refused)
            return replace(extracted, notes=(*extracted.notes, note), dropped=dropped)
        markers: dict[tuple[str, int, int], int] = {}
        citations, lines = [], []
        for grounded in found.sentences:
            for s in grounded.evidence:
                key = (s.paragraph_id, s.start, s.end)
                if key not in markers:
                    markers[key] = len(markers) + 1
                    citations.append(citation(s, markers[key], self.store))
            marks = [markers[s.paragraph_id, s.start, s.end] for s in grounded.evidence]
            lines.append(phrase.sentence(query, grounded, marks))
        taken = (f"按{query.assumed_year}年：",) if query.assumed_year else ()
        notes = (phrase.left_out(len(found.dropped)),) if found.dropped else ()
        return replace(
            extracted,
            refused=False,
            answer="\n".join([*taken, *lines]),
            citations=tuple(citations),
            answerer=draft.answerer,
            confidence=round(extracted.draft.likely if extracted.draft else 0.0, 3),
            notes=(*taken, *notes),
            covered=(),
            dropped=dropped,
        )

    def _ask(self, query: Query, found: Found) -> Answer:
        return self._given(query, self._selector.select(query, found), found)

    def _given(self, query: Query, draft: Draft, found: Found) -> Answer:
        """The answer that a draft makes once it is checked."""
        query = draft.asked or query
        checked = gate(draft, query, self.store, ())
        statements = checked.statements
        answer = self._answer(query, draft, statements) if statements else self._refusal(query, draft, found)
        return replace(
            answer,
            query=query,
            draft=draft,
            hits=tuple(r.hit for r in draft.ranked),
            scores=tuple(r.score for r in draft.ranked),
            dropped=checked.dropped,
        )

    @staticmethod
    def _check(question: str) -> None:
        if not any(c.isalnum() for c in visible(question)):
            raise QuestionError("请输入问题。", "例如：2025年市北区计划新增就业多少人？")
        if len(question) > LONGEST_QUESTION:
            raise QuestionError(f"问题有 {len(question)} 个字，太长了。", f"请缩短到 {LONGEST_QUESTION} 字以内。")

    def _answer(self, query: Query, draft: Draft, statements: Sequence[Statement]) -> Answer:
        markers: dict[tuple[str, int, int], int] = {}
        for s in statements:
            markers.setdefault((s.paragraph_id, s.start, s.end), len(markers) + 1)
        marked = [(s, markers[s.paragraph_id, s.start, s.end]) for s in statements]
        contradicting = gate(
            Draft(tuple(self._disagreement.with_others(statements))), query, self.store, ()
        ).statements  # what no answer may show is no contradiction either
        others = [(s, len(markers) + n) for n, s in enumerate(contradicting, 1)]
        citations = {m: citation(s, m, self.store) for s, m in (*marked, *others)}
        table = tabulated(query, marked, self._measures) if draft.table else Table()
        kept = tuple(c for c in table.computed if not query.shared and recomputed(c, citations))
        table = replace(table, computed=kept)
        taken = _taken(query, statements)
        notes = self._notes(draft, table)
        answered = phrase.answered(query, draft.polarity)
        differing = [phrase.contradicted(query, s, citations[m].title, m) for s, m in others]
        return Answer(
            question=query.question,
            refused=False,
            answer=answered + "\n".join([*taken, *self._lines(query, marked, table), *differing, *notes]),
            citations=tuple(citations.values()),
            confidence=round(draft.likely, 3),
            rows=table.rows,
            computed=table.computed,
            notes=(*taken, *notes),
        )

    @staticmethod
    def _lines(query: Query, marked: Sequence[tuple[Statement, int]], table: Table) -> list[str]:
        """The cited lines and what is computed of them; of a ranking the first is named first."""
        lines = phrase.lines(query, marked)
        told = [c.text for c in table.computed]
        first = [phrase.cell(row) for row in table.rows] or lines
        return [*told, *first] if query.type == "rank" else [*lines, *told]

    @staticmethod
    def _notes(draft: Draft, table: Table) -> tuple[str, ...]:
        """What a reader of the figures should know: sides that are missing, indicators that are not named alike, why
        nothing is computed."""
        missing = draft.missing
        notes = [*draft.notes, *table.notes]
        if missing:
            notes.append(f"资料没有写：{'、'.join(missing)}。")
        return tuple(notes)

    def _refusal(self, query: Query, draft: Draft, found: Found) -> Answer:
        coverage = self.store.coverage
        places = query.places or around(query.unknown_places, coverage)
        near = [] if query.type == "beyond" or (places and not query.places) else found.of(query.search).nearest()
        covered = tuple(dict.fromkeys(phrase.label(c) for c in near)) or phrase.whole_coverage(coverage, places)
        return Answer(
            question=query.question,
            refused=True,
            answer=phrase.refusal(query, coverage, covered),
            confidence=round(draft.probability, 3),
            covered=covered,
        )


def _taken(query: Query, statements: Sequence[Statement]) -> tuple[str, ...]:
    """Which year 今年 was taken to mean, where what is answered is of that year."""
    year = query.assumed_year
    told = year and any(s.context.year in (year, None) for s in statements)
    return (f"按{year}年：",) if told else ()


def open_pipeline(folder: str | Path, *, today: date | None = None, chat: ChatAnswerer | None = None) -> Pipeline:
    """Open the index in `folder` for questions; `chat` words the answers (see `rag.answer.chat.open_chat`).

    Raises IndexMissing, IndexDamaged or IndexMismatch, each with the command that mends it.
    """
    from index.storage.store import Store

    return Pipeline(Store.open(Path(folder)), today=today, chat=chat)
