"""The places that a question asks about: named, of a level (“各省”), or the whole city."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from index.text.places import (
    COMMON_NOUNS,
    COUNTRY,
    Mention,
    Place,
    find_places,
    group,
    groups,
    identify,
    lookup,
    parent,
    settle,
    short_names,
)
from index.types import Coverage
from rag.types import Namesakes
from rag.understand import cues, place_cues
from rag.understand.intent import intent
from rag.understand.limits import limit_in
from rag.understand.topic import names_figure

MOST_NAMED = 64  # places of one question that are read: each is held against the others


def _display(text: str, mention: Mention) -> str:
    """The place as the asker wrote it, with the kind of division that follows a short name: 即墨区."""
    end = mention.end + (1 if text[mention.end : mention.end + 1] in ("区", "市", "县", "省") else 0)
    return text[mention.start : end]


class Asked(NamedTuple):
    """The places that a question asks about: covered ones, named but uncovered ones, the text without them, and the
    ones that share a name where the question says no more."""

    places: tuple[str, ...]
    unknown: tuple[str, ...]
    rest: str
    shared: Namesakes | None = None


class _Covered:
    """The places that an index speaks of, by their codes."""

    def __init__(self, coverage: Coverage) -> None:
        self.names = frozenset(coverage.places)
        self.label = {identify(name).code: name for name in coverage.places}
        self.places = tuple(identify(name) for name in coverage.places)

    def mentions(self, text: str) -> list[Mention]:
        return find_places(text, self.names)[:MOST_NAMED]


def placed(text: str, coverage: Coverage, kept: Sequence[str] = ()) -> Asked:
    """The places that a question asks about. `kept` are those of the question before: a name that several places
    share means the one of them that was spoken of."""
    covered = _Covered(coverage)
    text, mentions = _mentioned(text, covered)
    asked = _named(text, mentions, covered, tuple(map(identify, kept)))
    asked = _elsewhere(_country(_group(asked, covered), covered))
    asked = _whole_city(asked, covered)
    return _leveled(text, asked, coverage)


def _mentioned(text: str, covered: _Covered) -> tuple[str, list[Mention]]:
    """The places that a text names, and the text in which they stand."""
    mentions = covered.mentions(text)
    if not mentions and covered.names:  # 广东高速公路 is that of 广东, of which there is a report
        shorts = "|".join(re.escape(place.short) for place in covered.places)
        text = re.sub(f"({shorts})(?={place_cues.LINES})", r"\1的", text)
        mentions = covered.mentions(text)
    return text, mentions


def _named(text: str, mentions: Sequence[Mention], covered: _Covered, kept: Sequence[Place]) -> Asked:
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    rest, shared = text, None
    for mention in reversed(mentions):
        name = _display(text, mention)
        ahead = text[max(0, mention.start - 2) : mention.start]
        field = place_cues.RANKED_IN.search(ahead) and place_cues.RANKING.search(text, mention.end)
        if not field and not _tells_another(text, mention, mentions):
            meant = _meant(mention, mentions, kept, covered.places)
            there = [covered.label[place.code] for place in meant if place.code in covered.label]
            known |= dict.fromkeys(reversed(there))
            shared = Namesakes(name, tuple(there)) if len(there) > 1 else shared
            if not there:
                single = len(meant) == 1 and meant[0].label != meant[0].name
                unknown[meant[0].label if single else re.sub(r"\s", "", name)] = None
        office = name[-1] if name[-1] in "省市区县" and place_cues.OFFICE.match(text, mention.start + len(name)) else ""
        rest = f"{rest[: mention.start]} {office}{rest[mention.start + len(name) :]}"
    return Asked(tuple(reversed(known)), tuple(reversed(unknown)), rest, shared)


def _tells_another(text: str, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether a place is named only to tell which of several of one name is meant: 南京今年鼓楼区的目标."""
    for other in mentions:
        inside = len(other.senses) > 1 and any(mention.place.holds(sense.place) for sense in other.senses)
        between = text[min(mention.end, other.end) : max(mention.start, other.start)]
        if inside and other is not mention and not place_cues.AMONG.search(between):
            return True
    return False


