"""Counted units: which a question asks for, and whether a text states a figure in one of its family."""

from __future__ import annotations

import re

from index.text.numbers import UNITS, Number, bounds, family_of, numbers

_ASKED = sorted((unit for unit, known in UNITS.items() if known.asked), key=len, reverse=True)
ASKED_UNIT = re.compile(rf"(?:多少|几)多?[万亿千百]{{0,2}}({'|'.join(map(re.escape, _ASKED))})")
_PERCENT = re.compile(r"[几少]个?(?:百分)?点|几成")
_IMPLIED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("%", re.compile(r"百分之[几多]|增[速幅涨长]|(?<!新)[涨增]了?多少|占比|比[重例]|率[是达多为要目]|强度")),
    ("元", re.compile(r"多少钱|花[了掉费]|资金|经费|支出|收入(?!.{0,3}增)|进账|总投资|投资额|额是|规模.{0,2}多大|产值|总值(?!.{0,4}增)|how much (?:money|did|does|will)")),
    ("人", re.compile(r"人[数口才]|就业|岗位")),
    ("平方米", re.compile("面积")),
    ("公里", re.compile(r"多长|长度")),
)  # fmt: skip
SHARE_ONLY = 0.1
_SHARES = ("%", "个百分点")
_LATIN_UNIT = re.compile(r"\s?[A-Za-z]{1,4}(?![A-Za-z])")
_YEAR_BEHIND = re.compile(r"\s{0,4}年")


def asked_unit(text: str) -> str | None:
    """The unit that a question asks for, in words or by what it asks about; None when it does not tell."""
    if _PERCENT.search(text):
        return "%"
    if match := ASKED_UNIT.search(text):
        return match[1]
    return next((unit for unit, cue in _IMPLIED if cue.search(text)), None)


def states_figure(text: str) -> bool:
    """Whether a number stands in `text`."""
    return any(found.stated for found in numbers(text))


def states_unit(text: str, unit: str) -> float:
    """How well a figure in `text` fits `unit`: 1 for the unit itself, 0.9 for one of its family, 0.4 for a figure in
    another unit, SHARE_ONLY for shares alone where an amount is asked for, 0 for no figure."""
    stated = [found for found in numbers(text) if found.stated]
    if not stated:
        return 0.0
    if any(unit in (found.unit, found.base) for found in stated if found.unit):
        return 1.0
    if any(family_of(found.unit) == family_of(unit) for found in stated if found.unit):
        return 0.9
    return SHARE_ONLY if unit != "%" and not states_amount(text) else 0.4


def states_amount(text: str) -> bool:
    """Whether a text states a figure that is no share and no growth."""
    return any(found.stated and (not found.unit or found.base not in _SHARES) for found in numbers(text))


def main_quantity(text: str, unit: str | None) -> tuple[int, int] | None:
    """Bounds of the quantity that a clause is about: the first in `unit` or its family, else the first that is no year
    and no part of a name in quotes; None when it states none."""
    found = [each for each in numbers(text) if _is_quantity(text, each)]
    wanted = [each for each in found if unit and states_unit(text[each.start : each.end], unit) >= 0.9]
    for each in wanted or found:
        latin = None if each.unit else _LATIN_UNIT.match(text, each.end)
        around = bounds(text, each.start, latin.end() if latin else each.end)
        return around.before, around.after
    return None


def _is_quantity(text: str, found: Number) -> bool:
    counts = found.form != "numerals" or found.scale != "" or found.more
    return counts and not _YEAR_BEHIND.match(text, found.end) and text[found.start - 1 : found.start] not in ("“", "+")
