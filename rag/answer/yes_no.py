"""Yes or no, where a report says it in so many words; else the quote alone answers."""

from __future__ import annotations

import re
from decimal import Decimal

from index.text.quantities import quantities
from rag.answer.arithmetic import Amount
from rag.answer.figures import Measures
from rag.retrieve.ranking import Ranked
from rag.types import Polarity, Query, Statement

SAID = 0.97  # share of the question's weight that the clause must have in the same words
_NOT = re.compile(r"没有|没能|未(?!来)|不(?!少于|低于|超过|高于|多于|断|仅|同|久)|无(?!障碍|人|线)|停止|取消|暂缓")
_PARTLY = re.compile(r"新增|部分|试点|探索|研究|争取|力争|推动|推进|加快|基本")  # what a clause claims less with
_ASKS_NOT = re.compile(r"有没有|是不是|会不会|能不能|要不要|还没|没有[？?]?$")


def polarity(query: Query, best: Ranked, measures: Measures, statement: Statement) -> Polarity | None:
    """Whether `statement`, cut from the hit `best`, answers yes or no; None when it does not decide.

    Yes takes the question's words in the clause, no negation, no restriction that the question lacks, and the kind
    asked for. A figure in the question must be the one stated; a “no” is said only to one that is surely another.
    """
    asked = _ASKS_NOT.sub("", query.text)
    if best.features.exact < SAID or best.features.clause < SAID or _NOT.search(asked) or _NOT.search(statement.words):
        return None
    if any(word not in asked for word in _PARTLY.findall(statement.words)):
        return None
    kind = statement.context.kind
    if kind == "other" or (query.kind is not None and kind != query.kind) or (query.kind is None and kind == "target"):
        return None
    figures = [q for q in quantities(query.text) if q.normalized is not None]
    if not figures:
        return None if re.search(r"\d", re.sub(r"\d{4}年", "", asked)) else "yes"
    wanted = Amount(figures[0].number or Decimal(0), figures[0].qualifier)
    stated = [m for m in measures.chosen(query, [statement]) if m and m.amount and m.key[2] == figures[0].base_unit]
    if len(figures) > 1 or not stated or stated[0].amount is None:
        return None
    return _within(stated[0].amount, wanted)


def _within(stated: Amount, wanted: Amount) -> Polarity | None:
    """Whether every number that the report may mean is one that the question asks about, or none is."""
    if "about" in (stated.qualifier, wanted.qualifier):
        return None
    if stated == wanted:
        return "yes"
    infinite = Decimal("Infinity")
    low, high = (b if b is not None else s for b, s in ((stated.low, -infinite), (stated.high, infinite)))
    least, most = (b if b is not None else s for b, s in ((wanted.low, -infinite), (wanted.high, infinite)))
    strict = wanted.qualifier == "over"
    if (low > least if strict else low >= least) and high <= most:
        return "yes"
    return "no" if high < least or low > most or (strict and high <= least) else None
