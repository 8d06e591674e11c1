"""What can be taken out of the word lists, patterns and tables: alternatives, words, entries and rows of a source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

HAN = re.compile(r"[\u4e00-\u9fff]")
HOLE = "\ue000"  # stands for what an f-string fills in
_PREFIX = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")


@dataclass(frozen=True, slots=True)
class Cut:
    """`text` at ``source[start:end]`` of a module, a part of its global `name`; without it the module is `left`."""

    name: str
    text: str
    start: int
    end: int

    def left(self, source: str) -> str:
        """The source less this part."""
        return source[: self.start] + source[self.end :]


@dataclass(frozen=True, slots=True)
class _Atom:
    """A character of a literal's value and where it is written."""

    value: str
    start: int
    end: int


def cuts(source: str) -> Iterator[Cut]:
    """Every alternative, word and entry with Chinese characters in the module-level assignments of `source`."""
    lines = _line_starts(source)
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = target.id if isinstance(target, ast.Name) else ast.unparse(target)
        seen: set[tuple[int, int]] = set()
        for cut in _of_value(node.value, name, source, lines):
            if HAN.search(cut.text) and (cut.start, cut.end) not in seen:
                seen.add((cut.start, cut.end))
                yield cut


def row_cuts(table: str) -> Iterator[Cut]:
    """Every row of a table of the language, under its term."""
    at = table.index("\n") + 1
    for line in table[at:].splitlines(keepends=True):
        yield Cut("row", line.partition("\t")[0], at, at + len(line))
        at += len(line)


def _line_starts(source: str) -> list[int]:
    """Where each line begins."""
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _offset(source: str, lines: Sequence[int], line: int, column: int) -> int:
    start = lines[line - 1]
    return start + len(source[start : lines[line]].encode()[:column].decode())


def _span(node: ast.expr, source: str, lines: Sequence[int]) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first = _offset(source, lines, node.lineno, node.col_offset)
    return first, _offset(source, lines, node.end_lineno, node.end_col_offset)


def _of_value(value: ast.expr, name: str, source: str, lines: Sequence[int]) -> Iterator[Cut]:
    filled = [part for n in ast.walk(value) if isinstance(n, ast.JoinedStr) for part in ast.walk(n) if part is not n]
    inside_fstring = {id(part) for part in filled}
    for node in ast.walk(value):
        if isinstance(node, ast.Dict):
            yield from _of_dict(node, name, source, lines)
        elif isinstance(node, ast.JoinedStr) or (_is_text(node) and id(node) not in inside_fstring):
            yield from _of_text(*_span(node, source, lines), name, source)
        for item in _entries(node):
            yield from _entry(item, name, source, lines)


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _of_dict(node: ast.Dict, name: str, source: str, lines: Sequence[int]) -> Iterator[Cut]:
    """Each key with its value."""
    for key, content in zip(node.keys, node.values, strict=True):
        if key is not None:
            yield _whole(_span(key, source, lines)[0], _span(content, source, lines)[1], name, source)


def _of_text(first: int, last: int, name: str, source: str) -> Iterator[Cut]:
    """The alternatives of a pattern, or the words of a list."""
    atoms = _atoms(source, first, last)
    text = "".join(atom.value for atom in atoms)
    spans = _alternatives(text) if "|" in text else _separate(text) if " " in text.strip() else []
    for start, end in spans:
        yield Cut(name, text[start:end].strip("| "), atoms[start].start, atoms[end - 1].end)


def _entries(node: ast.AST) -> Sequence[ast.expr]:
    """The entries of a collection that stands for a list: a pair counts only where it holds rows."""
    if isinstance(node, ast.Call):
        return node.args if ast.unparse(node.func) == "_any" else ()
    if isinstance(node, ast.Set):
        return node.elts
    if not isinstance(node, ast.Tuple | ast.List):
        return ()
    return node.elts if len(node.elts) > 2 or any(isinstance(e, ast.Tuple) for e in node.elts) else ()


