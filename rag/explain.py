"""Why an answer is as it is: how its question was read, what was searched, what was found there, what was dropped.

Nothing here costs an answer that is not explained: an Answer carries its query, hits and history, and the rest is
worked out from them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from index.annotate.passages import when
from index.search.filter import Aspect as Condition
from index.types import Context, Hit, Kind
from rag.retrieve.ranking import Threshold
from rag.retrieve.word_match import Match
from rag.types import Answer, Aspect, Draft, DraftFeatures, Dropped, Query, QuestionType, Withheld

if TYPE_CHECKING:
    from index.storage.store import Store
    from rag.retrieve.retriever import Retriever

MOST_HITS = 5  # that are explained
Outcome = Literal["answered", "constraints", "gate"] | Withheld
# What a constraint lets through, as `index.search.filter` has it.
_KINDS: dict[Kind, str] = {
    "target": "目标或未注明", "result": "实绩、累计或未注明", "cumulative": "累计或实绩", "other": "不限性质",
}  # fmt: skip


_STRUCTURE = "章节与问题相符，取其中各条"
# What answers where it is not the best hit.
_GIVEN = dict.fromkeys(
    ("headings", "field", "counted_off", "enumerated", "parallel", "list_under_heading", "summary"), _STRUCTURE
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What was read out of a question; fields as in `rag.types.Query`. `inherited` names those of them that the
    question does not say itself and that come from the questions before it; `guessed` the conditions that it only hints
    at, which move the ranking and hide nothing."""

    places: tuple[str, ...]
    unknown_places: tuple[str, ...]
    years: tuple[int, ...]
    period: tuple[int, int] | None
    kind: Kind | None
    type: QuestionType
    unit: str | None
    topic: str
    assumed_year: int | None
    inherited: tuple[Aspect, ...]
    guessed: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint: what it lets through, and how many passages meet it and all those before it."""

    aspect: Aspect
    only: str
    passages: int


@dataclass(frozen=True, slots=True)
class Found:
    """A hit that was looked at. Ranks, from 1, and scores of the search as in `index.types.Hit`; in a comparison the
    search is that of the hit's own side. `score` orders the hits; `markers` are those of the answer that cite it."""

    paragraph_id: str
    title: str
    section: tuple[str, ...]
    place: str | None
    year: int | None
    period: tuple[int, int] | None
    kind: Kind
    clause: str
    dense_rank: int | None
    dense: float
    lexical_rank: int | None
    lexical: float
    score: float
    words: tuple[Match, ...]
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an answer is as it is. `confidence` is the probability, in [0, 1], that the likeliest draft answers, 0 for
    none; below `threshold` no answer is given. `features` are those that the probability of what is given, or of the
    refusal, is worked out of. `only` says the constraints in one sentence, `why` the outcome."""

    understood: Understood
    constraints: tuple[Constraint, ...]
    passages: int  # of the index
    only: str
    hits: tuple[Found, ...]
    looked_at: int  # hits that were ranked, of which `hits` are the first
    confidence: float
    threshold: float
    outcome: Outcome
    why: str
    dropped: tuple[Dropped, ...]
    features: DraftFeatures | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def explain(answer: Answer, store: Store, retriever: Retriever, threshold: Threshold) -> Explanation:
    """The explanation of an answer that a pipeline over `store` gave.

    Raises ValueError for an answer that was not made from a question, which has no `query`.
    """
    query, draft = answer.query, answer.draft
    if query is None or draft is None:
        raise ValueError("the answer carries no query: only what a pipeline answered can be explained")
    constraints = tuple(_constraints(query, retriever))
    outcome = _outcome(answer, draft, constraints)
    confidence = round(draft.likely, 3)
    shown = list(zip(answer.hits, answer.scores, strict=True))[:MOST_HITS]
    return Explanation(
        understood=_understood(query),
        constraints=constraints,
        passages=len(store.passages),
        only="只看：" + " · ".join(c.only for c in constraints) if constraints else "不限地区、时间和性质",
        hits=tuple(_found(answer, hit, score, retriever.matches(query.topic, hit), store) for hit, score in shown),
        looked_at=len(answer.hits),
        confidence=confidence,
        threshold=threshold.at,
        outcome=outcome,
        why=_why(outcome, query, draft, confidence, threshold),
        dropped=answer.dropped,
        features=draft.features,
    )


def _understood(query: Query) -> Understood:
    return Understood(
        places=query.places,
        unknown_places=query.unknown_places,
        years=query.years,
        period=query.period,
        kind=query.kind,
        type=query.type,
        unit=query.unit,
        topic=query.topic,
        assumed_year=query.assumed_year,
        inherited=query.inherited,
        guessed=tuple(sorted(query.filter.guessed)),
    )


def _constraints(query: Query, retriever: Retriever) -> Iterator[Constraint]:
    """What the search was held to, each with what is left after it: place, then time, then kind. What was only guessed
    holds to nothing."""
    held = query.filter.without(query.filter.guessed)
    so_far = replace(held, places=(), years=(), period=None, kind=None)
    if held.places:
        so_far = replace(so_far, places=held.places)
        yield Constraint("places", "、".join(held.places), retriever.meeting(so_far))
    if held.years or held.period:
        so_far = replace(so_far, years=held.years, period=held.period)
        times = [f"{year}年" for year in held.years]
        times += [when(Context(period=held.period))] if held.period else []
        aspect: Aspect = "years" if held.years else "period"
        yield Constraint(aspect, "、".join(times), retriever.meeting(so_far))
    if held.kind:
        so_far = replace(so_far, kind=held.kind)
        yield Constraint("kind", _KINDS[held.kind], retriever.meeting(so_far))


def _found(answer: Answer, hit: Hit, score: float, words: tuple[Match, ...], store: Store) -> Found:
    passage = hit.passage
    paragraph = store.paragraph(passage.paragraph_id)
    overlapping = (
        c.marker
        for c in answer.citations
        if c.paragraph_id == paragraph.id and c.start < passage.end and passage.start < c.end
    )
    return Found(
        paragraph_id=paragraph.id,
        title=store.report(paragraph.report_id).title,
        section=paragraph.section,
        place=passage.context.place,
        year=passage.context.year,
        period=passage.context.period,
        kind=passage.context.kind,
        clause=passage.text,
        dense_rank=hit.dense_rank,
        dense=round(hit.dense, 3),
        lexical_rank=hit.lexical_rank,
        lexical=round(hit.lexical, 3),
        score=round(score, 2),
        words=tuple(replace(m, likeness=round(m.likeness, 2)) for m in words),
        markers=tuple(overlapping),
    )


def _outcome(answer: Answer, draft: Draft, constraints: tuple[Constraint, ...]) -> Outcome:
    """What decided."""
    if not answer.refused:
        return "answered"
    decided: Outcome = draft.withheld or "gate"
    unmet = constraints and not constraints[-1].passages
    return "constraints" if unmet and decided not in ("beyond", "place") else decided


def _why(outcome: Outcome, query: Query, draft: Draft, confidence: float, threshold: Threshold) -> str:
    """The outcome in a sentence."""
    sure = f"把握 {confidence:.2f}，门槛 {threshold.at:.2f}"
    if outcome == "answered":
        return f"{sure}：{_GIVEN.get(draft.reason, '给出答案')}"
    return {
        "beyond": "问的超出了报告原文（原因、看法、预测或办事信息），没有检索",
        "place": f"资料里没有{'、'.join(query.unknown_places)}，没有检索",
        "constraints": "没有符合条件的片段，所以不回答",
        "sides": "比较的各边没有找齐，所以不回答",
        "silent": "最接近的话没有写出所问的数、时间或增减，所以不回答",
        "gate": "找到的话都没有通过核对，所以不回答",
        "unsure": f"{sure}：低于门槛，所以不回答",
    }[outcome]
