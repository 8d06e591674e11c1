"""Places: the administrative divisions of China and how texts name them.

`places.tsv` holds the codes and names of GB/T 2260 as published in the MIT-licensed package cpca 0.5.5
(`cpca/resources/adcodes.csv`), without coordinates and without the rows that are no names (市辖区, 县).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

COUNTRY = "全国"  # the place of a report of the central government; it has no code
# National new areas are governed like districts but have no code of their own: name -> code of the city around it.
_NEW_AREAS = {
    "西海岸新区": "3702", "雄安新区": "1306", "两江新区": "5000", "兰州新区": "6201", "南沙新区": "4401", "西咸新区": "6101",
    "贵安新区": "5201", "金普新区": "2102", "天府新区": "5101", "湘江新区": "4301", "江北新区": "3201", "福州新区": "3501",
    "滇中新区": "5301", "哈尔滨新区": "2301", "长春新区": "2201", "赣江新区": "3601", "舟山群岛新区": "3309",
}  # fmt: skip
_SUFFIX = re.compile(
    r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|[^\W族]{1,3}族(?:[^\W族]{1,3}族){0,5}+自治[州县旗]|自治[州县旗]|地区|新区|林区|省|市|区|县|盟|旗)$"
)
_COMMON_NOUNS = {
    "城区",
    "郊区",
    "矿区",
    "老城区",
    "新城区",
}  # districts are called so, but in running text the word means what it says
# What follows a short name when it is part of another name: 青岛港, 崂山实验室, “莱西经验”.
_PART_OF_NAME = re.compile(
    r"(?:(?!哪|几|什么|怎|多少|打算|计划|准备|开通|开工|动工|新建|新开|修建|建成|建设|启用)"
    r"[^\s的地在和与及跟、，。？！,.?!将要有是比今去前明\d“”]){0,7}?"
    r"(?:路|街|道|高速|高铁|隧道|大桥|地铁|铁路|快速路|实验室|大学|学院|学校|中学|小学|研究院|医院|院区|卫生|湖|河|江|港|湾|岛(?!市)|站|机场|山|经验|会议|周末"
    r"|合作组织|集团|公司|银行|啤酒|日报|晚报|示范区|集聚区|活力区|开发区|高新区|自贸|产业园|园区|走廊|都市圈|片区|校区|老城|博物馆|美术馆|图书馆|基地|中心|艺术节)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """An administrative division. `code` has 2 digits for a province, 4 for a city, 6 for a county or district."""

    name: str
    code: str

    @property
    def parent_code(self) -> str:
        return self.code[:-2]

    @property
    def short(self) -> str:
        """The name without its kind: 青岛市 -> 青岛; the whole name where fewer than two characters would be left."""
        stem = _SUFFIX.sub("", self.name)
        return stem if len(stem) >= 2 else self.name


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named at ``text[start:end]``; `whole` when its full name is written."""

    place: Place
    start: int
    end: int
    whole: bool


@cache
def table() -> dict[str, tuple[Place, ...]]:
    """Full name -> the places of that name (several districts are called 鼓楼区)."""
    rows: dict[str, list[Place]] = {}
    for line in files("index.text").joinpath("places.tsv").read_text("utf-8").splitlines()[1:]:
        code, name = line.split("\t")
        code = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
        rows.setdefault(name, []).append(Place(name, code))
    for name, code in _NEW_AREAS.items():
        rows.setdefault(name, []).append(Place(name, code + "99"))
    # The table is of 2017; counties and county-level cities become districts and keep their codes' neighbourhood.
    for place in [p for found in rows.values() for p in found if len(p.code) == 6 and p.name[-1] in "市县"]:
        if place.short != place.name and (district := place.short + "区") not in rows:
            rows[district] = [Place(district, place.code)]
    return {name: tuple(found) for name, found in rows.items()}


@cache
def by_code() -> dict[str, Place]:
    """Code -> place, under its name in the table."""
    found: dict[str, Place] = {}
    for places in table().values():
        for place in places:
            found.setdefault(place.code, place)
    return found


