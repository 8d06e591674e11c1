"""The desk where every face hands in its questions: it checks and cleans them, asks the pipeline and counts."""

from __future__ import annotations

import logging
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from index.errors import QuestionError, WenjuError
from rag.explain import Explanation
from rag.types import LONGEST_HISTORY, LONGEST_QUESTION, Answer, Stage
from ui.web.reading import Reading, Shelf

_BREAKS = {"\t": " ", "\n": " ", "\r": " ", "\v": " ", "\f": " ", "\u2028": " ", "\u2029": " ", "\x85": " "}
_DROPPED = {"Cc", "Cf", "Cs"}  # control, format (zero width, bidi), surrogate
EVERY = 1.0  # seconds between looks for a newer generation: one read of a short file
AGAIN = 30.0  # seconds until a generation that could not be opened is tried once more
log = logging.getLogger(__name__)


class Asks(Protocol):
    """The part of `rag.pipeline.Pipeline` that the faces use."""

    @property
    def store(self) -> Shelf: ...
    @property
    def writer(self) -> str | None: ...
    @property
    def generation(self) -> str: ...
    def stages(self, question: str, history: Sequence[str] = ()) -> Iterator[Stage | Answer]: ...
    def explain(self, answer: Answer) -> Explanation: ...


class Generations(Protocol):
    """The index folder that a server looks after while it runs."""

    def newest(self) -> str:
        """The name of the current generation; StoreError when the folder holds none."""
        ...

    def open(self) -> Asks:
        """The current generation, verified and opened; WenjuError when it cannot be."""
        ...


class FieldError(QuestionError):
    """One field of a request cannot be used; `field` names it."""

    def __init__(self, field: str, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.field = field


class Meters:
    """What Prometheus may know: how many questions, how they ended, how long they took, what is on the shelf."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.asks = Counter("wenju_asks", "Questions by outcome", ["outcome"], registry=self.registry)
        self.seconds = Histogram("wenju_ask_seconds", "Seconds to answer a question", registry=self.registry)
        for outcome in ("answered", "refused", "invalid", "failed"):
            self.asks.labels(outcome)
        self._reports = Gauge("wenju_reports", "Reports in the index", registry=self.registry)
        self._paragraphs = Gauge("wenju_paragraphs", "Citable paragraphs in the index", registry=self.registry)

    def show(self, reading: Reading) -> None:
        self._reports.set(len(reading.shelf.reports))
        self._paragraphs.set(reading.citable)


@dataclass(frozen=True, slots=True)
class Opened:
    """One generation of the index as the faces use it. A request takes one and stays with it, so that its answer, its
    explanation and its evidence are of one generation."""

    pipeline: Asks
    reading: Reading
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)  # a pipeline keeps caches

    @classmethod
    def of(cls, pipeline: Asks) -> Opened:
        return cls(pipeline, Reading(pipeline.store))

    def explain(self, answer: Answer) -> Explanation:
        """Why an answer of this generation is as it is."""
        with self._one_at_a_time:
            return self.pipeline.explain(answer)

    def peek(self, question: str) -> Answer:
        """An answer that is not counted."""
        return _last(self.stages(question, ()))

    def stages(self, question: str, history: Sequence[str]) -> Iterator[Stage | Answer]:
        """Those of the pipeline; only “generate”, the wait for a chat model, overlaps with other questions."""
        steps = self.pipeline.stages(question, history)
        overlapping, done = False, False
        while not done:
            with nullcontext() if overlapping else self._one_at_a_time:
                step = next(steps)
            overlapping, done = step == "generate", isinstance(step, Answer)
            yield step


class Desk:
    """Takes questions as they come, from a page or a program, and returns answers from the newest generation."""

    def __init__(
        self,
        pipeline: Asks,
        folder: Generations | None = None,
        examples: Callable[[Opened], Sequence[str]] | None = None,
    ) -> None:
        """`folder` is where newer generations than that of `pipeline` appear; None where there are none. `examples`
        makes the questions that the page offers, anew for each generation."""
        self._folder = folder
        self._examples = examples
        self._failed, self._again = "", 0.0  # the generation that could not be opened, and when to try it again
        self._trouble: WenjuError | None = None  # why it could not
        self.writer = pipeline.writer
        self.meters = Meters()
        self._take(Opened.of(pipeline))

    def _take(self, opened: Opened) -> None:
        offered = tuple(self._examples(opened)) if self._examples else ()
        self.meters.show(opened.reading)
        self.current, self.offered = opened, offered  # between two questions: each request reads `current` once

    def refresh(self) -> None:
        """Take the newest generation once it is verified; until then, and when it cannot be used, the old one answers.

        For one thread at a time."""
        if self._folder is None:
            return
        name = ""
        try:
            name = self._folder.newest()
            if name == self.current.pipeline.generation:
                self._trouble, self._failed = None, ""
            elif name != self._failed or time.monotonic() >= self._again:
                self._take(Opened.of(self._folder.open()))
                self._trouble, self._failed = None, ""
                log.info("generation %s answers now", name)
        except WenjuError as error:
            if self._trouble is None or name != self._failed:
                log.error("the newest index cannot be used, the old one goes on: %s", error)
            self._trouble, self._failed, self._again = error, name, time.monotonic() + AGAIN

    def obstacle(self) -> WenjuError | None:
        """Why the generation that answers is not the one on disk; None when it is, or the new one is being opened."""
        if self._folder is None:
            return None
        try:
            newest = self._folder.newest()
        except WenjuError as error:
            return error
        return self._trouble if newest != self.current.pipeline.generation else None

    def watch(self, stop: threading.Event) -> None:
        """`refresh` every EVERY seconds until `stop` is set."""
        while not stop.wait(EVERY):
            try:
                self.refresh()
            except Exception:  # the old generation goes on answering, and the next look may find better
                log.exception("looking for a newer index failed")

    def ask(self, question: object, history: object = (), opened: Opened | None = None) -> Answer:
        """Raises FieldError when a field cannot be used, other WenjuError when the answer cannot be made."""
        return _last(self.stages(question, history, opened))

    def stages(self, question: object, history: object = (), opened: Opened | None = None) -> Iterator[Stage | Answer]:
        """Like `ask`, naming each stage as it begins; the last value is the answer. From `opened`, or the newest."""
        outcome = "failed"
        try:
            asked, before = question_text(question), history_texts(history)
            started = time.perf_counter()
            for step in (opened or self.current).stages(asked, before):
                if isinstance(step, Answer):
                    self.meters.seconds.observe(time.perf_counter() - started)
                    outcome = "refused" if step.refused else "answered"
                yield step
        except QuestionError:
            outcome = "invalid"
            raise
        finally:
            self.meters.asks.labels(outcome).inc()


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
    return tuple(text for text in texts if text)[-LONGEST_HISTORY:]


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise FieldError(field, f"{field} 须是文字")
    if len(value) > LONGEST_QUESTION:
        raise FieldError(field, f"问题太长：{len(value)} 字", f"最多 {LONGEST_QUESTION} 字")
    return clean(value)
