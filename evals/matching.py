"""When a figure or a snippet counts as standing in a text. The same folding as the shared scorer uses."""

from __future__ import annotations

import re
import unicodedata


def norm(text: str) -> str:
    """Fold width and case, drop whitespace and thousands commas."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def occurs(part: str, text: str) -> bool:
    """Whether `part` stands in `text`, never as a piece of a longer number: 4万 is not in 24万."""
    folded = norm(part)
    if not folded:
        return True
    before = "(?<![0-9.])" if folded[0].isdigit() else ""
    after = r"(?![0-9]|\.[0-9])" if folded[-1].isdigit() else ""
    return re.search(before + re.escape(folded) + after, norm(text)) is not None


def strip_markers(answer: str) -> str:
    """The answer without its citation markers ``[1]``."""
    return re.sub(r"\[\d+\]", "", answer)