def _meant(
    mention: Mention, mentions: Sequence[Mention], kept: Sequence[Place], covered: Sequence[Place]
) -> tuple[Place, ...]:
    """The places that a name can mean: what the question says beside it decides (南京今年…鼓楼区), else what was spoken
    of before, else what there are reports of. Several are left where nothing decides."""
    if len(mention.senses) == 1:
        return (mention.senses[0].place,)
    beside = [m.place for m in mentions if m is not mention and m.settled]
    for around in (beside, kept):
        inside = [s for s in mention.senses if any(place.holds(s.place) for place in around)]
        if inside:
            return settle(inside, covered)
    return settle(mention.senses, covered)


def _group(asked: Asked, covered: _Covered) -> Asked:
    """A group of provinces or cities (长三角) stands for its members: their figures, never that of one of them."""
    rest = asked.rest
    for match in _groups().finditer(rest):
        behind = _behind_group(rest, match.end())
        if behind is None:
            continue
        members = group(match[0])
        there = [covered.label[place.code] for place in members if place.code in covered.label]
        missing = [place.label for place in members if place.code not in covered.label]
        rest = f"{rest[: match.start()]} {rest[behind:]}"
        if len(there) < 2:
            return asked._replace(unknown=(*asked.unknown, match[0]), rest=rest)
        places = tuple(dict.fromkeys((*asked.places, *there)))
        return asked._replace(places=places, unknown=(*asked.unknown, *missing), rest=rest)
    return asked


def _behind_group(text: str, at: int) -> int | None:
    """Where what is asked of a group of places begins, whose name ends at `at`; None where it is the group of a policy
    (长三角一体化)."""
    named = place_cues.GROUP.match(text, at)
    at = named.end() if named else at
    if level := place_cues.PLACE_LEVEL.match(text, at):
        return level.end()
    return at if names_figure(text, at) else None


@cache
def _groups() -> re.Pattern[str]:
    return re.compile(f"{place_cues.OF_WHICH}(?:{'|'.join(sorted(groups(), key=len, reverse=True))})")


def _country(asked: Asked, covered: _Covered) -> Asked:
    named = asked.places or asked.unknown
    country = _country_in(asked.rest) or (None if named else place_cues.CENTRAL.search(asked.rest))
    if country is None:
        return asked
    asked = asked._replace(rest=asked.rest[: country.start()] + " " + asked.rest[country.end() :])
    if COUNTRY in covered.names:
        return asked._replace(places=tuple(dict.fromkeys((COUNTRY, *asked.places))))
    return asked._replace(unknown=tuple(dict.fromkeys((COUNTRY, *asked.unknown))))


def _country_in(text: str) -> re.Match[str] | None:
    """The country as the place of a figure, not in a name (全国文明城市)."""
    return next((each for each in place_cues.COUNTRY.finditer(text) if names_figure(text, each.end())), None)


def _elsewhere(asked: Asked) -> Asked:
    """A county or district that a question calls by its short name and that lies near none of the covered places: what
    the reports say of others is no answer for it (昆山2024年GDP, in the library of another city)."""
    if asked.places or asked.unknown:
        return asked
    import rjieba

    at = 0
    for word, tag in rjieba.tag(asked.rest):
        start, at = at, at + len(word)
        if word in COMMON_NOUNS or word not in short_names(3) or not place_cues.SAID_OF_IT.match(asked.rest, at):
            continue
        opens = not re.search(r"\w", asked.rest[:start])
        if tag == "ns" or (opens and (tag[:2] in ("nr", "nz") or names_figure(asked.rest, at))):
            return asked._replace(unknown=(word,), rest=f"{asked.rest[:start]} {asked.rest[at:]}")
    return asked


