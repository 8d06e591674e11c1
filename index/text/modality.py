"""What a wording says of its kind: whether it promises or reports. How much each piece of it leans to either side was
learned from reports that name the time of their parts in the headings (`python -m evals.modality`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from index.text.lexicon import rows
from index.types import Kind

WEIGHTS = Path(__file__).with_name("modality.json")
TELLS, SURE = 1.0, 3.5  # log odds from which a wording tells its kind, and from which it leaves no doubt
LENGTHS = (2, 3, 4)  # characters of a piece
LONGEST = 400  # characters that are read of a text
# Words that leave no doubt of the kind.
SAID: Mapping[Kind, re.Pattern[str]] = {
    kind: re.compile("|".join(row["term"] + row["where"] for row in rows("modality.tsv") if row["class"] == kind))
    for kind in ("target", "result")
}
_EDGES = " ，,。；;、：:！!"
_NUMBERING = r"[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*"
_GAP, _WIDE = "\n", str.maketrans(",;:()", "，；：（）")
_LEFT_OUT = re.compile(r"[今去明前本上]年|\d[\d.,]*(?:[万亿]?[\u4e00-\u9fff%％])?")
_NOTES = r"名词解释|[备附]?注释?"
_NUMBERED = re.compile(rf"^{_NUMBERING}")
_STAGE = re.compile(
    rf"^(?:{_NUMBERING})?(?:指导思想|总体要求|基本原则|编者的?[按话]|[前导]言|[导结]束?语|附件|{_NOTES})(?:和基本原则)?[:：]?$"
)
_LABEL = re.compile(rf"(?:[\u4e00-\u9fff]{{2}}(?:单位|部门|来源|时限)|联系人|附件?|{_NOTES})(?:[:：\s\d].*)?", re.S)
ASIDE_WITHIN = 90  # characters from the start in which an aside shows itself
# What a speech says beside its matter: greetings, thanks, difficulties, the guiding line, explanations of the targets.
_ASIDE = re.compile(
    r"^各位代表[：:！!]?$|^.{0,12}代表.{0,60}(?:报告|审议)|[清深]\S地?[看认]\S?到|面临.{0,12}[困挑]|成绩(?:的取|来)|[得样]的成绩|总.要求是"
    r"|表示.{2,6}[感敬][谢意]|^实现[上这以][述些上]目标|这些目标的?[确设]"
)
_CLOSING = re.compile(r"^让我们|让我们.{0,80}[斗力进搏]|^各位代表.{0,60}我们[一要]|为.{4,80}而.{2,4}奋斗")


def grams(text: str) -> list[str]:
    """The pieces of a text by which it is judged: neighbouring characters, with its start (^) and end ($). Figures
    with their units, numberings and years stand in none: a plan may hold as many as a review."""
    parts = f"^{_LEFT_OUT.sub(_GAP, _NUMBERED.sub('', text.translate(_WIDE)).strip(_EDGES))}$".split(_GAP)
    return [part[i : i + n] for part in parts for n in LENGTHS for i in range(len(part) - n + 1)]


@cache
def _weights() -> Mapping[str, float]:
    found: dict[str, float] = json.loads(WEIGHTS.read_text("utf-8"))
    return found


def score(text: str, weights: Mapping[str, float]) -> float:
    """The log odds that a text is planned, not done, by the `weights` of its pieces; that of "" counts always."""
    return weights[""] + sum(weights.get(gram, 0.0) for gram in set(grams(text)))


@lru_cache(maxsize=8192)
def leaning(text: str) -> float:
    """The log odds that a text promises (above zero) or reports (below), by its wording alone."""
    return score(text[:LONGEST], _weights())


def kind_of_wording(text: str) -> Kind:
    """The kind that the words alone suggest; "other" when they do not tell."""
    return "other" if sets_the_stage(text) else _kind(text, TELLS) or "other"


def strong_kind(text: str) -> Kind | None:
    """The kind that the words leave no doubt of, else None."""
    said = [kind for kind, words in SAID.items() if words.search(text)]
    return said[0] if len(said) == 1 else None if said else _kind(text, SURE)


def _kind(text: str, least: float) -> Kind | None:
    odds = leaning(text)
    return None if abs(odds) < least else "target" if odds > 0 else "result"


def calls_to_action(text: str) -> bool:
    """Whether a paragraph is the closing call of a speech, a greeting, thanks, or another aside without a figure."""
    return any((_CLOSING.search(text), _ASIDE.search(text[:ASIDE_WITHIN]), labels(text)))


def labels(text: str) -> bool:
    """Whether a line names who is responsible, a source, a note: it states nothing of the matter itself."""
    return _LABEL.fullmatch(text) is not None


def explains(heading: str) -> bool:
    """Whether a heading opens notes: definitions and sources, which speak of no time."""
    return re.fullmatch(rf"(?:{_NOTES})[:：]?", heading) is not None


def sets_the_stage(heading: str) -> bool:
    """Whether a heading opens a part that neither promises nor reports: guiding ideas, the editor's note."""
    return _STAGE.search(heading) is not None
