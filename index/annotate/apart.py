"""A text made into a report in the readers' child process, within its limits and with word of how far it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from index.annotate.report import ReadReport, read_report
from index.readers import child
from index.storage import records


def read_apart(
    text: str, *, file: str, sha256: str, metadata: Mapping[str, object], progress: child.Progress | None = None
) -> ReadReport:
    """What `read_report` gives. Raises SourceError when the text takes more than the child may use."""
    asked = {"text": text, "file": file, "sha256": sha256, "metadata": dict(metadata)}
    found = child.run("report", json.dumps(asked).encode(), progress=progress)
    return ReadReport(
        records.report(found["report"]),
        tuple(map(records.paragraph, found["paragraphs"])),
        tuple(map(records.passage, found["passages"])),
        tuple(map(records.fact, found["facts"])),
    )


def made(data: bytes) -> dict[str, Any]:
    """The child's side: the report of a request as plain values."""
    asked = json.loads(data)
    read = read_report(
        asked["text"], file=asked["file"], sha256=asked["sha256"], metadata=asked["metadata"], progress=child.tell
    )
    return {
        "report": records.plain(read.report),
        "paragraphs": [records.plain(paragraph) for paragraph in read.paragraphs],
        "passages": [records.plain(passage) for passage in read.passages],
        "facts": [records.plain(fact) for fact in read.facts],
    }
