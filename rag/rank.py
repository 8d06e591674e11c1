"""The order of hits, and the probability that the first answers the question.

A logistic model over a few readable features. Its weights were fitted on the training part of the question sets by
`python -m evals.fit`, which prints them; the held-out part only measures.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from index.types import Hit, Paragraph
from rag.words import WordMatcher, coverage, words

if TYPE_CHECKING:
    from index.store import Store
    from rag.types import Query

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_VALUE = r"\d[\d.]*\s*(?:余|多|左右|以上)?\s*(?:[万亿千百]\s*)?(?:余|多)?"
_PERCENT_VALUE = re.compile(r"\d[\d.]*\s*(?:%|％|个百分点|倍)")
_FRACTION_UNITS = {"%": _PERCENT_VALUE}


@dataclass(frozen=True, slots=True)
class Features:
    """How a passage fits a question; each in [0, 1] except `meaning`, a cosine."""

    clause: float = 0.0  # share of the question's weight found in the clause
    sentence: float = 0.0  # ... in the clause and its neighbours in the paragraph
    section: float = 0.0  # ... with the headings above too
    missed: float = 0.0  # share of the heaviest word of the question that is not found even there
    about: float = 0.0  # share of the clause's weight that the question has
    meaning: float = 0.0  # cosine of the topic and the clause
    lexical: float = 0.0
    dense: float = 0.0
    figure: float = 0.0  # a number was asked and one with that unit stands here
    kind: float = 0.0  # the kind asked for
    caption: float = 0.0
    clear: float = 0.0  # share of the question that is said to be a topic at all


@dataclass(frozen=True, slots=True)
class Ranked:
    """A hit with its features and the probability, in [0, 1], that it answers."""

    hit: Hit
    features: Features
    probability: float


BIAS = -6.0
WEIGHTS = Features(
    clause=4.0, sentence=1.5, section=1.5, missed=-1.5, about=1.0, meaning=1.5, lexical=0.5, dense=0.5, figure=1.5, kind=0.5,
    caption=-1.0, clear=0.0,
)  # fmt: skip


def probability(features: Features) -> float:
    """The logistic model: 1 / (1 + exp(-(bias + weights · features)))."""
    z = BIAS + sum(getattr(WEIGHTS, f.name) * getattr(features, f.name) for f in fields(Features))
    return 1 / (1 + math.exp(-z))


def figure_fit(query: Query, text: str) -> float:
    """1 when a number is asked for and one with the asked unit is there, less when the unit differs or is missing; 1 for
    questions that ask for no number."""
    if query.type not in ("number", "compare"):
        return 1.0
    if not _NUMBER.search(text):
        return 0.0
    if query.unit is None:
        return 0.8
    pattern = _FRACTION_UNITS.get(query.unit) or re.compile(_VALUE + re.escape(query.unit))
    if pattern.search(text):
        return 1.0
    return 0.4


class Ranker:
    """Scores hits of one index."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._matcher = WordMatcher([p.text for p in store.passages], store.embedder)
        self._clause_vectors: dict[str, np.ndarray] = {}  # type: ignore[type-arg]

    def rank(self, query: Query, hits: list[Hit]) -> list[Ranked]:
        """Hits in order of probability, best first; equal ones in the order they came."""
        if not hits:
            return []
        weights = self._matcher.weights(query.topic)
        asked = list(weights)
        texts = {h.passage.id: self._surroundings(h) for h in hits}
        self._matcher.prepare([*asked, *(w for parts in texts.values() for part in parts for w in words(part))])
        topic = self._store.embedder.embed_queries([query.topic or query.text])[0]
        self._embed_clauses(hits)
        ranked = []
        for hit in hits:
            features = self._features(query, hit, weights, asked, texts[hit.passage.id], topic)
            ranked.append(Ranked(hit, features, probability(features)))
        return sorted(ranked, key=lambda r: -r.probability)

    def _surroundings(self, hit: Hit) -> tuple[str, str, str]:
        """The clause, its neighbours in the paragraph, the headings."""
        paragraph: Paragraph = self._store.paragraph(hit.passage.paragraph_id)
        start, end = hit.passage.start, hit.passage.end
        near = paragraph.text[max(0, start - 40) : end + 25]
        return hit.passage.text, near, " ".join(paragraph.section)

    def _embed_clauses(self, hits: list[Hit]) -> None:
        new = [h.passage for h in hits if h.passage.id not in self._clause_vectors]
        if new:
            vectors = self._store.embedder.embed_passages([p.text for p in new])
            self._clause_vectors.update((p.id, v) for p, v in zip(new, vectors, strict=True))

    def _features(
        self, query: Query, hit: Hit, weights: dict[str, float], asked: list[str], texts: tuple[str, str, str], topic: np.ndarray  # type: ignore[type-arg]
    ) -> Features:
        clause, near, section = texts
        values = list(weights.values())
        here = words(clause)
        in_clause = self._matcher.similarities(asked, here)
        in_near = np.maximum(in_clause, 0.8 * self._matcher.similarities(asked, words(near)))
        anywhere = np.maximum(in_near, 0.8 * self._matcher.similarities(asked, words(section)))
        heaviest = max(range(len(asked)), key=lambda i: values[i], default=None)
        back = self._matcher.weights(clause)
        return Features(
            clause=coverage(values, in_clause),
            sentence=coverage(values, in_near),
            section=coverage(values, anywhere),
            missed=0.0 if heaviest is None else 1.0 - float(anywhere[heaviest]),
            about=coverage(list(back.values()), self._matcher.similarities(list(back), asked)),
            meaning=float(self._clause_vectors[hit.passage.id] @ topic),
            lexical=hit.lexical,
            dense=hit.dense,
            figure=figure_fit(query, clause),
            kind=float(query.kind is None or hit.passage.context.kind == query.kind),
            caption=float(self._store.paragraph(hit.passage.paragraph_id).role == "caption"),
            clear=min(1.0, sum(values)),
        )