def lookup(name: str) -> Place | None:
    """The place of this full name; where several share it, the first by code."""
    found = table().get(name)
    return found[0] if found else None


def parent(place: Place) -> Place | None:
    """The division around it: 市北区 -> 青岛市 -> 山东省 -> None. Cities under the central government are their own."""
    return by_code().get(place.parent_code) if len(place.code) > 2 else None


def siblings(place: Place) -> tuple[Place, ...]:
    """All divisions with the same parent, itself included."""
    if len(place.code) <= 2:
        return (place,)
    return tuple(p for p in by_code().values() if p.parent_code == place.parent_code)


@cache
def _names(near: frozenset[str]) -> tuple[re.Pattern[str], dict[str, tuple[Place, bool]]]:
    """A pattern of all names that can be meant near the places `near`, and what each means."""
    meaning: dict[str, tuple[Place, bool]] = {}
    everywhere = [p for p in by_code().values() if len(p.code) <= 4]
    around = [s for name in sorted(near) if (p := lookup(name)) for s in siblings(p)]
    around += [c for name in sorted(near) if (p := lookup(name)) for c in by_code().values() if c.parent_code == p.code]
    for place in everywhere + around:
        meaning.setdefault(place.short, (place, place.short == place.name))
    for name, found in table().items():
        if name in _COMMON_NOUNS:
            continue
        close = [p for p in found if any((n := lookup(x)) and p.code[:4] == n.code[:4] for x in near)]
        meaning[name] = ((close or found)[0], True)
    return _longest_of(meaning), meaning


def _longest_of(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern of the longest of `names` at a place, by first characters: few characters begin any of the thousands."""
    rests: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        rests.setdefault(name[0], []).append(re.escape(name[1:]))
    branches = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in rests.items())
    return re.compile(f"(?=[{''.join(map(re.escape, rests))}])(?:{branches})")


def _near(place: Place, near: frozenset[str]) -> bool:
    """Whether a place is one of `near` or beside one of them."""
    return any((n := lookup(name)) and n.parent_code == place.parent_code for name in near)


@lru_cache(maxsize=4096)
def _word_starts(text: str) -> frozenset[int]:
    import rjieba

    return frozenset(itertools.accumulate(map(len, rjieba.cut(text)), initial=0))


def find_places(text: str, near: frozenset[str] = frozenset()) -> list[Mention]:
    """Places named in `text`, in order. Full names count anywhere; short names count for provinces and cities, and for
    divisions beside or inside the places `near`; never as a part of another name (青岛港, “莱西经验”)."""
    pattern, meaning = _names(near)
    found: list[Mention] = []
    position = 0
    while match := pattern.search(text, position):
        start, end = match.span()
        place, whole = meaning[match[0]]
        # 青岛市北区 is 青岛 + 市北区, not 青岛市 + 北区.
        if whole and match[0][-1] in "市区县" and (longer := pattern.match(text, end - 1)) and len(longer[0]) > 2:
            inner, inner_whole = meaning[longer[0]]
            if inner_whole and inner.parent_code == place.code:
                start, end, place = longer.start(), longer.end(), inner
        position = end
        if len(match[0]) == 2 and not _near(place, near) and start not in _word_starts(text):
            position = start + 1  # 海口 in 入海口, 范县 in 示范县
            continue
        if not whole and (_PART_OF_NAME.match(text, end) or text[start - 1 : start] in ("“", "‘", "《")):
            continue
        if found and found[-1].end == start and whole:  # 徐州市鼓楼区: of several of that name, the one inside the city
            inside = [p for p in table().get(place.name, ()) if p.code.startswith(found[-1].place.code)]
            place = inside[0] if inside else place
        if found and found[-1].end == start and place.code.startswith(found[-1].place.code):
            found.pop()  # 青岛市市北区 names one place
        found.append(Mention(place, start, end, whole))
    return found
