"""Reports, paragraphs, passages and facts as lines of JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from index.types import Context, Fact, Paragraph, Passage, Report

Record = TypeVar("Record", Report, Paragraph, Passage, Fact)


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write one JSON object a line; raises OSError when that fails."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record, default=_fields, ensure_ascii=False) + "\n" for record in records)


def read_records(path: Path, make: Callable[[dict[str, Any]], Record]) -> tuple[Record, ...]:
    """Read what `write_records` wrote; `make` is `report`, `paragraph`, `passage` or `fact`."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return tuple(make(json.loads(line)) for line in file)


def plain(record: Record) -> dict[str, Any]:
    """A record as `json` can write it; what the makers below read."""
    return asdict(record)


def report(row: dict[str, Any]) -> Report:
    return Report(**{**row, "aliases": tuple(row["aliases"])})


def paragraph(row: dict[str, Any]) -> Paragraph:
    spans = tuple((start, end) for start, end in row["spans"])
    return Paragraph(**{**row, "section": tuple(row["section"]), "context": _context(row["context"]), "spans": spans})


def passage(row: dict[str, Any]) -> Passage:
    return Passage(**{**row, "context": _context(row["context"])})


def fact(row: dict[str, Any]) -> Fact:
    return Fact(**{**row, "context": _context(row["context"])})


def _context(row: dict[str, Any]) -> Context:
    return Context(**{**row, "period": tuple(row["period"]) if row["period"] else None})


def _fields(record: Any) -> dict[str, Any]:
    """The fields of a dataclass; json.dumps asks again for the dataclasses inside (`dataclasses.asdict` is slower)."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
