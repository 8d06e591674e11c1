"""What retrieval tells of a hit: how it fits, and what tells whether the best one answers."""

from __future__ import annotations

from dataclasses import dataclass

from index.types import Hit


@dataclass(frozen=True, slots=True)
class Features:
    """How a passage fits a question; each in [0, 1] except `meaning`, a cosine, and `dense`."""

    clause: float  # share of the question's weight found in the clause
    sentence: float  # ... in the clause and its neighbours in the paragraph
    section: float  # ... with the headings above too
    missed: float  # how little the heaviest word of the question is found even there
    exact: float  # like section, words that stand there in the same, a longer or a shorter form only
    about: float  # share of the clause's weight that the question has
    narrowed: float  # share of the question's weight that the clause has behind a noun not asked for: 海洋|生产总值
    meaning: float  # cosine of the topic and the clause, by the static table
    lexical: float  # as in Hit
    dense: float  # as in Hit
    figure: float  # a number in the unit asked for, or a list if one is asked for, stands here; 1 for other questions
    kind: float  # the kind asked for, exactly
    caption: float  # a picture's caption
    other_place: float  # the clause names a place that was not asked about
    guess: float  # what it says is otherwise than what the question was guessed to mean


@dataclass(frozen=True, slots=True)
class Confidence:
    """What tells whether the best hit answers: its score, how much better the reports speak of the topic elsewhere, and
    its features."""

    score: float
    elsewhere: float  # score of the best hit without the constraints, less `score`; 0 when none is better
    margin: float  # score less that of the best hit in another paragraph, at most `ranking.WIDE_MARGIN`
    clause: float
    section: float
    missed: float
    exact: float
    figure: float
    meaning: float
    about: float
    narrowed: float
    dense: float
    unheard: float  # 1 when next to nothing of what is asked about is found, even by meaning
    stands_out: float  # how far its meaning lies above that of the other hits, as by `ranking.evidence`
    free: float  # 1 when the question names no place, time or kind: nothing but its topic says that it belongs here


@dataclass(frozen=True, slots=True)
class Ranked:
    """A hit with its features and its score, which is comparable between questions only roughly."""

    hit: Hit
    features: Features
    score: float
