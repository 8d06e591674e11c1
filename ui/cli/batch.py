"""`wenju ask --batch`: one JSON answer a line, in the order of the questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import InputError, WenjuError
from rag.types import Answer
from ui.cli.messages import Messages, json_line

if TYPE_CHECKING:
    from rag.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a batch."""

    id: str | int
    question: str
    history: tuple[str, ...]


def answer_json(answer: Answer, pipeline: Pipeline, explained: bool) -> dict[str, Any]:
    """The Answer contract, where `explained` with the explanation of its own."""
    return answer.to_json() | ({"explanation": pipeline.explain(answer).to_json()} if explained else {})


def answer_all(pipeline: Pipeline, path: Path, say: Messages, *, explained: bool = False) -> int:
    """Answer every line to standard output; lines that cannot be answered go to standard error. The exit status."""
    failed = 0
    for number, raw in _lines(path, say):
        try:
            asked = parse(raw)
            answer = answer_json(pipeline.ask(asked.question, asked.history), pipeline, explained)
        except ValueError:
            failed += _complain(say, path, number, say("not_question"))
        except WenjuError as error:
            failed += _complain(say, path, number, say.failure(error))
        except Exception as error:  # noqa: BLE001 - one question must not cost the answers to the others
            failed += _complain(say, path, number, say("internal", error=f"{type(error).__name__}: {error}"))
        else:
            print(json_line({"id": asked.id, **answer}), flush=True)
    return 1 if failed else 0


def _lines(path: Path, say: Messages) -> Iterator[tuple[int, bytes]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(say("unreadable", file=path, reason=error.strerror), "") from error
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def parse(raw: bytes) -> Asked:
    """Raises ValueError when the line is not a question."""
    row: Any = json.loads(raw.decode("utf-8"))
    match row:
        case {"id": str() | int() as id_, "question": str() as question}:
            history = row.get("history") or []
            if isinstance(history, list) and all(isinstance(earlier, str) for earlier in history):
                return Asked(id_, question, tuple(history))
    raise ValueError("not a question")


def _complain(say: Messages, path: Path, number: int, reason: str) -> int:
    print(say("bad_line", file=path, line=number, reason=reason), file=sys.stderr, flush=True)
    return 1
