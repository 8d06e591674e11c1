"""The topic of a question: the words that are likely to be topic (`topic_words`), less what is said in phrases, which
does not follow from their words (`spoken.tsv`)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.text.lexicon import any_of, rows, terms
from rag.retrieve.word_match import tagged
from rag.understand.topic_words import PACKAGE, TOPIC, learned, likely

ACTION = 0.8  # how likely to be topic, below which a verb that was met is done to many things: 完成, 建成
FIGURE = 0.6  # ... and to be what a figure is asked for, where it was met
_ROWS = rows("spoken.tsv", PACKAGE)
_WHOLE = terms(_ROWS, "whole")
# Phrases whose words by themselves would be topic: an unasked part, the year again, the place of a number.
_LEFT_OUT = re.compile(
    r"(?<![消清拆扫免废解])除(?:了[^，,]{2,16}|[^，,]{2,16}外)[，,]|[同那当这]一?[年期]|([是能会要])不\1"
    r"|(?<![重需主只首必纪])要(?=[建降办开拆改修增引添盖])|[来去](?=\s)|(?:几|多少)[个多百分点万亿成几]{1,8}(?:以上)?"
    rf"|(?:什么|哪些)[新主要重点具体的]{{0,4}}(?:{any_of(_WHOLE)})|{any_of(terms(_ROWS, 'frame'))}"
)
# “哪五条”, “5大”. Bounded, since what cannot be bounded is read again from each of its characters.
_COUNTED = re.compile(
    r"(?<!\d)(?:\d{1,16}|[一二两三四五六七八九十]{1,16})(?:个?方面|[个条项件点]|大(?![\u4e00-\u9fff]{0,16}学))(?=[^\d]|$)"
)
_ENGLISH_STOPS = re.compile(
    r"\b(?:the|a|an|of|in|on|at|to|by|for|and|or|is|are|was|were|be|been|do|does|did|will|would|it|its|s|that|this|with"
    r"|from|as|many|much|how|what|which|there|any|than|over|during|period|year)\b"
)
_AHEAD = re.compile("[^，,。；;？?、]{0,16}")
# What says which side of a thing is asked for, not which thing: “增速是多少”, “全国排第几”.
_SIDE = re.compile("全[国省市区县]|排[名行]?|[名位][次居]|[增涨降]长?[速幅率]?|总[量额值数]|[占比][比重例]|规模|人均")


_SPOKEN = {row["term"]: row["written"] for row in _ROWS if row["class"] == "spoken"}
_AS_SAID = re.compile(any_of(_SPOKEN))


def written(text: str) -> str:
    """A folded question with what is said as it is written."""
    return _AS_SAID.sub(lambda said: _SPOKEN[said[0]], text)


def topic(text: str, unit: re.Pattern[str]) -> str:
    """The words of `text`, a question without its places and times, that say what is asked about, separated by spaces;
    `unit` is how a unit is asked for."""
    counted = _COUNTED.sub(" ", unit.sub(" ", text))
    said = _LEFT_OUT.sub(" ", _ENGLISH_STOPS.sub(" ", counted))
    stripped = re.sub(r"[^\w%“”·+.]+|(?<!\d)\.|\.(?!\d)", " ", said)  # PM2.5 stays whole
    return " ".join(word for word, tag in tagged(stripped) if likely(word, tag) >= TOPIC)


def subject(topic: str) -> str:
    """A topic without the words that name no part of a report: “概括一下重点工作” asks about all of it."""
    return " ".join(word for word in topic.split() if word not in _WHOLE)


def sides(words: Iterable[str]) -> list[str]:
    """Those of the words of a topic that only say which side of a thing is asked for."""
    return [word for word in words if _SIDE.fullmatch(word)]


def says_little(topic: str) -> bool:
    """Whether a question with this topic leans on the one before it."""
    return all(_little(word) for word in topic.split())


def _little(word: str) -> bool:
    tag = next((tag for _, tag in tagged(word)), "n")
    acts = tag[:1] in "ad" or (tag[:1] == "v" and learned().get(word, 1.0) < ACTION)
    return len(word) < 2 or acts or _SIDE.fullmatch(word) is not None


def names_figure(text: str, at: int) -> bool:
    """Whether the name of what figures are asked of follows at `at`, times and plans aside: a noun met as topic."""
    for word, tag in tagged(_AHEAD.match(text, at)[0]):  # type: ignore[index]
        if tag[:1] not in "mt" and word != "新增" and learned().get(word, 1.0) >= TOPIC:
            met = word.isalpha() if word.isascii() else tag != "v" and learned().get(word, 0.0) >= FIGURE
            return len(word) > 1 and met
    return False
