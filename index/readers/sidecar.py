"""`reports.jsonl` beside the reports: what a person knows better than the text says (title, place, year ...).

One JSON object a line. `file` (its name, in the sidecar's folder) or `sha256` says which report is meant. A line that
cannot be used is left out and told; the others count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from index.errors import SourceError
from index.readers.text import read_text
from index.text.normalize import visible

NAME = "reports.jsonl"
LONGEST = 300  # characters of a title, a place, a name
YEARS = (1900, 2100)

Metadata = Mapping[str, object]


def _shown(text: str) -> str:
    """Without what cannot be seen: titles and places are shown and searched."""
    return visible(text).strip()


Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(_shown)]


class Row(BaseModel):
    """One line; names that are not known here are notes of its author."""

    model_config = ConfigDict(strict=True, extra="ignore")

    file: Text | None = None
    sha256: Text | None = None
    title: Text | None = None
    place: Text | None = None
    year: Annotated[int, Field(ge=YEARS[0], le=YEARS[1])] | None = None
    genre: Text | None = None
    publisher: Text | None = None
    date: Text | None = None

    @model_validator(mode="after")
    def _names_a_report(self) -> Row:
        if not (self.file or self.sha256):
            raise ValueError("缺少 file 或 sha256")
        return self


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The rows of one `reports.jsonl`, by file name and, for rows without one, by hash; and the lines that are left
    out, each with the reason."""

    by_file: Mapping[str, Metadata]
    by_hash: Mapping[str, Metadata]
    broken: tuple[tuple[int, str], ...] = ()  # number of the line from 1, 0 for the whole file

    @classmethod
    def beside(cls, folder: Path) -> Sidecar:
        """That of the reports in `folder`, empty when there is none."""
        path = folder / NAME
        rows: dict[str, dict[str, Metadata]] = {"file": {}, "sha256": {}}
        try:
            lines = read_text(path).split("\n") if path.exists() else []
        except SourceError as error:
            return cls({}, {}, ((0, error.what.removeprefix(f"{path}：")),))
        broken: list[tuple[int, str]] = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = Row.model_validate_json(line).model_dump(exclude_none=True)
            except ValidationError as error:
                broken.append((number, _reason(error.errors(include_url=False)[0])))
                continue
            kind = "file" if "file" in row else "sha256"
            if rows[kind].setdefault(row[kind], row) is not row:
                broken.append((number, f"{row[kind]} 前面已经有一行。"))
        return cls(rows["file"], rows["sha256"], tuple(broken))

    def of(self, name: str, sha256: str) -> Metadata:
        """The row for the file `name` whose content has `sha256`, empty when there is none; the name wins."""
        return self.by_file.get(name) or self.by_hash.get(sha256) or {}


def _reason(error: Any) -> str:
    """What is wrong with a line, for its author."""
    field = ".".join(map(str, error["loc"]))
    match error["type"]:
        case "json_invalid":
            return "不是 JSON。"
        case "model_type" | "model_attributes_type":
            return "不是 JSON 对象。"
        case "value_error":
            return f"{error['ctx']['error']}。"
        case "string_too_long":
            return f"{field} 超过 {LONGEST} 字。"
        case "greater_than_equal" | "less_than_equal":
            return f"{field} 应在 {YEARS[0]} 与 {YEARS[1]} 之间。"
        case _:
            return f"{field} 应为{'整数' if field == 'year' else '文字'}。"
