"""The one gate that every draft passes: what it lets through is cited, stands in its source, and fits the question."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from index.text.numbers import SCALES, plain, spelled
from index.text.polarity import FALLS
from index.text.quantities import quantities
from index.types import Context, Paragraph, Span
from rag.answer.arithmetic import calculate
from rag.check.claims import judged
from rag.types import Citation, Computed, Draft, Dropped, Grounded, Operand, Query, Statement

if TYPE_CHECKING:
    from index.storage.store import Store

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def numbers(text: str) -> set[str]:
    """The figures in `text`, in half width and without thousands commas."""
    folded = unicodedata.normalize("NFKC", text)
    return {n.replace(",", "") for n in _NUMBER.findall(folded)}


def passes(statement: Statement, query: Query, store: Store) -> bool:
    """Whether a statement may be shown: its paragraph can be cited, its words stand in its quote with no figure cut,
    its context is one that the paragraph has there, and place, time and kind are those asked for."""
    return fault(statement, query, store) is None


def fault(statement: Statement, query: Query, store: Store) -> str | None:
    """Why a statement may not be shown; None when it may."""
    try:
        paragraph = store.paragraph(statement.paragraph_id)
    except KeyError:
        return "资料里没有它所引的段落"
    quote = paragraph.text[statement.start : statement.end]
    if not paragraph.citable and not _heading(paragraph, statement):
        return "所引的段落不能引用（标题、重复或版面文字）"
    if not (0 <= statement.start < statement.end <= len(paragraph.text) and statement.words.strip()):
        return "引文的位置不对"
    if not any(_whole_figures(quote, m.start(), m.end()) for m in re.finditer(re.escape(statement.words), quote)):
        return "与原文的文字不符"
    if not _whole_figures(paragraph.text, statement.start, statement.end):
        return "引文截断了数字"
    if statement.context not in _contexts(paragraph, statement, store):
        return "地区、时间或性质与该段不符"
    said = store.subject_at(paragraph, statement.context, statement.start, statement.end)
    return None if query.filter.admits(said) else "地区、时间或性质与所问不符"


def _heading(paragraph: Paragraph, statement: Statement) -> bool:
    """Whether a statement is a heading as it stands: what the parts of a report are called is said there alone."""
    return (
        paragraph.role == "heading"
        and paragraph.duplicate_of is None
        and statement.words.strip() == paragraph.text[statement.start :].strip()
    )


def _whole_figures(text: str, start: int, end: int) -> bool:
    """Whether neither edge of ``text[start:end]`` lies inside a figure: “500家” is not to be cut out of “2500家”."""
    return not (_cuts(text, start) or _cuts(text, end))


def _cuts(text: str, edge: int) -> bool:
    before, after = text[max(0, edge - 2) : edge], text[edge : edge + 2]
    return re.search(r"\d[.,]?$", before) is not None and re.match(r"[.,]?\d", after) is not None


def _contexts(paragraph: Paragraph, statement: Statement, store: Store) -> set[Context]:
    """The contexts that a paragraph has at the place of a statement."""
    there = (p for p in store.passages_of(paragraph.id) if p.start < statement.end and statement.start < p.end)
    return {paragraph.context, *(p.context for p in there)}


def checked(draft: Draft, query: Query, store: Store) -> tuple[Statement, ...]:
    """The statements of a draft that pass, in order; a comparison that keeps fewer than two sides keeps none."""
    kept = tuple(s for s in draft.statements if passes(s, query, store))
    return () if draft.table and len(kept) < 2 else kept


@dataclass(frozen=True, slots=True)
class Checked:
    """What the gate let through of a draft, and what it took out."""

    statements: tuple[Statement, ...]
    sentences: tuple[Grounded, ...]
    dropped: tuple[Dropped, ...]


def gate(draft: Draft, query: Query, store: Store, retrieved: Collection[str]) -> Checked:
    """Each statement and each sentence of a draft, judged. `retrieved` are the ids of the paragraphs that the answerer
    was given: a sentence may cite no other."""
    statements = checked(draft, query, store)
    judgements = [judged(sentence, query, store, retrieved) for sentence in draft.sentences]
    failed = [
        Dropped(s.words, fault(s, query, store) or "比较只剩一边") for s in draft.statements if s not in statements
    ]
    return Checked(
        statements,
        tuple(j for j in judgements if isinstance(j, Grounded)),
        (*failed, *(j for j in judgements if isinstance(j, Dropped))),
    )


def file_spans(paragraph: Paragraph, start: int, end: int) -> tuple[Span, ...]:
    """Where ``paragraph.text[start:end]`` stands in the decoded file."""
    spans = []
    position = 0
    for a, b in paragraph.spans:
        left, right = max(start, position), min(end, position + b - a)
        if left < right:
            spans.append((a + left - position, a + right - position))
        position += b - a
    return tuple(spans)


def citation(statement: Statement, marker: int, store: Store) -> Citation:
    """The evidence of a statement that passed."""
    paragraph = store.paragraph(statement.paragraph_id)
    report = store.report(paragraph.report_id)
    return Citation(
        marker=marker,
        paragraph_id=paragraph.id,
        report=report.id,
        title=report.title,
        section=paragraph.section,
        place=statement.context.place,
        year=statement.context.year,
        period=statement.context.period,
        kind=statement.context.kind,
        text=paragraph.text,
        quote=paragraph.text[statement.start : statement.end],
        start=statement.start,
        end=statement.end,
        file=report.file,
        spans=file_spans(paragraph, statement.start, statement.end),
    )


def recomputed(line: Computed, citations: Mapping[int, Citation]) -> bool:
    """Whether a computed line may be shown: its operands stand in the quotes that it names, the result is worked out
    from them anew, it claims no more than they allow, and it holds no other number."""
    if not all(_stands(operand, citations.get(operand.marker)) for operand in line.operands):
        return False
    amounts = [Decimal(operand.amount) for operand in line.operands]
    if line.operation == "equal":
        right = len(amounts) > 1 and len(set(amounts)) == 1
    elif line.operation == "order":
        right = amounts in (sorted(amounts), sorted(amounts, reverse=True))
    else:
        try:
            right = len(amounts) == 2 and line.result == plain(calculate(line.operation, *amounts))
        except ZeroDivisionError:
            return False
    return right and not numbers(_without_known(line, citations))


def _stands(operand: Operand, citation: Citation | None) -> bool:
    """Whether the quote of a citation states the operand: its text, with that number and unit."""
    if citation is None:
        return False
    declines = operand.amount.startswith("-")
    return any(
        citation.quote[q.before : q.after] == operand.text
        and q.normalized is not None
        and q.number == abs(Decimal(operand.amount))
        and q.base_unit in ("", operand.unit)
        for q in quantities(citation.quote)
    ) and (not declines or FALLS.search(citation.quote) is not None)


def _without_known(line: Computed, citations: Mapping[int, Citation]) -> str:
    """What is left of a computed line without its operands, its result, its markers, the times of its evidence and the
    count of its operands."""
    text = re.sub(r"\[\d+\]", "", line.text)
    known = [operand.text for operand in line.operands]
    if line.result is not None:
        known += [spelled(abs(Decimal(line.result)), line.unit, scale) for scale in SCALES]
    for operand in line.operands:
        cited = citations[operand.marker]
        known += [f"{year}" for year in (cited.year, *(cited.period or ())) if year]
    if line.operation == "order":
        known += [f"{len(line.operands)}处", f"{len(line.operands)} figures"]
    for part in sorted(known, key=len, reverse=True):
        text = re.sub(rf"(?<![\d.]){re.escape(part)}", "", text)
    return text
