"""What characters a file of plain text holds; `document.py` reads the other formats.

The text is never guessed at: byte order mark first, then strict UTF-8, then strict GB18030; anything else is refused
with the reason. Spans everywhere in Wenju count characters of the text that `decode` returns: byte order mark
removed, every line ending a single "\\n", nothing else changed; for the other formats, of the text that
`document.read_document` returns.
"""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path

from index.errors import SourceError

PICTURES = (".png", ".jpg", ".jpeg")
SUFFIXES = (".txt", ".md", ".html", ".htm", ".docx", ".pdf", ".zip", *PICTURES)
MAX_BYTES = 64 * 1024 * 1024  # a long report has 0.1 MB; a file this large is something else
MAX_TEXT = 20_000_000  # characters; the longest report has a hundredth
MAX_JUNK = 0.1  # share of characters that no text has; ten times what a damaged but legible file shows

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# The first bytes of files.
ZIP, EMPTY_ZIP, PDF, OLE = b"PK\x03\x04", b"PK\x05\x06", b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PNG, JPEG = b"\x89PNG\r\n", b"\xff\xd8\xff"
_NAMED = {
    "图片": {PNG: "PNG", JPEG: "JPEG", b"GIF8": "GIF"},
    "压缩包": {
        b"\x1f\x8b": "gzip",
        b"BZh": "bzip2",
        b"\xfd7zXZ\x00": "xz",
        b"7z\xbc\xaf\x27\x1c": "7z",
        b"Rar!\x1a\x07": "RAR",
    },
    "文档": {ZIP: "ZIP 或 Office", OLE: "旧版 Office", b"{\\rtf": "RTF"},
}
_MAGIC = {
    PDF: "PDF",
    EMPTY_ZIP: "ZIP",
    **dict.fromkeys((b"\x7fELF", b"MZ\x90\x00"), "可执行程序"),
    b"SQLite format 3\x00": "数据库",
    **{magic: f"{name} {kind}" for kind, names in _NAMED.items() for magic, name in names.items()},
}
# Control and private-use characters: what binary data looks like when GB18030 happens to accept it.
_JUNK = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffd-\uffff]")
_WORD = re.compile(r"[^\W_]")
SPLIT, WHOLE = "请拆分文件后再试。", "请检查文件是否完整。"
_AS_TEXT = "请另存为 UTF-8 编码的文本文件（.txt 或 .md）后再试。"


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
    return next((what for magic, what in _MAGIC.items() if data.startswith(magic)), None)


def check_text(text: str) -> None:
    """Raises SourceError when `text` is too long, holds no words or is mostly junk."""
    if len(text) > MAX_TEXT:
        raise too_long()
    if len(_JUNK.findall(text)) > MAX_JUNK * len(text):
        raise SourceError("多为控制字符，不是文本。", _AS_TEXT)
    if not _WORD.search(text):
        raise SourceError("没有文字。", WHOLE)


def too_long() -> SourceError:
    """The error of a file that holds more text than any report."""
    return SourceError(f"文字超过上限 {MAX_TEXT:,} 字。", SPLIT)


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
