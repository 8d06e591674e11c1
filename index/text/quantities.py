"""Figures with a unit, as Chinese reports write them: 4.5万人, 100余个, 超百亿元, 30%以上, 一半, 翻番, 第二位."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from index.types import Qualifier

_MEASURES = (
    "个百分点 百分点 % ％ ‰ ‱ 倍 成 美元 欧元 元 人次 人年 人 名 位 平方公里 平方千米 "
    "平方米 平米 立方米 亩次 亩 公顷 公里 千米 海里 米 吨标准煤 吨 公斤 千克 斤 标准箱 标箱 "
    "车次 班次 航次 架次 批次 场次 户次 件次 台次 列次 次 场 趟 架 千瓦时 千瓦 兆瓦 吉瓦 度 "
    "台套 台（套） 台(套) 台 套（间） 套(间) 套 张 部 辆 枚 根 家 所 处 座 间 栋 幢 片 "
    "项 件 支 条 只 类 轮 艘 户 种 款 株 头 羽 例 宗 笔 列 班 组 队 批 对 块 段 本 "
    "册 首 篇 幅 床 微克/立方米 毫克/升 微克 天 小时 分钟 岁 门 场（次） 单 期 盏 "
    "口 眼 棵 颗 尾 粒 包 箱 瓶 桶 台班 平方 立方 TEU EFLOPS PFLOPS GW MW "
    "kV P 人份 剂次 个"
)
LONGEST_CUE = 16  # characters before or behind a figure in which the words that qualify it stand
_UNIT = "|".join(map(re.escape, sorted(set(_MEASURES.split()), key=len, reverse=True))).replace("台|", "台(?!阶)|")
_UNIT = rf"个[十百千万亿]+元?台阶|(?:{_UNIT})(?:/[年日月天])?"
_UNIT_THERE = re.compile(_UNIT)
_SCALE = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_CHINESE = "一二两三四五六七八九十百千"
MOST_DIGITS = 16  # a float keeps no more; a number that is longer, or beyond MOST, is text
MOST = Decimal(10) ** 21  # 十亿万亿: no report counts so far
_NUMBER = rf"\d{{1,{MOST_DIGITS}}}+(?:[,，]\d{{3}}){{1,5}}(?:\.\d{{1,{MOST_DIGITS}}}+)?|\d{{1,{MOST_DIGITS}}}+(?:\.\d{{1,{MOST_DIGITS}}}+)?"
_NUMERAL = rf"(?<![{_CHINESE}])[{_CHINESE}]{{1,{MOST_DIGITS}}}+"
_WRITTEN = re.compile(rf"\d{{1,{MOST_DIGITS}}}(?:\.\d{{1,{MOST_DIGITS}}})?")
_FIGURE = re.compile(
    rf"(?<![\dA-Za-z.+\-－第前])(?!(?<=\d[,，])\d{{3}}(?!\d))(?P<value>(?:{_NUMBER})(?:(?:%|％)?[-—–－~～至](?:{_NUMBER}))?)"
    rf"(?P<more>[余多几]?)(?P<scale>[百千]?[万亿]{{0,2}}|[百千])(?P<most>[余多]?)(?P<unit>{_UNIT})"
    rf"(?![A-Za-z])"
    rf"|(?P<vague>(?:{_NUMERAL}|数[十百千]))(?P<vmore>[余多几]?)(?P<vscale>[万亿]{{1,2}})(?P<vmost>[余多]?)(?P<vunit>{_UNIT})"
    rf"|(?P<few>[十百千])(?P<fmore>[余多])(?P<funit>{_UNIT})"
    rf"|(?<=破|超|过|达|到|上|近)(?P<bare>(?:{_NUMBER})|{_NUMERAL})(?P<bscale>[万亿]{{1,2}})(?P<bmost>[余多]?)"
    rf"(?P<bunit>)(?=大关|台阶|关口|[，。；、,;]|以上|$)"
    rf"|(?P<tenths>[{_CHINESE}])(?P<tunit>成)(?=以上|左右|[，。；、,;]|$)"
    rf"|(?P<points>{_NUMERAL})(?P<punit>个百分点|倍(?!增))"
)
_WORDS = re.compile(
    r"(?P<half>一半)(?:以上|左右)?|(?<![两三])(?P<double>翻番|翻一番|翻了一番)|(?<=[超过近])(?P<over>半)(?=[，。；、,;]|$)"
)
_RANK = re.compile(  # with digits only: 首位 and 第一 praise more than they count
    r"(?:均|分别|稳|仍|继续|保持|连续\d+年|跃|上?升|位次|排名|综合实力){0,6}(?:居|列|位|名|排|升至|跃至|进到|进入|跻身|[和、](?=第)|全[国省市])"
    r"[^，。；、,;第]{0,12}?(?:第|前)(?P<rank>\d{1,16}+)(?P<place>位|名)?(?![\d届次产批期梯方个\-])"
)
_AHEAD: tuple[tuple[Qualifier, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"(?:不少于|不低于|不小于|至少)$")),
    ("under", re.compile(r"(?:不超过|不高于|不多于|不大于|低于|少于)$")),
    ("over", re.compile(r"(?:超过|突破了?|超出|高于|多于|超|逾|(?<![通经])过)$")),
    ("about", re.compile(r"(?:大约|约为|约|将近|接近|近)$")),
)
_BEHIND: tuple[tuple[Qualifier, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"(?:及以上|以上)")),
    ("about", re.compile(r"(?:左右|上下)")),
    ("under", re.compile(r"(?:以内|以下|之内)")),
    ("over", re.compile(r"多(?=[，。；、,;]|$)")),
)
# What follows a figure that is no figure of anything: part of a date, of a name, of a size.
_NOT_BEHIND = re.compile(
    r"级(?!以上)|年|周年|强|方面|领域|维度|层面|[大小]?板块|关键|(?<=[时钟])(?!以内|[，。；、,;]|$)|字|号线"
)
_TIME_UNITS = frozenset({"小时", "分钟", "天", "岁"})
_SAME = {
    "％": "%",
    "百分点": "个百分点",
    "平米": "平方米",
    "千米": "公里",
    "平方千米": "平方公里",
    "标箱": "标准箱",
    "TEU": "标准箱",
}
_QUOTED = re.compile(r"[“‘《「\"][^”’》」\"]{0,24}[”’》」\"]")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure at ``text[start:end]``; `before` and `after` take in the words that qualify it."""

    start: int
    end: int
    before: int
    after: int
    value: str
    unit: str
    normalized: float | None
    base_unit: str
    qualifier: Qualifier | None
    rank: bool = False


