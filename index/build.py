"""Files to a new generation of an index; what did not change is not embedded again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.embedder import EMBEDDED
from index.errors import SourceError, StoreError
from index.generation import locked
from index.passages import indexed_text
from index.readers.sidecar import Sidecar
from index.readers.text import Skipped, decode, find_sources, read_bytes
from index.report import ReadReport, read_report
from index.search import HybridIndex, Vectors
from index.store import Content, Store, publish

if TYPE_CHECKING:
    from index.embedder import Embedder

Stage = Literal["read", "embed"]
Progress = Callable[[Stage, int, int], None]  # stage, done, total


@dataclass(frozen=True, slots=True)
class FileRead:
    """A report that was indexed, and what was found out about it; `aliases` are files with the very same content."""

    file: str
    title: str
    place: str | None
    year: int | None
    aliases: tuple[str, ...]
    paragraphs: int
    passages: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `reused` and `embedded` count passages and add up to all of them."""

    generation: str  # path of the folder written
    files: tuple[FileRead, ...]
    skipped: tuple[Skipped, ...]
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
    progress: Progress | None = None,
) -> BuildReport:
    """Index the files and folders `sources` into a new generation of `index_dir`.

    `embedder_name` is what `load_embedder` takes to load `embedder` again when the index is opened. Files that cannot
    be read are skipped and listed. Raises SourceError when a path is missing, a sidecar is broken or nothing can be
    read, IndexLocked when another build is running, StoreError when writing fails; the old index then stays.
    """
    start = time.perf_counter()
    folder = Path(index_dir)
    files, unsupported = find_sources(sources)
    with locked(folder):  # from the start, so that a second build ends at once and not after its work
        documents, unreadable = _read(files, progress)
        skipped = (*unsupported, *unreadable)
        passages = tuple(passage for document in documents for passage in document.passages)
        if not passages:
            why = f"（跳过 {len(skipped)} 个，如 {skipped[0].file}：{skipped[0].reason}）" if skipped else ""
            raise SourceError(f"没有可以索引的文件{why}。", "请给出含有文字的 .txt 或 .md 文件。")
        texts = [indexed_text(passage) for passage in passages]
        known = _known_vectors(folder, embedder)
        content = Content(
            reports=tuple(document.report for document in documents),
            paragraphs=tuple(paragraph for document in documents for paragraph in document.paragraphs),
            passages=passages,
            index=HybridIndex.build(texts, embedder, known=known, progress=_embedding(progress)),
        )
        generation = publish(folder, content, embedder_name=embedder_name, fingerprint=embedder.fingerprint)
    reused = sum(text in known for text in texts)
    return BuildReport(
        generation=str(generation),
        files=tuple(_file_read(document) for document in documents),
        skipped=skipped,
        reused=reused,
        embedded=len(texts) - reused,
        seconds=round(time.perf_counter() - start, 3),
    )


def _read(files: Sequence[Path], progress: Progress | None) -> tuple[list[ReadReport], list[Skipped]]:
    """One document for each distinct content, in the order of `files`; and the files that cannot be read."""
    documents: dict[str, ReadReport] = {}
    skipped: list[Skipped] = []
    sidecar = cache(Sidecar.beside)
    for done, path in enumerate(files, 1):
        if progress:
            progress("read", done, len(files))
        try:
            data = read_bytes(path)
            digest = hashlib.sha256(data).hexdigest()
            text = decode(data, str(path))
        except SourceError as error:
            skipped.append(Skipped(str(path), error.what.removeprefix(f"{path}：")))
            continue
        if digest in documents:
            documents[digest] = _also_named(documents[digest], path)
        else:
            metadata = sidecar(path.parent).of(path.name, digest)
            documents[digest] = read_report(text, file=path.as_posix(), sha256=digest, metadata=metadata)
    return list(documents.values()), skipped


def _also_named(document: ReadReport, path: Path) -> ReadReport:
    aliases = (*document.report.aliases, path.as_posix())
    return replace(document, report=replace(document.report, aliases=aliases))


def _known_vectors(folder: Path, embedder: Embedder) -> Mapping[str, Vectors]:
    """The vectors of the current generation by their texts; none when it is missing, damaged or of another model."""
    try:
        store = Store.open(folder, embedder)
    except StoreError:
        return {}
    return dict(zip(map(indexed_text, store.passages), store.index.vectors, strict=True))


def _embedding(progress: Progress | None) -> Callable[[int, int], None] | None:
    return (lambda done, total: progress("embed", done, total)) if progress else None


def _file_read(document: ReadReport) -> FileRead:
    report = document.report
    return FileRead(
        file=report.file,
        title=report.title,
        place=report.place,
        year=report.year,
        aliases=report.aliases,
        paragraphs=len(document.paragraphs),
        passages=len(document.passages),
    )
