"""A folder of immutable generations, of which one is current.

    DIR/CURRENT                 the name of the current generation
    DIR/000012-<16 hex>/        a generation; the hex digits begin the SHA-256 of its manifest
        manifest.json           format, model, counts and the SHA-256 of every other file
        reports.jsonl ...       see `Files`
    DIR/.building/              a generation being written; nobody reads it
    DIR/.lock                   held while one is written

Names bind content: CURRENT names the manifest by its hash, the manifest names every file by its hash. A reader sees
the old or the new generation, never a mixture; the one before the current is kept for readers on their way in.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from index.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, StoreError

FORMAT = 4  # raise it whenever an older program could misread the files, or `tokenize` changes

_NAME = re.compile(r"(\d{6})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Files:
    """The names of everything in an index folder and in a generation."""

    current: str = "CURRENT"
    lock: str = ".lock"
    building: str = ".building"
    manifest: str = "manifest.json"
    reports: str = "reports.jsonl"
    paragraphs: str = "paragraphs.jsonl"
    passages: str = "passages.jsonl"
    facts: str = "facts.jsonl"
    vectors: str = "vectors.faiss"
    scales: str = "scales.json"  # what the products of the vectors mean
    lexical: str = "lexical"  # a folder, written by bm25s
    wholes: str = "wholes"  # likewise, of the paragraphs, and which passage is part of which


FILES = Files()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is. `files` maps the path of each file in it to its SHA-256."""

    format: int
    created_by: str
    embedder: str  # the name or folder that `load_embedder` takes
    fingerprint: str
    dim: int
    counts: Mapping[str, int]
    files: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)  # of the embedder: `ModelOptions(**options)`


def rebuild(folder: Path) -> str:
    """The remedy for an index that cannot be used."""
    return f"请运行 wenju build --index {shlex.quote(str(folder))} 重新建立索引。"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the writer's lock of the index `folder`, made if missing; may be nested in one thread.

    Raises IndexLocked at once when another build holds it, StoreError when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.resolve() / FILES.lock, timeout=0, is_singleton=True)
        lock.acquire()
    except Timeout as error:
        raise IndexLocked(f"另一个进程正在写索引 {folder}。", "请等它结束后再试。") from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def publish(folder: Path, write: Callable[[Path], None], describe: Callable[[Mapping[str, str]], Manifest]) -> Path:
    """Make what `write(path)` writes the current generation of `folder`; returns its path.

    `describe` turns the hashes of the written files into the manifest. Raises IndexLocked, or StoreError when writing
    fails; the generation current before then still is, unless the very last step, making the switch durable, failed.
    """
    with locked(folder):
        try:
            _sweep(folder)
            return _publish(folder, write, describe)
        except OSError as error:
            shutil.rmtree(folder / FILES.building, ignore_errors=True)
            raise unwritable(folder, error) from error


def _publish(folder: Path, write: Callable[[Path], None], describe: Callable[[Mapping[str, str]], Manifest]) -> Path:
    building = folder / FILES.building
    building.mkdir()
    write(building)
    written = [path for path in sorted(building.rglob("*")) if path.is_file()]
    manifest = describe({path.relative_to(building).as_posix(): _sha256(path) for path in written})
    data = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
    (building / FILES.manifest).write_bytes(data)
    for path in [*building.rglob("*"), building]:
        _sync(path)
    numbers = [int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    generation = folder / f"{max(numbers, default=0) + 1:06d}-{hashlib.sha256(data).hexdigest()[:16]}"
    building.replace(generation)
    _sync(folder)
    _switch(folder, generation.name)
    _sweep(folder)
    return generation


def _switch(folder: Path, name: str) -> None:
    """Make the generation `name` the current one: the moment at which readers see it."""
    new = folder / f"{FILES.current}.new"
    new.write_text(name + "\n", encoding="ascii")
    _sync(new)
    new.replace(folder / FILES.current)
    _sync(folder)


def _sweep(folder: Path) -> None:
    """Remove what a broken-off build left and all generations but the current one and the one before it."""
    shutil.rmtree(folder / FILES.building, ignore_errors=True)
    try:
        current = current_name(folder)
        names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except (StoreError, OSError):
        return  # nothing says which one matters: keep them all
    before = [name for name in names if name < current]
    for name in names:
        if name not in (current, *before[-1:]):
            shutil.rmtree(folder / name, ignore_errors=True)


def current_name(folder: Path) -> str:
    """The name of the current generation. Raises IndexMissing or IndexDamaged."""
    try:
        name = (folder / FILES.current).read_text(encoding="ascii").removesuffix("\n")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexMissing(f"{folder} 里没有索引。", rebuild(folder)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"{folder / FILES.current} 读不出来。", rebuild(folder)) from error
    if not _NAME.fullmatch(name):
        raise IndexDamaged(f"{folder / FILES.current} 已损坏。", rebuild(folder))
    return name


def verified(folder: Path, name: str) -> Manifest:
    """The manifest of the generation `name` of `folder`, after checking every file in it against its hash.

    Raises IndexDamaged, or IndexMismatch when the format is another.
    """
    data = _read(folder, name, FILES.manifest)
    if not name.endswith("-" + hashlib.sha256(data).hexdigest()[:16]):
        raise _altered(folder, FILES.manifest)
    row = json.loads(data)
    if row["format"] != FORMAT:
        raise IndexMismatch(f"索引格式是 {row['format']}，本程序读的是 {FORMAT}。", rebuild(folder))
    manifest = Manifest(**row)
    for file, digest in manifest.files.items():
        try:
            actual = _sha256(folder / name / file)
        except OSError as error:
            raise _unreadable(folder, file, error) from error
        if actual != digest:
            raise _altered(folder, file)
    return manifest


def _read(folder: Path, name: str, file: str) -> bytes:
    try:
        return (folder / name / file).read_bytes()
    except OSError as error:
        raise _unreadable(folder, file, error) from error


def _altered(folder: Path, file: str) -> IndexDamaged:
    return IndexDamaged(f"索引文件 {file} 的校验和不符。", rebuild(folder))


def _unreadable(folder: Path, file: str, error: OSError) -> IndexDamaged:
    return IndexDamaged(f"索引文件 {file} 读不出来（{error.strerror}）。", rebuild(folder))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Make a file or a folder's entries survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"写索引 {folder} 失败（{error.strerror or error}）。",
        "可用的索引没有损坏；请检查磁盘空间和写权限后再运行 wenju build。",
    )
