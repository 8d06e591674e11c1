"""The places that a text names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from index.text.gazetteer import (
    COMMON_NOUNS,
    COUNTRY,
    Place,
    Sense,
    all_senses,
    by_code,
    children,
    group,
    groups,
    identify,
    lookup,
    parent,
    same,
    senses,
    settle,
    short_names,
    siblings,
    table,
    zone,
    zone_kind,
    zone_names,
)

__all__ = [
    "COMMON_NOUNS",
    "COUNTRY",
    "Mention",
    "Place",
    "Sense",
    "by_code",
    "canonical",
    "find_places",
    "group",
    "groups",
    "identify",
    "lookup",
    "named_zone",
    "parent",
    "same",
    "senses",
    "settle",
    "short_names",
    "siblings",
    "table",
]

# The last word of what is called after a place: 青岛港, 崂山实验室, “莱西经验”, 上海合作组织.
_THING = re.compile(
    r"(?:[路街道桥站港湾湖河江山岛院校馆室园区圈廊城报节]|[大中小]学|高[速铁架]|地铁|机场|中心|基地|集团|公司|银行|啤酒|经验|会议|合作组织)$"
)
# 青岛新建, 青岛社区, 青岛今年: what follows is said of the place.
_NO_THING = re.compile(r"(?:^[新修建开动启][建设成工通用]|[社地各全库山城市街]区|[年天月日])$")
_IN_NAMES = "nabjlfszgheiqt"  # parts of speech (of jieba) that stand in the name of a thing; verbs do not
LONGEST_THING = 12  # characters of it
LONGEST_ZONE = 12  # characters of a zone's own name
_OF_A_REPORT = re.compile(r"$|[\s\d政管党国统]|工作")  # 政府, 管委会, 党工委, 国民经济, 统计公报
_YEAR = re.compile(r"^\d{4}年度?")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named at ``text[start:end]``, with the divisions around it that are written in front (徐州市鼓楼区);
    `whole` when its full name is written. `senses` are all places that the name can mean where it stands; `place` is
    the one that is meant, or one known by the name alone where several are left."""

    place: Place
    start: int
    end: int
    whole: bool
    senses: tuple[Sense, ...]

    @property
    def settled(self) -> bool:
        return any(sense.place.code == self.place.code for sense in self.senses)


