"""Files to reports: each content once, and what did not change since the last build not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from index.errors import SourceError
from index.previous import Known, Previous
from index.readers.document import Source, opened_source, parse_document, reading_version
from index.readers.sidecar import Metadata, Sidecar
from index.readers.text import Skipped, read_bytes
from index.report import ReadReport, read_report

_MARKERS = re.compile(r"(?m)^\s*(?:#{1,6}|[-*+•●])\s*|\s+")


@dataclass(slots=True)
class Reading:
    """What a build reads. `documents` and `known` go by the hash of a file's bytes, in the order they were met."""

    previous: Previous
    documents: dict[str, ReadReport] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)  # hashes of the documents taken from the previous generation
    skipped: list[Skipped] = field(default_factory=list)
    _words: dict[str, str] = field(default_factory=dict)  # hash of the text -> hash of the bytes it came from first
    _sidecar: Callable[[Path], Sidecar] = field(default_factory=lambda: cache(Sidecar.beside))

    def add(self, paths: Sequence[Path], progress: Callable[[int, int], None] | None) -> None:
        """Read all of `paths`. Raises SourceError when a sidecar is broken."""
        for done, path in enumerate(paths, 1):
            if progress:
                progress(done, len(paths))
            with opened_source(path) as (sources, skipped):
                self.skipped += skipped
                for source in sources:
                    self._add(source)

    def _add(self, source: Source) -> None:
        try:
            data = read_bytes(source.path)
        except SourceError as error:
            self._skip(source, error)
            return
        digest = hashlib.sha256(data).hexdigest()
        first = self._words[self.known[digest].words] if digest in self.known else None
        if first:
            self._name_also(first, source)
            return
        metadata = self._sidecar(source.folder).of(source.base, digest) if source.folder else {}
        if self._take_known(source, digest, metadata):
            return
        try:
            document = parse_document(data, source.name)
        except SourceError as error:
            self._skip(source, error)
            return
        words = _hash_of_words(document.text)
        self.known[digest] = Known(digest, source.base, dict(metadata), reading_version(), words, document.note)
        if self._first(words, digest) != digest:
            self._name_also(self._words[words], source)
            return
        self.documents[digest] = read_report(document.text, file=source.name, sha256=digest, metadata=metadata)

    def _take_known(self, source: Source, digest: str, metadata: Metadata) -> bool:
        """Use what the previous generation holds of this content, if reading it again would give the same."""
        known = self.previous.known.get(digest)
        if known is None or (known.base, known.version, known.metadata) != (source.base, reading_version(), metadata):
            return False
        if known.words in self._words:
            self.known[digest] = known
            self._name_also(self._words[known.words], source)
            return True
        before = self.previous.reports.get(digest)
        if before is None:  # it was there under the name of another file, which is gone
            return False
        self.known[digest] = known
        self._first(known.words, digest)
        self.documents[digest] = replace(before, report=replace(before.report, file=source.name, aliases=()))
        self.reused.add(digest)
        return True

    def _first(self, words: str, digest: str) -> str:
        return self._words.setdefault(words, digest)

    def _name_also(self, digest: str, source: Source) -> None:
        document = self.documents[digest]
        aliases = (*document.report.aliases, source.name)
        self.documents[digest] = replace(document, report=replace(document.report, aliases=aliases))

    def _skip(self, source: Source, error: SourceError) -> None:
        reason = error.what.removeprefix(f"{source.path}：").removeprefix(f"{source.name}：")
        self.skipped.append(Skipped(source.name, reason))


def _hash_of_words(text: str) -> str:
    """Equal for texts that differ in white space and in marks of headings and lists alone."""
    return hashlib.sha256(_MARKERS.sub("", text).encode("utf-8", "surrogatepass")).hexdigest()
