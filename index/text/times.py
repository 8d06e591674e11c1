"""Years and periods as texts name them, resolved against the year of the report (never against the clock)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.text.numbers import number

MOST_YEARS = 50  # 近百年 is an age, not a period of a report
_YEAR = r"(?:19|20)\d\d"
_TIME = re.compile(
    rf"(?P<first>{_YEAR})\s*+年?\s*+[-—–~～至到]\s*(?P<last>{_YEAR})\s*年"
    rf"|(?<!\d)(?P<year>{_YEAR})\s*年(?!代)"
    r"|[“\"]?十(?P<plan>[一二三四五六七])五[”\"]?(?P<planned>(?:规划|时)?期间?|以来|末)?"
    r"|(?P<span>近|过去|[今未][后来])?(?P<n>(?<![\d一二三四五六七八九十百几])[\d一二两三四五六七八九十]{1,3})年(?P<since>以?来)?"
    r"|(?P<word>新的一年|上一年|[今本去上明]年|(?<![目以今])[前后]年)"
)
_COMPARED = re.compile(r"(?:[比较自从由以继]|[高低]于|面向|超过)$")
_OFFSETS = {word: years for years, words in enumerate(("前", "去上", "今本新", "明", "后"), -2) for word in words}


@dataclass(frozen=True, slots=True)
class Time:
    """A year or a period named at ``text[start:end]``; `relative` when only the report's year gives it a meaning."""

    start: int
    end: int
    year: int | None
    period: tuple[int, int] | None
    relative: bool


def five_year_plan(number: int) -> tuple[int, int]:
    """First and last year of the nth five-year plan, from the sixth (1981-1985) on."""
    first = 1981 + 5 * (number - 6)
    return first, first + 4


def _span(match: re.Match[str], base: int) -> tuple[int | None, tuple[int, int] | None] | None:
    """Year or period of 一年来, 过去5年, 未来三年; None when it is none."""
    count = int(number(match["n"]) or 0)
    ahead = (match["span"] or "")[:1] in ("今", "未")
    if not (match["span"] or match["since"]) or not 1 <= count <= MOST_YEARS:
        return None
    if count == 1:
        return (base if ahead else base - 1), None
    return None, (base, base + count - 1) if ahead else (base - count, base - 1)


def find_times(text: str, base: int | None, *, heading: bool = False) -> list[Time]:
    """Years and periods named in `text`, in order. `base` is the year that 今年 means; without it relative words are
    left out. The bare name of a five-year plan counts in a heading only: elsewhere it names the plan, not a time.
    A year that something is compared with (比2023年, 自2020年) is no time of its own."""
    found: list[Time] = []
    for match in _TIME.finditer(text):
        if _COMPARED.search(text[max(0, match.start() - 2) : match.start()]):
            continue
        year, period, relative = None, None, False
        if match["first"]:
            period = (int(match["first"]), int(match["last"]))
        elif match["year"]:
            year = int(match["year"])
        elif match["plan"]:
            if not (match["planned"] or heading):
                continue
            period = five_year_plan(int(number(f"十{match['plan']}") or 0))
        elif base is None:
            continue
        elif match["word"]:
            year, relative = base + _OFFSETS[match["word"][0]], True
        elif (resolved := _span(match, base)) is not None:
            (year, period), relative = resolved, True
        else:
            continue
        found.append(Time(match.start(), match.end(), year, period, relative))
    return found
