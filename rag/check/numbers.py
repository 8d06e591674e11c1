"""The figures of a text in one form, so that those of a draft can be looked for in its sources: 4万人 is 40000人.

Unlike `index.text.quantities`, which finds what is worth a row in a table, this misses no number: ordinals, dates and
figures of unknown units count as well.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from index.text.normalize import fold, of_numerals, written
from index.text.quantities import exact_number, unit_at

Bound = Literal["more", "less", "about", ""]
Sense = Literal["up", "down", ""]

_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_ENGLISH_POWERS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NUMERALS = "零一二两三四五六七八九十百千万亿"
_PLAN = re.compile(r"十[一二三四五六七]五")  # names a plan
_YEAR = r"(?:19|20)\d\d"
_YEAR_BEHIND, _WORD_BEHIND = re.compile(rf"\s?(?:年|[-—–~至到]\s?{_YEAR})"), re.compile(r"\s?[\w%]")
_LED = re.compile(r"\b(?:in|of|by|for|during|since|from|to|until|through|and|year|fy)\s?$|[-–—~(/]\s?$", re.I)
_FOLLOWED = re.compile(r"\s?(?:$|[-–—~,.;:)'?]|(?:target|plan|goal|result|actual)s?\b)", re.I)
_NUMBER = re.compile(
    rf"(?P<digits>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*+[余多几]?"
    r"(?P<scale>[十百千]?万亿|[十百千]?[万亿]|[十百千](?![瓦米克卡])|)[余多]?\s*+"
    rf"|(?P<vague>(?:[数几上](?=[十百千万亿]))?)(?P<chinese>[{_NUMERALS}]+(?:点[{_NUMERALS}]+)?)[余多]?"
    r"|(?P<half>一半|过半|半数)|(?P<double>翻番|翻一番|翻了一番)"
)
_DIGITS = re.compile(r"[\d,]+(?:\.\d+)?")
_ENGLISH_UNIT = re.compile(
    r"\s?-?\s?(?P<power>thousand|million|billion|trillion)?\s?"
    r"(?:(?P<points>percentage points?)|(?P<percent>percent|per cent)|(?P<people>people|persons?)|(?P<yuan>yuan|rmb)"
    r"|(?P<other>[a-z]{2,}))?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?[-—–~至到]\s?")  # the text is folded: no two spaces stand together
_LIST = re.compile(r"\s?[、和]\s?")
_MORE_AHEAD = re.compile(
    r"(?:不少于|不低于|至少|超过|突破了?|超|逾|高于|多于|more than|over|at least|above|exceed\w*)\s*$", re.I
)
_LESS_AHEAD = re.compile(
    r"(?:不超过|不高于|不多于|低于|少于|less than|under|below|at most|no more than|up to)\s*$", re.I
)
_MORE_BEHIND, _LESS_BEHIND = re.compile(r"\s?(?:及?以上|or more)"), re.compile(r"\s?(?:及?以[下内]|之内|or less)")
_ABOUT_AHEAD, _ABOUT_BEHIND = re.compile(r"(?:大约|约为|约|近|about|around|nearly)\s*$", re.I), re.compile(r"左右|上下")
_UP = re.compile(r"增长|增加|提高|上升|提升|增幅|\b(?:gr[eo]w|increas|rise|rose)", re.I)
_DOWN = re.compile(r"下降|降低|减少|降幅|下滑|\b(?:fall|fell|decreas|declin|reduc)", re.I)
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
    scaled: bool = False

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
    """Unit, where it ends, and the power of ten that an English word gives the number before it."""
    unit, end = unit_at(text, at)
    if unit:
        return _SAME_UNIT.get(unit, unit), end, 1
    if (match := _ENGLISH_UNIT.match(text, at)) and match[0].strip(" -"):
        power = _ENGLISH_POWERS[match["power"].lower()] if match["power"] else 1
        names = {"points": "个百分点", "percent": "%", "people": "人", "yuan": "元", "other": _COUNTED}
        return next((u for group, u in names.items() if match[group]), ""), match.end(), power
    following = text[at : at + 1]
    return (
        (following, at + 1, 1) if "\u4e00" <= following <= "\u9fff" and following not in "至到和与及" else ("", at, 1)
    )


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """All figures of `text`, in order, without the years that it names (see `years`)."""
    folded = _PLAN.sub("〇〇〇", fold(text))
    found: list[Figure] = []
    for match in _NUMBER.finditer(folded):
        if (figure := _figure(folded, match)) is not None:
            found.append(_bounded(folded, figure))
    return tuple(_joined(folded, found))


def _figure(text: str, match: re.Match[str]) -> Figure | None:
    start, end = match.span()
    if match["half"] or match["double"]:
        return Figure(start, end, "50" if match["half"] else "翻番", "%" if match["half"] else "")
    ordinal = text[start - 1 : start] == "第"
    if match["digits"]:
        if _is_year(text, *match.span("digits")):
            return None
        unit, end, power = _unit(text, end)
        value = exact_number(match["digits"], math.prod(_POWERS[c] for c in match["scale"]) * power)
        # A number beyond all sense is its own value, as it is written.
        shown = match[0].strip() if value is None else written(value)
        return Figure(start, end, shown, "第" if ordinal else unit, scaled=bool(match["scale"]) or power > 1)
    unit, stop = unit_at(text, end)
    if not unit and text[end : end + 1] in _TIMES and text[end : end + 1]:
        unit, stop = text[end], end + 1
    numerals = match["chinese"]
    if not (ordinal or unit or set(numerals[1:]) & set("万亿") or len(numerals) > 2):
        return None  # 一体, 统一, 万众: a word
    value = None if match["vague"] else of_numerals(f"一{numerals}" if numerals[0] in "百千万亿" else numerals)
    if value is not None and unit == "成":
        value, unit = value * 10, "%"
    unit = "第" if ordinal else _SAME_UNIT.get(unit, unit)
    return Figure(start, stop, match[0] if value is None else written(value), unit)


def _bounded(text: str, figure: Figure) -> Figure:
    before = text[max(0, figure.start - 16) : figure.start]
    bound: Bound = ""
    if _LESS_AHEAD.search(before) or _LESS_BEHIND.match(text, figure.end):
        bound = "less"
    elif _MORE_AHEAD.search(before) or _MORE_BEHIND.match(text, figure.end):
        bound = "more"
    elif _ABOUT_AHEAD.search(before) or _ABOUT_BEHIND.match(text, figure.end):
        bound = "about"
    near = re.split(r"[，。；、,;]", before[-NEAR:])[-1]
    sense: Sense = "down" if _DOWN.search(near) else "up" if _UP.search(near) else ""
    return replace(figure, bound=bound, sense=sense)


def _joined(text: str, found: list[Figure]) -> list[Figure]:
    """The first of a range (3—5万人) or a list (20、24座) takes the unit of the last, of a range its scale too."""
    for i in range(len(found) - 2, -1, -1):
        here, after = found[i], found[i + 1]
        if here.unit:
            continue
        between = text[here.end : after.start]
        if _RANGE.fullmatch(between) and after.scaled and not here.scaled:
            found[i] = replace(here, value=_raised(text, here, after), unit=after.unit)
        elif _RANGE.fullmatch(between) or _LIST.fullmatch(between):
            found[i] = replace(here, unit=after.unit)
    return found


def _raised(text: str, here: Figure, after: Figure) -> str:
    """The value of `here` with the scale of the figure `after` it, where both are numbers."""
    digits = _DIGITS.match(text, after.start)
    small, large, whole = (exact_number(n) for n in (here.value, digits[0] if digits else "", after.value))
    raised = exact_number(here.value, int(whole / large)) if small and large and whole and whole >= large else None
    return here.value if raised is None else written(raised)


def years(text: str) -> frozenset[int]:
    """The years that `text` names in digits or numerals."""
    folded = fold(text)
    named = (m for m in re.finditer(rf"(?<!\d){_YEAR}(?!\d)", folded) if _is_year(folded, *m.span()))
    return frozenset(int(m[0]) for m in named)
