"""ZIP archives: what may be opened, and their members.

Names of members are never used as paths: an extracted member is a numbered file in a folder of ours. The sizes that
the directory of an archive states are checked before anything is unpacked, and counted again while unpacking.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath

from index.errors import SourceError
from index.readers.sources import shown
from index.readers.text import MAX_BYTES, SUFFIXES

MAX_MEMBERS = 5_000
MAX_UNPACKED = 512 * 1024 * 1024
MAX_RATIO = 200  # Office documents reach 30; bombs start at 1,000
SMALL = 1024 * 1024  # a member below this may be packed as tightly as it likes
REMEDY = "请解压后再试。"


@contextmanager
def opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    """The archive in `data`, once its stated sizes are found harmless. Raises SourceError."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check(archive.infolist())
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zipfile.LargeZipFile, UnicodeDecodeError) as error:
        raise SourceError("压缩包已损坏或不完整。", REMEDY) from error


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise SourceError(f"压缩包里有 {len(members):,} 个文件，超过上限 {MAX_MEMBERS:,}。", REMEDY)
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise SourceError(f"解压后有 {total:,} 字节，超过上限 {MAX_UNPACKED:,}。", REMEDY)
    for member in members:
        if member.file_size > max(SMALL, MAX_RATIO * member.compress_size):
            raise SourceError("压缩比异常，可能是压缩炸弹。", REMEDY)


def member_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo | str) -> bytes:
    """The content of a member. Raises SourceError when it is locked, damaged or larger than it says."""
    info = archive.getinfo(member) if isinstance(member, str) else member
    if info.flag_bits & 0x1:
        raise SourceError("有密码。", "请去掉密码后再试。")
    if info.file_size > MAX_BYTES:
        raise SourceError(f"{info.file_size:,} 字节，超过上限 {MAX_BYTES:,}。", "请拆分后再试。")
    import zlib

    try:
        with archive.open(info) as file:
            data = file.read(info.file_size + 1)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error) as error:
        raise SourceError("压缩包已损坏或不完整。", REMEDY) from error
    if len(data) != info.file_size:
        raise SourceError("压缩包已损坏或不完整。", REMEDY)
    return data


def name_of(member: zipfile.ZipInfo) -> str:
    """A member's name. Windows writes Chinese names in GBK without saying so; Python then reads them as CP437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def refusal(member: zipfile.ZipInfo, name: str) -> str | None:
    """Why a member is not read, or None; the empty text for what is passed over silently."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
        return "路径指向压缩包之外。"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "是链接。"
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts) or path.suffix.lower() == ".jsonl":
        return ""
    if path.suffix.lower() == ".zip":
        return "压缩包里的压缩包不读，请解压后再试。"
    if path.suffix.lower() not in SUFFIXES:
        return f"不支持的格式（{path.suffix or '无后缀'}）。"
    return None


def unpack(data: bytes, folder: Path) -> dict[str, object]:
    """Write the members of an archive as `0`, `1` ... into `folder`, in the order of their names.

    Returns `members`: name and number, and `skipped`: name and reason.
    """
    members: list[tuple[str, str]] = []
    skipped: list[tuple[str, str]] = []
    with opened(data) as archive:
        named = [(shown(name_of(info)), info) for info in archive.infolist() if not info.is_dir()]
        for name, info in sorted(named, key=lambda pair: pair[0]):
            reason = refusal(info, name)
            if reason is None:
                try:
                    (folder / str(len(members))).write_bytes(member_bytes(archive, info))
                    members.append((name, str(len(members))))
                except SourceError as error:
                    reason = error.what
            if reason:
                skipped.append((name, reason))
    return {"members": members, "skipped": skipped}
