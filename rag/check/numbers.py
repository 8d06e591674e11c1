"""The figures of a text in one form, so that those of a draft can be looked for in its sources: 4万人 is 40000人.

Unlike `index.text.quantities`, which picks what is worth a row in a table, this misses no number: ordinals, dates and
figures of unknown units count as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from index.text.normalize import fold
from index.text.numbers import RANGE, Number, bounds, number, numbers, plain, scale_of
from index.text.polarity import FALLS, RISES
from index.types import Qualifier

Bound = Literal["more", "less", "about", ""]
Sense = Literal["up", "down", ""]

_ENGLISH_POWERS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PLAN = re.compile(r"十[一二三四五六七]五")  # names a plan
_YEAR = r"(?:19|20)\d\d"
_YEAR_BEHIND, _WORD_BEHIND = re.compile(rf"\s?(?:年|[-—–~至到]\s?{_YEAR})"), re.compile(r"\s?[\w%]")
_LED = re.compile(r"\b(?:in|of|by|for|during|since|from|to|until|through|and|year|fy)\s?$|[-–—~(/]\s?$", re.I)
_FOLLOWED = re.compile(r"\s?(?:$|[-–—~,.;:)'?]|(?:target|plan|goal|result|actual)s?\b)", re.I)
_ENGLISH_UNIT = re.compile(
    r"\s?-?\s?(?P<power>thousand|million|billion|trillion)?\s?"
    r"(?:(?P<points>percentage points?)|(?P<percent>percent|per cent)|(?P<people>people|persons?)|(?P<yuan>yuan|rmb)"
    r"|(?P<other>[a-z]{2,}))?",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s?[、和]\s?")
_BOUNDS: dict[Qualifier, Bound] = {"at_least": "more", "over": "more", "under": "less", "about": "about"}
_UP = re.compile(rf"{RISES.pattern}|\b(?:gr[eo]w|increas|rise|rose)", re.I)
_DOWN = re.compile(rf"{FALLS.pattern}|\b(?:fall|fell|decreas|declin|reduc)", re.I)
NEAR = 12  # characters before a figure in which its direction stands
_COUNTED = "*"  # an English noun: any unit but shares and money
_SAME_UNIT = {"名": "人", "位": "人"}
_TIMES = ("年", "月", "日", "号")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, at ``fold(text)[start:end]``. `value` is in the base unit; what cannot be counted, like
    数百, is its own value. `bound` is what 以上 or 不超过 makes of it, `sense` whether it is a rise or a fall."""

    start: int
    end: int
    value: str
    unit: str
    bound: Bound = ""
    sense: Sense = ""
    scale: int = 1  # of its digits, as written

    def states(self, source: Figure) -> bool:
        """Whether `source` bears out this figure: the same number and unit, no bound added, no fall made a rise."""
        unit = source.unit not in ("%", "个百分点", "元") if self.unit == _COUNTED else self.unit == source.unit
        bound = self.bound in ("", source.bound) or (self.bound, source.bound) == ("about", "")
        return unit and bound and self.value == source.value and {self.sense, source.sense} != {"up", "down"}


def _is_year(text: str, start: int, end: int) -> bool:
    """Whether the digits at ``text[start:end]`` name a year."""
    if not re.fullmatch(_YEAR, text[start:end]):
        return False
    if _YEAR_BEHIND.match(text, end) or not _WORD_BEHIND.match(text, end):
        return True
    return bool(_LED.search(text[max(0, start - 16) : start]) or _FOLLOWED.match(text, end))


def _unit(text: str, at: int) -> tuple[str, int, int]:
    """The English unit at ``text[at:]``, or else the character there, where it ends, and the power of ten that an
    English word gives the number before it."""
    if (match := _ENGLISH_UNIT.match(text, at)) and match[0].strip(" -"):
        power = _ENGLISH_POWERS[match["power"].lower()] if match["power"] else 1
        names = {"points": "个百分点", "percent": "%", "people": "人", "yuan": "元", "other": _COUNTED}
        return next((u for group, u in names.items() if match[group]), ""), match.end(), power
    at += text[at : at + 1] == " "
    following = text[at : at + 1]
    return (
        (following, at + 1, 1) if "\u4e00" <= following <= "\u9fff" and following not in "至到和与及" else ("", at, 1)
    )


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """All figures of `text`, in order, without the years that it names (see `years`)."""
    folded = _PLAN.sub("□□□", fold(text))
    found = [_figure(folded, each) for each in numbers(folded)]
    return tuple(_joined(folded, [_bounded(folded, figure) for figure in found if figure is not None]))


def _figure(text: str, found: Number) -> Figure | None:
    if found.form == "double":
        return Figure(found.start, found.end, "翻番", "")
    if found.form == "digits":
        return _of_digits(text, found)
    unit, end = _SAME_UNIT.get(found.base, found.base), found.end
    if not unit and text[end : end + 1] in _TIMES:
        unit, end = text[end : end + 1], end + len(text[end : end + 1])
    large = found.scale or set(found.value[1:]) & set("万亿") or len(found.value) > 2
    if found.form in ("numerals", "vague") and not (found.ordinal or unit or large):
        return None  # 一体, 统一, 万众: a word
    value = text[found.start : found.stop] if found.amount is None else plain(found.amount)
    return Figure(found.start, end, value, "第" if found.ordinal else unit)


def _of_digits(text: str, found: Number) -> Figure | None:
    if _is_year(text, found.start, found.start + len(found.value)):
        return None
    unit, end, power = (found.base, found.end, 1) if found.unit else _unit(text, found.stop)
    value = None if found.amount is None else number(plain(found.amount), power)
    # A number beyond all sense is its own value, as it is written.
    shown = text[found.start : found.stop] if value is None else plain(value)
    scale = scale_of(found.scale) * power
    return Figure(found.start, end, shown, "第" if found.ordinal else _SAME_UNIT.get(unit, unit), scale=scale)


def _bounded(text: str, figure: Figure) -> Figure:
    before = text[max(0, figure.start - NEAR) : figure.start]
    qualifier = bounds(text, figure.start, figure.end).qualifier
    bound = _BOUNDS[qualifier] if qualifier else ""
    near = re.split(r"[，。；、,;]", before)[-1]
    sense: Sense = "down" if _DOWN.search(near) else "up" if _UP.search(near) else ""
    return replace(figure, bound=bound, sense=sense)


def _joined(text: str, found: list[Figure]) -> list[Figure]:
    """The first of a range (3—5万人) or a list (20、24座) takes the unit of the last, of a range its scale too."""
    for i in range(len(found) - 2, -1, -1):
        here, after = found[i], found[i + 1]
        if here.unit:
            continue
        between = text[here.end : after.start]
        if RANGE.fullmatch(between) and here.scale == 1:
            raised = number(here.value, after.scale)
            found[i] = replace(here, value=here.value if raised is None else plain(raised), unit=after.unit)
        elif RANGE.fullmatch(between) or _LIST.fullmatch(between):
            found[i] = replace(here, unit=after.unit)
    return found


def years(text: str) -> frozenset[int]:
    """The years that `text` names in digits or numerals."""
    folded = fold(text)
    named = (m for m in re.finditer(rf"(?<!\d){_YEAR}(?!\d)", folded) if _is_year(folded, *m.span()))
    return frozenset(int(m[0]) for m in named)
