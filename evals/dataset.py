"""Question sets: one JSON object a line, in the format of the shared scorer plus ``split``.

`load` refuses what cannot be read as a set at all; `check` finds what a set claims that its sources do not hold.
``python -m evals.dataset QUESTIONS SOURCES`` prints the findings of both.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from evals.matching import norm, occurs
from index.errors import InputError

CATEGORIES = frozenset(
    {"fact", "paraphrase", "confusable", "list", "compare", "followup", "variant", "english", "unanswerable"}
)
SEED_QUESTIONS = Path(__file__).with_name("questions") / "seeds.jsonl"
ASKED_ON = date(2026, 7, 1)  # 今年 in a question of the set is the year of this day
NEAR = 400  # folded characters on each side of a snippet in which its figures must stand


@dataclass(frozen=True, slots=True)
class Evidence:
    """Verbatim text, whitespace removed, from the paragraph of `file` that holds the fact."""

    file: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what a right answer to it must hold.

    `answers`: every inner tuple must have one alternative in the answer. `evidence_mode` "any": one snippet in a
    cited paragraph is enough; "all": each one must be cited. `forbidden`: figures of a sibling question.
    """

    id: str
    category: str
    question: str
    answerable: bool
    history: tuple[str, ...] = ()
    answers: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    evidence_mode: Literal["any", "all"] = "any"
    forbidden: tuple[str, ...] = ()
    split: str = "all"
    line: int = 0  # in the file it was read from, from 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one question."""

    line: int
    id: str
    why: str

    def __str__(self) -> str:
        return f"第{self.line}行 {self.id}：{self.why}"


def load(path: Path) -> tuple[Question, ...]:
    """Read a question set. Raises InputError naming the line that is not a question or repeats an id."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"读不了问题集 {path}：{error}。", "请检查 --questions 的路径，文件须为 UTF-8。") from error
    questions = tuple(_parse(line, number, path) for number, line in enumerate(lines, 1) if line.strip())
    if not questions:
        raise InputError(f"问题集 {path} 里没有问题。", "每行放一个 JSON 对象。")
    seen: dict[str, int] = {}
    for question in questions:
        if (first := seen.setdefault(question.id, question.line)) != question.line:
            what = f"{path} 第{question.line}行：编号 {question.id} 与第{first}行重复。"
            raise InputError(what, "请给每个问题不同的 id。")
    return questions


def _parse(line: str, number: int, path: Path) -> Question:
    from pydantic import TypeAdapter, ValidationError

    try:
        question = TypeAdapter(Question).validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(f"{path} 第{number}行不是一个问题：{field} {first['msg']}。", "请改正这一行。") from error
    return replace(question, line=number)


def digest(questions: Iterable[Question]) -> str:
    """SHA-256 of what is asked and expected, whatever the order and layout of the file."""
    rows = (asdict(replace(question, line=0)) for question in questions)
    lines = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_sources(folder: Path) -> dict[str, str]:
    """The folded text of every text file in `folder`, by file name."""
    paths = (path for path in sorted(folder.iterdir()) if path.suffix in {".txt", ".md"})
    return {path.name: norm(path.read_text(encoding="utf-8-sig")) for path in paths}


def check(questions: Sequence[Question], sources: Mapping[str, str]) -> tuple[Problem, ...]:
    """What is wrong with the set; `sources` as from `read_sources`. Empty when it is sound."""
    return tuple(Problem(q.line, q.id, why) for q in questions for why in _faults(q, sources))


def _faults(question: Question, sources: Mapping[str, str]) -> Iterator[str]:
    if question.category not in CATEGORIES:
        yield f"未知类别 {question.category}"
    if not question.question.strip():
        yield "问题是空的"
    if not all(norm(text) for alternatives in (*question.answers, question.forbidden) for text in alternatives):
        yield "answers 或 forbidden 里有空白"
    if not question.answerable:
        if question.answers or question.evidence:
            yield "不能回答的问题却给了答案或证据"
    elif not question.evidence:
        yield "能回答的问题没有证据"
    yield from _unfounded(question, sources)


def _unfounded(question: Question, sources: Mapping[str, str]) -> Iterator[str]:
    """Snippets that do not stand in their file, and figures that do not stand near any snippet."""
    windows: list[str] = []
    for evidence in question.evidence:
        text, snippet = sources.get(Path(evidence.file).name), norm(evidence.snippet)
        if text is None:
            yield f"没有文件 {evidence.file}"
        elif not snippet or snippet not in text:
            yield f"片段“{evidence.snippet}”不在 {evidence.file} 里"
        else:
            windows.extend(_windows(snippet, text))
    if not windows:
        return
    for alternatives in question.answers:
        figures = [text for text in alternatives if any(map(str.isdigit, norm(text)))]
        if figures and not any(occurs(figure, window) for figure in figures for window in windows):
            yield f"数字 {'/'.join(figures)} 不在证据片段附近"


def _windows(snippet: str, text: str) -> Iterator[str]:
    """What stands around each place where the snippet stands."""
    start = text.find(snippet)
    while start >= 0:
        yield text[max(0, start - NEAR) : start + len(snippet) + NEAR]
        start = text.find(snippet, start + 1)


def main(arguments: Sequence[str]) -> int:
    """Check one set against a folder of sources; 1 when something is wrong."""
    if len(arguments) != 2:
        print("usage: python -m evals.dataset QUESTIONS.jsonl SOURCES", file=sys.stderr)
        return 2
    try:
        questions = load(Path(arguments[0]))
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    problems = check(questions, read_sources(Path(arguments[1])))
    print("\n".join(map(str, problems)) or f"{len(questions)} 个问题，没有发现错误")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
