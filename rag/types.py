"""What a question and an answer are. `Answer.to_json` is the contract other programs rely on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from index.types import Context, Hit, Kind, Span

QuestionType = Literal["number", "list", "who", "where", "when", "what", "yesno", "compare", "summary", "beyond"]


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood. Empty tuples mean “not said”; constraints that are said must be met."""

    question: str  # as asked
    text: str  # folded: simplified, half-width, digits
    topic: str  # the text less places, years, kind words and question words
    places: tuple[str, ...] = ()
    unknown_places: tuple[str, ...] = ()  # named, and not covered by any report
    years: tuple[int, ...] = ()
    period: tuple[int, int] | None = None
    kind: Kind | None = None
    both_kinds: bool = False  # target and result of one time are asked for side by side
    kinds: tuple[Kind | None, ...] = ()  # the kind asked for at each of `years`, where they differ
    parts: tuple[str, ...] = ()  # topics of a question that asks several things
    type: QuestionType = "what"
    unit: str | None = None  # the counted unit asked for: 人, 座, % ...
    assumed_year: int | None = None  # what 今年, 去年 ... were taken to mean
    english: bool = False
    stayed: bool = False  # place and time are those of the question before, though it does not say so

    @property
    def free(self) -> bool:
        """Whether it constrains nothing."""
        return not (self.places or self.years or self.period or self.kind)


@dataclass(frozen=True, slots=True)
class Citation:
    """Evidence: one paragraph, and the words in it that carry the answer.

    `quote` is ``text[start:end]``; `spans` place the quote in the decoded file.
    """

    marker: int
    paragraph_id: str
    report: str
    title: str
    section: tuple[str, ...]
    place: str | None
    year: int | None
    period: tuple[int, int] | None
    kind: Kind
    text: str
    quote: str
    start: int
    end: int
    file: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of a draft: words of `paragraph_id` at ``[start:end]``, shown as `words` behind a label."""

    paragraph_id: str
    start: int
    end: int
    words: str
    context: Context


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer proposes, before the checks. No statements: it found no answer."""

    statements: tuple[Statement, ...] = ()
    table: bool = False  # statements are the sides of a comparison
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # sides of a comparison that the reports do not state
    answerer: str = "extractive"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an answer that is shown as a table: what it is about, the value, the wording, its marker."""

    place: str
    period: str  # “2025年”, “2021—2025年”
    kind: Kind
    value: str
    wording: str
    marker: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What every face shows. `answer` is text for a person with markers like ``[1]``; `rows` repeats a comparison
    as a table; `covered` lists, for a refusal, what the reports do hold.
    """

    question: str
    refused: bool
    answer: str
    citations: tuple[Citation, ...] = ()
    answerer: str = "extractive"
    confidence: float = 0.0
    elapsed_ms: float = 0.0
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()  # “按2026年”, “口径不同” ...
    covered: tuple[str, ...] = ()
    query: Query | None = None
    hits: tuple[Hit, ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """The Answer contract; without `query` and `hits`, which are for explaining it."""
        out = asdict(self)
        del out["query"], out["hits"]
        return out
