"""The numbers of a text that are figures of something: 4.5万人, 100余个, 超百亿元, 30%以上, 一半, 翻番, 第二位."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from index.text.numbers import Number, bounds, number, numbers, scale_of
from index.types import Qualifier

_POWERS = frozenset("十百千")
# What stands ahead of digits that are no figure: the rest of a number or a name, an ordinal.
_NOT_AHEAD, _COMMA, _THREE = re.compile(r"[\dA-Za-z.+\-－第前]$"), re.compile(r"\d[,，]$"), re.compile(r"\d{3}(?!\d)")
_RANGE = re.compile(r"[-—–－~～至]")
_LARGE = frozenset("万亿")
_BARE_AHEAD = frozenset("破超过达到上近")
_BARE_BEHIND = re.compile(r"(?=大?关|台阶|[，。；、,;以]|$)")
_ENDS = re.compile(r"(?=[，。；、,;]|$)")
_TENTHS_END = re.compile(r"(?=[以左，。；、,;]|$)")
_RANK = re.compile(  # with digits only: 首位 and 第一 praise more than they count
    r"(?:[均稳仍跃上升保持继续分别]|连续\d+年){0,6}(?:[居列位名排]|[升跃进][至到入]|跻身|[和、](?=第)|全[国省市])"
    r"[^，。；、,;第]{0,12}?[第前](?P<rank>\d{1,16}+)(?P<place>[位名])?(?![\d届次产批期梯方个\-])"
)
# What follows a figure that is no figure of anything: part of a date, of a name, of a size.
_NOT_BEHIND = re.compile(
    r"级(?!以上)|周?年|[强字A-Za-z]|[方层]面|领域|[大小]?板块|关键|(?<=[时钟])(?!以内|[，。；、,;]|$)|号线"
)
_TIME_UNITS = frozenset({"小时", "分钟", "天", "岁", "个月"})
_TIME_ENDS = re.compile(r"(?:以[上内下])?(?:[，。；、,;]|$)")
_QUOTED = re.compile(r"[“‘《「\"][^”’》」\"]{0,24}[”’》」\"]")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure at ``text[start:end]``; `before` and `after` take in the words that qualify it. `number` is in the base
    unit, None for what cannot be counted; a range goes on to `upto`."""

    start: int
    end: int
    before: int
    after: int
    value: str
    unit: str
    number: Decimal | None
    base_unit: str
    qualifier: Qualifier | None
    upto: Decimal | None = None
    rank: bool = False

    @property
    def normalized(self) -> float | None:
        """The one number that it states, as a row of a table has it."""
        return None if self.number is None or self.upto is not None else float(self.number)


def quantities(text: str) -> list[Quantity]:
    """The figures with a unit in `text`, in order; none from a name in quotes, a date or an ordinal."""
    quoted = [m.span() for m in _QUOTED.finditer(text)]
    found = [*_figures(text), *_ranks(text)]
    found = [q for q in found if not any(a < q.start < b for a, b in quoted)]
    out: list[Quantity] = []
    for quantity in sorted(found, key=lambda q: (q.start, -q.end)):
        if not out or quantity.start >= out[-1].end:
            out.append(quantity)
    return out


def _figures(text: str) -> Iterator[Quantity]:
    known = numbers(text)
    for i, last in enumerate(known):
        first = known[i - 1] if i and _is_range(text, known[i - 1], last) else last
        if _stands_free(text, first, last) and _is_figure(text, last):
            yield _quantity(text, first, last)


def _is_range(text: str, first: Number, last: Number) -> bool:
    """Whether two numbers are the ends of one figure: 3—5万人, 5%-6%."""
    return (
        first.form == last.form == "digits"
        and first.unit in ("", "%", "％")
        and _RANGE.fullmatch(text, first.end, last.start) is not None
    )


def _stands_free(text: str, first: Number, last: Number) -> bool:
    """Whether a number is no part of another one, of a date, a name or an ordinal."""
    ahead = text[max(0, first.start - 2) : first.start]
    if first.form == "digits" and (_NOT_AHEAD.search(ahead) or (_COMMA.search(ahead) and _THREE.match(first.value))):
        return False
    if first.ordinal or _NOT_BEHIND.match(text, last.end) or " " in text[first.start : last.end]:
        return False
    return last.base not in _TIME_UNITS or _TIME_ENDS.match(text, last.end) is not None


def _is_figure(text: str, found: Number) -> bool:
    """Whether a number counts something, and is not only a word: 一体, 三农, 一个."""
    if found.form in ("half", "double", "share"):
        return found.form != "half" or found.value == "一半" or _ENDS.match(text, found.end) is not None
    if found.number is None and found.form != "vague":
        return False
    if not found.unit:
        ahead = text[found.start - 1 : found.start]
        return found.scale[-1:] in _LARGE and ahead in _BARE_AHEAD and _BARE_BEHIND.match(text, found.end) is not None
    return found.form == "digits" or _is_counted(text, found)


def _is_counted(text: str, found: Number) -> bool:
    """Whether numerals with a unit count: 三十万人 and 一百二十余个 do, 三个 does not."""
    if found.form == "vague":
        return found.value.startswith("数") and found.scale != ""
    if found.unit == "成":
        return len(found.value) == 1 and not found.scale and _TENTHS_END.match(text, found.end) is not None
    if found.unit in ("个百分点", "倍"):
        return not text.startswith("增", found.end)
    return found.scale[-1:] in _LARGE or (found.more and bool(_POWERS & set(found.value)))


def _quantity(text: str, first: Number, last: Number) -> Quantity:
    """The quantity from the number `first` on to `last`, mostly the same, with the words around it that qualify it."""
    around = bounds(text, first.start, last.end)
    qualifier = "over" if last.more else around.qualifier
    before = around.before if around.ahead and around.ahead.qualifier else first.start
    value = last.value if first is last else text[first.start : last.start + len(last.value)]
    unit = "" if last.form in ("half", "double") else last.scale + last.unit
    lower, upto = last.amount, None
    if first is not last:
        lower, upto = _scaled(first, last), last.amount
    return Quantity(first.start, last.end, before, around.after, value, unit, lower, last.base, qualifier, upto)


def _scaled(first: Number, last: Number) -> Decimal | None:
    """The first number of a range, which takes the scale and the unit of the last: 3—5万人."""
    return replace(first, number=number(first.value, scale_of(first.scale or last.scale)), unit=last.unit).amount


def _ranks(text: str) -> Iterator[Quantity]:
    for match in _RANK.finditer(text):
        start, end = match.start("rank"), max(match.end("rank"), match.end("place"))
        value = number(match["rank"])
        yield Quantity(
            start, end, match.start(), end, match["rank"], match["place"] or "", value, "位", None, rank=True
        )
