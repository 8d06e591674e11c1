"""Any file that Wenju reads, as one text in the plain form.

The text of .txt and .md is the file's own, character by character. That of .html, .docx, .pdf and pictures is made by
their readers, and spans count characters of it. All but plain text is parsed in a child process (`child.py`).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from index.errors import SourceError
from index.readers import child
from index.readers.sources import Skipped, SourceFile
from index.readers.text import (
    EMPTY_ZIP,
    JPEG,
    OLE,
    PDF,
    PICTURES,
    PNG,
    WHOLE,
    ZIP,
    check_text,
    decode,
    kind_of_bytes,
    read_bytes,
)

OCR_NOTE = "文字识别自扫描页"
_INSTALL = "请安装 wenju[ocr]"
_MAGIC_OF = {".pdf": PDF, ".docx": ZIP, ".png": PNG, ".jpg": JPEG, ".jpeg": JPEG}
_ROOMS = ("text", "readers", "parse", "annotate")  # what a file is read by
_PARSERS = ("lxml", "pdfplumber", "pdfminer.six", "pypdfium2", "rapidocr", "onnxruntime", "tinycss2", "cssselect2")


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file in the plain form, and what a reader of it should know of how it was got (may be empty)."""

    text: str
    note: str = ""


def read_document(path: str | os.PathLike[str]) -> Document:
    """The file at `path` as text. Raises SourceError when it cannot be read as a report."""
    return parse_document(read_bytes(path), os.fspath(path))


def parse_document(data: bytes, name: str) -> Document:
    """The file with the content `data` as text; the suffix of `name` says what it should be.

    Raises SourceError, its message beginning with `name`, when it is something else, locked, damaged or without text.
    """
    suffix = Path(name).suffix.lower()
    try:
        found = _parsed(data, suffix)
        if found is None:
            return Document(decode(data, name))
        check_text(found.text)
        return found
    except SourceError as error:
        what = error.what if error.what.startswith(f"{name}：") else f"{name}：{error.what}"
        raise SourceError(what, error.remedy) from error


def _parsed(data: bytes, suffix: str) -> Document | None:
    """The text of a formatted document; None when `suffix` is that of plain text."""
    if suffix == ".zip":
        raise SourceError("是压缩包。", "请用 wenju build 读取，或先解压。")
    if suffix in (".html", ".htm"):
        _check_magic(data, suffix, b"")
        return Document(child.run("html", data)["text"])
    if suffix == ".docx":
        _check_magic(data, suffix, _MAGIC_OF[suffix])
        return Document(child.run("docx", data)["text"])
    if suffix == ".pdf":
        _check_magic(data, suffix, _MAGIC_OF[suffix])
        return _pdf(data)
    if suffix in PICTURES:
        _check_magic(data, suffix, _MAGIC_OF[suffix])
        if not has_ocr():
            raise _needs_ocr("是图片")
        return Document(child.run("image", data)["text"], OCR_NOTE)
    return None


def _check_magic(data: bytes, suffix: str, expected: bytes) -> None:
    """Refuse a file whose first bytes are not those of its suffix."""
    if not data:
        raise SourceError("没有文字。", WHOLE)
    actual = kind_of_bytes(data)
    if actual == kind_of_bytes(expected) or (suffix == ".pdf" and PDF in data[:1024]):
        return
    if suffix == ".docx" and data.startswith(OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in data
        raise SourceError("有密码。" if locked else "是旧版 Word 文档。", "请用 Word 去掉密码或另存为 .docx。")
    raise SourceError(f"后缀是 {suffix}，内容{f'是{actual}' if actual else '不是'}。", "请改正后缀或另存后再试。")


def _needs_ocr(what: str) -> SourceError:
    return SourceError(f"{what}，{_INSTALL}。", "安装后再运行一次。")


def _pdf(data: bytes) -> Document:
    found = child.run("pdf", data)
    scanned: list[int] = found["scanned"]
    if not scanned:
        return Document(found["text"])
    if has_ocr():
        return Document(child.run("pdf-ocr", data)["text"], OCR_NOTE)
    if not found["text"]:
        raise _needs_ocr("是扫描件")
    return Document(found["text"], f"第 {'、'.join(map(str, scanned))} 页是扫描页，没有读；{_INSTALL}")


def has_ocr() -> bool:
    """Whether the extra [ocr] is installed."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


@cache
def reading_version() -> str:
    """Changes whenever a file might be read differently: with the code of `index` and the versions of its parsers."""
    digest = hashlib.sha256()
    folder = Path(__file__).resolve().parents[1]
    reading = [path for room in _ROOMS for path in folder.glob(f"{room}/**/*") if path.suffix in (".py", ".tsv")]
    for path in sorted(reading):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for package in _PARSERS:
        try:
            digest.update(f"{package} {version(package)}\n".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Source:
    """A file or a member of an archive (`archive.zip/member`) that should be read; `name` is that in the library."""

    name: str
    path: Path  # where its bytes lie now
    folder: Path | None  # where a sidecar may lie beside it

    @property
    def base(self) -> str:
        return PurePosixPath(self.name).name


@contextmanager
def opened_source(file: SourceFile) -> Iterator[tuple[list[Source], list[Skipped]]]:
    """What `file` holds to be read: itself, or the members of an archive for as long as the context is open."""
    if file.path.suffix.lower() != ".zip":
        yield [Source(file.name, file.path, file.path.parent)], []
        return
    with tempfile.TemporaryDirectory(prefix="wenju-") as folder:
        try:
            data = read_bytes(file.path)
            _check_magic_of_zip(data)
            found = child.run("zip", data, folder)
        except SourceError as error:
            yield [], [Skipped(file.name, error.what.removeprefix(f"{file.path}："))]
            return
        sources = [Source(f"{file.name}/{name}", Path(folder) / number, None) for name, number in found["members"]]
        yield sources, [Skipped(f"{file.name}/{name}", reason) for name, reason in found["skipped"]]


def _check_magic_of_zip(data: bytes) -> None:
    if not data.startswith((ZIP, EMPTY_ZIP)):
        _check_magic(data, ".zip", EMPTY_ZIP)
