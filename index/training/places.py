"""`python -m index.training.places CSV`: make `index/text/places.tsv` anew, of the result.csv of
https://github.com/yescallop/areacodes (CC0 1.0; the table that ships is of commit eed219a).

Its columns: code, province, city, name, level, state, first year, year of the change or the end, codes that go on
(with [year] where that is another). Kept are all divisions of today, and those that ended or were renamed since `SINCE`
with the year and the code of the one division that goes on with the same area; see `index/text/gazetteer.py`.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SINCE = 2000  # the first year of reports that are asked about
TABLE = Path(__file__).parents[1] / "text" / "places.tsv"
HEADER = ("code", "name", "until", "now")
_NO_PLACES = ("市辖区", "县", "省直辖县级行政区划")  # headings of the published lists
_COMMON = ("郊区", "城区", "矿区", "市区")  # former divisions called so cannot be told from the words
_CITY, _CHANGED = "地级", "变更"
_KIND = re.compile(r"(?:地区|新区|省|市|区|县|盟|旗|自治[州县旗])$")
_NATIONS = re.compile(r"(?:[^\W族]{1,3}族)+(?=自治)")


@dataclass(frozen=True, slots=True)
class Record:
    """A division under one code and name; `until` is None for one of today, `next` the codes that go on with it."""

    code: str
    province: str
    name: str
    level: str
    state: str
    since: int
    until: int | None
    next: tuple[str, ...]

    @property
    def stem(self) -> str:
        return _KIND.sub("", _NATIONS.sub("", self.name))


def read(lines: Iterable[str]) -> list[Record]:
    """The divisions of the CSV in its order."""
    _, *rows = csv.reader(lines)
    found = []
    for code, province, _, name, level, state, since, until, following in rows:
        if name not in _NO_PLACES and "群岛的" not in name:
            codes = tuple(one for one in following.split(";") if one and "[" not in one)
            found.append(Record(code, province, name, level, state, int(since), int(until) if until else None, codes))
    return found


def table(records: Sequence[Record]) -> list[tuple[str, str, str, str]]:
    """The rows of the table: those of today, and behind them those of the past."""
    today = {record.code: record for record in records if record.until is None}
    former: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    ended = [record for record in records if record.until is not None and record.until >= SINCE]
    for record, until in sorted(_ended(records, ended, today), key=lambda found: found[0].until or 0):
        row = (record.code, record.name, str(record.until), until)
        former[record.name, until or record.code] = row  # of several of one name and one heir, the last
    rows = sorted(row for row in former.values() if row[1] not in _COMMON)
    return [(code, record.name, "", "") for code, record in sorted(today.items())] + rows


def _ended(
    records: Sequence[Record], ended: Iterable[Record], today: Mapping[str, Record]
) -> Iterable[tuple[Record, str]]:
    """Those of the past whose name or area is another today, with the code that goes on or nothing."""
    for record in ended:
        last, heir = _line(records, record)
        if heir is None and last is not record and last.name == record.name:
            continue  # the same under its last code
        if heir is not None and heir.name == record.name:
            continue  # only the code changed
        if heir is None and any(one.name == record.name and one.code[:4] == record.code[:4] for one in today.values()):
            continue  # another place took name and city
        yield record, heir.code if heir else ""


def _line(records: Sequence[Record], record: Record) -> tuple[Record, Record | None]:
    """The last of those that went on one after the other and have ended, and the one of today, if there is one."""
    last, here, seen = record, record, {record}
    while (following := _heir(records, here)) is not None and following not in seen:
        if following.until is None:
            return last, following
        last = here = following
        seen.add(following)
    return last, None


def _heir(records: Sequence[Record], record: Record) -> Record | None:
    """The one division that went on with the area when `record` ended; None where it was divided or joined."""

    def begun(code: str) -> Record | None:
        return next((one for one in records if one.code == code and one.since == record.until), None)

    if record.state == _CHANGED:
        return begun(record.code)
    if record.level == _CITY and not record.next:  # a prefecture became a city under another code
        alike = [
            one
            for one in records
            if (one.since, one.level, one.province, one.stem) == (record.until, _CITY, record.province, record.stem)
        ]
        return alike[0] if len(alike) == 1 else None
    heir = begun(record.next[0]) if len(record.next) == 1 else None
    return None if heir is not None and heir.stem != record.stem and _joined(records, record) else heir


def _joined(records: Sequence[Record], record: Record) -> bool:
    """Whether others went into the same division in the same year."""
    return any(one is not record and one.until == record.until and record.next[0] in one.next for one in records)


def main(source: Path, target: Path = TABLE) -> None:
    """Write the table made of the CSV at `source`."""
    with source.open(encoding="utf-8", newline="") as lines:
        rows = table(read(lines))
    target.write_text("".join("\t".join(row) + "\n" for row in [HEADER, *rows]), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
