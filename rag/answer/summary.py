"""Summaries: the sentences that stand for a part of a report, as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from index.embed.embedder import static_table
from index.text.clauses import sentences
from index.types import Paragraph, Passage
from rag.answer.answerer import Sources, rated
from rag.answer.cutting import LONGEST_SENTENCE, cut
from rag.retrieve.found import Found
from rag.types import Draft, Query, Statement

if TYPE_CHECKING:
    from index.storage.store import Store

HEADING_FITS = 0.5  # share of a question's weight in a heading from which what stands under it is the answer
MOST_SENTENCES = 5  # of a summary
SPEAKS = 0.5  # share of the question's weight in a clause from which clauses like it belong to it
LENGTHY = 0.002  # what a character of a sentence counts against its nearness to the mean, a cosine
SHORTEST_SENTENCE = 10  # characters; a shorter one says too little alone


class Summary:
    """Answers with the sentences nearest to all that a part of a report says."""

    name = "summary"

    def __init__(self, sources: Sources) -> None:
        self._store = sources.store
        self._retriever = sources.retriever

    def draft(self, query: Query, found: Found) -> Draft | None:
        """The sentences that stand for the part of a report which the question names, or for all that it says of the
        place and time, in reading order; None when it names no part that is there. A part is what stands under a
        heading, or the paragraph that a clause opens."""
        whole = query.type == "summary" or (query.type == "list" and not query.subject)
        if not whole or query.names:  # sections are not about what is named
            return None
        if query.subject:
            lines = self._of_part(query, found)
        else:
            lines = [] if query.free else self._of_section(query, self._fullest(query), ())
        return rated(Draft(tuple(lines), reason="summary"), found) if lines else None

    def _of_part(self, query: Query, found: Found) -> list[Statement]:
        """A summary of the part of a report that a question names."""
        fitting = self._retriever.parts(query.search.about(query.subject))
        if fitting and fitting[0][0] >= HEADING_FITS:
            return self._of_section(query, *fitting[0][1])
        best = found.ranked[0] if found.ranked else None
        if best is None or best.features.clause < SPEAKS or best.hit.passage.start:
            return []
        return central(self._store, query, [self._store.paragraph(best.hit.passage.paragraph_id)])

    def _of_section(self, query: Query, report_id: str, section: tuple[str, ...]) -> list[Statement]:
        blocks = [b for b in self._store.blocks(report_id) if b.section[: len(section)] == section]
        return central(self._store, query, [b for b in blocks if b.citable and b.role in ("paragraph", "item")])

    def _fullest(self, query: Query) -> str:
        """The report that says most of the place and time asked about."""
        lengths = {report.id: 0 for report in self._store.reports}
        for row in np.flatnonzero(self._retriever.admitted(query.filter)):
            passage = self._store.passages[row]
            lengths[self._store.paragraph(passage.paragraph_id).report_id] += len(passage.text)
        return max(lengths, key=lambda id_: lengths[id_])


ANSWERER = Summary


def central(store: Store, query: Query, blocks: Sequence[Paragraph]) -> list[Statement]:
    """The sentences nearest to the mean of all: one of each section first, then one of each block, then others."""
    found: list[tuple[Paragraph, Passage, Statement]] = []
    for block in blocks:
        passages = [p for p in store.passages_of(block.id) if query.filter.admits(store.subject(p))]
        for start, end in sentences(block.text):
            first = next((p for p in passages if start <= p.start < end), None)
            if first and SHORTEST_SENTENCE <= end - start <= LONGEST_SENTENCE:
                found.append((block, first, cut(block, first.context, start, end)))
    if not found:
        return []
    vectors = static_table().embed_passages([s.words for _, _, s in found])
    near = vectors @ vectors.mean(axis=0)
    worth = [float(n) - LENGTHY * len(s.words) for n, (_, _, s) in zip(near, found, strict=True)]
    of_sections: dict[tuple[str, ...], int] = {}
    of_blocks: dict[str, int] = {}
    best = sorted(range(len(found)), key=lambda i: -worth[i])
    for i in best:
        of_sections.setdefault(found[i][0].section, i)
        of_blocks.setdefault(found[i][0].id, i)
    chosen = list(dict.fromkeys((*of_sections.values(), *of_blocks.values(), *best)))[:MOST_SENTENCES]
    return [found[i][2] for i in sorted(chosen)]