def _whole_city(asked: Asked, covered: _Covered) -> Asked:
    """“全市” is the city around the places that there are reports of."""
    whole = place_cues.WHOLE_CITY.search(asked.rest)
    if whole is None or any(_is_city(name, asked.rest[: whole.start()]) for name in asked.places):
        return asked
    up = {around.label for place in covered.places if (around := parent(place)) and around.code in covered.label}
    return asked._replace(places=(*asked.places, *sorted(up)), rest=place_cues.WHOLE_CITY.sub(" ", asked.rest))


def _leveled(text: str, asked: Asked, coverage: Coverage) -> Asked:
    """All places of a level: “各省”, “哪个区…最高”, “前三名”."""
    level = place_cues.PLACE_LEVEL.search(asked.rest)
    if level is None:
        every = not (asked.places or asked.unknown) and cues.RANKED_ALL.search(text)
        return asked._replace(places=tuple(_level("", coverage))) if every else asked
    if asked.places:
        return asked
    places = _level(level["level"], coverage)
    # “哪个区有…” asks which place it is, unless their figures are to be compared.
    compared = cues.RANK.search(text) or "more" in intent(text).signs or limit_in(text)
    single = place_cues.WHICH_PLACE.match(level[0]) and not compared
    rest = asked.rest[: level.start()] + " " + asked.rest[level.end() :]
    return asked._replace(places=() if len(places) < 2 or single else tuple(places), rest=rest)


def named(text: str, coverage: Coverage) -> tuple[tuple[str, ...], str]:
    """The short names of places by which a question calls what serves them (广州地铁), and the text without them."""
    covered = frozenset(coverage.places)
    places = {mention.start for mention in find_places(text, covered)}
    parted = place_cues.SERVICES.sub(lambda match: "的" * len(match[0]), text)
    found = [mention for mention in find_places(parted, covered) if mention.start not in places]
    for mention in reversed(found):
        text = text[: mention.start] + " " + text[mention.end :]
    return tuple(dict.fromkeys(mention.place.short for mention in found)), text


def around(names: Sequence[str], coverage: Coverage) -> tuple[str, ...]:
    """The covered places within which the named ones lie: 湖北省 for 武汉."""
    covered = frozenset(coverage.places)
    up = [parent(mention.place) for name in names for mention in find_places(name, covered)]
    up += [parent(place) for place in up if place]
    return tuple(dict.fromkeys(place.label for place in up if place and place.label in covered))


def short_name(name: str, coverage: Coverage) -> str:
    """A place as texts mostly call it: 武汉 for 武汉市; a name that others share or a zone's as it is said."""
    found = find_places(name, frozenset(coverage.places))
    place = found[0].place if found else None
    if place is None or ":" in place.code or place.label != place.name:
        return name
    others = [other for other in map(identify, coverage.places) if other.code != place.code]
    return name if any(other.short == place.short for other in others) else place.short  # 恩施市 is not 恩施州


def _is_city(place: str, ahead: str) -> bool:
    """Whether 全市 after the words `ahead` means `place`: a city, or a county-level one that nothing parts from it."""
    known = lookup(place)
    return known is not None and (known.level <= 2 or (place[-1] == "市" and not re.search("[、，,和与跟]", ahead)))


def _level(name: str, coverage: Coverage) -> list[str]:
    """The covered places of the level that a word names; of one that names none, those of the level with most."""
    found: dict[int, list[str]] = {}
    for place in coverage.places:
        known = identify(place)
        if place != COUNTRY:
            found.setdefault(known.level, []).append(place)
    if name.startswith("省") or name in ("直辖市", "自治区"):
        return [p for p in found.get(1, ()) if name[0] == "省" or p.endswith(name[-1])]
    if name in ("市", "城市"):
        return [p for places in found.values() for p in places if p.endswith("市")]
    if re.search(r"^[区县]|^市区", name):
        return found.get(3, [])
    return max(found.values(), key=len, default=[])
