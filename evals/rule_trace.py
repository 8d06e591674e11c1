"""What the patterns and word sets of `index` and `rag` are asked while questions are answered and documents read.

Every compiled pattern and word set of a module is put behind a listener that keeps each distinct call once, and by
which question or document it was made. A pattern less one alternative is then compared on those calls alone.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from evals.rule_variants import HOLE

Call = tuple[str, tuple[Any, ...]]
Calls = dict[Call, int]  # a call -> the questions and documents that made it, one bit each
_METHODS = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn")
_ROOMS = ("index.", "rag.")


class Listener:
    """Which question or document is at work, as a bit."""

    def __init__(self) -> None:
        self.bit = 0


class HeardPattern:
    """A compiled pattern that keeps what it is called with."""

    def __init__(self, pattern: re.Pattern[str], listener: Listener) -> None:
        self.real, self.calls, self._listener = pattern, dict[Call, int](), listener

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if name not in _METHODS:
            return found

        def heard(*args: Any) -> Any:
            kept = ("finditer", args[1:]) if name in ("sub", "subn") else (name, args)
            self.calls[kept] = self.calls.get(kept, 0) | self._listener.bit
            return found(*args)

        return heard


class HeardWords:
    """A set of words that keeps those it was asked for and holds."""

    def __init__(self, words: frozenset[str], listener: Listener) -> None:
        self.real, self.calls, self._listener = words, dict[Call, int](), listener

    def _hear(self, words: Any) -> None:
        for word in self.real.intersection(words):
            self.calls["in", (word,)] = self.calls.get(("in", (word,)), 0) | self._listener.bit

    def __contains__(self, word: object) -> bool:
        self._hear((word,))
        return word in self.real

    def __iter__(self) -> Iterator[str]:
        return iter(self.real)

    def __len__(self) -> int:
        return len(self.real)

    def issuperset(self, words: Any) -> bool:
        words = list(words)
        self._hear(words)
        return self.real.issuperset(words)

    def __and__(self, other: Any) -> frozenset[str]:
        self._hear(other)
        return self.real & frozenset(other)

    __rand__ = __and__

    def __or__(self, other: Any) -> frozenset[str]:
        return self.real | frozenset(other)

    __ror__ = __or__

    def __rsub__(self, other: Any) -> frozenset[str]:
        self._hear(other)
        return frozenset(other) - self.real


Heard = HeardPattern | HeardWords


def modules() -> dict[str, ModuleType]:
    """The loaded modules of `index` and `rag`, without those that train models."""
    found = {n: m for n, m in sys.modules.items() if n.startswith(_ROOMS) and not n.startswith("index.training")}
    return dict(sorted(found.items()))


def is_words(value: object) -> bool:
    return isinstance(value, frozenset | set) and bool(value) and all(isinstance(v, str) for v in value)


@contextmanager
def listening(listener: Listener) -> Iterator[Mapping[int, Heard]]:
    """Put listeners in the place of all patterns and word sets; gives them by the identity of what they stand for."""
    heard: dict[int, Heard] = {}
    before: list[tuple[ModuleType, str, Any]] = []
    for module in modules().values():
        for name, value in list(vars(module).items()):
            if not name.startswith("__") and (new := _behind(value, listener, heard)) is not value:
                before.append((module, name, value))
                setattr(module, name, new)
    try:
        yield heard
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _behind(value: Any, listener: Listener, heard: dict[int, Heard]) -> Any:
    """A global with listeners for the patterns and word sets that it is or holds; itself where it holds none."""
    if isinstance(value, re.Pattern):
        return heard.setdefault(id(value), HeardPattern(value, listener))
    if is_words(value):
        return heard.setdefault(id(value), HeardWords(frozenset(value), listener))
    if type(value) is dict and any(isinstance(part, re.Pattern) for part in value.values()):
        return {key: _behind(part, listener, heard) for key, part in value.items()}
    if type(value) is tuple and value:
        parts = tuple(_behind(part, listener, heard) for part in value)
        return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
    return value


@contextmanager
def patched(values: Mapping[tuple[str, str], Any]) -> Iterator[None]:
    """Module globals with other values for a while, and nothing remembered from before or after."""
    before = {(module, name): getattr(sys.modules[module], name) for module, name in values}
    forget()
    for (module, name), value in values.items():
        setattr(sys.modules[module], name, value)
    try:
        yield
    finally:
        for (module, name), value in before.items():
            setattr(sys.modules[module], name, value)
        forget()


def forget() -> None:
    """Empty the bounded caches of functions: what they hold may come from other patterns."""
    for module in modules().values():
        for value in vars(module).values():
            if isinstance(value, functools._lru_cache_wrapper) and value.cache_info().maxsize not in (None, 1):
                value.cache_clear()


def result(pattern: re.Pattern[str], call: Call) -> Any:
    """What a call gives, in a form that can be compared."""
    name, args = call
    found = getattr(pattern, name)(*args)
    if name == "finditer":
        return [_told(match) for match in found]
    return _told(found) if isinstance(found, re.Match) else found


def _told(match: re.Match[str]) -> Any:
    return match.span(), match.groupdict() or match.regs


def differing(old: re.Pattern[str], new: re.Pattern[str] | None, part: str, calls: Calls) -> tuple[int, int]:
    """The calls whose text holds what `part` matches, and which give something else with `new`: both as bits of those
    who made them. `new` is None where the whole pattern is taken out."""
    touched = changed = 0
    holds = _finder(part, old.flags)
    for call, bits in calls.items():
        if bits | changed == changed or not holds(call[1][0]):
            continue
        was = result(old, call)
        if bool(was) if new is None else was != result(new, call):
            changed |= bits
        touched |= bits if holds is not _anything else 0
    return touched | changed, changed


def _finder(part: str, flags: int) -> Callable[[str], Any]:
    """A quick test whether a part of a pattern can match anywhere in a text; all may where it does not stand alone."""
    if not part.lstrip("rf") or part.lstrip("rf")[0] in "\"'(" or HOLE in part:
        return _anything
    try:
        return re.compile(part, flags & ~re.UNICODE).search
    except re.error:
        return _anything


def _anything(_: str) -> bool:
    return True
