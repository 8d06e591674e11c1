"""A question is understood once: later stages know it by the fields of its `Query`. They match no pattern on its words,
look for none in them, and make no other question of it. The syntax trees are walked, so that it stays so."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from index.types import Context, Coverage
from rag.types import Query
from rag.understand.asked import AskedFigures, AskedThings, Claimed, ClaimedFigure, asked_in
from rag.understand.query import understand

RAG = Path(__file__).parent.parent / "rag"
LATER = [
    *(path for room in ("answer", "retrieve", "check", "wording") for path in sorted((RAG / room).glob("*.py"))),
    RAG / "explain.py",
    RAG / "pipeline.py",
]
QUESTIONS = {"Query", "Search"}  # the types whose words are those of a question
NAMES = {"query", "search", "by_itself", "one_figure", "around", "both_years"}  # of such values
WORDS = {"text", "question", "topic", "subject", "words"}  # their fields that hold words
MATCHING = {"search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split", "startswith", "endswith"}
READERS = ("re", "index.text", "rag.understand")  # modules whose functions read words


def named(node: ast.AST) -> str:
    """The last name of `a.b.c`; "" for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def of_questions(function: ast.AST) -> set[str]:
    """The names that stand for a question within a function: by what they are called, their type or their value."""
    typed = (node for node in ast.walk(function) if isinstance(node, ast.arg) and node.annotation)
    found = NAMES | {node.arg for node in typed if QUESTIONS & set(map(named, ast.walk(node.annotation or node)))}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and named(node.value) in found:
            found |= {named(target) for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.For | ast.comprehension) and ast.unparse(node.iter) == "query.parts":
            found.add(named(node.target))
    return found


def reads(node: ast.AST, questions: set[str], words: set[str]) -> bool:
    """Whether an expression reads the words of a question, or a name that holds them."""
    return any(
        (isinstance(n, ast.Attribute) and n.attr in WORDS and named(n.value) in questions)
        or (isinstance(n, ast.Name) and n.id in words)
        for n in ast.walk(node)
    )


def holding(function: ast.AST, questions: set[str]) -> set[str]:
    """The names that are given words of a question within a function, or what is made of them by a plain expression."""
    words: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and node.value is not None:
            called = any(isinstance(n, ast.Call) for n in ast.walk(node.value))
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if not called and reads(node.value, questions, words):
                words |= {target.id for target in targets if isinstance(target, ast.Name)}
    return words


def readers(tree: ast.Module) -> set[str]:
    """The functions that a module imports to read words by."""
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {a.asname or a.name for node in imported if (node.module or "").startswith(READERS) for a in node.names}


def faults(source: str) -> Iterator[str]:
    """Where a module looks at the words of a question again, or makes another question of it."""
    tree = ast.parse(source)
    reading = readers(tree)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        questions = of_questions(function)
        words = holding(function, questions)
        for node in ast.walk(function):
            if fault := _fault(node, reading, questions, words):
                yield f"{fault}, line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}"


def _fault(node: ast.AST, reading: set[str], questions: set[str], words: set[str]) -> str | None:
    if isinstance(node, ast.Attribute) and node.attr == "text" and named(node.value) in questions:
        return "reads the question's text"
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
        return "looks for words in a question" if reads(node.comparators[-1], questions, words) else None
    if not isinstance(node, ast.Call):
        return None
    called, given = named(node.func), [*node.args, *(keyword.value for keyword in node.keywords)]
    if called == "replace" and isinstance(node.func, ast.Name) and node.args and named(node.args[0]) in questions:
        return "rewrites a question"
    if called in ("Query", "understand"):
        return "makes a question"
    indexed = isinstance(node.func, ast.Attribute) and named(node.func.value).endswith("store")  # its search
    matches = isinstance(node.func, ast.Attribute) and called in MATCHING and not indexed
    if (matches or called in reading) and any(reads(value, questions, words) for value in given):
        return "matches a question"
    return None


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.relative_to(RAG).as_posix())
def test_no_later_stage_looks_at_the_words_of_a_question(path: Path) -> None:
    found = list(faults(path.read_text("utf-8")))
    if path.name == "pipeline.py":  # where it is understood: once
        found = [fault for fault in found if not fault.startswith("makes a question")]
        assert path.read_text("utf-8").count(" understand(") == 1
    assert not found, f"read it in rag/understand, as a field of `Asked`: {found}"


@pytest.mark.parametrize(
    "line",
    [
        "if cues.ASKS.search(query.text): pass",
        "found = re.findall('多少', query.question)",
        "words = query.question\n    return PATTERN.match(words)",
        "return re.split('，', asked.topic)",
        "return PATTERN.sub('', answer.query.question)",
        "return quantities(query.question)",
        "return '多少' in query.topic",
        "return query.text",
        "return replace(query, topic='养老')",
        "return replace(asked, years=(2025,))",
        "return replace(query.instead.around, kind=None)",
        "for part in query.parts:\n        yield replace(part, kind=None)",
        "wider = asked\n    return replace(wider, kind=None)",
        "return Query('', '', '')",
        "return understand(answer.question)",
    ],
)
def test_the_walk_finds_what_it_looks_for(line: str) -> None:
    source = (
        f"from index.text.quantities import quantities\ndef stage(query, asked: Query | None, answer):\n    {line}\n"
    )
    assert list(faults(source))


