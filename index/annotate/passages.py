"""Paragraphs to passages: the retrieval units, each a clause with what a reader would have to know first."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from index.annotate.context import Clause
from index.text.clauses import sentences
from index.text.orders import instructs
from index.types import Context, Kind, Paragraph, Passage

KIND_WORDS: Mapping[Kind, str] = {"target": "目标 计划", "result": "完成 实绩", "cumulative": "累计", "other": ""}

# Dense recall@10 of the questions kept back from cmrc2018_train: sentences alone and windows of 40 to 60 characters do
# alike, windows of 120 worse, whole passages worst.
WINDOW = 60  # characters


def when(context: Context) -> str:
    """The time of a context in words: “2025年”, “2021—2025年”, or nothing."""
    if context.year:
        return f"{context.year}年"
    return f"{context.period[0]}—{context.period[1]}年" if context.period else ""


def header(paragraph: Paragraph, context: Context) -> str:
    """Place, time, kind and the headings above, as one line."""
    parts = [context.place or "", when(context), KIND_WORDS[context.kind], *paragraph.section]
    return " ".join(part for part in parts if part)


def indexed_text(passage: Passage) -> str:
    """What is embedded and indexed for a passage."""
    return f"{passage.header}\n{passage.text}"


def whole_texts(paragraphs: Iterable[Paragraph], passages: Iterable[Passage]) -> dict[str, str]:
    """The paragraphs that hold `passages` by their ids, each behind the header of its first passage."""
    firsts: dict[str, Passage] = {}
    for passage in passages:
        firsts.setdefault(passage.paragraph_id, passage)
    return {block.id: f"{firsts[block.id].header}\n{block.text}" for block in paragraphs if block.id in firsts}


def windows(text: str, longest: int = WINDOW) -> list[str]:
    """Any text as passages: from each sentence on as many whole sentences as fit into `longest` characters, at least
    that one. They overlap and cover the text; a text without a sentence is one passage.
    """
    spans = sentences(text)
    ends = [end for _, end in spans]
    found = []
    for number, (start, _) in enumerate(spans):
        end = ends[max(number, bisect_right(ends, start + longest) - 1)]
        found.append(text[start:end])
        if end == ends[-1]:
            break
    return found or [text]


def passages_of(paragraph: Paragraph, clauses: Sequence[Clause]) -> tuple[Passage, ...]:
    """The passages of one citable paragraph, in order; none for a heading, furniture or a copy, and none for words that
    tell the answering program what to say."""
    if not paragraph.citable or instructs(paragraph.text):
        return ()
    found = []
    for clause in clauses:
        start, end = clause.span
        text = paragraph.text[start:end]
        if not any(c.isalnum() for c in text):
            continue
        digest = hashlib.sha256(f"{paragraph.id}\0{start}\0{text}".encode()).hexdigest()[:16]
        found.append(Passage(digest, paragraph.id, text, header(paragraph, clause.context), start, end, clause.context))
    return tuple(found)
