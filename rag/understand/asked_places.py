"""The places that a question asks about: named, of a level (“各省”), or the whole city."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text.places import COUNTRY, Mention, find_places, lookup, parent
from index.types import Coverage
from rag.understand import cues
from rag.understand.limits import limit_in

# What is known by the place it serves: 广州地铁 is another thing than 北京地铁.
_SERVICES = re.compile("地铁|轨道交通|公交|机场|空港|(?<!香)港(?![口航澳珠股])")


def _display(text: str, mention: Mention) -> str:
    """The place as the asker wrote it, with the kind of division that follows a short name: 即墨区."""
    end = mention.end + (1 if text[mention.end : mention.end + 1] in ("区", "市", "县", "省") else 0)
    return text[mention.start : end]


def placed(text: str, coverage: Coverage) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Covered places, named but uncovered places, and the text without them."""
    covered = set(coverage.places)
    by_code = {p.code: name for name in covered if (p := lookup(name))}
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    rest = text
    mentions = find_places(text, frozenset(covered))
    if not mentions and by_code:  # 广东高速公路 is that of 广东, of which there is a report
        shorts = "|".join(re.escape(p.short) for name in covered if (p := lookup(name)))
        text = rest = re.sub(f"({shorts})(?=地铁|轨道交通|公交|高速|高铁|铁路|公路)", r"\1的", text)
        mentions = find_places(text, frozenset(covered))
    for mention in reversed(mentions):
        name = _display(text, mention)
        ahead = text[max(0, mention.start - 2) : mention.start]
        if cues.RANKED_IN.search(ahead) and cues.RANKING.search(text, mention.end):
            pass
        elif (same := by_code.get(mention.place.code)) is not None:
            known[same] = None
        else:
            unknown[name] = None
        office = name[-1] if name[-1] in "省市区县" and cues.OFFICE.match(text, mention.start + len(name)) else ""
        rest = f"{rest[: mention.start]} {office}{rest[mention.start + len(name) :]}"
    if country := cues.COUNTRY.search(rest) or (None if known or unknown else cues.CENTRAL.search(rest)):
        (known if COUNTRY in covered else unknown)[COUNTRY] = None
        rest = rest[: country.start()] + " " + rest[country.end() :]
    places = list(reversed(known))
    whole = cues.WHOLE_CITY.search(rest)
    if whole and not any(_is_city(name, rest[: whole.start()]) for name in places):
        around = {up.name for n in covered if (p := lookup(n)) and (up := parent(p)) and up.name in covered}
        places += sorted(around)
        rest = cues.WHOLE_CITY.sub(" ", rest)
    level = cues.PLACE_LEVEL.search(rest)
    if not (places or unknown or level) and cues.RANKED_ALL.search(text):
        places = _level("", coverage)  # “新增就业前三名” ranks them all
    elif not places and level:
        every = _level(level["level"], coverage)
        # “哪个区有…” asks which place it is, unless their figures are to be compared.
        if len(every) > 1 and (
            not cues.WHICH_PLACE.match(level[0])
            or any(words.search(text) for words in (cues.RANK, cues.MORE))
            or limit_in(text)
        ):
            places = every
        rest = rest[: level.start()] + " " + rest[level.end() :]
    return tuple(places), tuple(reversed(unknown)), rest


def named(text: str, coverage: Coverage) -> tuple[tuple[str, ...], str]:
    """The short names of places by which a question calls what serves them (广州地铁), and the text without them."""
    covered = frozenset(coverage.places)
    places = {mention.start for mention in find_places(text, covered)}
    parted = _SERVICES.sub(lambda match: "的" * len(match[0]), text)
    found = [mention for mention in find_places(parted, covered) if mention.start not in places]
    for mention in reversed(found):
        text = text[: mention.start] + " " + text[mention.end :]
    return tuple(dict.fromkeys(mention.place.short for mention in found)), text


def around(names: Sequence[str], coverage: Coverage) -> tuple[str, ...]:
    """The covered places within which the named ones lie: 湖北省 for 武汉."""
    covered = frozenset(coverage.places)
    up = [parent(mention.place) for name in names for mention in find_places(name, covered)]
    up += [parent(place) for place in up if place]
    return tuple(dict.fromkeys(place.name for place in up if place and place.name in covered))


def short_name(name: str, coverage: Coverage) -> str:
    """A place as texts mostly call it: 武汉 for 武汉市."""
    found = find_places(name, frozenset(coverage.places))
    return found[0].place.short if found else name


def _is_city(place: str, ahead: str) -> bool:
    """Whether 全市 after the words `ahead` means `place`: a city, or a county-level one that nothing parts from it."""
    known = lookup(place)
    return known is not None and (len(known.code) <= 4 or (place[-1] == "市" and not re.search("[、，,和与跟]", ahead)))


def _level(name: str, coverage: Coverage) -> list[str]:
    """The covered places of the level that a word names; of one that names none, those of the level with most."""
    found: dict[int, list[str]] = {}
    for place in coverage.places:
        if known := lookup(place):
            found.setdefault(len(known.code), []).append(place)
    if name.startswith("省") or name in ("直辖市", "自治区"):
        return [p for p in found.get(2, ()) if name[0] == "省" or p.endswith(name[-1])]
    if name in ("市", "城市"):
        return [p for places in found.values() for p in places if p.endswith("市")]
    if re.search(r"^[区县]|^市区", name):
        return found.get(6, [])
    return max(found.values(), key=len, default=[])
