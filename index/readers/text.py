"""Which files there are, and what characters those of plain text hold; `document.py` reads the other formats.

The text is never guessed at: byte order mark first, then strict UTF-8, then strict GB18030; anything else is refused
with the reason. Spans everywhere in Wenju count characters of the text that `decode` returns: byte order mark
removed, every line ending a single "\\n", nothing else changed; for the other formats, of the text that
`document.read_document` returns.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import SourceError

PICTURES = (".png", ".jpg", ".jpeg")
SUFFIXES = (".txt", ".md", ".html", ".htm", ".docx", ".pdf", ".zip", *PICTURES)
MAX_BYTES = 64 * 1024 * 1024  # a long report has 0.1 MB; a file this large is something else
MAX_JUNK = 0.1  # share of characters that no text has; ten times what a damaged but legible file shows

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MAGIC = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP 或 Office 文档"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x89PNG\r\n", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"),
    (b"GIF8", "GIF 图片"),
    (b"\x1f\x8b", "gzip 压缩包"),
    (b"BZh", "bzip2 压缩包"),
    (b"\xfd7zXZ\x00", "xz 压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包"),
    (b"Rar!\x1a\x07", "RAR 压缩包"),
    (b"\x7fELF", "可执行程序"),
    (b"MZ\x90\x00", "可执行程序"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Office 文档"),
    (b"{\\rtf", "RTF 文档"),
    (b"SQLite format 3\x00", "数据库"),
)
# Control and private-use characters: what binary data looks like when GB18030 happens to accept it.
_JUNK = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffd-\uffff]")
_WORD = re.compile(r"[^\W_]")
_AS_TEXT = "请另存为 UTF-8 编码的文本文件（.txt 或 .md）后再试。"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not indexed, and why (a short Chinese sentence)."""

    file: str
    reason: str


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of the file at `path`, as `decode` gives it. Raises SourceError when it cannot be read as text."""
    return decode(read_bytes(path), os.fspath(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The raw content of a regular file of at most MAX_BYTES; SourceError otherwise."""
    file = Path(path)
    try:
        if not file.exists():
            raise SourceError(f"{path}：没有这个文件。", "请检查路径。")
        if not file.is_file():  # a pipe or a device would block or never end
            raise SourceError(f"{path}：不是普通文件。", "请给出文本文件。")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise SourceError(f"{path}：{size:,} 字节，超过上限 {MAX_BYTES:,}。", "请拆分后再试。")
        return file.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}：读取失败（{error.strerror or error}）。", "请检查文件和读取权限。") from error


def decode(data: bytes, name: str) -> str:
    """The characters of a text file, line endings made "\\n" and the byte order mark removed.

    `name` stands in the message of the SourceError raised when `data` is empty, blank or not text.
    """
    if what := kind_of_bytes(data):
        raise SourceError(f"{name}：内容是{what}，不是文本。", _AS_TEXT)
    text = _decoded(data, name).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise SourceError(f"{name}：含有空字符，不是文本或编码不明。", _AS_TEXT)
    try:
        check_text(text)
    except SourceError as error:
        raise SourceError(f"{name}：{error.what}", error.remedy) from error
    return text


def kind_of_bytes(data: bytes) -> str | None:
    """What the first bytes of a file say it is, in Chinese; None for text and for what is not known."""
    return next((what for magic, what in _MAGIC if data.startswith(magic)), None)


def check_text(text: str) -> None:
    """Raises SourceError when `text` holds no words or is mostly junk."""
    if len(_JUNK.findall(text)) > MAX_JUNK * len(text):
        raise SourceError("多为控制字符，不是文本。", _AS_TEXT)
    if not _WORD.search(text):
        raise SourceError("没有文字。", "请检查文件是否完整。")


def _decoded(data: bytes, name: str) -> str:
    """`data` in the encoding its byte order mark names, else in the first of UTF-8 and GB18030 that fits all of it."""
    encodings = [encoding for bom, encoding in _BOMS if data.startswith(bom)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    tried = "、".join(encoding.upper() for encoding in encodings)
    raise SourceError(f"{name}：编码无法识别（试过 {tried}）。", _AS_TEXT)


def find_sources(paths: Iterable[str | os.PathLike[str]]) -> tuple[list[Path], list[Skipped]]:
    """The files among `paths` and in the folders among them (recursively, sorted), and what is left out and why.

    A path stays as given, a file found in a folder is that folder's path joined with its own, and one named twice
    comes once. Hidden files and `*.jsonl` (metadata beside the reports) are passed over silently.
    Raises SourceError when a path does not exist.
    """
    files: dict[Path, None] = {}
    skipped: dict[Skipped, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise SourceError(f"{path}：没有这个文件或文件夹。", "请检查路径。")
        for found in _in_folder(path) if path.is_dir() else _one_file(path):
            if isinstance(found, Skipped):
                skipped[found] = None
            else:
                files[found] = None
    return list(files), list(skipped)


def _one_file(path: Path) -> Iterator[Path | Skipped]:
    if path.suffix.lower() in SUFFIXES:
        yield path
    elif path.suffix.lower() != ".jsonl":
        yield Skipped(str(path), f"不支持的格式（{path.suffix or '无后缀'}），目前只读 {'、'.join(SUFFIXES)}。")


def _in_folder(folder: Path) -> Iterator[Path | Skipped]:
    """Files below `folder` in sorted order. Linked folders are not entered: what is inside is met at its own place."""
    root = folder.resolve()
    unreadable: list[OSError] = []
    for parent, names, files in os.walk(folder, onerror=unreadable.append):
        here = Path(parent)
        links = [name for name in _visible(names) if (here / name).is_symlink()]
        names[:] = [name for name in _visible(names) if name not in links]
        for name in sorted([*_visible(files), *links]):
            path = here / name
            if path.is_symlink() and not path.exists():
                yield Skipped(str(path), "链接指向的文件不存在。")
            elif path.is_symlink() and not path.resolve().is_relative_to(root):
                yield Skipped(str(path), "链接指向文件夹之外。")
            elif name not in links:
                yield from _one_file(path)
    for error in unreadable:
        yield Skipped(str(error.filename), f"文件夹打不开（{error.strerror}）。")


def _visible(names: Sequence[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))
