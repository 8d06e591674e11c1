"""What a question and an answer are. `Answer.to_json` is the contract other programs rely on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from index.search import filter as filter_
from index.search.filter import Filter
from index.types import Context, Hit, Kind, Span
from rag.retrieve.types import Confidence, Ranked
from rag.understand.asked import Asked, Operation
from rag.understand.intent import QuestionType as QuestionType

LONGEST_QUESTION = 2000  # characters
LONGEST_HISTORY = 10  # earlier questions that are read

Stage = Literal["retrieve", "generate", "verify"]  # of answering, as told to who waits
TABLES: tuple[QuestionType, ...] = ("compare", "rank", "trend")  # what a table answers
Aspect = Literal["places", "years", "period", "kind", "type", "unit", "topic"]  # of a question
Wanted = Literal["figure", "several", "time", "person", "anything"]  # of a passage that answers
# What a filter calls that of a question.
_CONDITION: Mapping[Aspect, filter_.Aspect] = {"places": "place", "years": "time", "period": "time", "kind": "kind"}
_WANTED: Mapping[QuestionType, Wanted] = {
    "number": "figure", "compare": "figure", "list": "several", "when": "time", "who": "person",
}  # fmt: skip
Polarity = Literal["yes", "no"]
# Why a draft is given: what its statements are to the question, a word of its answerer's own. The project's are these.
Given = Literal[
    "best_clause",  # the best hit
    "each_open",  # one for each place, year or kind that the question leaves open
    "close_clauses",  # the best hit and what scores nearly as well, neither of them surely
    "best_sentence",  # of a question for several things: the sentence of the best hit
    "items_beside",  # the items of the list that the best hit is one of
    "headings", "field", "counted_off", "enumerated", "parallel", "list_under_heading", "summary",  # what stands so
    "table",  # the sides of a comparison, a rank, a trend
    "both_years",  # a growth: the figures that it is worked out of
    "namesakes",  # the same of each place that has the name
    "worded",  # sentences of a chat model
]  # fmt: skip
# Why none is given: it was not searched for; too few sides; what is found does not say it; it is not sure enough.
Withheld = Literal["beyond", "place", "sides", "silent", "unsure"]
Reason = str  # one of these, or that of another answerer
WITHHELD: tuple[Withheld, ...] = get_args(Withheld)
Bound = Literal["exact", "about", "at_least", "stated"]  # of a result: “stated” holds of the numbers as written only


class Namesakes(NamedTuple):
    """A name as a question says it, and the covered places that have it."""

    name: str
    places: tuple[str, ...]


def run_together(words: str) -> str:
    """Words without the spaces between Chinese ones."""
    return re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", words)


@dataclass(frozen=True, slots=True)
class Search:
    """What one search of the index looks for. A question has its own (`Query.search`); a stage that looks beside it,
    at one side of a comparison or without the constraints, makes another search of it, never another question."""

    topic: str
    text: str  # searched for where there is no topic
    sentence: str = ""  # for a model that reads sentences: the question, or its topic where that is not of its words
    filter: Filter = field(default_factory=Filter)
    wanted: Wanted = "anything"  # what has to stand in a passage
    unit: str | None = None  # of a figure
    growth: bool = False  # a figure of growth, no share
    total: bool = False  # a figure of all that there is, not of what was added

    @property
    def words(self) -> str:
        """What the index is searched for."""
        return self.topic or self.text

    def about(self, topic: str) -> Search:
        """The same search for another topic."""
        return replace(self, topic=topic, sentence=run_together(topic))

    def for_figures(self) -> Search:
        """The same search for passages that state a figure."""
        return replace(self, wanted="figure")

    def within(self, filter_: Filter) -> Search:
        """The same search among other passages."""
        return replace(self, filter=filter_)


@dataclass(frozen=True, slots=True)
class Instead:
    """Finished questions that are close to one and may be answered where it is not; None: there is none of its kind."""

    by_itself: Query | None = None  # without the place and time that it was taken to share with the one before it
    one_figure: Query | None = None  # of a table: what one figure would answer
    around: Query | None = None  # of a place without a report: what the reports of the place around say of it
    both_years: Query | None = None  # of growth over the year before: the figures of both years


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood, once and for all: later stages read its fields and never its words. Empty tuples mean “not
    said”; constraints that are said must be met."""

    question: str  # as asked, to be shown
    text: str  # folded: simplified, half-width, digits
    topic: str  # the text less places, years, kind words and question words
    own_topic: str = ""  # that of `text` alone, where `topic` is of the question before or of a part of this one
    places: tuple[str, ...] = ()
    unknown_places: tuple[str, ...] = ()  # named, and not covered by any report
    shared: Namesakes | None = None  # those of `places` of which it was not said which is meant
    names: tuple[str, ...] = ()  # short names of places that are part of what is asked about: 广州 of 广州地铁
    years: tuple[int, ...] = ()
    period: tuple[int, int] | None = None
    report_year: int | None = None  # the year of the report that is asked about, whatever years it speaks of
    as_of: bool = False  # how things stood at the end of `years`, so that what is counted up to then fits too
    kind: Kind | None = None
    both_kinds: bool = False  # target and result of one time are asked for side by side
    kinds: tuple[Kind | None, ...] = ()  # the kind asked for at each of `years`, where they differ
    type: QuestionType = "what"
    unit: str | None = None  # the counted unit asked for: 人, 座, % ...
    assumed_year: int | None = None  # what 今年, 去年 ... were taken to mean
    english: bool = False
    asked: Asked = field(default_factory=Asked)
    subject: str = ""  # the topic less what names no part of a report: 概括, 重点, 工作 ...
    parts: tuple[Query, ...] = ()  # of a question that asks several things: each as a question
    instead: Instead = Instead()
    guessed: frozenset[filter_.Aspect] = frozenset()  # conditions that it does not say itself and that were assumed
    relaxed: filter_.Step | None = None  # how far its conditions are let go of
    inherited: tuple[Aspect, ...] = ()  # what it does not say itself and takes from the question before it

    @property
    def search(self) -> Search:
        """What is looked for in the index to answer it."""
        figures = self.asked.figures
        wanted = _WANTED.get(self.type, "anything")
        sentence = self.text if self.topic == self.own_topic else run_together(self.topic)
        return Search(self.topic, self.text, sentence, self.filter, wanted, self.unit, figures.growth, figures.total)

    @property
    def filter(self) -> Filter:
        """What a text must be to answer it."""
        said = Filter(
            places=self.places,
            names=self.names,
            years=self.years,
            period=self.period,
            as_of=self.as_of,
            report_year=self.report_year,
            kind=self.kind,
            inherited=frozenset(_CONDITION[aspect] for aspect in self.inherited if aspect in _CONDITION),
            guessed=frozenset() if self.type in TABLES else self.guessed,  # the sides of a table are of one kind
        )
        return said.relaxed(self.relaxed) if self.relaxed else said

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
class DraftFeatures:
    """What tells whether a draft is right: that it answers, or, where it says that there is no answer, that there is
    none."""

    reason: Reason
    hit: Confidence | None = None  # of the best hit that it was made from
    statements: float = 0.0  # the logarithm of one more than there are
    length: float = 0.0  # of all of them, 1 for `rating.LENGTHY` characters or more
    counted: float = 0.0  # 1: it holds as many things as the question says; -1: it does not; 0: the question says none
    astray: float = 0.0  # of a question for no place, time or kind: share of its weight not found in its own words
    withheld: float = 0.0  # of a refusal: the probability of the best draft that was not given


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer proposes, before the checks. No statements and no sentences: it found no answer, and `reason`
    says why. `hit` is of a table that of its least sure cell. `features` and `probability` are given to it by
    `rag.select`."""

    statements: tuple[Statement, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    table: bool = False  # statements are the sides of a comparison
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # sides of a comparison that the reports do not state
    polarity: Polarity | None = None  # what the one statement answers to a question of yes or no
    answerer: str = ""  # the name of the one who drafted it
    reason: Reason = "worded"
    ranked: tuple[Ranked, ...] = ()  # the hits that it was made from
    hit: Confidence | None = None  # what is known of the best of them
    features: DraftFeatures | None = None  # what tells whether it is right
    probability: float = 0.0  # that it is right, in [0, 1]: that it answers, or that nothing does
    asked: Query | None = None  # what the draft answers, where that is wider than the question

    @property
    def likely(self) -> float:
        """The probability that the likeliest answer there is is right, given or withheld; 0 where there is none."""
        if self.withheld:
            return self.features.withheld if self.features else 0.0
        return self.probability

    @property
    def withheld(self) -> Withheld | None:
        """Why it gives no answer; None for one that does."""
        return next((reason for reason in WITHHELD if reason == self.reason), None)


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
    draft: Draft | None = None  # that it was made from
    history: tuple[str, ...] = ()  # the earlier questions that were read
    hits: tuple[Hit, ...] = field(default=(), repr=False)
    scores: tuple[float, ...] = field(default=(), repr=False)  # of `hits`, as `rag.retrieve.ranking` orders them
    dropped: tuple[Dropped, ...] = ()  # what the gate took out of the draft

    def to_json(self) -> dict[str, Any]:
        """The Answer contract; without what is there for explaining it (see `rag.explain`)."""
        out = asdict(replace(self, query=None, draft=None, history=(), hits=(), scores=(), dropped=()))
        for name in ("query", "draft", "history", "hits", "scores", "dropped"):
            del out[name]
        return out
