"""“为什么这样回答”: an `Explanation` as a panel of the page and as tables of the terminal, in Chinese."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from rag.explain import Explanation, Found
from rag.retrieve.word_match import Match
from rag.types import Aspect, QuestionType
from rag.wording.sentences import KIND_NAMES
from ui.cli.messages import one_line, printable
from ui.web.render import period_text

if TYPE_CHECKING:
    from rich.table import Table

TITLE = "为什么这样回答"
TYPES: dict[QuestionType, str] = {
    "number": "数值", "list": "清单", "who": "人或单位", "where": "地点", "when": "时间", "what": "内容",
    "yesno": "是否", "compare": "比较", "rank": "排名", "trend": "历年变化",
    "summary": "概括", "beyond": "原文之外的事",
}  # fmt: skip
PLACES = {"clause": "", "nearby": "（上下文）", "heading": "（标题）"}
UNSEARCHED = ("beyond", "place")  # outcomes before any search
WIDTH = 100


def understood_rows(explanation: Explanation) -> Iterator[tuple[str, str, bool]]:
    """Name, value and whether it comes from the questions before, for each thing that a question may say."""
    read = explanation.understood

    def inherited(*aspects: Aspect) -> bool:
        return any(aspect in read.inherited for aspect in aspects)

    unknown = [f"{place}（资料没有）" for place in read.unknown_places]
    times = [f"{year}年" for year in read.years] + ([period_text(None, read.period)] if read.period else [])
    relative = "（“今年”等是这样取的）" if read.assumed_year else ""
    unit = f"，单位：{read.unit}" if read.unit else ""
    yield "地区", "、".join((*read.places, *unknown)) or "没有指明", inherited("places")
    yield "时间", "、".join(times) + relative if times else "没有指明", inherited("years", "period")
    yield "性质", KIND_NAMES[read.kind] if read.kind else "没有指明", inherited("kind")
    yield "问的是", TYPES[read.type] + unit, inherited("type", "unit")
    yield "主题", read.topic or "没有指明", inherited("topic")


def narrowing(explanation: Explanation) -> str:
    """How many passages each constraint leaves: “全部 844 → 市北区 530 → 2025年 260”."""
    return " → ".join([f"全部 {explanation.passages}", *(f"{c.only} {c.passages}" for c in explanation.constraints)])


def match_text(match: Match) -> str:
    """“就业”, “就业→新增就业” for another form, “营收≈收入” for the like meaning, with the place if not in the clause;
    “未见 就业” for none."""
    if match.place is None:
        return f"未见 {match.asked}"
    sign = "≈" if match.by == "meaning" else "→"
    other = "" if match.found == match.asked else sign + match.found
    return match.asked + other + PLACES[match.place]


def words_text(words: Sequence[Match]) -> str:
    """The words that were found, then those that were not."""
    there = "、".join(match_text(match) for match in words if match.place)
    absent = "、".join(match.asked for match in words if not match.place)
    return "；".join(part for part in (there, f"未见 {absent}" if absent else "") if part)


def context_text(found: Found) -> str:
    """“2025年 · 市北区 · 目标”."""
    parts = (period_text(found.year, found.period), found.place or "", KIND_NAMES[found.kind])
    return " · ".join(part for part in parts if part)


def panel_html(explanation: Explanation) -> str:
    """A panel that is closed at first; every string in it is escaped."""
    parts = [_understood_html(explanation)]
    if explanation.outcome not in UNSEARCHED:
        parts.append(_search_html(explanation))
    parts.append(_outcome_html(explanation))
    return f'<details class="why"><summary>{TITLE}</summary><div class="whys">{"".join(parts)}</div></details>'


def _part(name: str, body: str) -> str:
    return f"<section><h3>{name}</h3>{body}</section>"


def _understood_html(explanation: Explanation) -> str:
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}{'<em>承上文</em>' if inherited else ''}</dd></div>"
        for name, value, inherited in understood_rows(explanation)
    )
    return _part("这样读问题", f"<dl>{rows}</dl>")


def _search_html(explanation: Explanation) -> str:
    told = f"<p>{escape(explanation.only)}</p>"
    if explanation.constraints:
        told += f'<p class="note">符合的片段：{escape(narrowing(explanation))}</p>'
    if not explanation.hits:
        return _part("只在这里找", told)
    shown = "".join(f"<li>{_hit_html(found)}</li>" for found in explanation.hits)
    order = f"排了 {explanation.looked_at} 条，这是前 {len(explanation.hits)} 条："
    return _part("只在这里找", told) + _part("找到的", f'<p class="note">{order}</p><ol>{shown}</ol>')


def _hit_html(found: Found) -> str:
    markers = "".join(
        f'<button type="button" class="m" data-marker="{m}" aria-label="依据{m}，看原文">{m}</button>'
        for m in found.markers
    )
    path = " › ".join([found.title, *found.section[-1:]])
    words = "".join(f'<span class="{match.by or "none"}">{escape(match_text(match))}</span>' for match in found.words)
    return (
        f'<p class="clause">{_marked(found.clause, found.words)}{markers}</p>'
        f'<p class="note">{escape(" · ".join(part for part in (context_text(found), path) if part))}</p>'
        f'<p class="note">{"".join(ranks(found))}</p>' + (f'<p class="words">{words}</p>' if words else "")
    )


def ranks(found: Found) -> tuple[str, str, str]:
    """The ranks by meaning and by words, with their scores, and the score that orders the hits."""
    dense = f"语义{f'第 {found.dense_rank}' if found.dense_rank else '未入选'}（{found.dense:.2f}）"
    lexical = f"，词面第 {found.lexical_rank}（{found.lexical:.2f}）" if found.lexical_rank else "，词面没有对上"
    return dense, lexical, f"，总分 {found.score:.2f}"


def _marked(clause: str, words: Sequence[Match]) -> str:
    """The clause with the words of the question that are found in it set off."""
    found = sorted({m.found for m in words if m.place == "clause"}, key=len, reverse=True)
    if not found:
        return escape(clause)
    parts = re.split(f"({'|'.join(map(re.escape, found))})", clause, flags=re.IGNORECASE)
    return "".join(f"<b>{escape(part)}</b>" if n % 2 else escape(part) for n, part in enumerate(parts))


def _outcome_html(explanation: Explanation) -> str:
    sure, at = (round(100 * share) for share in (explanation.confidence, explanation.threshold))
    bar = f'<div class="bar" aria-hidden="true"><i style="width:{sure}%"></i><b style="left:{at}%"></b></div>'
    shown = bar if explanation.outcome in ("answered", "unsure") else ""
    items = "".join(f"<li>{escape(d.text)}<em>{escape(d.reason)}</em></li>" for d in explanation.dropped)
    dropped = f"<ul>{items}</ul>" if items else '<p class="note">没有去掉任何一句。</p>'
    checked = _part("核对时去掉的", dropped) if items or explanation.outcome == "answered" else ""
    return _part("怎样决定", f"<p>{escape(explanation.why)}</p>{shown}") + checked


def print_why(explanation: Explanation) -> None:
    """The explanation as tables on standard output."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = max(console.width, WIDTH)
    console.print(f"\n{TITLE}", style="bold")
    console.print(_understood_table(explanation))
    if explanation.outcome not in UNSEARCHED:
        console.print(printable(explanation.only), soft_wrap=True)
        console.print(printable(f"符合的片段：{narrowing(explanation)}"), soft_wrap=True)
        if explanation.hits:
            console.print(_hits_table(explanation.hits))
    console.print(printable(explanation.why), soft_wrap=True)
    for dropped in explanation.dropped:
        console.print(one_line(f"核对时去掉：“{dropped.text}”（{dropped.reason}）"), soft_wrap=True)


def _understood_table(explanation: Explanation) -> Table:
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for name, value, inherited in understood_rows(explanation):
        table.add_row(name, one_line(value) + ("（承上文）" if inherited else ""))
    return table


def _hits_table(hits: Sequence[Found]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("", "片段", "地区时间性质", "语义", "词面", "总分", "问题里的词"):
        table.add_column(name, overflow="fold", justify="right" if name in ("语义", "词面", "总分") else "left")
    for number, found in enumerate(hits, 1):
        marks = "".join(f"[{marker}]" for marker in found.markers)
        words = words_text(found.words)
        row = (f"{number}", found.clause + marks, context_text(found), *_rank_cells(found), words)
        table.add_row(*map(one_line, row))
    return table


def _rank_cells(found: Found) -> tuple[str, str, str]:
    dense, lexical = (f"{rank}" if rank else "-" for rank in (found.dense_rank, found.lexical_rank))
    return f"{dense}（{found.dense:.2f}）", f"{lexical}（{found.lexical:.2f}）", f"{found.score:.2f}"
