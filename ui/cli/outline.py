"""`wenju outline`: how a file is read, as JSON or to look at."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import WenjuError
from rag.wording.sentences import KIND_NAMES
from ui.cli.messages import Messages, json_line, known_of, one_line, printable
from ui.web.render import period_text

if TYPE_CHECKING:
    from index.annotate.report import ReadReport
    from index.types import Paragraph, Report, Role

MARKS: dict[Role, str] = {"paragraph": "", "item": "- ", "table": "| ", "caption": "■ ", "furniture": "~ "}


def outline_of(files: Sequence[Path], as_json: bool, say: Messages) -> int:
    """Print the outline of every file, one JSON object a line or indented text; the exit status."""
    failed = 0
    for file in files:
        try:
            found = _read(file)
        except WenjuError as error:
            print(say.failure(error), file=sys.stderr)
            failed += 1
            continue
        if as_json:
            print(json_line(outline_json(found.report, found.paragraphs)))
        else:
            print(printable("\n".join(_lines(file, found.report, found.paragraphs, say))))
    return (2 if failed == len(files) else 1) if failed else 0


def _read(file: Path) -> ReadReport:
    from index.annotate.apart import read_apart
    from index.readers.document import parse_document
    from index.readers.sidecar import Sidecar
    from index.readers.sources import shown
    from index.readers.text import read_bytes

    data = read_bytes(file)
    sha256 = hashlib.sha256(data).hexdigest()
    metadata = Sidecar.beside(file.parent).of(file.name, sha256)
    return read_apart(parse_document(data, str(file)).text, file=shown(file.name), sha256=sha256, metadata=metadata)


def outline_json(report: Report, paragraphs: Sequence[Paragraph]) -> dict[str, Any]:
    """The outline contract; `duplicate_of` is the index of the canonical block."""
    places = {paragraph.id: place for place, paragraph in enumerate(paragraphs)}
    return {
        "file": report.file,
        "title": report.title,
        "place": report.place,
        "year": report.year,
        "blocks": [_block(paragraph, places) for paragraph in paragraphs],
    }


def _block(paragraph: Paragraph, places: dict[str, int]) -> dict[str, Any]:
    context = paragraph.context
    return {
        "role": paragraph.role,
        "level": paragraph.level,
        "text": paragraph.text,
        "section": paragraph.section,
        "place": context.place,
        "year": context.year,
        "period": context.period,
        "kind": context.kind,
        "spans": paragraph.spans,
        "duplicate_of": places[paragraph.duplicate_of] if paragraph.duplicate_of else None,
    }


def _lines(file: Path, report: Report, paragraphs: Sequence[Paragraph], say: Messages) -> Iterator[str]:
    yield f"{file} {known_of(report.title, report.place, report.year)}"
    for paragraph in paragraphs:
        mark = "#" * (paragraph.level or 1) + " " if paragraph.role in ("title", "heading") else MARKS[paragraph.role]
        told = [*_context(paragraph), *([say("copy")] if paragraph.duplicate_of else [])]
        yield f"{'  ' * len(paragraph.section)}{mark}{one_line(paragraph.text)}" + (
            f"（{' · '.join(told)}）" if told else ""
        )
    yield ""


def _context(paragraph: Paragraph) -> list[str]:
    context = paragraph.context
    told = (period_text(context.year, context.period), context.place or "", KIND_NAMES[context.kind])
    return [part for part in told if part]