def unit_at(text: str, start: int) -> tuple[str, int]:
    """The unit that stands at ``text[start:]`` in its one form (平米 is 平方米), and where it ends; ("", start) for none."""
    match = _UNIT_THERE.match(text, start)
    return (_SAME.get(match[0], match[0]), match.end()) if match else ("", start)


def number_of(text: str) -> float | None:
    """The number that digits or Chinese numerals write; None for a range, a vague number or one that is none."""
    exact = exact_number(text)
    return None if exact is None else float(exact)


def exact_number(text: str, scale: int = 1) -> Decimal | None:
    """The number that digits or Chinese numerals write, times `scale`, as it is written; None for what is no number,
    or one of more than MOST_DIGITS digits before or behind the point, or beyond MOST. Where text becomes a number, it
    becomes one here: `float` makes infinity of 400 nines, and `int` refuses 5,000 of them."""
    digits = re.sub(r"[,，]", "", text)
    if _WRITTEN.fullmatch(digits):
        number = Decimal(digits) * scale
    elif not 0 < len(text) <= MOST_DIGITS or any(c not in _DIGITS and c not in _SCALE for c in text):
        return None
    else:
        total, digit = 0, 0
        for c in text:
            if c in _DIGITS:
                digit = _DIGITS[c]
            else:
                total, digit = total + (digit or 1) * _SCALE[c], 0
        number = Decimal(total + digit) * scale
    return number if number <= MOST else None


def _scaled(value: str, scale: str) -> float | None:
    exact = exact_number(value, math.prod(_SCALE[c] for c in scale))
    return None if exact is None else float(exact)


def quantities(text: str) -> list[Quantity]:
    """The figures with a unit in `text`, in order; none from a name in quotes, a date or an ordinal."""
    quoted = [m.span() for m in _QUOTED.finditer(text)]
    found = [*_figures(text), *_words(text), *_ranks(text)]
    found = [q for q in found if not any(a < q.start < b for a, b in quoted)]
    out: list[Quantity] = []
    for quantity in sorted(found, key=lambda q: (q.start, -q.end)):
        if not out or quantity.start >= out[-1].end:
            out.append(quantity)
    return out


def _figures(text: str) -> list[Quantity]:
    found = []
    for match in _FIGURE.finditer(text):
        if _NOT_BEHIND.match(text, match.end()):
            continue
        part = {k: v for k, v in match.groupdict().items() if v is not None}
        value = next(part[k] for k in ("value", "vague", "few", "bare", "tenths", "points") if k in part)
        scale = "".join(part.get(k, "") for k in ("scale", "vscale", "bscale"))
        unit = next(part[k] for k in ("unit", "vunit", "funit", "bunit", "tunit", "punit") if k in part)
        if unit in _TIME_UNITS and not re.match(
            r"(?:以[上内下])?(?:[，。；、,;]|$)", text[match.end() : match.end() + LONGEST_CUE]
        ):
            continue
        more = any(part.get(k) for k in ("more", "most", "vmore", "vmost", "fmore", "bmost"))
        normal, base = _scaled(value, scale), _SAME.get(unit, unit)
        if unit == "成":
            normal, base = (None if normal is None else normal * 10), "%"
        found.append(_quantity(text, match.span(), value, scale + unit, normal, base, more))
    return found


def _quantity(
    text: str, span: tuple[int, int], value: str, unit: str, normal: float | None, base: str, more: bool
) -> Quantity:
    """The quantity at `span`, with the words around it that qualify it; `more` when it holds 余 or 多."""
    before, after = span
    qualifier: Qualifier | None = "over" if more else None
    for kind, cue in _BEHIND:
        if match := cue.match(text, after):
            qualifier, after = qualifier or kind, match.end()
            break
    for kind, cue in _AHEAD:
        start = max(0, before - LONGEST_CUE)
        if match := cue.search(text[start:before]):
            qualifier, before = qualifier or kind, start + match.start()
            break
    return Quantity(*span, before, after, value, unit, normal, base, qualifier)


def _words(text: str) -> list[Quantity]:
    found = []
    for match in _WORDS.finditer(text):
        word = next(k for k, v in match.groupdict().items() if v)
        normal = 100.0 if word == "double" else 50.0
        found.append(_quantity(text, match.span(word), match[word], "", normal, "%", False))
    return found


def _ranks(text: str) -> list[Quantity]:
    found = []
    for match in _RANK.finditer(text):
        start, unit = match.start("rank"), match["place"] or ""
        end = match.end("rank") + len(unit)
        found.append(
            Quantity(
                start, end, match.start(), end, match["rank"], unit, number_of(match["rank"]), "位", None, rank=True
            )
        )
    return found
