"""Answers of several lines from one part of a report: complete lists, and summaries of a section."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from index.text.clauses import sentences
from index.text.quantities import number_of
from index.types import Paragraph, Passage
from rag.answer.cutting import LONGEST_SENTENCE, Cutter, cut
from rag.retrieve.ranking import Ranked
from rag.retrieve.retriever import Retriever
from rag.types import Query, Statement
from rag.understand import cues

if TYPE_CHECKING:
    from index.storage.store import Store

HEADING_FITS = 0.5  # share of a list question's weight in a heading from which the list under it is the answer
HEADING_HINTS = 0.2  # share from which the items beside the best one belong to the list too
HEADING_LAG = 0.15  # how much better one clause may fit and yet be only one of the list
MOST_ITEMS = 16
MOST_SENTENCES = 5  # of a summary
LIKE_BEST = 0.9  # how well, against the best clause, another one of its section fits that is worded like it
BESIDE_BEST, BESIDE_SCORE = 0.6, 3.0  # the same for an item of one list, and how much lower it may score
# Sentences on a field: how many, how many characters in all, and how much lower than the best they may score.
MOST_SWEPT, SWEPT_LENGTH, SWEPT_SCORE = 8, 700, 6.0
FIRST_FEW, LONGEST_COUNTED = 3, 700  # hits that may open what is counted off; characters up to which it is shown whole
BEST_FEW = 8  # hits among which the one may be that lists all
SPEAKS = 0.5  # share of the question's weight in a clause from which clauses like it belong to it
LENGTHY = 0.002  # what a character of a sentence counts against its nearness to the mean, a cosine
TELLING = 4  # characters that headings share and no others would
SHORTEST_SENTENCE = 10  # characters; a shorter one says too little alone


_COUNTED_OFF = re.compile(r"(?<=[：:；;。，,])(?P<number>[一二三四五六七八九十]{1,3})是")
_DATED = re.compile(r"\d+年?|[的年]")  # what headings share with a question without its meaning them
_CLAUSE_END = re.compile("[，,；;。]")


class Gatherer:
    """Gathers the lines of lists and summaries from one index."""

    def __init__(self, store: Store, retriever: Retriever) -> None:
        self._store = store
        self._retriever = retriever
        self._cutter = Cutter(store)

    def several(self, query: Query, ranked: Sequence[Ranked], *, sure: bool) -> list[Statement]:
        """What stands under the heading that a question names, or is said of its field; none when nothing is. `sure`:
        the best hit is likely to answer, so that it tells what others have to be like."""
        if query.names:  # sections are not about them
            return []
        asked = [word for word in query.topic.split() if word not in cues.WHOLE]
        if query.type == "summary" or not asked:
            return self._summary(replace(query, topic=" ".join(asked)), ranked)
        return (
            self._headings(query)
            or self._swept(query, ranked, sure=sure)
            or self._counted_off(ranked)
            or self._enumerated(query, ranked)
            or self._parallel(ranked)
            or self._section(query, ranked)
        )

    @cached_property
    def _headed(self) -> list[Paragraph]:
        return [b for b in self._store.paragraphs if b.role == "heading" and b.duplicate_of is None]

    def _admits(self, query: Query, what: Passage | Paragraph) -> bool:
        return query.filter.admits(self._store.subject(what))

    # Lists.

    def _headings(self, query: Query) -> list[Statement]:
        """The headings of one section that a question asks for, at least three: those that share words which it names
        (“哪十个方面聚力攻坚求实效”), or as many as it says there are under a heading that it names (“10件惠民实事”)."""
        asked, counts = cues.COUNTED_LIST.search(query.text), self._counts(query)
        if not (asked or counts):
            return []
        groups: dict[tuple[str, tuple[str, ...]], list[Paragraph]] = {}
        for block in self._headed:
            if self._admits(query, block):
                groups.setdefault((block.report_id, block.section), []).append(block)
        groups = {key: group for key, group in groups.items() if 3 <= len(group) <= MOST_ITEMS}
        count = number_of(asked["count"]) if asked and asked["count"] else None
        for group in groups.values() if asked else ():
            shared = _shared([_DATED.sub(" ", text) for text in (query.text, *(block.text for block in group))])
            sure = count == len(group) or f"“{shared}”" in query.text or (count is None and len(shared) >= TELLING)
            if len(shared) >= 2 and sure:
                return [cut(block, block.context) for block in group]
        named = {key: fit for fit, key in self._retriever.parts(query)} if counts else {}
        for key, group in groups.items():
            if len(group) in counts and named.get(key, 0.0) >= HEADING_FITS:
                return [cut(block, block.context) for block in group]
        return []

    @staticmethod
    def _counts(query: Query) -> set[float | None]:
        """How many things a question says that there are: 10 of “10件实事”."""
        return {number_of(found) for found in cues.COUNTED_THINGS.findall(query.text)}

    def _swept(self, query: Query, ranked: Sequence[Ranked], *, sure: bool) -> list[Statement]:
        """All that is said of a field (“在养老方面有什么安排”): what stands under the outermost heading naming it, or
        else the sentences that speak of it, wherever they stand; none when the question names no field."""
        if not ranked or not cues.FIELD.search(query.text):
            return []
        parts = self._retriever.parts(query)
        if parts and parts[0][0] >= max(HEADING_FITS, ranked[0].features.clause - HEADING_LAG):
            return self._within(query, *parts[0][1])
        speaking = [r for r in ranked if r.features.clause >= SPEAKS and r.score >= ranked[0].score - SWEPT_SCORE]
        lengths = accumulate(len(self._cutter.sentence(r).words) for r in speaking)
        some = [r for r, length in zip(speaking[:MOST_SWEPT], lengths, strict=False) if length <= SWEPT_LENGTH]
        found = [s for s in self._in_order(some) if len(s.words) >= SHORTEST_SENTENCE]
        return found if sure and len(found) > 1 else []

    def _within(self, query: Query, report_id: str, section: tuple[str, ...]) -> list[Statement]:
        """The items of a part of a report; of one that is written as paragraphs the sentences that stand for it."""
        blocks = [b for b in self._store.blocks(report_id) if b.section[: len(section)] == section and b.citable]
        items = [b for b in blocks if b.role == "item" and self._admits(query, b)]
        if 1 < len(items) <= MOST_ITEMS and 2 * len(items) > len(blocks):
            return [_gist(b) for b in items]
        return self._central(query, [b for b in blocks if b.role in ("paragraph", "item")])

    def _counted_off(self, ranked: Sequence[Ranked]) -> list[Statement]:
        """The items that follow one of the best hits, counted off: “办好10件实事。一是…；二是…”; of long ones the first
        clause. None for fewer than three."""
        for hit in [r for r in ranked[:FIRST_FEW] if r.features.clause >= SPEAKS]:
            passage = hit.hit.passage
            text = self._store.paragraph(passage.paragraph_id).text
            _, end = self._cutter.sentence_span(hit)
            found: list[re.Match[str]] = []
            for match in _COUNTED_OFF.finditer(text, passage.start):
                if number_of(match["number"]) == len(found) + 1 and (found or match.start() <= end + 1):
                    found.append(match)
            if len(found) < 3:
                continue
            after = text.find("。", found[-1].start()) + 1 or len(text)
            starts = [match.start() for match in found]
            ends = [*starts[1:], after]
            if after - starts[0] > LONGEST_COUNTED:
                clauses = [_CLAUSE_END.search(text, start) for start in starts]
                ends = [min(end, m.start()) if m else end for end, m in zip(ends, clauses, strict=True)]
            return [self._cutter.statement(hit, start, end) for start, end in zip(starts, ends, strict=True)]
        return []

    def _enumerated(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """The sentence of one of the best hits that lists as many things as the question says there are."""
        counts = self._counts(query)
        for hit in [r for r in ranked[:BEST_FEW] if counts and r.features.clause >= SPEAKS]:
            statement = self._cutter.sentence(hit)
            listed = {part.count("、") + 1 for part in re.split("[，,。；;：:]", statement.words)} - {1}
            if counts & (listed | {items + 1 for items in listed}):  # 和 may part the last two
                return [statement]
        return []

    def _section(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """What stands under the heading that a list question names, when that fits better than any one clause."""
        headings = self._retriever.headings(query)
        fit = {key: fit for fit, key in headings}
        best = ranked[0].features.clause if ranked else 0.0
        top = self._store.paragraph(ranked[0].hit.passage.paragraph_id) if ranked else None
        if headings and headings[0][0] >= max(HEADING_FITS, best - HEADING_LAG):
            report_id, section = headings[0][1]
        elif top and top.role == "item" and fit.get((top.report_id, top.section), 0.0) >= HEADING_HINTS:
            if top.text.count("、") > 1:  # a list of its own
                return [self._cutter.sentence(ranked[0])]
            report_id, section = top.report_id, top.section
        else:
            return []
        blocks = [
            b for b in self._store.blocks(report_id) if b.citable and b.section == section and b.role != "caption"
        ]
        return [_gist(b) for b in blocks[:MOST_ITEMS]] if len(blocks) > 1 else []

    def _parallel(self, ranked: Sequence[Ranked]) -> list[Statement]:
        """Clauses of one section that say the same of different things (在…上奋力突破), in their order; none when there
        are fewer than three."""
        best = ranked[0] if ranked else None
        if best is None or best.features.clause < SPEAKS:
            return []
        alike = [r for r in self._beside(ranked) if r.features.clause >= LIKE_BEST * best.features.clause]
        return self._in_order(alike) if len({r.hit.passage.paragraph_id for r in alike}) > 2 else []

    def siblings(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """The items of a list that answer nearly as well as the best one, in their order; none when it is no item."""
        best = ranked[0]
        if (
            query.type != "list"
            or best.features.clause < SPEAKS
            or self._store.paragraph(best.hit.passage.paragraph_id).role != "item"
        ):
            return []
        alike = [
            r
            for r in self._beside(ranked)
            if r.features.clause >= BESIDE_BEST * best.features.clause and r.score >= best.score - BESIDE_SCORE
        ]
        return self._in_order(alike)

    def _beside(self, ranked: Sequence[Ranked]) -> list[Ranked]:
        """The hits in the section of the best."""
        home = self._home(ranked[0])
        return [r for r in ranked if self._home(r) == home]

    def _home(self, ranked: Ranked) -> tuple[str, tuple[str, ...]]:
        paragraph = self._store.paragraph(ranked.hit.passage.paragraph_id)
        return paragraph.report_id, paragraph.section

    def _in_order(self, found: Sequence[Ranked]) -> list[Statement]:
        """The sentences of hits in reading order, each once."""

        def position(r: Ranked) -> tuple[int, int]:
            return self._store.paragraph(r.hit.passage.paragraph_id).ordinal, r.hit.passage.start

        statements = [self._cutter.sentence(r) for r in sorted(found, key=position)]
        return list(dict.fromkeys(statements))[:MOST_ITEMS]

    # Summaries.

    def _summary(self, query: Query, ranked: Sequence[Ranked]) -> list[Statement]:
        """The sentences that stand for the part of a report which the question names, or for all that it says of the
        place and time, in reading order; none when it names no part that is there. A part is what stands under a
        heading, or the paragraph that a clause opens."""
        fitting = self._retriever.parts(query) if query.topic else []
        best = ranked[0] if ranked else None
        if fitting and fitting[0][0] >= HEADING_FITS:
            report_id, section = fitting[0][1]
        elif query.topic:
            opens = best is not None and best.features.clause >= SPEAKS and best.hit.passage.start == 0
            return (
                self._central(query, [self._store.paragraph(best.hit.passage.paragraph_id)]) if best and opens else []
            )
        elif query.free:
            return []
        else:
            report_id, section = self._fullest(query), ()
        blocks = [b for b in self._store.blocks(report_id) if b.section[: len(section)] == section]
        return self._central(query, [b for b in blocks if b.citable and b.role in ("paragraph", "item")])

    def _fullest(self, query: Query) -> str:
        """The report that says most of the place and time asked about."""
        lengths = {report.id: 0 for report in self._store.reports}
        for row in np.flatnonzero(self._retriever.admitted(query)):
            passage = self._store.passages[row]
            lengths[self._store.paragraph(passage.paragraph_id).report_id] += len(passage.text)
        return max(lengths, key=lambda id_: lengths[id_])

    def _central(self, query: Query, blocks: Sequence[Paragraph]) -> list[Statement]:
        """The sentences nearest to the mean of all: one of each section first, then one of each block, then others."""
        found: list[tuple[Paragraph, Passage, Statement]] = []
        for block in blocks:
            passages = [p for p in self._store.passages_of(block.id) if self._admits(query, p)]
            for start, end in sentences(block.text):
                first = next((p for p in passages if start <= p.start < end), None)
                if first and SHORTEST_SENTENCE <= end - start <= LONGEST_SENTENCE:
                    found.append((block, first, cut(block, first.context, start, end)))
        if not found:
            return []
        vectors = self._store.embedder.embed_passages([s.words for _, _, s in found])
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


def _shared(texts: Sequence[str]) -> str:
    """The longest run of characters that stands in each text; "" when there is none."""
    short = min(texts, key=len)
    runs = (short[i : i + n] for n in range(len(short), 0, -1) for i in range(len(short) - n + 1))
    return next((run for run in runs if all(run in text for text in texts)), "")


def _gist(block: Paragraph) -> Statement:
    """An item as it is; of a paragraph its first sentence."""
    first = sentences(block.text)[0]
    return cut(block, block.context, *(first if block.role == "paragraph" else (0, len(block.text))))
