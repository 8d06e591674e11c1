"""Which files there are to be read, and what each is called in the library.

A name in the library is where a file lies below the folder that was given, beginning with that folder's own name
(`reports/2024/a.txt`); a file given by itself goes by its own name. The path of the machine is no part of it, since
names are cited, exported and shown to everybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import SourceError
from index.readers.text import SUFFIXES
from index.text.normalize import visible


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not indexed, and why (a short Chinese sentence). `file` is its name in the library."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to be read: where it lies, and its name in the library."""

    path: Path
    name: str


def find_sources(paths: Iterable[str | os.PathLike[str]]) -> tuple[list[SourceFile], list[Skipped]]:
    """The files among `paths` and in the folders among them (recursively, sorted), and what is left out and why.

    One found twice comes once, under its first name. Hidden files and `*.jsonl` (metadata beside the reports) are
    passed over silently. Raises SourceError when a path does not exist.
    """
    roots = list(dict.fromkeys(map(Path, paths)))
    for root in roots:
        if not root.exists():
            raise SourceError(f"{root}：没有这个文件或文件夹。", "请检查路径。")
    files: dict[Path, SourceFile] = {}
    skipped: dict[Skipped, None] = {}
    for root, called in zip(roots, _names(roots), strict=True):
        for path, reason in _in_folder(root) if root.is_dir() else [(root, _unfit(root))]:
            name = called if path == root else "/".join(filter(None, (called, path.relative_to(root).as_posix())))
            reason = _unnamable(name) if reason is None else reason
            if reason:
                skipped[Skipped(shown(name), reason)] = None
            elif reason is None:
                files.setdefault(path, SourceFile(path, shown(name)))
    return list(files.values()), list(skipped)


def shown(name: str) -> str:
    """A name as it may be shown and cited: without characters that do not show; bytes that are no UTF-8 as the GBK that
    they mostly are, else spelled out."""
    try:
        text = os.fsencode(name).decode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        text = name.encode("utf-8", "backslashreplace").decode()
    except UnicodeDecodeError:
        text = os.fsencode(name).decode("gb18030", "backslashreplace")
    return visible(text)


def _names(roots: Sequence[Path]) -> list[str]:
    """For each of the given files and folders as much of the end of its path as tells it from the others."""
    parts = [root.resolve().parts[1:] for root in roots]
    lengths = [1] * len(roots)
    names = ["/".join(part[-1:]) for part in parts]
    while clashing := [i for i, name in enumerate(names) if names.count(name) > 1 and lengths[i] < len(parts[i])]:
        for i in clashing:
            lengths[i] += 1
            names[i] = "/".join(parts[i][-lengths[i] :])
    return names


def _unfit(path: Path) -> str | None:
    """Why a file is not read by its suffix; the empty text for what is passed over silently, None for one to read."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return None
    return (
        "" if suffix == ".jsonl" else f"不支持的格式（{shown(suffix) or '无后缀'}），目前只读 {'、'.join(SUFFIXES)}。"
    )


def _unnamable(name: str) -> str | None:
    """Why a file cannot be cited by its name; None when it can. Old Chinese systems leave names in GBK."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "文件名不是 UTF-8 编码（多半来自旧系统的压缩包），请改名后再试。"
    return None


def _in_folder(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Files below `folder` in sorted order, each with the reason why it is not read. Linked folders are not entered:
    what is inside is met at its own place."""
    root = folder.resolve()
    unreadable: list[OSError] = []
    for parent, names, files in os.walk(folder, onerror=unreadable.append):
        here = Path(parent)
        links = [name for name in _visible(names) if (here / name).is_symlink()]
        names[:] = [name for name in _visible(names) if name not in links]
        for name in sorted([*_visible(files), *links]):
            path = here / name
            if path.is_symlink() and not path.exists():
                yield path, "链接指向的文件不存在。"
            elif path.is_symlink() and not path.resolve().is_relative_to(root):
                yield path, "链接指向文件夹之外。"
            elif name not in links:
                yield path, _unfit(path)
    for error in unreadable:
        yield Path(error.filename), f"文件夹打不开（{error.strerror}）。"


def _visible(names: Sequence[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))
