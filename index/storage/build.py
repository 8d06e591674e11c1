"""Files to a new generation of an index; what did not change is neither read nor embedded again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.annotate.passages import indexed_text, whole_texts
from index.embed.embedder import EMBEDDED
from index.errors import SourceError
from index.readers import child
from index.readers.sources import Skipped, find_sources
from index.search.hybrid import HybridIndex
from index.storage.generation import locked
from index.storage.halfway import Halfway
from index.storage.ingest import Reading
from index.storage.previous import Previous, write_known
from index.storage.store import Content, publish

if TYPE_CHECKING:
    from index.embed.embedder import Embedder
    from index.embed.options import ModelOptions

Stage = Literal["read", "embed"]
Progress = Callable[[Stage, float, int], None]  # stage, done, total; of a file in work, the share that is done


@dataclass(frozen=True, slots=True)
class FileRead:
    """A report that was indexed, and what was found out about it; `aliases` are files with the very same content.
    Files go by their names in the library.

    `status` is "reused" when the file had not changed since the last build; `note` says how its text was got.
    """

    file: str
    status: Literal["read", "reused"]
    note: str
    title: str
    place: str | None
    year: int | None
    aliases: tuple[str, ...]
    paragraphs: int
    passages: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `reused` and `embedded` count passages and add up to all of them.

    `removed` are files that the index held before and that are gone.
    """

    generation: str  # path of the folder written
    files: tuple[FileRead, ...]
    skipped: tuple[Skipped, ...]
    removed: tuple[str, ...]
    reused: int
    embedded: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The same as plain values for `json.dumps`."""
        return asdict(self)


def build(
    sources: Sequence[str | os.PathLike[str]],
    index_dir: str | os.PathLike[str],
    *,
    embedder: Embedder,
    embedder_name: str = EMBEDDED,
    options: ModelOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Index the files and folders `sources` into a new generation of `index_dir`.

    `embedder_name` and `options` are what `load_embedder` takes to load `embedder` again when the index is opened.
    Files and lines of sidecars that cannot be read are skipped and listed. Raises SourceError when a path is missing or
    nothing can be read, IndexLocked when another build is running, StoreError when writing fails; the old index then
    stays.
    """
    start = time.perf_counter()
    folder = Path(index_dir)
    files, unsupported = find_sources(sources)
    with locked(folder):  # from the start, so that a second build ends at once and not after its work
        previous = Previous.of(folder, embedder)
        reading = Reading(previous)
        try:
            reading.add(files, _stage(progress, "read"))
        finally:
            child.shut()
        documents = list(reading.documents.values())
        skipped = (*unsupported, *reading.skipped)
        passages = tuple(passage for document in documents for passage in document.passages)
        if not passages:
            why = f"（跳过 {len(skipped)} 个，如 {skipped[0].file}：{skipped[0].reason}）" if skipped else ""
            raise SourceError(f"没有可以索引的文件{why}。", "请给出含有文字的 .txt、.md、.html、.docx 或 .pdf 文件。")
        texts = [indexed_text(passage) for passage in passages]
        halfway = Halfway(folder, embedder.fingerprint, embedder.dim)
        paragraphs = tuple(paragraph for document in documents for paragraph in document.paragraphs)
        wholes = whole_texts(paragraphs, passages)
        places = {id_: place for place, id_ in enumerate(wholes)}
        content = Content(
            reports=tuple(document.report for document in documents),
            paragraphs=paragraphs,
            passages=passages,
            facts=tuple(fact for document in documents for fact in document.facts),
            index=HybridIndex.build(
                texts,
                embedder,
                wholes=list(wholes.values()),
                of=[places[passage.paragraph_id] for passage in passages],
                known=halfway.rows(texts) | dict(previous.vectors),
                keep=halfway.keep,
                progress=_stage(progress, "embed"),
            ),
        )
        generation = publish(
            folder,
            content,
            embedder_name=embedder_name,
            fingerprint=embedder.fingerprint,
            options=options,
            also=lambda path: write_known(path, reading.known.values()),
        )
        halfway.done()
    reused = sum(text in previous.vectors for text in texts)
    return BuildReport(
        generation=str(generation),
        files=tuple(_file_read(reading, digest) for digest in reading.documents),
        skipped=skipped,
        removed=_removed(previous, content, skipped),
        reused=reused,
        embedded=len(texts) - reused,
        seconds=round(time.perf_counter() - start, 3),
    )


def _removed(previous: Previous, content: Content, skipped: Sequence[Skipped]) -> tuple[str, ...]:
    """The files that were indexed before and now are neither indexed nor skipped."""
    here = {name for report in content.reports for name in (report.file, *report.aliases)}
    return tuple(sorted(previous.files - here - {one.file for one in skipped}))


def _stage(progress: Progress | None, stage: Stage) -> Callable[[float, int], None] | None:
    return (lambda done, total: progress(stage, done, total)) if progress else None


def _file_read(reading: Reading, digest: str) -> FileRead:
    document = reading.documents[digest]
    report = document.report
    return FileRead(
        file=report.file,
        status="reused" if digest in reading.reused else "read",
        note=reading.known[digest].note,
        title=report.title,
        place=report.place,
        year=report.year,
        aliases=report.aliases,
        paragraphs=len(document.paragraphs),
        passages=len(document.passages),
    )
