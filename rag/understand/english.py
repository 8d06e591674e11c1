"""English questions: the places, times and kinds they name, said in Chinese.

The topic itself is found by the multilingual embedding model; what must be exact is translated here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from index.text.lexicon import rows
from index.text.places import by_code, identify, lookup, parent, senses

_ROWS = rows("english.tsv", "rag.understand")
_WORDS = tuple((re.compile(row["term"]), row["written"]) for row in _ROWS if row["class"] == "cue")
# Names that English does not take from pinyin, or spells apart where pinyin does not: 陕西 and 山西 are both shanxi.
_EXONYMS = tuple((row["term"], row["written"]) for row in _ROWS if row["class"] == "place")
_KIND = r"(?:\s+(?:district|city|county|province|municipality|new area))?"


def is_english(text: str) -> bool:
    """Whether a question is written in Latin letters rather than in Chinese."""
    latin = sum(c.isascii() and c.isalpha() for c in text)
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return latin > 3 * chinese and latin >= 3


@lru_cache(maxsize=4096)
def pinyin(name: str) -> str:
    """The name in pinyin without tones and spaces: 市北 -> shibei."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(name))


def chinese_cues(text: str, places: Sequence[str]) -> str:
    """The question with covered places, years, kinds and question words put in Chinese; the rest stays English."""
    said = text.lower()
    for english, short in _EXONYMS:
        said = re.sub(rf"\b{english}{_KIND}\b(?:'s)?", f" {short} ", said)
    for name in sorted({written for place in places for written in _written(place)}, key=len, reverse=True):
        said = re.sub(rf"\b{pinyin(identify(name).short)}{_KIND}\b(?:'s)?", f" {name} ", said)
    for pattern, chinese in _WORDS:
        said = pattern.sub(f" {chinese} ", said)
    return said


def _written(name: str) -> tuple[str, ...]:
    """The names that tell a place: its own, or, where others share it, the bare one and those of the divisions around
    all of them: “Nanjing's Gulou District” is not Xuzhou's."""
    place = lookup(name)
    if place is None or place.label == place.name:
        return (name,)
    around = (parent(sense.place) for sense in senses(place.name))
    return (place.name, *(up.name for up in around if up))


def uncovered_names(rest: str, text: str) -> tuple[str, ...]:
    """Divisions that an English question names and `rest`, the question with covered places taken out, still has: with
    their kind (Jimo District), or a province or city by its name alone."""
    named = re.findall(r"\b([A-Z][a-z']+)\s+(?:District|City|County|Province)\b", text)
    known = known_spellings()
    named += [word for word in re.findall(r"\b[A-Z][a-z]{4,}\b", text) if word.lower() in known]
    return tuple(dict.fromkeys(name for name in named if re.search(rf"\b{name.lower()}\b", rest)))


@cache
def known_spellings() -> frozenset[str]:
    """The pinyin of all provinces, cities and county-level cities."""
    places = by_code().values()
    return frozenset(pinyin(p.short) for p in places if p.level <= 2 or p.name.endswith("市"))
