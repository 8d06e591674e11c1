"""Standard names of indicators and what people call them for short, in Chinese and in English.

The Chinese entries are common abbreviations of the National Bureau of Statistics' indicators; the English ones are the
usual translations of those and of everyday matters of a city government. What is not listed is left to the embedding.
"""

from __future__ import annotations

import re

from index.text.lexicon import any_of, rows

_FORMAL = {row["term"]: row["written"] for row in rows("terms.tsv", "rag.understand")}
_SHORT = re.compile(f"({any_of(_FORMAL)})(?:(?<=[值P])总量)?", re.IGNORECASE)
_ENGLISH = tuple(
    (re.compile(rf"\b(?:{row['term']})\b"), row["written"])
    for row in rows("english.tsv", "rag.understand")
    if row["class"] == "thing"
)


def formal(text: str) -> str:
    """`text` with short names of indicators in the form of the reports."""
    return _SHORT.sub(lambda short: _FORMAL[short[1].upper()], text)


def translated(text: str) -> str:
    """A lower-case English question with the names of indicators in Chinese; the rest as it is, singular."""
    for pattern, chinese in _ENGLISH:
        text = pattern.sub(f" {chinese} ", text)
    return re.sub(r"\b([a-z]{3,}[^s\W])s\b", r"\1", text)
