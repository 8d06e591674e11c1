"""The administrative divisions of China by their codes, and the names by which texts call them.

`places.tsv` is made by `python -m index.training.places` of https://github.com/yescallop/areacodes (CC0 1.0, commit
eed219a), which collects the codes that the Ministry of Civil Affairs publishes for each year: all divisions of 2024,
and those that ended or were renamed since 2000 with the year and, in `now`, the code of the one division that goes on
with the same area (即墨市 -> 即墨区). One that was divided or joined with others (四方区) goes on as none and keeps its
own code. Left out are former divisions that were called 市区, 城区, 郊区 or 矿区.

`lexicon/place_names.tsv` holds what has no such code: national new areas, kinds of development zones, and groups of
provinces or cities with the document that says who belongs to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from index.text.lexicon import any_of, rows

COUNTRY = "全国"  # the place of a report of the central government; it has no code
# Districts are called so, and the words mean what they say; so is a name that is nothing but a kind: 新区.
COMMON_NOUNS = frozenset([*map("{}区".format, "城郊矿新林地"), "老城区", "新城区"])
_KIND = re.compile(r"(?:特别行政区|[地新林]区|[省市区县盟旗])$")


@dataclass(frozen=True, slots=True)
class Place:
    """An administrative division. `code` has 2 digits for a province, 4 for a city, 6 for a county or district.

    A zone or new area has the code of the division around it, a colon and its kind (3205:工业园区); a place of which
    nothing but the name is known has a colon and the name. So no two places share a code, and the code of whatever
    lies inside a division begins with that division's code.
    """

    name: str
    code: str

    @property
    def parent_code(self) -> str:
        head, colon, _ = self.code.partition(":")
        return head if colon else self.code[:-2]

    @property
    def level(self) -> int:
        """1 for a province, 2 for a city or prefecture, 3 for what lies below."""
        return 3 if ":" in self.code else min(len(self.code) // 2, 3)

    @property
    def short(self) -> str:
        """The name without its kind: 青岛市 -> 青岛; whole where less than two characters or a people is left."""
        stem = _stem(self.name)
        return self.name if len(stem) < 2 or stem.endswith("族") else stem

    @property
    def label(self) -> str:
        """The name that people are shown and that no other place has: 市北区, but 徐州市鼓楼区."""
        return _labels().get(self.code, self.name)

    def holds(self, other: Place) -> bool:
        """Whether `other` is this place or lies inside it."""
        return other.code.startswith(self.code)


class Sense(NamedTuple):
    """A place that a name can mean; of `rank` 1 only where what stands near says so."""

    place: Place
    rank: int = 0
    until: int | None = None  # the year in which it gave up the name


class _Row(NamedTuple):
    code: str
    name: str
    until: str
    now: str


@cache
def lexicon(kind: str) -> dict[str, str]:
    """Term -> code (or the name in its one form) of the rows of one class of `place_names.tsv`."""
    return {row["term"]: row["code"] for row in rows("place_names.tsv") if row["class"] == kind}


@cache
def _nations() -> re.Pattern[str]:
    """Nationalities one behind the other, with 族 or, as in Xinjiang, without."""
    names = any_of(lexicon("nation").values())
    return re.compile(f"(?:(?:{names})族?)+")


@cache
def _stem(name: str) -> str:
    """A name without its kind and the nationalities that rule there: 恩施土家族苗族自治州 -> 恩施. Two characters are
    left at least, since 内蒙古, 西藏 and 长白 end like nationalities."""
    stem, autonomous, _ = name.partition("自治")
    if not autonomous:
        return _KIND.sub("", name)
    ends = (at for at in range(2, len(stem)) if _nations().fullmatch(stem, at))
    return stem[: next(ends, len(stem))]


def _usual(name: str) -> str | None:
    """The name by which an autonomous division mostly goes: 恩施州, 长阳县, 东乡县, 宁夏自治区."""
    _, autonomous, kind = name.partition("自治")
    usual = _stem(name).removesuffix("族") + ("自治区" if kind == "区" else kind)
    return usual if autonomous and usual != name else None


def _short_code(code: str) -> str:
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


@cache
def _divisions() -> tuple[_Row, ...]:
    table = rows("places.tsv", "index.text")
    return tuple(_Row(_short_code(r["code"]), r["name"], r["until"], _short_code(r["now"])) for r in table)


@cache
def by_code() -> dict[str, Place]:
    """Code -> place, under its present name; those that are no more behind all others."""
    found = {row.code: Place(row.name, row.code) for row in _divisions() if not row.until}
    for name, around in lexicon("new_area").items():
        found[f"{around}:{name}"] = Place(name, f"{around}:{name}")  # governed like a district, without a code
    for row in _divisions():
        if row.until and not row.now:
            found.setdefault(row.code, Place(row.name, row.code))
    return found


def senses(name: str) -> tuple[Sense, ...]:
    """The places that a full name can mean anywhere."""
    return all_senses().get(name, ())


@cache
def all_senses() -> dict[str, tuple[Sense, ...]]:
    """Every full name, present, former or usual (恩施州), and what it can mean; present names before former ones."""
    found: dict[str, list[Sense]] = {name: [Sense(p) for p in places] for name, places in table().items()}
    for row in _divisions():
        if row.until:
            place = by_code()[row.now or row.code]
            found.setdefault(row.name, []).append(Sense(place, int(row.name in table()), int(row.until)))
    for place in [p for places in table().values() for p in places]:
        if (usual := _usual(place.name)) and usual not in table():
            found.setdefault(usual, []).append(Sense(place))
    return {name: tuple(meant) for name, meant in found.items()}


@cache
def table() -> dict[str, tuple[Place, ...]]:
    """Full name -> the places that have it today (several districts are called 鼓楼区)."""
    former = {row.code for row in _divisions() if row.until and not row.now}
    rows: dict[str, list[Place]] = {}
    for code, place in by_code().items():
        if code not in former:
            rows.setdefault(place.name, []).append(place)
    return {name: tuple(found) for name, found in rows.items()}


@cache
def _labels() -> dict[str, str]:
    """Code -> a name that no other place has, for those whose own name others of their level have or had."""
    alike: dict[tuple[str, int], set[str]] = {}
    for name, meant in all_senses().items():
        for sense in meant:
            alike.setdefault((name, sense.place.level), set()).add(sense.place.code)
    shared = [p for p in by_code().values() if len(alike.get((p.name, p.level), ())) > 1]
    return {p.code: (up.name if (up := parent(p)) else "") + p.name for p in shared}


@cache
def _by_label() -> dict[str, Place]:
    return {label: by_code()[code] for code, label in _labels().items()}


@cache
def lookup(name: str) -> Place | None:
    """The one place of this name: its label, a name that it alone has, had or is known by; None where several share
    it, since one of them would be a guess."""
    if place := _by_label().get(name):
        return place
    meant = {sense.place for sense in senses(name) if sense.rank == 0}
    if len(meant) == 1:
        place = meant.pop()
        return None if place.name == name != place.label else place
    return None if meant else zone_of(name)


def identify(name: str) -> Place:
    """The place of this name; one that is known by the name alone where the table does not settle it."""
    return lookup(name) or Place(name, f":{name}")


@cache
def same(a: str | None, b: str | None) -> bool:
    """Whether two names are of one place. All who compare places ask here: names that are written alike may be of
    different places, and one place may be written in several ways (即墨市, 即墨区)."""
    return a == b if a is None or b is None else identify(a).code == identify(b).code


def parent(place: Place) -> Place | None:
    """The division around it: 市北区 -> 青岛市 -> 山东省 -> None; 朝阳区 -> 北京市, 仙桃市 -> 湖北省."""
    code = place.parent_code
    while code and code not in by_code():
        code = code[:-2]
    return by_code().get(code)


def siblings(place: Place) -> tuple[Place, ...]:
    """All divisions with the same parent, itself included."""
    if not place.parent_code:
        return (place,)
    return tuple(p for p in by_code().values() if p.parent_code == place.parent_code)


@cache
def _below() -> dict[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = {}
    for place in by_code().values():
        if around := parent(place):
            found.setdefault(around.code, []).append(place)
    return {code: tuple(places) for code, places in found.items()}


def children(place: Place) -> tuple[Place, ...]:
    """The divisions right below it: those of 山东省 are cities, those of 重庆市 districts."""
    return _below().get(place.code, ())


def zone(around: Place, kind: str) -> Place:
    """The zone of `kind` (高新区) of a division, under its official name: 青岛高新技术产业开发区."""
    kind = lexicon("zone").get(kind, kind)
    stem = around.short if around.label == around.name else around.label
    return Place(stem + kind, f"{around.code}:{kind}")


@cache
def _zone_kinds() -> re.Pattern[str]:
    return re.compile(any_of(lexicon("zone")))


def zone_names(place: Place) -> tuple[str, ...]:
    """All ways to write the name of a zone: 昆山经济技术开发区, 昆山经开区; none for what is no zone."""
    kinds = lexicon("zone")
    kind = place.code.partition(":")[2]
    stem = place.name.removesuffix(kind)
    return tuple(stem + term for term, official in kinds.items() if official == kind and stem != place.name and stem)


def zone_kind(text: str, at: int) -> str | None:
    """The kind of zone that stands at `text[at]`, the longest."""
    match = _zone_kinds().match(text, at)
    return match[0] if match else None


@cache
def short_names(level: int) -> frozenset[str]:
    """The short names of all places of a level."""
    return frozenset(place.short for place in by_code().values() if place.level == level)


@cache
def _by_short() -> dict[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = {}
    for place in by_code().values():
        for name in {place.label, place.short}:
            found.setdefault(name, []).append(place)
    return {name: tuple(places) for name, places in found.items()}


def zone_of(name: str) -> Place | None:
    """The zone of this name, where it begins with that of one division: 苏州工业园区."""
    for at in range(2, len(name) - 1):
        if (kind := zone_kind(name, at)) and at + len(kind) == len(name):
            around = settle([Sense(p, p.level - 1) for p in _by_short().get(name[:at], ()) if p.level > 1], ())
            return zone(around[0], kind) if len(around) == 1 else None
    return None


def groups() -> frozenset[str]:
    """The names of all groups of provinces or cities."""
    return frozenset(lexicon("group"))


def group(name: str) -> tuple[Place, ...]:
    """The members of a group of provinces or cities (长三角); none for another name."""
    return tuple(by_code()[code] for code in lexicon("group").get(name, "").split())


def _is(place: Place, near: Place) -> bool:
    return place.code == near.code


def _in_line(place: Place, near: Place) -> bool:
    return near.holds(place) or place.holds(near)


def _beside(place: Place, near: Place) -> bool:
    return bool(place.parent_code) and place.parent_code == near.parent_code


def _in_province(place: Place, near: Place) -> bool:
    return place.code[0] != ":" and place.code[:2] == near.code[:2]


def settle(meant: Iterable[Sense], near: Collection[Place]) -> tuple[Place, ...]:
    """Those of the places that a name can mean that are nearest to `near`: themselves among them, else inside or
    around one, else beside one, else in the same province; all where nothing tells. One is settled, several are not."""
    every = tuple(meant)
    exact = [s.place for s in every if any(_is(s.place, n) for n in near)]
    found = dict.fromkeys(exact or _nearest(every, near))
    # 岳阳 is 岳阳市: who means the county inside it says 岳阳县.
    return tuple(place for place in found if not any(_is_county_of(place, other) for other in found))


def _nearest(every: Sequence[Sense], near: Collection[Place]) -> list[Place]:
    """The places of the first rank of which some are near, the nearest first; those of the first rank where none is."""
    ranked = [[s.place for s in every if s.rank == rank] for rank in sorted({s.rank for s in every})]
    close = (
        [place for place in places if any(fits(place, n) for n in near)]
        for fits in (_in_line, _beside, _in_province)
        for places in ranked
    )
    return next(filter(None, close), ranked[0] if ranked else [])


def _is_county_of(place: Place, other: Place) -> bool:
    return place.level == 3 and other.level == 2 and place.short == other.short and other.holds(place)