@pytest.mark.parametrize(
    "line",
    [
        "return PATTERN.search(passage.text)",
        "return query.asked.figures.rates and states_figure(passage.text)",
        "return self._store.search(search.words, k=8)",
        "return replace(search.filter, years=(2025,))",
        "return Answer(question=query.question)",
        "return ''.join(query.topic.split())",
    ],
)
def test_the_walk_lets_fields_be_read(line: str) -> None:
    assert not list(faults(f"def stage(self, query: Query, search: Search, passage: Passage):\n    {line}\n"))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("新增就业多少人？", AskedFigures(how_many=1, in_unit=True)),
        ("GDP增长率目标是多少？", AskedFigures(how_many=1, rates=True, change=True, growth=True)),
        (
            "财政收入比上年提高多少亿元",
            AskedFigures(how_many=1, rates=True, change=True, in_unit=True, than_before=True),
        ),
        ("共有多少个口袋公园", AskedFigures(how_many=1, total=True, in_unit=True)),
        ("新增了多少个，累计多少个", AskedFigures(how_many=2, in_unit=True)),  # of both, the one that was added first
        ("崂山区长是谁", AskedFigures(how_many=1)),
    ],
)
def test_which_figures_are_asked_for(text: str, asked: AskedFigures) -> None:
    assert asked_in(text).figures == asked


def test_which_things_are_asked_for() -> None:
    assert asked_in("哪十个方面“聚力攻坚”").things.count == 10
    assert asked_in("哪十个方面“聚力攻坚”").things.quoted == {"聚力攻坚"}
    assert asked_in("2025年办好的10件实事").things == AskedThings(counts=frozenset((10,)), undated=" 办好  件实事")
    assert asked_in("在养老方面有什么打算").things.whole_field
    assert not asked_in("新增就业多少人").things.which


def test_what_a_question_of_yes_or_no_claims() -> None:
    assert asked_in("有没有建成4座公园").claimed == Claimed(figures=(ClaimedFigure(4.0, None, "座"),), digits=True)
    assert asked_in("地铁还没有停止施工吗").claimed.denied
    assert asked_in("试点新增学位了吗").claimed.restrictions == {"试点", "新增"}
    assert not asked_in("2025年完成了吗").claimed.digits


COVERAGE = Coverage(
    tuple(Context(place, year, None, "target") for place in ("青岛市", "市北区", "李沧区") for year in (2024, 2025))
)
ASKED = [
    ("2025年市北区计划新增就业多少人？",),
    ("2025年市北区比李沧区多新增就业多少人？GDP增长百分之几？",),
    ("市北区2025年财政收入比上年增长多少亿元",),
    ("GDP目标超过5%的区有哪些",),
    ("2025年即墨区新增就业有4万人吗",),
    ("市北区办好哪10件“惠民实事”", "新增多少学位？"),
    ("what is the GDP target of Shibei in 2025",),
]


def parts(value: object) -> Iterator[object]:
    """A value and all that it is made of."""
    yield value
    inside: list[object] = []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, tuple | frozenset):
        inside = list(value)
    for each in inside:
        yield from parts(each)


@pytest.mark.parametrize("turns", ASKED)
def test_a_question_that_is_understood_cannot_be_changed(turns: tuple[str, ...]) -> None:
    query = understand(turns[-1], turns[:-1], coverage=COVERAGE, today=date(2025, 7, 1))
    for value in parts(query):
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            assert type(value).__dataclass_params__.frozen  # type: ignore[attr-defined]
            assert not hasattr(value, "__dict__")
        else:
            assert isinstance(value, str | int | float | bool | Decimal | tuple | frozenset | None)
    assert hash(query) == hash(understand(turns[-1], turns[:-1], coverage=COVERAGE, today=date(2025, 7, 1)))


def test_what_is_asked_instead_is_finished_too() -> None:
    query = understand("新增多少学位？", ["2024年市北区新增就业多少人？"], coverage=COVERAGE, today=date(2025, 7, 1))
    other = query.instead.by_itself
    assert isinstance(other, Query)
    assert (query.places, query.inherited) == (("市北区",), ("places", "years"))
    assert (other.places, other.years, other.instead.by_itself, other.inherited) == ((), (), None, ())


def test_the_parts_of_a_question_ask_one_thing_each() -> None:
    query = understand("2025年市北区新增就业多少人，改造老旧小区多少个？", coverage=COVERAGE, today=date(2025, 7, 1))
    assert query.asked.figures.how_many == 2
    assert [part.topic for part in query.parts] == ["新增 就业", "改造 老旧 小区"]
    assert {(part.places, part.years, part.parts) for part in query.parts} == {(("市北区",), (2025,), ())}
