"""Counted units: which a question asks for, and whether a text states a figure in one of its family."""

from __future__ import annotations

import re
from functools import lru_cache

SCALES = {"": 1, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8, "万亿": 10**12}  # of numbers: 4万人
# Measure words that people exchange freely; a figure in one answers a question that uses another.
_FAMILIES = tuple(
    tuple(units.split())
    for units in (
        "个 家 所 处 座 间 栋 片 项 件 支 条 只 类 轮 艘 部 台 张 套 户 辆 枚 根",
        "人次 人 名 位",
        "元",
        "平方米 平方公里 亩 公顷 平米",
        "公里 千米 米",
        "% 个百分点 倍",
        "航次 批次 场次 次 场 届",
        "吨 千克 斤",
        "千瓦 千瓦时 度 兆瓦",
        "立方米",
        "微克 毫克",
        "岁",
        "天",
        "小时 个小时",
        "分钟",
        "个月",
    )
)
_ALL = sorted({unit for family in _FAMILIES for unit in family}, key=len, reverse=True)
ASKED_UNIT = re.compile(rf"(?:多少|几)(?:多)?(?:[万亿千百])?({'|'.join(map(re.escape, _ALL))})")
_PERCENT = re.compile(r"(?:几|多少)(?:个)?(?:百分)?点|几成")
_IMPLIED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("%", re.compile(r"百分之几|百分之多少|经济增长|增速|增幅|增长率|(?<!新)[涨增]了?多少|增[涨长](?:了)?(?:多少|目标)?|占比|比重|比例|率(?:是|达|多少|为|要|目标)|强度|涨多少")),
    ("元", re.compile(r"多少钱|花[了掉费]|资金|经费|支出|收入(?!.{0,3}增)|进账|总投资|投资额|额是|规模(?:是|突破)?多大|产值|总值(?!.{0,4}增)|how much (?:money|did|does|will)")),
    ("人", re.compile(r"多少人|人数|人口|就业|岗位|人才")),
    ("平方米", re.compile(r"多大面积|面积")),
    ("公里", re.compile(r"多长|长度")),
)  # fmt: skip
_FIGURE = re.compile(r"\d|[一二两三四五六七八九十百千万亿](?:亿|万|元|家|个|人|座|项|倍)|翻番|一半|过半")
_SHARE = re.compile(r"\d[\d.,]{0,24}+\s*+(?:[%％]|个百分点)")
SHARE_ONLY = 0.1
# Bounded, since what cannot be bounded is read again from each of its characters: no figure is longer.
_DIGITS = (
    r"(?:\d[\d.,]{0,24}+|[一二两三四五六七八九十百千]{1,16})\s*+(?:余|多|几)?\s*+[万亿千百]{0,4}\s*+(?:余|多)?\s*+"
)


def asked_unit(text: str) -> str | None:
    """The unit that a question asks for, in words or by what it asks about; None when it does not tell."""
    if _PERCENT.search(text):
        return "%"
    if match := ASKED_UNIT.search(text):
        return match[1]
    return next((unit for unit, cue in _IMPLIED if cue.search(text)), None)


def states_figure(text: str) -> bool:
    """Whether a number stands in `text`."""
    return _FIGURE.search(text) is not None


@lru_cache(maxsize=1024)
def _figure_in(unit: str) -> re.Pattern[str]:
    """A pattern of the figures in `unit`."""
    return re.compile(_DIGITS + re.escape(unit))


def states_unit(text: str, unit: str) -> float:
    """How well a figure in `text` fits `unit`: 1 for the unit itself, 0.9 for one of its family, 0.4 for a figure in
    another unit, SHARE_ONLY for shares alone where an amount is asked for, 0 for no figure."""
    if not states_figure(text):
        return 0.0
    if _figure_in(unit).search(text) or (unit == "%" and "％" in text):
        return 1.0
    family = next((f for f in _FAMILIES if unit in f), (unit,))
    if any(_figure_in(other).search(text) for other in family):
        return 0.9
    return SHARE_ONLY if unit != "%" and not states_amount(text) else 0.4


def states_amount(text: str) -> bool:
    """Whether a text states a figure that is no share and no growth."""
    return _FIGURE.search(_SHARE.sub("", text)) is not None


_QUANTITY = re.compile(
    r"(?:超过?|约|近|达到?|突破)?(?:\d[\d.,]*|[一二两三四五六七八九十百千]{1,16}+(?=[万亿]|余))\s*+(?:余|多|几)?\s*+[万亿千百]*\s*+(?:余|多)?\s*+"
    rf"(?:{'|'.join(map(re.escape, _ALL))}|[a-zA-Z]{{1,4}}(?![a-zA-Z]))?(?:以上|左右|以下|以内)?"
)


_YEAR_BEHIND = re.compile(r"\s{0,4}年")


def main_quantity(text: str, unit: str | None) -> tuple[int, int] | None:
    """Bounds of the quantity that a clause is about: the first in `unit` or its family, else the first that is no year
    and no part of a name in quotes; None when it states none."""
    found = [
        m.span()
        for m in _QUANTITY.finditer(text)
        if not _YEAR_BEHIND.match(text, m.end()) and text[m.start() - 1 : m.start()] not in ("“", "+")
    ]
    wanted = [span for span in found if unit and states_unit(text[slice(*span)], unit) >= 0.9]
    return next(iter(wanted or found), None)
