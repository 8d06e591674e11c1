"""The order of hits, and how sure it is that the first answers the question.

Two small linear models over readable features: one orders the hits of a question (a softmax over them), one gives the
probability that the first is right (logistic). `python -m evals.fit hits` fits both on the training questions and
writes `weights.json`; the held-out ones only measure.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.embed.embedder import static_table
from index.errors import InputError
from index.search.filter import Filter, Subject
from index.text.places import find_places
from index.types import Hit
from rag.retrieve.types import Confidence, Features, Ranked
from rag.retrieve.word_match import Likeness, Match, WordMatcher, coverage, tagged, words
from rag.types import Search
from rag.understand import cues
from rag.understand.units import states_figure, states_unit

if TYPE_CHECKING:
    from index.storage.store import Store

WEIGHTS_FILE = "WENJU_WEIGHTS"  # names a file of weights that were fitted on a user's own questions
REFIT = f"请用 wenju eval fit 重新拟合，或不设 {WEIGHTS_FILE}。"
NEAR_BEFORE, NEAR_AFTER = 40, 25  # characters around a clause that are read with it
FAR_OUT = 4.0  # standard deviations; more say no more
NEXT_TO_NOTHING = 0.12  # share of a question's weight
WIDE_MARGIN = 3.0  # of scores; a wider one says no more
FROM_PARENT = 0.7  # what a word found in the heading above a heading counts
FROM_NEIGHBOURS = 0.8  # what a word found beside the clause or in a heading counts
_DATE = re.compile(r"\d{1,2}月|\d{1,2}日|年[底初末内]|[上下]半年|季度|月底")
_PERSON = re.compile(r"书记|[省市区县镇州]长|主任|局长|主席|代表|院士|教授|记者|先生|女士")


class Threshold:
    """Decides from which probability on an answer is given."""

    def __init__(self, at: float | None = None) -> None:
        """`at` in [0, 1]; without it the fitted one."""
        self.at = weights()["draft"]["threshold"] if at is None else at

    def reached(self, probability: float) -> bool:
        """Whether an answer that is right with this probability is given."""
        return probability >= self.at


def vector(values: Features | Confidence) -> NDArray[np.float64]:
    """The fields in order, shape (number of fields,)."""
    return np.array([getattr(values, f.name) for f in fields(values)])


@cache
def weights() -> Mapping[str, Mapping[str, float]]:
    """The fitted weights by name: "rank" of `Features`, "confidence" of `Confidence`, "draft" as by
    `rag.answer.rating.values`; the latter two with "bias" and "threshold". Those that ship, or those of the file that
    WENJU_WEIGHTS names; raises InputError when that cannot be used."""
    loaded: dict[str, dict[str, float]] = json.loads(files("rag.retrieve").joinpath("weights.json").read_text("utf-8"))
    if not (own := os.environ.get(WEIGHTS_FILE)):
        return loaded
    try:
        found: dict[str, dict[str, float]] = json.loads(Path(own).read_text("utf-8"))
        if all(part.keys() <= found[name].keys() for name, part in loaded.items()):
            return found
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{own} 读不出权重：{error}。", REFIT) from error
    raise InputError(f"{own} 是别的版本的权重。", REFIT)


def score(features: Features) -> float:
    """The weighted sum of the features."""
    return float(sum(weight * getattr(features, name) for name, weight in weights()["rank"].items()))


def evidence(filter_: Filter, ranked: Sequence[Ranked], anywhere: Ranked | None) -> Confidence:
    """What is known of the first of `ranked`, which met `filter_`; `anywhere` is the best hit without it."""
    best = ranked[0]
    f = best.features
    elsewhere = (r for r in ranked if r.hit.passage.paragraph_id != best.hit.passage.paragraph_id)
    other = next(elsewhere, ranked[1] if len(ranked) > 1 else None)  # a short report may be one paragraph
    return Confidence(
        score=best.score,
        elsewhere=max(0.0, anywhere.score - best.score) if anywhere else 0.0,
        margin=min(WIDE_MARGIN, best.score - other.score) if other else WIDE_MARGIN / 2,
        unheard=float(f.section < NEXT_TO_NOTHING and f.missed > 0),
        stands_out=_stands_out([r.features.meaning for r in ranked]),
        free=float(filter_.free),
        **{x.name: getattr(f, x.name) for x in fields(Confidence) if hasattr(f, x.name)},
    )


def _stands_out(cosines: Sequence[float]) -> float:
    """How many standard deviations of the other hits the first lies above their mean, at most FAR_OUT; half of that
    where there are too few to tell. Short and colloquial questions have low cosines with everything: what tells is the
    distance."""
    first, others = cosines[0], np.array(cosines[1:])
    return (
        min(FAR_OUT, (first - float(others.mean())) / (float(others.std()) + 1e-3)) if len(others) > 2 else FAR_OUT / 2
    )


def probability(known: Confidence) -> float:
    """1 / (1 + exp(-(bias + weights · known))), in (0, 1)."""
    table = weights()["confidence"]
    z = table["bias"] + sum(table[f.name] * getattr(known, f.name) for f in fields(Confidence))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def likely(probability: float) -> bool:
    """Whether a hit with this probability may be a part of an answer."""
    return probability >= weights()["confidence"]["threshold"]


def figure_fit(search: Search, text: str) -> float:
    """How well a clause meets the wish for a number, a list, a date or a person, in [0, 1]; 1 where there is none."""
    if search.wanted == "several":
        return min(1.0, 0.5 + 0.25 * text.count("、"))
    if search.wanted == "time":
        return 1.0 if _DATE.search(text) else 0.2
    if search.wanted == "person":
        return 1.0 if any(tag == "nr" for _, tag in tagged(text)) or _PERSON.search(text) else 0.4
    if search.wanted == "anything":
        return 1.0
    if search.unit is None:
        return 0.8 if states_figure(text) else 0.0
    return 0.0 if _other_sort(search, text) else states_unit(text, search.unit)


def _other_sort(search: Search, text: str) -> bool:
    """Whether a clause states a share where growth is asked for, or what was added where a total is."""
    if search.unit == "%":
        return bool(search.growth and cues.SHARES.search(text) and not cues.CHANGES.search(text))
    return bool(search.total and cues.ADDS.search(text) and not cues.REACHES.search(text))


class Ranker:
    """Scores hits of one index."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._matcher = WordMatcher(static_table(), len(store.passages), store.index.frequency)
        self._clauses: dict[str, NDArray[np.float32]] = {}
        self._places: dict[str, frozenset[str]] = {}

    def rank(self, search: Search, hits: Sequence[Hit]) -> list[Ranked]:
        """Hits by score, best first; equal ones in the order they came."""
        if not hits:
            return []
        asked = self._matcher.weights(search.topic)
        around = [self._around(h) for h in hits]
        texts_around = dict.fromkeys(text for texts in around for text in texts)  # many stand below one heading
        like = self._matcher.likeness(list(asked), (word for text in texts_around for word in words(text)))
        topic = static_table().embed_queries([search.words])[0]
        self._embed([h for h in hits if h.passage.id not in self._clauses])
        ranked = []
        for hit, texts in zip(hits, around, strict=True):
            features = self._features(search, hit, (asked, like), texts, topic)
            ranked.append(Ranked(hit, features, score(features)))
        return sorted(ranked, key=lambda r: -r.score)

    def matches(self, topic: str, hit: Hit) -> tuple[Match, ...]:
        """How each word of a topic is found at a hit, there where it counts most for the score."""
        asked = list(self._matcher.weights(topic))
        clause, near, section = (words(text) for text in self._around(hit))
        like = self._matcher.likeness(asked, (*clause, *near, *section))

        def best(row: int, word: str) -> Match:
            here = like.match(row, word, "clause", clause)
            around = (like.match(row, word, "nearby", near), like.match(row, word, "heading", section))
            return max(here, *around, key=lambda m: m.likeness * (1.0 if m is here else FROM_NEIGHBOURS))

        return tuple(best(row, word) for row, word in enumerate(asked))

    def heading_fit(self, topic: str, section: Sequence[str]) -> float:
        """Share of a topic's weight found in the last heading of a section path, and the one above it."""
        asked = self._matcher.weights(topic)
        own, above = words(section[-1]), words(" ".join(section[-2:-1]))
        like = self._matcher.likeness(list(asked), (*own, *above))
        return coverage(list(asked.values()), np.maximum(like.best(own), FROM_PARENT * like.best(above)))

    def name_fit(self, topic: str, names: Sequence[str]) -> list[float]:
        """How well each name of an indicator fits a topic: the mean of the share of the topic's weight that the name
        has and the share of the name's that the topic has, in [0, 1]."""
        asked = self._matcher.weights(topic)
        like = self._matcher.likeness(list(asked), (w for name in names for w in words(name)))
        fits = []
        for name in names:
            back = self._matcher.weights(name)
            there = coverage(list(asked.values()), like.best(words(name)))
            fits.append((there + coverage(list(back.values()), like.back(list(back)))) / 2)
        return fits

    def likeness(self, a: Hit, b: Hit) -> float:
        """Cosine of two clauses that were ranked."""
        return float(self._clauses[a.passage.id] @ self._clauses[b.passage.id])

    def _around(self, hit: Hit) -> tuple[str, str, str]:
        """The clause, the clause with its neighbours in the paragraph, the headings."""
        paragraph = self._store.paragraph(hit.passage.paragraph_id)
        start, end = hit.passage.start, hit.passage.end
        return (
            hit.passage.text,
            paragraph.text[max(0, start - NEAR_BEFORE) : end + NEAR_AFTER],
            " ".join(paragraph.section),
        )

    def _embed(self, hits: Sequence[Hit]) -> None:
        if hits:
            vectors = static_table().embed_passages([h.passage.text for h in hits])
            self._clauses.update((h.passage.id, v) for h, v in zip(hits, vectors, strict=True))

    def _features(
        self,
        search: Search,
        hit: Hit,
        asked: tuple[Mapping[str, float], Likeness],
        texts: tuple[str, str, str],
        topic: NDArray[np.float32],
    ) -> Features:
        values, like = list(asked[0].values()), asked[1]
        here, near, section = (words(text) for text in texts)
        in_clause = like.best(here)
        in_near = np.maximum(in_clause, FROM_NEIGHBOURS * like.best(near))
        anywhere = np.maximum(in_near, FROM_NEIGHBOURS * like.best(section))
        back = self._matcher.weights(texts[0])
        return Features(
            clause=coverage(values, in_clause),
            sentence=coverage(values, in_near),
            section=coverage(values, anywhere),
            missed=1.0 - float(anywhere[int(np.argmax(values))]) if values else 0.0,
            exact=coverage(values, like.best((*here, *near, *section), forms_only=True)),
            about=coverage(list(back.values()), like.back(list(back))),
            narrowed=coverage(values, like.narrowed(tagged(texts[0]))),
            meaning=float(self._clauses[hit.passage.id] @ topic),
            lexical=hit.lexical,
            dense=hit.dense,
            figure=figure_fit(search, texts[0]),
            kind=float(search.filter.kind is None or hit.passage.context.kind == search.filter.kind),
            caption=float(self._store.paragraph(hit.passage.paragraph_id).role == "caption"),
            other_place=float(self._names_other_place(search.filter, hit)),
            guess=float(search.filter.doubts(Subject(hit.passage.context))),
        )

    def _names_other_place(self, filter_: Filter, hit: Hit) -> bool:
        """Whether a clause is about a place of its own: one that is neither asked about nor that of its section."""
        own = hit.passage.context.place
        if hit.passage.id not in self._places:
            near = frozenset([own]) if own else frozenset()
            self._places[hit.passage.id] = frozenset(m.place.label for m in find_places(hit.passage.text, near))
        return bool(self._places[hit.passage.id] - {own, *filter_.places})
