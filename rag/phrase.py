"""How answers and refusals are worded. All sentences that users read in an answer are made here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.passages import when
from index.places import lookup
from index.types import Context, Coverage, Kind
from rag.english import pinyin
from rag.types import Query, Row, Statement

UNSURE = "原文没有同样的说法，以上是最接近的几处，请看出处核对。"
LONGEST_INDICATOR = 16  # characters of an indicator's name
KIND_NAMES: dict[Kind, str] = {"target": "目标", "result": "实绩", "cumulative": "累计", "other": ""}
_KIND_ENGLISH: dict[Kind, str] = {"target": "target", "result": "result", "cumulative": "cumulative", "other": ""}
_LEAD = re.compile(
    r"^(?:[\s，,、；;：:]|(?:记者从会上获悉|具体来看|其中|此外|同时|比如|例如|另外|为此|据悉)[，,]?|(?:在)?(?:\d{4}年|今年|去年|一年来|全年|过去[五5]年|进入\d{4}年|新的一年)(?:里|中)?[，,]\s*)+"
)
_TRAIL = re.compile(r"[\s，,、；;。：:！!？?]+$")


def trimmed(text: str) -> tuple[int, int]:
    """Bounds of the telling part of a clause: without connectives and times in front and punctuation behind."""
    start = match.end() if (match := _LEAD.match(text)) else 0
    end = match.start() if (match := _TRAIL.search(text)) else len(text)
    return (start, end) if end > start else (0, len(text))


def indicator(text: str) -> str:
    """The indicator in the words before a figure: “全区生产总值增长” of “主要预期目标是:全区生产总值增长5.5%”."""
    return re.split(r"[：:，,]|预期目标[是为]|预期", text)[-1].strip(" 、")


def label(context: Context) -> str:
    """“2025年市北区目标”."""
    return f"{when(context)}{context.place or ''}{KIND_NAMES[context.kind]}"


def english_label(context: Context) -> str:
    """“Shibei (市北区), 2025, target”."""
    known = lookup(context.place or "")
    short = known.short if known else context.place
    place = f"{pinyin(short).capitalize()} ({context.place})" if short else ""
    time = str(context.year) if context.year else "-".join(map(str, context.period)) if context.period else ""
    return ", ".join(part for part in (place, time, _KIND_ENGLISH[context.kind]) if part)


def line(query: Query, statement: Statement, marker: int, *, labelled: bool = True) -> str:
    """One cited line of an answer."""
    if query.english:
        return f"{english_label(statement.context)}: “{statement.words}”. [{marker}]"
    head = label(statement.context)
    # A clause that names its own year or place needs no second one.
    words = statement.words
    if statement.context.place and words.startswith(f"{statement.context.place}"):
        words = words[len(statement.context.place) :]
    return f"{head}：{words}。[{marker}]" if labelled and head else f"{statement.words}。[{marker}]"


def asked_about(query: Query) -> str:
    """What a question is about, for a refusal: “市北区2026年的“新增就业”目标”."""
    place = "、".join((*query.places, *query.unknown_places))
    times = "、".join(f"{y}年" for y in query.years) or (
        f"{query.period[0]}—{query.period[1]}年" if query.period else ""
    )
    topic = f"“{query.topic.replace(' ', '')}”" if query.topic else "这方面"
    kind = KIND_NAMES[query.kind] if query.kind else "内容"
    return f"{place}{times}{'的' if place or times else ''}{topic}{kind}" if not query.english else query.question


def differing(rows: Sequence[Row]) -> str | None:
    """A note when the sides of a comparison do not name their indicator alike: “口径不同：市北区写“新增就业” …”."""
    wordings = dict.fromkeys(row.wording for row in rows)
    if len(wordings) < 2 or any(len(w) > LONGEST_INDICATOR for w in wordings):
        return None
    sides = {w: next(r for r in rows if r.wording == w) for w in wordings}
    return "口径不同：" + "，".join(f"{r.place or r.period}写“{w}”" for w, r in sides.items())


def refusal(query: Query, coverage: Coverage, covered: Sequence[str]) -> str:
    """Why there is no answer, and what there is instead."""
    if query.type == "beyond":
        reason = "这个问题超出了报告原文：资料只写了做了什么、计划做什么，没有写原因、看法、预测或办事信息。"
    elif query.unknown_places and not query.places:
        reason = f"资料里没有{'、'.join(query.unknown_places)}的内容。"
    elif query.years and not set(query.years) & set(coverage.years):
        reason = f"资料里没有{'、'.join(f'{y}年' for y in query.years)}的内容。"
    else:
        reason = f"现有资料没有写{asked_about(query)}。"
    if query.english:
        reason = f"The reports do not say. ({reason})"
    return reason + ("\n" + "\n".join(f"· 有：{what}" for what in covered) if covered else "")


def whole_coverage(coverage: Coverage, places: Sequence[str] = ()) -> tuple[str, ...]:
    """For each covered place its years: “市北区：2023—2026年”."""
    lines = []
    for place in [p for p in coverage.places if not places or p in places]:
        years = sorted({c.year for c in coverage.contexts if c.place == place and c.year})
        if years:
            lines.append(f"{place}{'、'.join(f'{y}年' for y in years)}")
    return tuple(lines)
