"""Folding a question to one form: width, script, invisible characters, Chinese numerals where they are figures."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from index.text.numbers import number, plain

if TYPE_CHECKING:
    from opencc import OpenCC

_DIGITS = str.maketrans("〇零○Ｏ一二三四五六七八九", "0000123456789")
_YEAR = re.compile(r"[〇零○一二三四五六七八九]{4}(?=年)")
_SHORT_YEAR = re.compile(r"(?<![\d.])(2[0-9])(?=年(?!的?[来以内间龄时]))")
_PERCENT = re.compile(r"百分之([零〇一二两三四五六七八九十百点\d.]+)")


@cache
def _simplifier() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


def visible(text: str) -> str:
    """`text` without control characters, zero-width characters, bidirectional overrides and lone surrogates."""
    kept = (" " if c in "\t\r\n" else c for c in text)
    return "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))


def _percent(match: re.Match[str]) -> str:
    if re.fullmatch(r"[\d.]+", match[1]):
        return f"{match[1]}%"
    share = number(match[1])
    return match[0] if share is None else f"{plain(share)}%"


def fold(text: str) -> str:
    """One form of a question: visible characters, half width (NFKC), simplified script, figures in digits.

    The result is for understanding and searching; what is shown to the user is what the user wrote.
    """
    folded = unicodedata.normalize("NFKC", visible(text))
    if re.search(r"[\u4e00-\u9fff]", folded):
        folded = _simplifier().convert(folded)
    folded = _YEAR.sub(lambda m: m[0].translate(_DIGITS), folded)
    folded = _SHORT_YEAR.sub(r"20\1", folded)
    folded = _PERCENT.sub(_percent, folded)
    return re.sub(r"\s+", " ", folded).strip()
