"""What taking a part out of a module changes: the globals made of it, and the calls they were heard to answer."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache, reduce
from importlib.resources import files
from importlib.util import find_spec
from operator import or_
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from evals import rule_trace
from evals.rule_trace import Heard, HeardPattern, HeardWords, is_words
from evals.rule_variants import Cut
from index.text import lexicon

Effect = tuple[int, int, int]  # bits of the calls that a part matches in, of those that differ, and of all calls


def importers(module: str) -> list[str]:
    """The loaded modules whose globals may be made of those of `module`, or of a table."""
    if module in tables():
        read = f'rows("{module.partition("/")[2]}"'
        return [name for name in rule_trace.modules() if read in source_of(name)]
    package, _, last = module.rpartition(".")
    return [
        name
        for name in rule_trace.modules()
        for node in ast.parse(source_of(name)).body
        if isinstance(node, ast.ImportFrom)
        and (node.module == module or (node.module == package and any(a.name == last for a in node.names)))
    ]


@lru_cache(maxsize=256)
def _compiled(source: str, module: str) -> CodeType:
    return compile(source, module, "exec")


@cache
def tables() -> tuple[str, ...]:
    """The tables of the language, those with an example a row: package, slash, name of the file."""
    folders = (("index.text.lexicon", "index/text/lexicon"), ("rag.understand", "rag/understand"))
    root = Path(__file__).parents[1]
    found = ((package, path) for package, folder in folders for path in sorted((root / folder).glob("*.tsv")))
    return tuple(
        f"{package}/{path.name}" for package, path in found if "example" in path.read_text("utf-8").split("\n")[0]
    )


@cache
def source_of(module: str) -> str:
    """The text of a module or a table."""
    if module in tables():
        package, _, name = module.partition("/")
        return files(package).joinpath(name).read_text("utf-8")
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text("utf-8")


def executed(module: str, source: str) -> ModuleType:
    """A module made of other source, beside the one that is loaded."""
    made = ModuleType(module)
    made.__file__ = sys.modules[module].__file__
    exec(_compiled(source, module), made.__dict__)  # our own source less a part of it
    return made


@contextmanager
def _standing_in(module: ModuleType) -> Iterator[None]:
    """Imports get this module for a while."""
    name = module.__name__
    package, _, last = name.rpartition(".")
    real = sys.modules[name]
    sys.modules[name] = module
    setattr(sys.modules[package], last, module)
    try:
        yield
    finally:
        sys.modules[name] = real
        setattr(sys.modules[package], last, real)


def fingerprint(value: object) -> Any:
    """What makes two values of module globals the same; None for what is no data."""
    if isinstance(value, re.Pattern):
        return value.pattern, value.flags
    if isinstance(value, str):
        return value
    if is_words(value):
        return frozenset(value)  # type: ignore[call-overload]
    if isinstance(value, tuple | list):
        return tuple(fingerprint(part) for part in value)
    if isinstance(value, dict):
        return tuple((repr(key), fingerprint(part)) for key, part in value.items())
    return repr(value) if isinstance(value, int | float) else None


def variant(cut: Cut, module: str, source: str, dependents: Sequence[str]) -> dict[tuple[str, str], Any]:
    """The globals that differ without `cut`, with their new values. Raises what the module raises."""
    if module in tables():
        return _without_row(cut.left(source), module, dependents)
    made = executed(module, cut.left(source))
    found = _changed(module, made)
    with _standing_in(made):
        for name in dependents:
            found |= _changed(name, executed(name, source_of(name)))
    return found


def _without_row(left: str, table: str, readers: Sequence[str]) -> dict[tuple[str, str], Any]:
    """The globals that differ where `table` has this text instead of its own, in its readers and in what uses those."""
    found: dict[tuple[str, str], Any] = {}
    real, name = lexicon.rows, table.partition("/")[2]

    def rows(wanted: str, package: str = "index.text.lexicon") -> lexicon.Rows:
        return lexicon.parsed(left) if wanted == name else real(wanted, package)

    lexicon.rows = rows  # type: ignore[assignment]
    try:
        for reader in readers:
            made = executed(reader, source_of(reader))
            found |= _changed(reader, made)
            with _standing_in(made):
                for user in importers(reader):
                    found |= _changed(user, executed(user, source_of(user)))
    finally:
        lexicon.rows = real
    return found


def _changed(module: str, made: ModuleType) -> dict[tuple[str, str], Any]:
    real = vars(sys.modules[module])
    return {
        (module, name): value
        for name, value in vars(made).items()
        if name in real and not name.startswith("__") and fingerprint(value) != fingerprint(real[name])
    }


def effect(old: Any, new: Any, part: str, heard: Mapping[int, Heard]) -> Effect:
    """Bits of the calls that a part matches in, of those that differ, and of all calls of what holds it."""
    ear = heard.get(id(old))
    if isinstance(ear, HeardPattern):
        return (*rule_trace.differing(old, new, part, ear.calls), reduce(or_, ear.calls.values(), 0))
    if isinstance(ear, HeardWords):
        return _effect_on_words(old, new or frozenset(), ear)
    pairs = _rows_that_differ(old, new)
    return together(effect(one, other, part if other is not None else "", heard) for one, other in pairs)


def together(effects: Iterable[Effect]) -> Effect:
    """Several effects as one."""
    touched = changed = every = 0
    for t, c, e in effects:
        touched, changed, every = touched | t, changed | c, every | e
    return touched, changed, every


def _effect_on_words(old: frozenset[str], new: frozenset[str], ear: HeardWords) -> Effect:
    bits = reduce(or_, (ear.calls.get(("in", (word,)), 0) for word in old ^ new), 0)
    return bits, bits, -1 if ear.calls else 0


def _rows_that_differ(old: Any, new: Any) -> list[tuple[Any, Any]]:
    """The rows of a table that are others in the new one, with what they are there; None where they are gone."""
    if isinstance(old, dict):
        old, new = tuple(old.values()), tuple((new or {}).values())
    if not isinstance(old, tuple):
        return []
    rows = new or ()
    if len(old) == len(rows):
        return [(o, n) for o, n in zip(old, rows, strict=True) if fingerprint(o) != fingerprint(n)]
    kept = {repr(fingerprint(one)) for one in rows}
    return [(o, None) for o in old if fingerprint(o) is not None and repr(fingerprint(o)) not in kept]
