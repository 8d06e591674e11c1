"""How likely a word of a question is its topic.

`topic_words.tsv` is made by `python -m evals.topic_words`: for each word how much more often it stands in the evidence
of its question than in that of others, and the same by part of speech for the words it never met.
"""

from __future__ import annotations

import re
from functools import cache

from index.text.lexicon import rows

PACKAGE = "rag.understand"
TOPIC = 0.2  # how likely a word has to be topic to stay in it
_CLOSED = frozenset("ucprymq")  # particles, conjunctions, prepositions, pronouns, moods, counts are no topic
_OF_ASKING = re.compile(r"[哪几啥谁何怎]|什么|多少")


@cache
def learned() -> dict[str, float]:
    """How likely each word that was met is topic, and each part of speech (“/n”), in [0, 1]."""
    return {row["word"]: float(row["topic"]) for row in rows("topic_words.tsv", PACKAGE)}


def likely(word: str, tag: str) -> float:
    """How likely a word of a question is topic, in [0, 1]; `tag` is its part of speech."""
    if word.isascii():
        return 1.0  # what is said in Latin letters is a name, or is found by its meaning
    if tag[:1] in _CLOSED or _OF_ASKING.search(word):
        return 0.0
    return learned().get(word, learned().get(f"/{tag[:1]}", 0.5))
