"""Questions to begin with, made from what the index holds: figures turned into the questions they answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from index.errors import WenjuError
from index.text.quantities import Quantity, quantities
from index.types import Paragraph
from ui.api.service import Opened

OFFERED = 4
TRIED = 24  # candidates asked at most, so that a start stays quick
LONGEST_ABOUT = 24  # characters ahead of a figure, with the verb
SCANNED = 20_000  # paragraphs looked at
_ABOUT = re.compile(
    r"(?:^|[，。；：、\s])(?P<about>[\u4e00-\u9fff]{4,14}?)(?P<verb>完成|增长|达到|新增|增至|建成|新建|引进|突破|惠及)?$"
)
_ENDS = re.compile(r"[，。；]|$")
_DOES = re.compile("^(?:新|建|引|完成|培育|改造|开工|打造|发放|创建|实施)|(?:达|至|破|成|增|长|超)$")
_LEFT_OUT = re.compile("其中|分别|以及|包括|等|今年|去年|全年|每年|累计|我们")


def example_questions(opened: Opened, wanted: int = OFFERED) -> tuple[str, ...]:
    """Questions that the index answers with the very figure they were made from; places and kinds vary."""
    found: list[str] = []
    seen: set[tuple[object, ...]] = set()
    spare: list[str] = []
    for paragraph, question, figure in islice(_candidates(opened.reading.shelf.paragraphs), TRIED):
        context = paragraph.context
        if not _answers(opened, question, figure):
            continue
        sort = (context.place, context.kind, paragraph.report_id)
        (spare if sort in seen else found).append(question)
        seen.add(sort)
        if len(found) >= wanted:
            break
    return tuple([*found, *spare][:wanted])


def _candidates(paragraphs: Iterable[Paragraph]) -> Iterator[tuple[Paragraph, str, str]]:
    """Short clauses with one figure, of a known place and year; spread over the shelf, not all from its head."""
    short = [p for p in islice(paragraphs, SCANNED) if p.citable and p.context.place and p.context.year]
    fitting = [p for p in short if p.context.kind in ("target", "result") and p.role in ("paragraph", "item")]
    step = max(1, len(fitting) // TRIED)
    for start in range(step):
        for paragraph in fitting[start::step]:
            found = next(_figures(paragraph.text), None)
            if found and _DOES.search(found[0] + found[1]) and not _LEFT_OUT.search(found[0]):
                yield paragraph, _question(paragraph, *found), found[2].value + found[2].unit


def _figures(text: str) -> Iterator[tuple[str, str, Quantity]]:
    """The figures that are all that their clause says, each with what it is of and the verb between."""
    for figure in quantities(text):
        plain = text[figure.start : figure.end] == figure.value + figure.unit and figure.value[0].isdigit()
        match = _ABOUT.search(text, max(0, figure.start - LONGEST_ABOUT), figure.start)
        if match and plain and figure.upto is None and _ENDS.match(text, figure.after):
            yield match["about"], match["verb"] or "", figure


def _question(paragraph: Paragraph, about: str, verb: str, figure: Quantity) -> str:
    context = paragraph.context
    unit = figure.unit if figure.base_unit != "%" else ""
    plan = "计划" if context.kind == "target" else ""
    place = "" if (context.place or "") in about else context.place
    return f"{context.year}年{place}{plan}{about}{verb}多少{unit}？"


def _answers(opened: Opened, question: str, figure: str) -> bool:
    try:
        answer = opened.peek(question)
    except WenjuError:
        return False
    return not answer.refused and figure in answer.answer
