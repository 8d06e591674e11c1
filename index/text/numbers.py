"""The one reading of numbers: numerals, their scale and unit, what bounds them, and how they are written.

`numbers` finds every number of a text; what is made of them (rows of a table, limits, the figures that the gate looks
for) picks from these. Units and the words that bound a number are data: `lexicon/units.tsv`, `lexicon/bounds.tsv`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import Literal

from index.text.lexicon import any_of, rows
from index.types import Qualifier

Relation = Literal[">", ">=", "<", "<=", "=="]
Form = Literal["digits", "numerals", "vague", "share", "half", "double"]

MOST_DIGITS = 16  # a float keeps no more; a number that is longer, or beyond MOST, is text
MOST_NUMERALS = 32  # 九千九百九十九万亿九千… up to MOST, with what stands behind 点
MOST = Decimal(10) ** 21  # 十亿万亿: no report counts so far
_POWERS = dict(zip("十百千万亿", (10, 100, 1000, 10**4, 10**8), strict=True))
SCALES: Mapping[str, int] = {"": 1, **dict([*_POWERS.items()][1:]), "万亿": 10**12}  # 十 is a numeral
MOST_DECIMALS = 4  # of a number that is shown in 万 or 亿; one with more is shown in its unit
LONGEST_CUE = 16  # characters before a number in which the words that bound it stand
_EXACT = Context(prec=64)  # digits: all before and behind the point, and a scale
_ONES = "零〇一二两三四五六七八九"
NUMERALS = _ONES + "".join(_POWERS)
_TO_DIGITS = str.maketrans(_ONES, "001223456789")
_WRITTEN = re.compile(rf"\d{{1,{MOST_DIGITS}}}(?:\.\d{{1,{MOST_DIGITS}}})?")
_SCALED = re.compile(rf"^([\d.]++|.{{1,{MOST_NUMERALS}}}?点[{_ONES}]++)([十百千万亿]{{1,4}})")


_MIXED = re.compile(rf"(?:\d{{1,{MOST_DIGITS}}}+(?=[{NUMERALS}])|[{NUMERALS}])++\d{{0,{MOST_DIGITS}}}+")  # 10亿5千万


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in its one form (平米 is 平方米): `factor` of `base`; people exchange the units of one `family` freely."""

    base: str
    family: str
    factor: int
    asked: bool  # a question may ask for it: 多少家


UNITS: Mapping[str, Unit] = {
    r["term"]: Unit(r["base"], r["family"], int(r["factor"]), r["asked"] == "yes") for r in rows("units.tsv")
}


# 一个台阶 is no 台; “迈上5个百亿台阶” counts them.
_TERMS = any_of(UNITS)
_LATIN_ENDS = "(?:(?<![A-Za-z])|(?![A-Za-z]))"
_UNIT = re.compile(rf"个[十百千万亿]+元?台阶|(?!台阶)(?:{_TERMS})(?:/[年日月天])?{_LATIN_ENDS}")
_DIGITS = r"\d{1,3}+(?:[,，]\d{3}(?!\d))++(?:\.\d++)?+|\d++(?:\.\d++)?+"
_SPELLED = rf"[{NUMERALS}]++(?:点[{_ONES}]++)?+"
_SCALE = r"[十百千]?[万亿]{1,2}|[十百](?!分)|千(?![瓦米克卡])"
_NUMBER = re.compile(
    rf"百分之(?P<share>{_DIGITS}|{_SPELLED})"
    r"|(?P<half>(?:一|(?<=[超过近]))半|半数)|(?P<double>(?<![两三])翻(?:了?一)?番)"
    rf"|(?P<digits>{_DIGITS})(?:\s?(?P<more>[余多几]?)(?P<scale>{_SCALE})(?P<most>[余多]?)|\s?(?P<over>[余多几]))?"
    rf"|(?P<vague>[数几上](?=[十百千万亿]))?(?P<numerals>{_SPELLED})"
    r"(?P<nmore>[余多几](?!少))?(?P<nscale>[万亿]{0,2})(?P<nmost>[余多]?)"
)
RANGE = re.compile(r"\s?[%％]?[-—–－~～至到]\s?")
_HALVED = ("成", "倍")  # 两成半