def _entry(item: ast.expr, name: str, source: str, lines: Sequence[int]) -> Iterator[Cut]:
    """An entry of a collection: a string, or a row of them."""
    if isinstance(item, ast.Constant | ast.JoinedStr | ast.Tuple | ast.Call):
        yield _whole(*_span(item, source, lines), name, source)


def _whole(first: int, last: int, name: str, source: str) -> Cut:
    """An entry with the comma behind it."""
    comma = re.compile(r"\s*,[ ]?").match(source, last)
    return Cut(name, source[first:last], first, comma.end() if comma else last)


def _atoms(source: str, first: int, last: int) -> list[_Atom]:
    """The characters of a literal that may be several literals behind one another."""
    found: list[_Atom] = []
    at = first
    while at < last:
        match = _PREFIX.match(source, at)
        if not match:  # white space and comments between the parts
            at = source.index("\n", at) if source[at] == "#" else at + 1
            continue
        prefix, quote = match[1].lower(), match[2]
        at = match.end()
        while not source.startswith(quote, at):
            if "r" in prefix and source[at] == "\\":  # in a raw literal a backslash keeps the quote behind it
                found += [_Atom("\\", at, at + 1), _Atom(source[at + 1], at + 1, at + 2)]
                at += 2
                continue
            end = _end_of_character(source, at, prefix)
            written = source[at:end]
            filled = "f" in prefix and written[0] == "{" and written != "{{"
            value = HOLE if filled else written[0] if written in ("{{", "}}") else written
            value = value if len(value) == 1 else ast.literal_eval(f"'{value}'")
            found += [_Atom(value[:1] or HOLE, at, end)]
            at = end
        at += len(quote)
    return found


def _end_of_character(source: str, at: int, prefix: str) -> int:
    if "r" not in prefix and source[at] == "\\":
        return at + {"u": 6, "x": 4, "U": 10}.get(source[at + 1], 2)
    if "f" in prefix and source[at] in "{}":
        if source[at] == source[at + 1]:
            return at + 2
        return _closing(source, at) + 1
    return at + 1


def _closing(source: str, at: int) -> int:
    depth = 0
    for i in range(at, len(source)):
        depth += (source[i] == "{") - (source[i] == "}")
        if not depth:
            return i
    raise ValueError("unclosed field")


def _separate(text: str) -> list[tuple[int, int]]:
    """The words of a list that is written with spaces, each with the space behind it."""
    return [m.span() for m in re.finditer(r"\S+ ?", text)]


def _alternatives(pattern: str) -> list[tuple[int, int]]:
    """The alternatives of a pattern and of the groups in it that hold several, each with one bar beside it.

    In a fragment (an opening or closing parenthesis is missing) only what is whole counts."""
    groups: list[list[int]] = [[0]]  # the starts of the alternatives of each group that is open
    spans: list[tuple[int, int]] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            i += 1
        elif c == "[":
            i = _end_of_set(pattern, i)
        elif c == "(":
            i = _head(pattern, i)
            groups.append([i])
            continue
        elif c == "|":
            groups[-1].append(i + 1)
        elif c == ")" and len(groups) > 1:
            spans += _split(groups.pop(), i)
        i += 1
    if len(groups) == 1:
        spans += _split(groups[0], len(pattern))
    return spans


def _split(starts: Sequence[int], end: int) -> list[tuple[int, int]]:
    if len(starts) < 2:
        return []
    bounds = [*starts, end + 1]
    return [(a, b) if b <= end else (a - 1, end) for a, b in pairwise(bounds)]


def _head(pattern: str, at: int) -> int:
    """Where the content of the group that opens at `at` begins."""
    match = re.compile(r"\((?:\?(?:P<\w+>|<?[=!]|[:>]|[a-zA-Z]+:))?").match(pattern, at)
    return match.end() if match else at + 1


def _end_of_set(pattern: str, at: int) -> int:
    i = at + 1 + pattern.startswith("^", at + 1)
    i += pattern.startswith("]", i)
    while i < len(pattern) and pattern[i] != "]":
        i += 1 + (pattern[i] == "\\")
    return i