@dataclass(frozen=True, slots=True)
class _Name:
    """What one name can mean near some places, and whether it is a full name."""

    senses: tuple[Sense, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class _Reader:
    """All names that can be meant near some places."""

    pattern: re.Pattern[str]
    names: dict[str, _Name]
    near: tuple[Place, ...]

    def settled(self, mention: Mention) -> Mention:
        """The mention with the place that is meant near here; where several are left, known by its name alone."""
        if len(mention.senses) == 1:
            return mention
        meant = settle(mention.senses, self.near)
        name = mention.place.name
        place = meant[0] if len(meant) == 1 else Place(name, f":{name}")
        return Mention(place, mention.start, mention.end, mention.whole, mention.senses)

    def beside(self, meant: Iterable[Sense]) -> bool:
        """Whether one of the places is one of those near here or beside one of them."""
        around = {place.parent_code for place in self.near}
        return any(sense.place.parent_code in around for sense in meant)

    def here(self, meant: Iterable[Sense]) -> bool:
        """Whether one of the places is one of those near here."""
        return any(sense.place.code == place.code for sense in meant for place in self.near)


@cache
def _reader(near: frozenset[str]) -> _Reader:
    """The names of all divisions and zones, the short ones of provinces and cities, and of what is near `near`."""
    here = tuple(identify(name) for name in sorted(near) if name != COUNTRY)  # 全国 is an adjective, too
    names = {name: _Name(meant, True) for name, meant in all_senses().items()}
    for place in here:  # what a document is about is a place, though no table has it
        for name in (place.name, *zone_names(place)):
            held = names.get(name, _Name((), True)).senses
            if place.code not in {sense.place.code for sense in held}:
                names[name] = _Name((*held, Sense(place)), True)
    for short, places in _shorts(here).items():
        if short not in names:
            highest = min(place.level for place in places)
            names[short] = _Name(tuple(Sense(p, int(p.level > highest)) for p in places), False)
    return _Reader(_longest_of(names), names, here)


def _shorts(near: Iterable[Place]) -> dict[str, tuple[Place, ...]]:
    """Short name -> the places called so: provinces and cities, and what lies beside or inside the places `near`."""
    everywhere = [p for p in by_code().values() if p.level <= 2]
    around = [p for n in near for p in (n, *siblings(n), *children(n))]
    found: dict[str, dict[Place, None]] = {}
    for place in everywhere + around:
        found.setdefault(place.short, {})[place] = None
    return {short: tuple(places) for short, places in found.items()}


def _longest_of(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern of the longest of `names` at a place, by first characters: few characters begin any of the thousands."""
    rests: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        rests.setdefault(name[0], []).append(re.escape(name[1:]))
    branches = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in rests.items())
    return re.compile(f"(?=[{''.join(map(re.escape, rests))}])(?:{branches})")


@lru_cache(maxsize=4096)
def _word_starts(text: str) -> frozenset[int]:
    import rjieba

    return frozenset(itertools.accumulate(map(len, rjieba.cut(text)), initial=0))


@lru_cache(maxsize=4096)
def _tagged(text: str) -> tuple[tuple[str, str], ...]:
    import rjieba

    return tuple(rjieba.tag(text))


def _is_word(text: str, start: int, end: int, *, whole: bool) -> bool:
    """Whether `text[start:end]` begins a word, and ends one too where it is no full name."""
    starts = _word_starts(text)
    return start in starts and (whole or end in starts)


def find_places(text: str, near: frozenset[str] = frozenset()) -> list[Mention]:
    """Places named in `text`, in order. Full names count anywhere; short names count for provinces and cities, and for
    divisions beside or inside the places `near`; never as a part of another name (青岛港, “莱西经验”). A name that
    several places share is the one that the words in front or the places `near` tell, or none of them."""
    reader = _reader(near)
    found: list[Mention] = []
    position = 0
    while match := reader.pattern.search(text, position):
        mention, position = _read(text, match, reader)
        if mention is None:
            continue
        mention, joined = _within(text, mention, found[-1] if found else None)
        if mention.place.name in COMMON_NOUNS and not joined and not reader.here(mention.senses):
            continue
        if joined:
            found.pop()  # 青岛市市北区 names one place
        found.append(mention)
    return [reader.settled(mention) for mention in found]


def _read(text: str, match: re.Match[str], reader: _Reader) -> tuple[Mention | None, int]:
    """The place that a name found in `text` mentions, None where it is part of another word, and where to go on."""
    start, end = match.span()
    name = reader.names[match[0]]
    if inner := _city_and_district(text, match, reader):
        return inner, inner.end
    if zoned := _zone(text, start, end, name.senses):
        return (zoned, zoned.end) if start in _word_starts(text) else (None, end)
    if len(match[0]) == 2 and not reader.beside(name.senses) and not _is_word(text, start, end, whole=name.whole):
        return None, start + 1  # 海口 in 入海口, 范县 in 示范县, 文山 in 文山会海
    if not name.whole and (text[start - 1 : start] in ("“", "‘", "《") or _names_a_thing(text, start, end, reader)):
        return None, end
    place = name.senses[0].place
    written = match[0] if len(name.senses) > 1 else place.name
    return Mention(Place(written, place.code), start, end, name.whole, name.senses), end


def _names_a_thing(text: str, start: int, end: int, reader: _Reader) -> bool:
    """Whether the short name at `text[start:end]` begins the name of something else: words of a name, up to the kind
    of a thing."""
    at, last = start, min(end + LONGEST_THING, len(text) + 1)  # a word that is cut there is none
    for word, tag in _tagged(text[start : end + LONGEST_THING]):
        at += len(word)
        if at <= end:
            continue
        if at >= last or _NO_THING.search(word) or word in reader.names:
            return False
        kind = _THING.search(text, end, at)
        if kind and (tag != "v" or len(kind[0]) >= len(word)):  # 设站, 建校 are no things
            return True
        if tag[0] not in _IN_NAMES and tag != "vn" and word[0] not in "创至":  # 创新中心, 济南至青岛高铁
            return False
    return False


def _city_and_district(text: str, match: re.Match[str], reader: _Reader) -> Mention | None:
    """青岛市北区 is 青岛 + 市北区, not 青岛市 + 北区."""
    outer = reader.names[match[0]]
    if not outer.whole or match[0][-1] not in "市区县":
        return None
    longer = reader.pattern.match(text, match.end() - 1)
    if longer is None or len(longer[0]) <= 2 or not (inner := reader.names[longer[0]]).whole:
        return None
    around = {sense.place.code for sense in outer.senses}
    meant = tuple(sense for sense in inner.senses if sense.place.parent_code in around)
    return Mention(meant[0].place, match.start(), longer.end(), True, meant) if meant else None


def _zone(text: str, start: int, end: int, around: Iterable[Sense]) -> Mention | None:
    """苏州工业园区: a zone is a place of its own, and none of the figures of the city are its."""
    kind = zone_kind(text, end)
    meant = tuple(Sense(zone(s.place, kind), s.rank) for s in around if s.place.level > 1) if kind else ()
    if not kind or not meant:
        return None
    name = meant[0].place.name if len(meant) == 1 else text[start : end + len(kind)]
    return Mention(Place(name, meant[0].place.code), start, end + len(kind), True, meant)


def _within(text: str, mention: Mention, before: Mention | None) -> tuple[Mention, bool]:
    """The mention as part of the division that is named in front of it, and whether it is: 徐州市鼓楼区, 徐州市的鼓楼区."""
    between = text[before.end : mention.start] if before else "?"
    if before is None or between.strip(" ") not in (("", "的") if mention.whole else ("",)):
        return mention, False
    inside = tuple(s for s in mention.senses if any(_holds(a.place, s.place) for a in before.senses))
    if not inside:
        return mention, False
    inside = tuple(Sense(sense.place, until=sense.until) for sense in inside)
    place = inside[0].place if len(inside) == 1 else mention.place
    return Mention(place, before.start, mention.end, mention.whole, inside), True


def _holds(around: Place, place: Place) -> bool:
    return around.code != place.code and around.holds(place)


def named_zone(title: str) -> str | None:
    """The zone with which a title begins, whose name no table has: 大榭开发区2024年工作总结."""
    import rjieba

    title = _YEAR.sub("", title)
    for at in range(2, LONGEST_ZONE):
        kind = zone_kind(title, at)
        if kind and _OF_A_REPORT.match(title, at + len(kind)):
            named = rjieba.tag(title[:at])
            return title[: at + len(kind)] if all(tag[0] in "najzgf" for _, tag in named) else None
    return None


def canonical(name: str) -> str:
    """The label of the place that `name` names in full (江苏省徐州市鼓楼区 -> 徐州市鼓楼区); the name itself where it
    names none or several."""
    found = find_places(name)
    whole = len(found) == 1 and (found[0].start, found[0].end) == (0, len(name)) and found[0].settled
    return found[0].place.label if whole else name