@dataclass(frozen=True, slots=True)
class Number:
    """A number at ``text[start:stop]``, with its unit up to `end`. `value` and `unit` are as written, "" for no unit;
    `number` is the value times the scale, None for what cannot be counted (数百) or is beyond all sense."""

    start: int
    stop: int
    end: int
    value: str
    scale: str
    number: Decimal | None
    unit: str
    form: Form
    more: bool = False  # 余, 多 or 几 stands in it
    ordinal: bool = False  # 第 stands ahead

    @property
    def base(self) -> str:
        """The unit in its one form; 一半 and 翻番 are percentages, though they write none."""
        if self.form in ("half", "double"):
            return "%"
        return UNITS[self.unit].base if self.unit in UNITS else self.unit

    @property
    def amount(self) -> Decimal | None:
        """The number in the base unit."""
        factor = UNITS[self.unit].factor if self.unit in UNITS else 1
        return None if self.number is None else self.number * factor

    @property
    def stated(self) -> bool:
        """Whether it counts something, and is no word (一体, 万一), no ordinal in numerals and more than 一个."""
        if self.form != "numerals":
            return True
        known = UNITS.get(self.unit)
        counts = known is not None and (known.asked or known.base == "%")  # 二期 is the second
        counts = counts or (self.scale != "" and not self.bare)
        return counts and not self.ordinal and self.number is not None and self.number > 1

    @property
    def bare(self) -> bool:
        """Whether it is a power without a digit: 百, 万亿."""
        return self.form == "numerals" and self.value[0] in "百千万亿"


def family_of(unit: str) -> str:
    """The family of a unit that stands in a text, also of 吨/年; the unit itself where it has none."""
    known = UNITS.get(unit) or UNITS.get(unit.partition("/")[0])
    return known.family if known else unit


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that bounds a number: what it makes of a stated number, and of one that is asked for."""

    qualifier: Qualifier | None
    relation: Relation | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The words around a number that bound it; with them it stands at ``text[before:after]``."""

    before: int
    after: int
    ahead: Cue | None
    behind: Cue | None

    @property
    def qualifier(self) -> Qualifier | None:
        cue = self.behind if self.behind and self.behind.qualifier else self.ahead
        return cue.qualifier if cue else None


def _cues(side: str) -> tuple[Mapping[str, Cue], str]:
    found = sorted((r for r in rows("bounds.tsv") if r["side"] == side), key=lambda r: -len(r["term"]))
    ahead = side == "ahead"
    terms = (f"{r['where']}{re.escape(r['term'])}" if ahead else f"{re.escape(r['term'])}{r['where']}" for r in found)
    cues = {r["term"]: Cue(r["qualifier"] or None, r["relation"] or None) for r in found}  # type: ignore[arg-type]
    return cues, "|".join(terms)


_AHEAD, _AHEAD_TERMS = _cues("ahead")
_BEHIND, _BEHIND_TERMS = _cues("behind")
_WRITTEN_AHEAD: Mapping[Qualifier, str] = {"at_least": "不低于", "over": "超过", "under": "不超过", "about": "约"}
_AHEAD_CUE = re.compile(rf"({_AHEAD_TERMS})\s?$", re.IGNORECASE)
_BEHIND_CUE = re.compile(rf"\s?({_BEHIND_TERMS})", re.IGNORECASE)


def number(text: str, scale: int = 1) -> Decimal | None:
    """The number that digits or Chinese numerals write, also mixed (3.5亿, 5千万) and with 点, times `scale`.

    None for a range, a vague number or what is none, for one of more than MOST_DIGITS digits before or behind the
    point, and beyond MOST. Where text becomes a number, it becomes one here: `float` makes infinity of 400 nines, and
    `int` refuses 5,000 of them.
    """
    digits = re.sub(r"[,，]", "", text)
    if _WRITTEN.fullmatch(digits):
        found: Decimal | None = _EXACT.multiply(Decimal(digits), Decimal(scale))
    elif len(digits) > MOST_NUMERALS:
        return None
    elif match := _SCALED.fullmatch(digits):
        found = number(match[1], scale_of(match[2]) * scale)
    else:
        found = _of_numerals(digits)
        found = None if found is None else _EXACT.multiply(found, Decimal(scale))
    return None if found is None or found > MOST else found


def scale_of(text: str) -> int:
    """What 万 or 百万 multiplies a number by; 1 for no scale."""
    return math.prod(_POWERS[c] for c in text)


