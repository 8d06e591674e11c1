"""What the current generation of an index already knows, so that a build repeats no work.

`sources.jsonl` in a generation names, for every content that was read, what its reading depended on: the metadata, the
file's name (a report without a title is called by it) and the version of the program that read it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.annotate.passages import indexed_text
from index.annotate.report import ReadReport
from index.errors import StoreError
from index.search.fusion import Vectors
from index.search.hybrid import HybridIndex
from index.storage import generation, records
from index.storage.generation import FILES

if TYPE_CHECKING:
    from index.embed.embedder import Embedder

SOURCES = "sources.jsonl"


@dataclass(frozen=True, slots=True)
class Known:
    """A content that was read. `words` is the hash of its text: files of two formats may say the same."""

    sha256: str
    base: str
    metadata: Mapping[str, Any]
    version: str
    words: str
    note: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The reports of the current generation by the hash of their file, and vectors by the texts they stand for."""

    known: Mapping[str, Known] = field(default_factory=dict)
    reports: Mapping[str, ReadReport] = field(default_factory=dict)
    vectors: Mapping[str, Vectors] = field(default_factory=dict)

    @property
    def files(self) -> set[str]:
        """The names of all files that were indexed."""
        return {name for read in self.reports.values() for name in (read.report.file, *read.report.aliases)}

    @classmethod
    def of(cls, folder: Path, embedder: Embedder) -> Previous:
        """That of the index `folder`; empty when there is none, or it is damaged or of another format.

        Without the vectors when they are another model's.
        """
        try:
            name = generation.current_name(folder)
            manifest = generation.verified(folder, name)
            path = folder / name
            reports = _reports(path)
            known = _known(path / SOURCES)
        except (StoreError, OSError, ValueError, TypeError, KeyError):  # of a version with other fields: read all anew
            return cls()
        if (manifest.fingerprint, manifest.dim) != (embedder.fingerprint, embedder.dim):
            return cls(known, reports)
        passages = [passage for read in reports.values() for passage in read.passages]
        vectors = HybridIndex.load(path).vectors
        return cls(known, reports, dict(zip(map(indexed_text, passages), vectors, strict=True)))


def _reports(path: Path) -> dict[str, ReadReport]:
    """The reports of a generation in its order, so that their passages are in that of the vectors."""
    paragraphs = defaultdict(list)
    for paragraph in records.read_records(path / FILES.paragraphs, records.paragraph):
        paragraphs[paragraph.report_id].append(paragraph)
    passages = defaultdict(list)
    for passage in records.read_records(path / FILES.passages, records.passage):
        passages[passage.paragraph_id].append(passage)
    facts = defaultdict(list)
    for fact in records.read_records(path / FILES.facts, records.fact):
        facts[fact.paragraph_id].append(fact)
    return {
        report.sha256: ReadReport(
            report,
            tuple(paragraphs[report.id]),
            tuple(passage for paragraph in paragraphs[report.id] for passage in passages[paragraph.id]),
            tuple(fact for paragraph in paragraphs[report.id] for fact in facts[paragraph.id]),
        )
        for report in records.read_records(path / FILES.reports, records.report)
    }


def _known(path: Path) -> dict[str, Known]:
    if not path.exists():  # written by an older version
        return {}
    rows = [Known(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row.sha256: row for row in rows}


def write_known(path: Path, rows: Iterable[Known]) -> None:
    """Write what the next build is to know into the generation at `path`."""
    with (path / SOURCES).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(asdict(row), ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
