"""The desk where every face hands in its questions: it checks and cleans them, asks the pipeline and counts."""

from __future__ import annotations

import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from index.errors import QuestionError
from rag.explain import Explanation
from rag.types import Answer, Stage
from ui.reading import Reading, Shelf

MOST_CHARACTERS = 2000
MOST_HISTORY = 20  # a follow-up leans on the last few questions only
_BREAKS = {"\t": " ", "\n": " ", "\r": " ", "\v": " ", "\f": " ", "\u2028": " ", "\u2029": " ", "\x85": " "}
_DROPPED = {"Cc", "Cf", "Cs"}  # control, format (zero width, bidi), surrogate


class Asks(Protocol):
    """The part of `rag.pipeline.Pipeline` that the faces use."""

    @property
    def store(self) -> Shelf: ...
    @property
    def writer(self) -> str | None: ...
    def stages(self, question: str, history: Sequence[str] = ()) -> Iterator[Stage | Answer]: ...
    def explain(self, answer: Answer) -> Explanation: ...


class FieldError(QuestionError):
    """One field of a request cannot be used; `field` names it."""

    def __init__(self, field: str, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.field = field


class Meters:
    """What Prometheus may know: how many questions, how they ended, how long they took, what is on the shelf."""

    def __init__(self, reading: Reading) -> None:
        self.registry = CollectorRegistry()
        self.asks = Counter("wenju_asks", "Questions by outcome", ["outcome"], registry=self.registry)
        self.seconds = Histogram("wenju_ask_seconds", "Seconds to answer a question", registry=self.registry)
        for outcome in ("answered", "refused", "invalid", "failed"):
            self.asks.labels(outcome)
        Gauge("wenju_reports", "Reports in the index", registry=self.registry).set(len(reading.shelf.reports))
        Gauge("wenju_paragraphs", "Citable paragraphs in the index", registry=self.registry).set(reading.citable)


class Desk:
    """Takes questions as they come, from a page or a program, and returns answers."""

    def __init__(self, pipeline: Asks) -> None:
        self._pipeline = pipeline
        self._one_at_a_time = threading.Lock()  # a pipeline keeps caches; only “generate” may overlap
        self.reading = Reading(pipeline.store)
        self.writer = pipeline.writer
        self.meters = Meters(self.reading)

    def ask(self, question: object, history: object = ()) -> Answer:
        """Raises FieldError when a field cannot be used, other WenjuError when the answer cannot be made."""
        return _last(self.stages(question, history))

    def explain(self, answer: Answer) -> Explanation:
        """Why an answer of this desk is as it is."""
        with self._one_at_a_time:
            return self._pipeline.explain(answer)

    def stages(self, question: object, history: object = ()) -> Iterator[Stage | Answer]:
        """Like `ask`, naming each stage as it begins; the last value is the answer."""
        outcome = "failed"
        try:
            asked, before = question_text(question), history_texts(history)
            started = time.perf_counter()
            for step in self._stages(asked, before):
                if isinstance(step, Answer):
                    self.meters.seconds.observe(time.perf_counter() - started)
                    outcome = "refused" if step.refused else "answered"
                yield step
        except QuestionError:
            outcome = "invalid"
            raise
        finally:
            self.meters.asks.labels(outcome).inc()

    def peek(self, question: str) -> Answer:
        """An answer that is not counted."""
        return _last(self._stages(question, ()))

    def _stages(self, question: str, history: Sequence[str]) -> Iterator[Stage | Answer]:
        steps = self._pipeline.stages(question, history)
        overlapping, done = False, False
        while not done:
            with nullcontext() if overlapping else self._one_at_a_time:
                step = next(steps)
            overlapping, done = step == "generate", isinstance(step, Answer)
            yield step


def _last(steps: Iterator[Stage | Answer]) -> Answer:
    *_, answer = steps
    assert isinstance(answer, Answer)
    return answer


def clean(text: str) -> str:
    """Without what cannot be seen: controls, zero-width and bidi characters, lone surrogates; breaks become blanks."""
    seen = (_BREAKS.get(char, char) for char in text)
    kept = (char for char in seen if unicodedata.category(char) not in _DROPPED)
    return " ".join("".join(kept).split())


def question_text(value: object) -> str:
    """The question, cleaned. Raises FieldError when it is no text, says nothing or is too long."""
    text = _text("question", value)
    if not any(char.isalnum() for char in text):
        raise FieldError("question", "请输入问题")
    return text


def history_texts(value: object) -> tuple[str, ...]:
    """The last of the earlier questions, cleaned, blank ones left out."""
    if not isinstance(value, list | tuple):
        raise FieldError("history", "history 须是文字的列表")
    texts = [_text(f"history[{place}]", item) for place, item in enumerate(value)]
    return tuple(text for text in texts if text)[-MOST_HISTORY:]


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise FieldError(field, f"{field} 须是文字")
    if len(value) > MOST_CHARACTERS:
        raise FieldError(field, f"问题太长：{len(value)} 字", f"最多 {MOST_CHARACTERS} 字")
    return clean(value)