@lru_cache(maxsize=4096)
def _of_numerals(text: str) -> Decimal | None:
    whole, point, part = text.partition("点")
    if not _MIXED.fullmatch(whole) or any(c not in _ONES for c in part):
        return None
    if whole[:1] in _POWERS:
        whole = f"一{whole}"
    if point:
        value = _of_numerals(whole)
        return Decimal(f"{value:f}.{part.translate(_TO_DIGITS)}") if part and value is not None else None
    if len(whole) == 1 and whole in _ONES:
        return Decimal(whole.translate(_TO_DIGITS))
    import cn2an

    try:
        return Decimal(str(cn2an.cn2an(whole, "smart")))
    except (ValueError, KeyError):  # KeyError: of 万亿0, by mistake
        return None


def unit_at(text: str, start: int) -> tuple[str, int]:
    """The unit that stands at ``text[start:]`` as written, and where it ends; ("", start) for none."""
    match = _UNIT.match(text, start)
    return (match[0], match.end()) if match else ("", start)


@lru_cache(maxsize=16384)
def numbers(text: str) -> tuple[Number, ...]:
    """Every number of `text`, in order: years, ordinals and numerals in words (一体) as well."""
    return tuple(_number(text, match) for match in _NUMBER.finditer(text))


def _number(text: str, match: re.Match[str]) -> Number:
    start, stop = match.span()
    if match["half"] or match["double"]:
        form: Form = "half" if match["half"] else "double"
        return Number(start, stop, stop, match[0], "", Decimal(50 if match["half"] else 100), "", form)
    if match["share"]:
        return Number(start, stop, stop, match["share"], "", number(match["share"]), "%", "share")
    value, scale, more = _parts(match)
    found = number(value, scale_of(scale))
    unit, end = unit_at(text, stop + (text[stop : stop + 1] == " "))
    if unit in _HALVED and text[end : end + 1] == "半" and found is not None:
        found, end = found + Decimal("0.5"), end + 1
    form_: Form = "digits" if match["digits"] else "vague" if match["vague"] else "numerals"
    found = None if form_ == "vague" else found
    ordinal = text[start - 1 : start] == "第"
    return Number(start, stop, end if unit else stop, value, scale, found, unit, form_, more, ordinal)


def _parts(match: re.Match[str]) -> tuple[str, str, bool]:
    """Value and scale of a number, and whether 余, 多 or 几 stands in it: 一百二十余万 is 一百二十, 万."""
    if match["digits"]:
        return match["digits"], match["scale"] or "", bool(match["more"] or match["most"] or match["over"])
    numerals, more = (match["vague"] or "") + match["numerals"], bool(match["nmore"] or match["nmost"])
    bare = numerals.rstrip("万亿")
    scale = numerals[len(bare) :] if bare and not set(bare) & set("万亿") and not match["nscale"] else ""
    return numerals[: len(numerals) - len(scale)], scale + match["nscale"], more


def bounds(text: str, start: int, end: int) -> Bounds:
    """The words around the number at ``text[start:end]`` that bound it."""
    before, after, ahead, behind = start, end, None, None
    if match := _BEHIND_CUE.match(text, end):
        behind, after = _BEHIND[match[1].lower()], match.end()
    left = max(0, start - LONGEST_CUE)
    if match := _AHEAD_CUE.search(text[left:start]):
        ahead, before = _AHEAD[match[1].lower()], left + match.start()
    return Bounds(before, after, ahead, behind)


def phrase(
    value: Decimal, unit: str, scale: str = "", *, upto: Decimal | None = None, qualifier: Qualifier | None = None
) -> str:
    """A number of `unit` as a report writes it in digits: 不低于3.5亿元, 3—5万人. It is read back as the same."""
    ahead = _WRITTEN_AHEAD[qualifier] if qualifier else ""
    last = "" if upto is None else f"—{plain(upto / SCALES[scale])}"
    return f"{ahead}{plain(value / SCALES[scale])}{last}{scale}{unit}"


def in_numerals(value: int) -> str:
    """A whole number below 10,000 in Chinese numerals: 一百二十. A larger one takes a scale, as in 一百二十万."""
    import cn2an

    return str(cn2an.an2cn(value))


def plain(value: Decimal) -> str:
    """Digits without an exponent or idle zeros."""
    text = f"{value:f}" if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def spelled(value: Decimal, unit: str, scale: str | None = None) -> str:
    """`value` with its unit, in `scale` or else in the largest of 亿 and 万 that shortens it; never rounded."""
    for name in [scale] if scale is not None else ["亿", "万", ""]:
        scaled = value / SCALES[name]
        exponent = scaled.normalize().as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 0
        if name == "" or ((abs(scaled) >= 1 or scale is not None) and places <= MOST_DECIMALS):
            return f"{plain(scaled)}{name}{unit}"
    return f"{plain(value)}{unit}"
