"""`reports.jsonl` beside the reports: what a person knows better than the text says (title, place, year ...).

One JSON object a line. `file` (its name, in the sidecar's folder) or `sha256` says which report is meant; all
other fields are handed on as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.errors import SourceError
from index.readers.text import read_text

NAME = "reports.jsonl"
_TEXTS = ("file", "sha256", "title", "place", "genre", "publisher", "date")

Metadata = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The rows of one `reports.jsonl`, by file name and, for rows without one, by hash."""

    by_file: Mapping[str, Metadata]
    by_hash: Mapping[str, Metadata]

    @classmethod
    def beside(cls, folder: Path) -> Sidecar:
        """That of the reports in `folder`, empty when there is none; SourceError naming the line that is broken."""
        path = folder / NAME
        rows: dict[str, dict[str, Metadata]] = {"file": {}, "sha256": {}}
        lines = read_text(path).split("\n") if path.exists() else []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path} 第 {number} 行"
            row = _row(line, where=where)
            kind = "file" if "file" in row else "sha256"
            if rows[kind].setdefault(str(row[kind]), row) is not row:
                raise _broken(where, f"{row[kind]} 前面已经有一行")
        return cls(rows["file"], rows["sha256"])

    def of(self, name: str, sha256: str) -> Metadata:
        """The row for the file `name` whose content has `sha256`, empty when there is none; the name wins."""
        return self.by_file.get(name) or self.by_hash.get(sha256) or {}


def _row(line: str, *, where: str) -> Metadata:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(where, "不是 JSON") from error
    if not isinstance(row, dict):
        raise _broken(where, "不是 JSON 对象")
    row = {name: value for name, value in row.items() if value is not None}
    for name in _TEXTS:
        if not isinstance(row.get(name, ""), str):
            raise _broken(where, f"{name} 应为文字")
    year = row.get("year", 0)
    if not isinstance(year, int) or isinstance(year, bool):
        raise _broken(where, "year 应为整数")
    if "file" not in row and "sha256" not in row:
        raise _broken(where, "缺少 file 或 sha256")
    return row


def _broken(where: str, why: str) -> SourceError:
    return SourceError(f"{where}：{why}。", "请改正这一行，或删除它。")
