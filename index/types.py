"""What a report, a paragraph, a passage and a hit are.

Stages hand each other these frozen values; nothing changes one in place. Spans and offsets count characters
(code points) of the decoded file or of the paragraph's text, half open: ``text[start:end]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["title", "heading", "paragraph", "item", "table", "caption", "furniture"]
Kind = Literal["target", "result", "cumulative", "other"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Context:
    """Whom and when a text speaks of, and whether it promises or reports.

    `year` is one year or None; `period` is (first, last) year of a span of years or None; never both.
    `kind`: a target is planned, a result was reached in `year`, a cumulative was reached over `period`.
    """

    place: str | None = None
    year: int | None = None
    period: tuple[int, int] | None = None
    kind: Kind = "other"


@dataclass(frozen=True, slots=True)
class Report:
    """One document and what is known of it as a whole."""

    id: str
    title: str
    place: str | None
    year: int | None  # the year whose 今年 the text means
    genre: str | None  # what sort of document: 政府工作报告, 解读, 报道, 图解 ...
    publisher: str | None
    date: str | None  # of publication, ISO 8601, as far as known
    file: str
    sha256: str
    aliases: tuple[str, ...] = ()  # other files with the very same content


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One block of a report in reading order: a whole paragraph, list item, heading, caption or furniture.

    `text` joins the source lines at `spans`; `spans` are in the decoded file. `section` is the path of headings
    above, outermost first. `level` counts from 1 for headings and is None for the others.
    """

    id: str
    report_id: str
    ordinal: int  # position among the blocks of its report, from 0
    role: Role
    level: int | None
    text: str
    section: tuple[str, ...]
    context: Context
    spans: tuple[Span, ...]
    duplicate_of: str | None = None  # id of the canonical paragraph

    @property
    def citable(self) -> bool:
        """Whether an answer may cite it: it states something of its own and is not a copy."""
        return self.duplicate_of is None and self.role in ("paragraph", "item", "table", "caption")


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieval unit: a sentence or clause of a paragraph, with its own context.

    `text` is ``paragraph.text[start:end]``; `header` is what a reader would have to know first (place, year,
    headings) and is searched together with the text.
    """

    id: str
    paragraph_id: str
    text: str
    header: str
    start: int
    end: int
    context: Context


Relation = Literal["total", "new", "growth", "change", "share", "rank", "other"]
Qualifier = Literal["at_least", "over", "about", "under"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that a report states: whose, when, promised or reached, of what, how much.

    `indicator` is in the report's words, `name` in one form (城镇新增就业 for 新增城镇就业 too). `value` and `unit` are
    as written (“4.5”, “万人”); `normalized` is the number in `base_unit` (45000, 人), None where there is none.
    The figure stands at ``paragraph.text[start:end]``, within the clause at ``[quote_start:quote_end]``.
    """

    paragraph_id: str
    context: Context
    indicator: str
    name: str
    relation: Relation
    value: str
    unit: str
    normalized: float | None
    base_unit: str
    qualifier: Qualifier | None
    start: int
    end: int
    quote_start: int
    quote_end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found by a search. `dense` is what the vectors say, calibrated: 0
    nothing, around 1 much, unbounded (`index.embed.calibration`); `lexical` is BM25 divided by the best
    BM25 of the search, in [0, 1]; `score` fuses them. Ranks count from 1; None when that side did not find it.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an index speaks of: for each place its years, periods and kinds."""

    contexts: tuple[Context, ...]  # distinct, sorted

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(sorted({c.place for c in self.contexts if c.place}))

    @property
    def years(self) -> tuple[int, ...]:
        """All covered single years, ascending."""
        return tuple(sorted({c.year for c in self.contexts if c.year}))
