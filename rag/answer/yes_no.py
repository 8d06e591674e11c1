"""Yes or no, where a report says it in so many words; else the quote alone answers."""

from __future__ import annotations

from decimal import Decimal

from index.types import Kind
from rag.answer.arithmetic import Amount
from rag.answer.figures import Measures
from rag.retrieve.types import Ranked
from rag.types import Polarity, Query, Statement
from rag.understand import cues

SAID = 0.97  # share of the question's weight that the clause must have in the same words


def polarity(query: Query, best: Ranked, measures: Measures, statement: Statement) -> Polarity | None:
    """Whether `statement`, cut from the hit `best`, answers yes or no; None when it does not decide.

    Yes takes the question's words in the clause, no negation, no restriction that the question lacks, and the kind
    asked for. A figure in the question must be the one stated; a “no” is said only to one that is surely another.
    """
    claimed, words = query.asked.claimed, statement.words
    if min(best.features.exact, best.features.clause) < SAID or claimed.denied or cues.DENIES.search(words):
        return None
    if any(word in words and word not in claimed.restrictions for word in cues.RESTRICTING):
        return None
    if not _of_kind(query.kind, statement.context.kind):
        return None
    if not claimed.figures:
        return None if claimed.digits else "yes"
    return _of_figure(query, measures, statement) if len(claimed.figures) == 1 else None


def _of_kind(asked: Kind | None, kind: Kind) -> bool:
    """Whether what is said as `kind` answers yes or no: a target does not where none is asked for."""
    return kind != "other" and (kind == asked if asked else kind != "target")


def _of_figure(query: Query, measures: Measures, statement: Statement) -> Polarity | None:
    """Whether the figure that a statement states is the one that the question claims."""
    (claimed,) = query.asked.claimed.figures
    stated = [m for m in measures.chosen(query, [statement]) if m and m.amount and m.key[2] == claimed.base_unit]
    if not stated or stated[0].amount is None:
        return None
    return _within(stated[0].amount, Amount(claimed.number, claimed.qualifier))


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
