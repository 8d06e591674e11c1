"""Lists: what stands under one heading, is said of one field, is counted off or worded alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from index.text.clauses import sentences
from index.text.numbers import number
from index.types import Paragraph, Passage, Span
from rag.answer.answerer import Sources, rated
from rag.answer.cutting import cut
from rag.answer.summary import HEADING_FITS, SHORTEST_SENTENCE, SPEAKS, central
from rag.retrieve.found import Found
from rag.retrieve.types import Ranked
from rag.types import Draft, Query, Reason, Statement
from rag.understand import cues
from rag.understand.asked import AskedThings

Section = tuple[str, tuple[str, ...]]  # a report, and the headings down to a section of it
HEADING_HINTS = 0.2  # share from which the items beside the best one belong to the list too
HEADING_LAG = 0.15  # how much better one clause may fit and yet be only one of the list
MOST_ITEMS = 16
LIKE_BEST = 0.9  # how well, against the best clause, another one of its section fits that is worded like it
BESIDE_BEST, BESIDE_SCORE = 0.6, 3.0  # the same for an item of one list, and how much lower it may score
# Sentences on a field: how many, how many characters in all, and how much lower than the best they may score.
MOST_SWEPT, SWEPT_LENGTH, SWEPT_SCORE = 8, 700, 6.0
FIRST_FEW, LONGEST_COUNTED = 3, 700  # hits that may open what is counted off; characters up to which it is shown whole
BEST_FEW = 8  # hits among which the one may be that lists all
TELLING = 4  # characters that headings share and no others would


_COUNTED_OFF = re.compile(r"(?<=[：:；;。，,])(?P<number>[一二三四五六七八九十]{1,3})是")
_CLAUSE_END = re.compile("[，,；;。]")


class Lists:
    """Answers with the lines of a list, from one part of a report."""

    name = "list"

    def __init__(self, sources: Sources) -> None:
        self._store = sources.store
        self._retriever = sources.retriever
        self._cutter = sources.cutter

    def draft(self, query: Query, found: Found) -> Draft | None:
        """What stands under the heading that a question names, or is said of its field; where nothing is, and the best
        hit is likely to answer, that with what stands beside it."""
        if query.type not in ("list", "summary"):
            return None
        if query.type == "list" and query.subject and not query.names:  # sections are not about what is named
            for reason, way in self._ways:
                if lines := way(query, found):
                    return rated(Draft(tuple(lines), reason=reason), found)
        if not found.ranked:
            return None
        if lines := self._beside_best(query, found):
            return rated(Draft(tuple(lines), reason="items_beside"), found)
        return rated(Draft((self._cutter.sentence(found.ranked[0]),), reason="best_sentence"), found)

    @property
    def _ways(self) -> Iterator[tuple[Reason, Callable[[Query, Found], list[Statement]]]]:
        """How a list may be written, in the order in which they are looked for."""
        yield "headings", self._headings
        yield "field", self._swept
        yield "counted_off", self._counted_off
        yield "enumerated", self._enumerated
        yield "parallel", self._parallel
        yield "list_under_heading", self._section

    @cached_property
    def _headed(self) -> list[Paragraph]:
        return [b for b in self._store.paragraphs if b.role == "heading" and b.duplicate_of is None]

    def _admits(self, query: Query, what: Passage | Paragraph) -> bool:
        return query.filter.admits(self._store.subject(what))

    def _headings(self, query: Query, _found: Found) -> list[Statement]:
        """The headings of one section that a question asks for, at least three: those that share words which it names
        (“哪十个方面聚力攻坚求实效”), or as many as it says there are under a heading that it names (“10件惠民实事”)."""
        things = query.asked.things
        if not (things.which or things.counts):
            return []
        groups = self._heading_groups(query)
        for group in groups.values() if things.which else ():
            if _shares_words(things, group):
                return [cut(block, block.context) for block in group]
        named = {key: fit for fit, key in self._retriever.parts(query.search)} if things.counts else {}
        for key, group in groups.items():
            if len(group) in things.counts and named.get(key, 0.0) >= HEADING_FITS:
                return [cut(block, block.context) for block in group]
        return []

    def _heading_groups(self, query: Query) -> dict[Section, list[Paragraph]]:
        """The headings below each heading that may answer, of those with a few."""
        groups: dict[Section, list[Paragraph]] = {}
        for block in self._headed:
            if self._admits(query, block):
                groups.setdefault((block.report_id, block.section), []).append(block)
        return {key: group for key, group in groups.items() if 3 <= len(group) <= MOST_ITEMS}

    def _swept(self, query: Query, found: Found) -> list[Statement]:
        """All that is said of a field (“在养老方面有什么安排”): what stands under the outermost heading naming it, or
        else the sentences that speak of it, wherever they stand; none when the question names no field."""
        ranked = found.ranked
        if not ranked or not query.asked.things.whole_field:
            return []
        parts = self._retriever.parts(query.search)
        if parts and parts[0][0] >= max(HEADING_FITS, ranked[0].features.clause - HEADING_LAG):
            return self._within(query, *parts[0][1])
        speaking = [r for r in ranked if r.features.clause >= SPEAKS and r.score >= ranked[0].score - SWEPT_SCORE]
        lengths = accumulate(len(self._cutter.sentence(r).words) for r in speaking)
        some = [r for r, length in zip(speaking[:MOST_SWEPT], lengths, strict=False) if length <= SWEPT_LENGTH]
        lines = [s for s in self._in_order(some) if len(s.words) >= SHORTEST_SENTENCE]
        return lines if found.sure and len(lines) > 1 else []

    def _within(self, query: Query, report_id: str, section: tuple[str, ...]) -> list[Statement]:
        """The items of a part of a report; of one that is written as paragraphs the sentences that stand for it."""
        blocks = [b for b in self._store.blocks(report_id) if b.section[: len(section)] == section and b.citable]
        items = [b for b in blocks if b.role == "item" and self._admits(query, b)]
        if 1 < len(items) <= MOST_ITEMS and 2 * len(items) > len(blocks):
            return [_gist(b) for b in items]
        return central(self._store, query, [b for b in blocks if b.role in ("paragraph", "item")])

    def _counted_off(self, _query: Query, found: Found) -> list[Statement]:
        """The items that follow one of the best hits, counted off: “办好10件实事。一是…；二是…”; of long ones the first
        clause. None for fewer than three."""
        for hit in [r for r in found.ranked[:FIRST_FEW] if r.features.clause >= SPEAKS]:
            text = self._store.paragraph(hit.hit.passage.paragraph_id).text
            _, end = self._cutter.sentence_span(hit)
            starts = _counted_from(text, hit.hit.passage.start, end)
            if len(starts) > 2:
                return [self._cutter.statement(hit, *span) for span in _items(text, starts)]
        return []

    def _enumerated(self, query: Query, found: Found) -> list[Statement]:
        """The sentence of one of the best hits that lists as many things as the question says there are."""
        counts = query.asked.things.counts
        for hit in [r for r in found.ranked[:BEST_FEW] if counts and r.features.clause >= SPEAKS]:
            statement = self._cutter.sentence(hit)
            listed = {part.count("、") + 1 for part in re.split("[，,。；;：:]", statement.words)} - {1}
            if counts & (listed | {items + 1 for items in listed}):  # 和 may part the last two
                return [statement]
        return []

    def _section(self, query: Query, found: Found) -> list[Statement]:
        """What stands under the heading that a list question names, when that fits better than any one clause."""
        ranked = found.ranked
        headings = self._retriever.headings(query.search)
        best = ranked[0].features.clause if ranked else 0.0
        if headings and headings[0][0] >= max(HEADING_FITS, best - HEADING_LAG):
            return self._gists(*headings[0][1])
        top = self._store.paragraph(ranked[0].hit.passage.paragraph_id) if ranked else None
        fit = {key: fit for fit, key in headings}
        if top is None or top.role != "item" or fit.get((top.report_id, top.section), 0.0) < HEADING_HINTS:
            return []
        if top.text.count("、") > 1:  # a list of its own
            return [self._cutter.sentence(ranked[0])]
        return self._gists(top.report_id, top.section)

    def _gists(self, report_id: str, section: tuple[str, ...]) -> list[Statement]:
        """What stands right under a heading, of more than one block the gist of each."""
        blocks = [
            b for b in self._store.blocks(report_id) if b.citable and b.section == section and b.role != "caption"
        ]
        return [_gist(b) for b in blocks[:MOST_ITEMS]] if len(blocks) > 1 else []

    def _parallel(self, _query: Query, found: Found) -> list[Statement]:
        """Clauses of one section that say the same of different things (在…上奋力突破), in their order; none when there
        are fewer than three."""
        best = found.ranked[0] if found.ranked else None
        if best is None or best.features.clause < SPEAKS:
            return []
        alike = [r for r in self._beside(found.ranked) if r.features.clause >= LIKE_BEST * best.features.clause]
        return self._in_order(alike) if len({r.hit.passage.paragraph_id for r in alike}) > 2 else []

    def _beside_best(self, query: Query, found: Found) -> list[Statement]:
        """The items of a list that answer nearly as well as the best one, in their order; none when it is no item."""
        best = found.ranked[0]
        if (
            query.type != "list"
            or best.features.clause < SPEAKS
            or self._store.paragraph(best.hit.passage.paragraph_id).role != "item"
        ):
            return []
        alike = [
            r
            for r in self._beside(found.ranked)
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


ANSWERER = Lists


def _shares_words(things: AskedThings, group: Sequence[Paragraph]) -> bool:
    """Whether a question for as many headings as `group` has, or for ones of these words, means them."""
    shared = _shared([things.undated, *(cues.DATED.sub(" ", block.text) for block in group)])
    few = things.count is None and len(shared) >= TELLING
    return len(shared) >= 2 and (things.count == len(group) or shared in things.quoted or few)


def _counted_from(text: str, start: int, end: int) -> list[int]:
    """Where each item of what is counted off stands, from `start` on; the first right behind `end` at the latest."""
    starts: list[int] = []
    for match in _COUNTED_OFF.finditer(text, start):
        if number(match["number"]) == len(starts) + 1 and (starts or match.start() <= end + 1):
            starts.append(match.start())
    return starts


def _items(text: str, starts: Sequence[int]) -> list[Span]:
    """The items that begin at `starts`; of long ones the first clause."""
    after = text.find("。", starts[-1]) + 1 or len(text)
    ends = [*starts[1:], after]
    if after - starts[0] > LONGEST_COUNTED:
        clauses = [_CLAUSE_END.search(text, start) for start in starts]
        ends = [min(end, m.start()) if m else end for end, m in zip(ends, clauses, strict=True)]
    return list(zip(starts, ends, strict=True))


def _shared(texts: Sequence[str]) -> str:
    """The longest run of characters that stands in each text; "" when there is none."""
    short = min(texts, key=len)
    runs = (short[i : i + n] for n in range(len(short), 0, -1) for i in range(len(short) - n + 1))
    return next((run for run in runs if all(run in text for text in texts)), "")


def _gist(block: Paragraph) -> Statement:
    """An item as it is; of a paragraph its first sentence."""
    first = sentences(block.text)[0]
    return cut(block, block.context, *(first if block.role == "paragraph" else (0, len(block.text))))
