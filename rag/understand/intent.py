"""What a question asks for, by a learned linear head over the characters of its words.

`intent.json` holds its weights; `python -m evals.intent` fits them on `evals/questions/intents.tsv`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

QuestionType = Literal[
    "number", "list", "who", "where", "when", "what", "yesno", "compare", "rank", "trend", "summary", "beyond"
]
WEIGHTS = "intent.json"
LONGEST = 4  # characters, Latin words or numbers that are looked at together
SCALE = 100  # weights are kept as whole numbers
_TOKEN = re.compile(r"[a-z]+|\d+|[^\s_]")


@dataclass(frozen=True, slots=True)
class Intent:
    """What a text asks for."""

    type: QuestionType  # as for one place and time: never a table
    signs: frozenset[str]  # what else holds of it, of those that `evals.intent` names


def grams(text: str) -> set[str]:
    """The runs of up to `LONGEST` tokens of a text, its begin and its end among them; all numbers are one."""
    words = _TOKEN.findall(text.lower())
    tokens = ["^", *("0" if word[0].isdigit() else word for word in words), "$"]
    return {"".join(tokens[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(tokens) - n + 1)}


@cache
def _head() -> dict[str, Any]:
    head: dict[str, Any] = json.loads(files("rag.understand").joinpath(WEIGHTS).read_text("utf-8"))
    return head


def scores(found: Set[str]) -> list[int]:
    """What the runs `found` say for each label of the head, times `SCALE`; above 0 a sign holds."""
    head = _head()
    totals: list[int] = list(head["bias"])
    weights = head["weights"]
    for gram in found & weights.keys():
        row = iter(weights[gram])  # label, weight, label, weight ...
        for label, weight in zip(row, row, strict=True):
            totals[label] += weight
    return totals


@lru_cache(maxsize=4096)
def intent(text: str) -> Intent:
    """What a folded text asks for."""
    head = _head()
    totals, types = scores(grams(text)), len(head["types"])
    best = max(range(types), key=totals.__getitem__)
    signs = frozenset(sign for sign, total in zip(head["signs"], totals[types:], strict=True) if total > 0)
    return Intent(head["types"][best], signs)
