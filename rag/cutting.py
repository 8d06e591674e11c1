"""Ranked clauses -> statements: how much of a paragraph a line of an answer takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.clauses import sentences
from index.types import Context, Paragraph, Span
from rag import cues
from rag.phrase import trimmed
from rag.rank import Ranked
from rag.types import Draft, Query, Statement
from rag.units import states_figure

if TYPE_CHECKING:
    from index.store import Store

LONGEST_SENTENCE, LONGEST_LIST_SENTENCE = 110, 400  # characters that are shown whole


@dataclass(frozen=True, slots=True)
class Extraction:
    """A draft, the ranked hits that it was made from, and the probability that it is right."""

    draft: Draft
    ranked: tuple[Ranked, ...] = ()
    confidence: float = 0.0
    asked: Query | None = None  # what the draft answers, where that is wider than the question


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
        """The clause; its whole sentence when the question asks several things at once (in a comparison: of one side);
        up to the next figure when it asks for one and the clause has none."""
        passage = ranked.hit.passage
        start, end = self.sentence_span(ranked)
        several = query.type not in ("compare", "rank", "trend") and len(cues.ASKS.findall(query.text)) > 1
        if several and end - start <= LONGEST_SENTENCE:
            return self.statement(ranked, start, end)
        last = passage
        if query.type in ("number", "compare", "rank", "trend") and not states_figure(passage.text):
            following = [p for p in self._store.passages_of(passage.paragraph_id) if passage.end <= p.start < end]
            last = next((p for p in following[:2] if states_figure(p.text)), passage)
        return self.statement(ranked, passage.start, last.end)
