"""Ask every question of a set and judge the answers. A crash is listed apart, never averaged in as a wrong answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from evals.dataset import Question
from evals.metrics import Verdict, holds_evidence, judge
from index.types import Hit
from rag.types import Answer

FIRST = 3  # hits in which the evidence should already be


class Asker(Protocol):
    """What answers questions: a pipeline."""

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """One answer; `history` holds the earlier questions, oldest first."""


@dataclass(frozen=True, slots=True)
class Result:
    """One answered question. `retrieved`: the evidence is in the first hits; None when there is none to find."""

    question: Question
    answer: Answer
    verdict: Verdict
    retrieved: bool | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Crash:
    """One question that ended in an exception."""

    question: Question
    error: str


@dataclass(frozen=True, slots=True)
class Run:
    """A question set put through a pipeline once, in the order of the set."""

    results: tuple[Result, ...]
    crashes: tuple[Crash, ...]


def run(questions: Iterable[Question], pipeline: Asker, paragraph_text: Callable[[str], str]) -> Run:
    """Ask and judge; `paragraph_text` gives the text of a paragraph by its id."""
    results: list[Result] = []
    crashes: list[Crash] = []
    for question in questions:
        start = time.perf_counter()
        try:
            answer = pipeline.ask(question.question, question.history)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding about this question
            crashes.append(Crash(question, f"{type(error).__name__}: {error}"))
            continue
        seconds = time.perf_counter() - start
        retrieved = _retrieved(question, answer.hits, paragraph_text)
        results.append(Result(question, answer, judge(question, answer), retrieved, seconds))
    return Run(tuple(results), tuple(crashes))


def _retrieved(question: Question, hits: Sequence[Hit], paragraph_text: Callable[[str], str]) -> bool | None:
    if not question.answerable:
        return None
    distinct = tuple(dict.fromkeys(hit.passage.paragraph_id for hit in hits))[:FIRST]
    return holds_evidence(question, [paragraph_text(id_) for id_ in distinct])
