"""`wenju indicators`: the fact table, the disagreements and the outcomes of targets."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.errors import InputError
from index.types import Kind
from ui.cli.messages import Messages, printable
from ui.indicators import (
    chosen,
    conflict_rows,
    conflict_text,
    csv_bytes,
    json_text,
    rows_of,
    table_text,
    xlsx_bytes,
)

Format = Literal["table", "csv", "json", "xlsx"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which facts to show; an empty wish is for all."""

    places: tuple[str, ...]
    years: tuple[int, ...]
    match: str | None
    kind: Kind | None
    conflicts: bool


def show(index: Path, wish: Wish, form: Format, out: Path | None, say: Messages) -> int:
    """Write the facts that are wished for to `out` or to standard output; the exit status.

    Raises InputError for a form that cannot be written there, StoreError when the index cannot be opened.
    """
    if form == "xlsx" and out is None:
        raise InputError(say("xlsx_out"), "")
    if wish.conflicts and form in ("csv", "xlsx"):
        raise InputError(say("conflicts_form"), "")
    from index.storage.store import Store

    store = Store.open(index)
    facts = chosen(store.facts, wish.places, wish.years, wish.match, wish.kind)
    if wish.conflicts:
        found = conflict_rows(facts, store)
        text = json_text(found) if form == "json" else printable(conflict_text(found))
        _write((text + "\n").encode(), out, say)
        return 0
    rows = rows_of(facts, store)
    if not rows:
        print(say("no_facts"), file=sys.stderr)
    if form == "table":
        _write((printable(table_text(rows)) + "\n").encode(), out, say)
    elif form == "json":
        _write((json_text(rows) + "\n").encode(), out, say)
    else:
        _write(csv_bytes(rows) if form == "csv" else xlsx_bytes(rows), out, say)
    if out:
        print(say("facts_written", file=out, n=len(rows)), file=sys.stderr)
    return 0


def _write(data: bytes, out: Path | None, say: Messages) -> None:
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(say("unwritable", file=out, reason=error.strerror or error), "") from error
