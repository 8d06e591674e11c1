"""What a question and an answer are. `Answer.to_json` is the contract other programs rely on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from index.search.filter import Filter
from index.types import Context, Hit, Kind, Span

if TYPE_CHECKING:
    from rag.understand.limits import Limit

LONGEST_QUESTION = 2000  # characters
LONGEST_HISTORY = 10  # earlier questions that are read

Stage = Literal["retrieve", "generate", "verify"]  # of answering, as told to who waits
QuestionType = Literal[
    "number", "list", "who", "where", "when", "what", "yesno", "compare", "rank", "trend", "summary", "beyond"
]
Operation = Literal["difference", "ratio", "share", "growth"]
Order = Literal["most", "least"]
Polarity = Literal["yes", "no"]
Bound = Literal["exact", "about", "at_least", "stated"]  # of a result: “stated” holds of the numbers as written only


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood. Empty tuples mean “not said”; constraints that are said must be met."""

    question: str  # as asked
    text: str  # folded: simplified, half-width, digits
    topic: str  # the text less places, years, kind words and question words
    places: tuple[str, ...] = ()
    unknown_places: tuple[str, ...] = ()  # named, and not covered by any report
    names: tuple[str, ...] = ()  # short names of places that are part of what is asked about: 广州 of 广州地铁
    years: tuple[int, ...] = ()
    period: tuple[int, int] | None = None
    report_year: int | None = None  # the year of the report that is asked about, whatever years it speaks of
    as_of: bool = False  # how things stood at the end of `years`, so that what is counted up to then fits too
    kind: Kind | None = None
    both_kinds: bool = False  # target and result of one time are asked for side by side
    kinds: tuple[Kind | None, ...] = ()  # the kind asked for at each of `years`, where they differ
    parts: tuple[str, ...] = ()  # topics of a question that asks several things
    type: QuestionType = "what"
    unit: str | None = None  # the counted unit asked for: 人, 座, % ...
    assumed_year: int | None = None  # what 今年, 去年 ... were taken to mean
    english: bool = False
    operations: tuple[Operation, ...] = ()  # what is to be computed of two figures
    order: Order | None = None  # which end of a ranking is asked for
    top: int | None = None  # how many of a ranking, None for all
    limit: Limit | None = None  # what the figures of the places must keep to
    stayed: bool = False  # place and time are those of the question before, though it does not say so

    @property
    def filter(self) -> Filter:
        """What a text must be to answer it."""
        return Filter(
            places=self.places,
            names=self.names,
            years=self.years,
            period=self.period,
            as_of=self.as_of,
            report_year=self.report_year,
            kind=self.kind,
            inherited=frozenset(("place", "time")) if self.stayed else frozenset(),
        )

    @property
    def free(self) -> bool:
        """Whether it constrains nothing."""
        return self.filter.free


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
class Sentence:
    """One sentence of a draft in the answerer's own words, and the ids of the paragraphs that it cites."""

    text: str  # without citation markers
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grounded:
    """A sentence that passed the gate, and the clauses that carry what it says."""

    text: str
    evidence: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the gate took out of a draft, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer proposes, before the checks. No statements and no sentences: it found no answer."""

    statements: tuple[Statement, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    table: bool = False  # statements are the sides of a comparison
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # sides of a comparison that the reports do not state
    polarity: Polarity | None = None  # what the one statement answers to a question of yes or no
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
class Operand:
    """A figure that a computation takes: `text` as the quote of citation `marker` has it, and its number in `unit`."""

    marker: int
    text: str
    amount: str  # decimal digits, negative for a decline
    unit: str


@dataclass(frozen=True, slots=True)
class Computed:
    """A line of an answer that no report states: what follows from figures that reports do state.

    `result` is the number in `unit`, None for a mere order (`operation` “order”: the operands from the first to the
    last) or an equality (“equal”).
    """

    text: str
    operation: Operation | Literal["order", "equal"]
    operands: tuple[Operand, ...]
    result: str | None = None
    unit: str = ""
    bound: Bound = "exact"


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
    generation: str = ""  # of the index that it was answered from
    rows: tuple[Row, ...] = ()
    computed: tuple[Computed, ...] = ()
    notes: tuple[str, ...] = ()  # “按2026年”, “口径不同” ...
    covered: tuple[str, ...] = ()
    query: Query | None = None
    history: tuple[str, ...] = ()  # the earlier questions that were read
    hits: tuple[Hit, ...] = field(default=(), repr=False)
    scores: tuple[float, ...] = field(default=(), repr=False)  # of `hits`, as `rag.retrieve.ranking` orders them
    dropped: tuple[Dropped, ...] = ()  # what the gate took out of the draft

    def to_json(self) -> dict[str, Any]:
        """The Answer contract; without what is there for explaining it (see `rag.explain`)."""
        out = asdict(replace(self, query=None, history=(), hits=(), scores=(), dropped=()))
        for name in ("query", "history", "hits", "scores", "dropped"):
            del out[name]
        return out
