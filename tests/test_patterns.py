"""Every pattern reads any text in linear time: twice the text costs at most 2.5 times as much.

The ratio is checked, never a time. What is too quick at the larger size to be told from noise is linear enough:
the quickest quadratic pattern takes some milliseconds there.
"""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import itertools
import math
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from types import FrameType, ModuleType

import pytest

from index.annotate.report import read_report
from index.types import Context, Coverage
from rag.understand.query import understand

PACKAGES = ("index", "rag", "evals", "ui")
APART = ("index.training", "rag.langchain")  # trains offline; needs an extra
SMALL, READ, ASKED = 2500, 8000, 1000  # characters: of a text for a pattern, of a report, of a question
AT_MOST = 2.5  # times as long for twice the text
QUICK = 0.001  # seconds at the larger size
PATIENCE = 12  # more measurements of what seems to grow too fast; the least of all counts
GIVE_UP = 2.0  # seconds: nothing linear takes as long, and what is cubic would not end

# Texts that make a pattern begin again and again, or hold on to what it must give back.
_REPEATED = (
    *("1", "1,", ",234", "1,234", "1.5", "1、", "1.", "2025年", "2025-", "2025", "1年", "第1", "[1]", "(1)", "①"),
    *("٣", "１", "一", "十", "千", "万", "亿", "百分之", "点一", "千万", "一、", "（一）"),
    *("，", "。", "、", "：", "（", "“", "「", "《", "(", "\u0301", " ", "\u3000", "\t", "\n", "-", "—", "#", "●"),
    *("a", "A", "a1", "'", '"', "<", "=", "/", "|", ".", "a.", "a ", "*", "&", "the ", "which ", "http://"),
    *("和", "的", "第", "各", "不", "多", "是", "居", "了", "位", "人", "族", "建设", "新增", "超过", "累计", "连续"),
    *("全国", "市北区", "中国", "今年", "各位代表", "其中", "哪个区", "多少", "增长5%，", "新增1万人、", "全市的"),
    *("同比", "分别", "预计", "实施", "记者", "摄", "让我们", "为", "忽略", "过去", "共计", "年均", "连续1年", "居1"),
    *("居住", "占", "除", "是1", "1是", "前1", "1个", "一个", "1人", "百1", "1—", "1至"),
    *("目标", "计划", "得到", "成功", "摄 ", "中 ", "年 ", "1 ", "比较", "对比", "排", "最", "前"),
)  # fmt: skip
TEXTS = tuple(("", unit, "") for unit in _REPEATED) + tuple(
    (head, unit, tail)
    for unit in ("1", "一", "千", "中", "a", " ", "、", "的", "1,234", "中 ", "。", "-", "是")
    for head, tail in (
        ("", "!"),
        ("“", ""),
        ("（", "中"),
        ("1", "年"),
        ("2025", "x"),
        ("，", "\n"),
        ("记者", "，"),
        ("", "。中中中中"),
    )
)


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
            if not found.name.startswith(APART) and not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _held(value: object, name: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The compiled patterns in the value of a global, also inside what it holds."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield name, value
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from _held(held, f"{name}[{key!r}]")
    elif isinstance(value, (tuple, list)):
        for i, held in enumerate(value):
            yield from _held(held, f"{name}[{i}]")


def _inline(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns of `re.search("…", text)` and its like: those that the module's globals make constant."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re") or node.func.attr in (
            "escape",
            "compile",
        ):
            continue
        try:
            source = eval(compile(ast.Expression(node.args[0]), "<pattern>", "eval"), dict(vars(module)))  # noqa: S307
        except NameError:
            continue  # made of what a function was given
        if isinstance(source, str):
            yield f"line {node.lineno}", re.compile(source)


def _patterns() -> dict[str, re.Pattern[str]]:
    """All patterns, each once, under where it stands."""
    found: dict[tuple[str, int], tuple[str, re.Pattern[str]]] = {}
    for module in _modules():
        own = itertools.chain.from_iterable(_held(value, name) for name, value in vars(module).items())
        for name, pattern in (*own, *_inline(module)):
            found.setdefault((pattern.pattern, pattern.flags), (f"{module.__name__}: {name}", pattern))
    return {f"{name} {i}": pattern for i, (name, pattern) in enumerate(found.values())}


def _read(pattern: re.Pattern[str], text: str) -> None:
    """What the code does with patterns: all that it finds, and what stands at the start."""
    for _ in pattern.finditer(text):
        pass
    pattern.match(text)
    pattern.fullmatch(text)


class _TooLong(Exception):
    """A pattern did not end."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _TooLong


def _seconds(read: Callable[[], object]) -> float:
    """How long `read` takes, infinite where it had to be stopped: `re` looks for signals as it goes."""
    before = signal.signal(signal.SIGALRM, _stop)
    gc.disable()  # it comes when it comes, as in timeit
    signal.setitimer(signal.ITIMER_REAL, GIVE_UP)
    start = time.thread_time()  # of this thread alone, whatever else runs
    try:
        read()
        return time.thread_time() - start
    except _TooLong:
        return math.inf
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.enable()
        signal.signal(signal.SIGALRM, before)


def _text(made: tuple[str, str, str], size: int) -> str:
    head, unit, tail = made
    return head + unit * (size // len(unit)) + tail


def growth(read: Callable[[str], object], made: tuple[str, str, str], size: int = SMALL) -> float:
    """How many times as long twice the text takes; 1.0 where it is too quick to be measured. What seems to grow too
    fast is measured once more at the next size: a neighbour on the machine does not come twice, a square does."""
    times = _growth(read, made, size)
    return min(times, _growth(read, made, 2 * size)) if AT_MOST < times < math.inf else times


def _growth(read: Callable[[str], object], made: tuple[str, str, str], size: int) -> float:
    small, large = _text(made, size), _text(made, 2 * size)
    took = _seconds(lambda: read(small))
    least = _seconds(lambda: read(large)) if took < math.inf else took
    if least == math.inf or least <= QUICK:
        return math.inf if least == math.inf else 1.0
    for _ in range(PATIENCE):
        if least <= AT_MOST * took:
            break
        least = min(least, _seconds(lambda: read(large)))
        took = min(took, _seconds(lambda: read(small)))
    return least / took


PATTERNS = _patterns()
COVERAGE = Coverage((Context("市北区", 2025, None, "target"), Context("青岛市", 2024, None, "result")))


@pytest.mark.parametrize("name", PATTERNS)
def test_twice_the_text_takes_at_most_two_and_a_half_times_as_long(name: str) -> None:
    pattern = PATTERNS[name]
    found = ((made, round(times, 1)) for made in TEXTS if (times := growth(partial(_read, pattern), made)) > AT_MOST)
    slow = dict(itertools.islice(found, 3))
    assert not slow, f"{name} is not linear; twice the text takes (times as long) {slow}: {pattern.pattern[:200]}"


@pytest.mark.parametrize("source", [r"\d+x", r"(1+)+x", r"[^。]*x", r".*x", r"1*1*1*x"])
def test_the_measure_tells_what_is_not_linear(source: str) -> None:
    assert growth(partial(_read, re.compile(source)), ("", "1", "!")) > AT_MOST


@pytest.mark.parametrize("source", [r"\d{1,16}x", r"(?<!\d)\d++x", r"\d+", r"^(?:1+)x"])
def test_the_measure_tells_what_is_linear(source: str) -> None:
    assert growth(partial(_read, re.compile(source)), ("", "1", "!")) <= AT_MOST


def test_every_module_gives_its_patterns() -> None:
    found = {name.partition(":")[0] for name in PATTERNS}
    assert {
        "index.text.quantities",
        "index.parse.lines",
        "rag.understand.cues",
        "rag.understand.units",
        "ui.web.render",
    } <= found
    assert any(": line " in name for name in PATTERNS)  # those in the code as well


# What made reading slow, in one line and in thousands of them.
_READ = (
    *(
        "1",
        "千",
        "2025年",
        "1,",
        "\u0301",
        "、",
        "（",
        "1.",
        "新增1万人、",
        "  ",
        "全国",
        "一、",
        "市北区",
        "累计",
        "。",
    ),
    *("增长5%，", "全市经济持续健康发展，生产总值增长5%。", "一是", "中"),
)


def _report(text: str) -> None:
    read_report(f"标题\n{text}", file="a.txt", sha256="0" * 64, metadata={})


@pytest.mark.parametrize("end", ["", "\n"], ids=["one line", "lines"])
@pytest.mark.parametrize("unit", _READ)
def test_a_report_is_read_in_linear_time(unit: str, end: str) -> None:
    assert growth(_report, ("", unit + end, ""), READ) <= AT_MOST


@pytest.mark.parametrize("unit", [*_READ, "百分之", "百分之九", "的", "多少", "哪个", "which ", "1 ", "前"])
def test_a_question_is_understood_in_linear_time(unit: str) -> None:
    def ask(text: str) -> None:
        understand(text, coverage=COVERAGE, today=date(2026, 7, 1))

    assert growth(ask, ("", unit, "？"), ASKED) <= AT_MOST
