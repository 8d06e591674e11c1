"""Files to reports: each content once, and what did not change since the last build not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from index.annotate.apart import read_apart
from index.annotate.report import ReadReport
from index.errors import SourceError
from index.readers.document import Source, opened_source, parse_document, reading_version
from index.readers.sidecar import NAME, Metadata, Sidecar
from index.readers.sources import Skipped, SourceFile
from index.readers.text import read_bytes
from index.storage.previous import Known, Previous

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
    _sidecars: dict[Path, Sidecar] = field(default_factory=dict)

    def add(self, files: Sequence[SourceFile], progress: Callable[[float, int], None] | None) -> None:
        """Read all of `files`. `progress` hears how many are done, of the one in work the share, and how many there
        are."""
        for done, file in enumerate(files):
            tell = partial(_tell, progress, done, len(files)) if progress else None
            with opened_source(file) as (sources, skipped):
                self.skipped += skipped
                for source in sources:
                    self._add(source, tell)
            if tell:
                tell(1.0)

    def _add(self, source: Source, tell: Callable[[float], None] | None) -> None:
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
        metadata = self._metadata(source, digest)
        if self._take_known(source, digest, metadata):
            return
        try:
            self._read(source, data, digest, metadata, tell)
        except SourceError as error:
            self._skip(source, error)

    def _read(
        self, source: Source, data: bytes, digest: str, metadata: Metadata, tell: Callable[[float], None] | None
    ) -> None:
        """Read a content that is new. Raises SourceError, and then nothing of it is known."""
        document = parse_document(data, source.name)
        words = _hash_of_words(document.text)
        known = Known(digest, source.base, dict(metadata), reading_version(), words, document.note)
        if words in self._words:
            self.known[digest] = known
            self._name_also(self._words[words], source)
            return
        self.documents[digest] = read_apart(
            document.text, file=source.name, sha256=digest, metadata=metadata, progress=tell
        )
        self.known[digest] = known
        self._words[words] = digest

    def _metadata(self, source: Source, digest: str) -> Metadata:
        """What the sidecar beside a file says of it; its broken lines are told once."""
        if source.folder is None:
            return {}
        if source.folder not in self._sidecars:
            sidecar = self._sidecars[source.folder] = Sidecar.beside(source.folder)
            name = str(PurePosixPath(source.name).with_name(NAME))
            self.skipped += [Skipped(f"{name} 第 {n} 行" if n else name, reason) for n, reason in sidecar.broken]
        return self._sidecars[source.folder].of(source.base, digest)

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
        self._words[known.words] = digest
        self.documents[digest] = replace(before, report=replace(before.report, file=source.name, aliases=()))
        self.reused.add(digest)
        return True

    def _name_also(self, digest: str, source: Source) -> None:
        document = self.documents[digest]
        aliases = (*document.report.aliases, source.name)
        self.documents[digest] = replace(document, report=replace(document.report, aliases=aliases))

    def _skip(self, source: Source, error: SourceError) -> None:
        reason = error.what.removeprefix(f"{source.path}：").removeprefix(f"{source.name}：")
        self.skipped.append(Skipped(source.name, reason))


def _tell(progress: Callable[[float, int], None], before: int, total: int, share: float) -> None:
    progress(before + share, total)


def _hash_of_words(text: str) -> str:
    """Equal for texts that differ in white space and in marks of headings and lists alone."""
    return hashlib.sha256(_MARKERS.sub("", text).encode("utf-8", "surrogatepass")).hexdigest()
