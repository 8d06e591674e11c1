"""Which words stand ahead of the name of an indicator, rather than in it: verbs that say what was done, how and when.

The weights are learnt from where figures stand (`python -m evals.leads`): a part of speech has one, and a word that
differs from its part of speech has its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from index.text.lexicon import rows, terms

FILE = Path(__file__).with_name("leads.json")
_TABLE = rows("verbs.tsv")
CREATES = frozenset(terms(_TABLE, "create"))  # they say that something came into being
BEGINS = frozenset(terms(_TABLE, "begin"))  # between who does something and what it is done to
_DOES = CREATES | BEGINS | frozenset(terms(_TABLE, "do"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word that stands in a text from `start` on, with its part of speech as rjieba names it."""

    start: int
    text: str
    tag: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def creates(self) -> bool:
        return self.text in CREATES

    @property
    def does(self) -> bool:
        """Whether it is a verb of the table, whatever the segmentation takes it for."""
        return self.text in _DOES

    @property
    def known(self) -> bool:
        """Whether it has been seen, so that it is not judged by its part of speech alone."""
        return self.does or self.text in _weights()["words"]

    @property
    def odds(self) -> float:
        """The log odds that it stands ahead of a name."""
        weights = _weights()
        return weights["words"].get(self.text, weights["kinds"].get(kind_of(self.text, self.tag), -1.0))

    @property
    def leads(self) -> bool:
        """Whether it stands ahead of names."""
        return self.does or self.odds > 0


def kind_of(word: str, tag: str) -> str:
    """The part of speech, of verbs and adverbs with whether they have one character only."""
    return tag + "1" if len(word) == 1 and tag in ("v", "d") else tag


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    weights: Mapping[str, Mapping[str, float]] = json.loads(FILE.read_text("utf-8"))
    return weights


@lru_cache(maxsize=1 << 14)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text, in order."""
    import rjieba

    found, start = [], 0
    for word, tag in rjieba.tag(text):
        found.append(Word(start, word, tag))
        start += len(word)
    return tuple(found)
