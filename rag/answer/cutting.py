"""Ranked clauses -> statements: how much of a paragraph a line of an answer takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from index.text.clauses import sentences
from index.types import Context, Paragraph, Passage, Span
from rag.retrieve.types import Ranked
from rag.types import Query, Statement
from rag.understand.units import states_amount, states_figure
from rag.wording.sentences import trimmed

if TYPE_CHECKING:
    from index.storage.store import Store

LONGEST_SENTENCE, LONGEST_LIST_SENTENCE = 110, 400  # characters that are shown whole
SHORT_SENTENCE = 60  # ... when the clause alone holds less than SURELY_HERE of the question's weight
SURELY_HERE = 0.8


def cut(paragraph: Paragraph, context: Context, start: int = 0, end: int | None = None) -> Statement:
    """``paragraph.text[start:end]`` without what is around its telling words."""
    part = paragraph.text[start:end]
    left, right = trimmed(part)
    return Statement(paragraph.id, start + left, start + right, part[left:right], context)


class Cutter:
    """Makes statements of the paragraphs of one index."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def statement(self, ranked: Ranked, start: int, end: int) -> Statement:
        """The part of the hit's paragraph at ``[start:end]``."""
        return cut(self._store.paragraph(ranked.hit.passage.paragraph_id), ranked.hit.passage.context, start, end)

    def sentence_span(self, ranked: Ranked) -> Span:
        """Where the sentence of the hit stands in its paragraph."""
        passage = ranked.hit.passage
        text = self._store.paragraph(passage.paragraph_id).text
        return next(s for s in sentences(text) if s[0] <= passage.start < s[1])

    def sentence(self, ranked: Ranked) -> Statement:
        """The sentence of the hit; of one that is too long, the clause."""
        start, end = self.sentence_span(ranked)
        if end - start > LONGEST_LIST_SENTENCE:
            start, end = ranked.hit.passage.start, ranked.hit.passage.end
        return self.statement(ranked, start, end)

    def widened(self, query: Query, ranked: Ranked) -> Statement:
        """The clause, and so much of its sentence as the question needs: all of it when several things are asked (in a
        comparison: of one side) or when it is short and the clause alone holds too little of the question; of a longer
        one up to as many figures as are asked for."""
        passage = ranked.hit.passage
        start, end = self.sentence_span(ranked)
        side = query.type in ("compare", "rank", "trend")
        asked = 1 if side else max(1, query.asked.figures.how_many)
        unsure = query.type == "number" and ranked.features.clause < SURELY_HERE
        parts = [p for p in self._store.passages_of(passage.paragraph_id) if start <= p.start < end]
        short = end - start <= SHORT_SENTENCE and all(p.context == passage.context for p in parts)
        if (asked > 1 and end - start <= LONGEST_SENTENCE) or (unsure and short):
            return self.statement(ranked, start, end)
        states = states_figure if query.unit == "%" or query.asked.figures.rates else states_amount
        missing = asked + unsure - states(passage.text)
        last = _with_figures(passage, parts, missing) if query.type == "number" or side else passage
        return self.statement(ranked, _naming(query.names, passage, last, parts).start, last.end)


def _with_figures(passage: Passage, parts: Sequence[Passage], missing: int) -> Passage:
    """The clause with which, of the two behind `passage` in its sentence, as many more figures as are `missing` are
    stated; `passage` itself for none."""
    last = passage
    for part in [p for p in parts if p.start >= passage.end][:2]:
        if missing > 0 and states_figure(part.text) and part.end - passage.start <= LONGEST_SENTENCE:
            last, missing = part, missing - 1
    return last


def _naming(names: Sequence[str], passage: Passage, last: Passage, parts: Sequence[Passage]) -> Passage:
    """The clause from which what is asked about is named: what `passage` says may be said of what one ahead names."""
    if not names or any(name in passage.text for name in names):
        return passage
    ahead = [p for p in parts if p.start < passage.start and any(name in p.text for name in names)]
    return ahead[-1] if ahead and last.end - ahead[-1].start <= LONGEST_SENTENCE else passage
