"""What must be a list of the language, as data: one row a term, with its class, an example sentence, the reading that
the example must give, and where it comes from. `tests/test_lexicon.py` runs the example of every row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

Rows = tuple[Mapping[str, str], ...]


@cache
def rows(name: str, package: str = "index.text.lexicon") -> Rows:
    """The rows of the table `name` of `package`, by the names in its first line."""
    return parsed(files(package).joinpath(name).read_text("utf-8"))


def parsed(text: str) -> Rows:
    """The rows of the text of a table."""
    return tuple(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def terms(table: Rows, class_: str) -> tuple[str, ...]:
    """The terms of one class, in the order of the table."""
    return tuple(row["term"] for row in table if row["class"] == class_)


def any_of(words: Iterable[str]) -> str:
    """A pattern of which each of the plain `words` is an alternative, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
