"""The times of a question held against those that the reports cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.search.filter import Aspect as Condition
from index.text.times import Time
from index.types import Coverage
from rag.types import Query

_GUESS: frozenset[Condition] = frozenset(("time",))


def settled(query: Query, times: Sequence[Time], coverage: Coverage) -> Query:
    """Relative years that no report covers mean the newest covered one; either way the year taken is named.

    A stretch of years that no report covers as such means its first and its last year.
    """
    relative = any(t.relative for t in times)
    if query.type == "trend":
        return _each_year(query, coverage, relative=relative)
    periods = sorted({c.period for c in coverage.contexts if c.period})
    if query.period and query.period not in periods:
        if not relative:
            return replace(query, period=None, years=query.period, type="compare")
        if periods:
            return replace(query, period=max((p for p in periods if p <= query.period), default=periods[0]))
    return _newest(query, coverage) if relative and query.years else query


def _each_year(query: Query, coverage: Coverage, *, relative: bool) -> Query:
    """A trend over the covered years of its period; the last years go on to the year of asking."""
    if query.period is None:
        return query
    first, last = query.period
    years = tuple(y for y in coverage.years if first <= y <= last + relative)
    return replace(query, period=None, years=years)


def _newest(query: Query, coverage: Coverage) -> Query:
    """A question for relative years with the newest covered one, a guess, in the place of one that is not covered."""
    covered = coverage.years
    years = tuple(y if y in covered or not covered else covered[-1] for y in query.years)
    guessed = query.guessed if years == query.years else query.guessed | _GUESS
    return replace(query, years=tuple(dict.fromkeys(years)), assumed_year=years[0], guessed=guessed)
