"""Place, time and kind as constraints: which passages may answer a question at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from index.text.places import same
from index.types import Context, Kind, Passage
from rag.types import Query

Mask = NDArray[np.bool_]
# What may answer a question about each kind. Over several years a result is a cumulative one.
_FITS: dict[Kind, frozenset[Kind]] = {
    "target": frozenset(("target", "other")),
    "result": frozenset(("result", "cumulative", "other")),
    "cumulative": frozenset(("cumulative", "result")),
    "other": frozenset(("target", "result", "cumulative", "other")),
}


def kind_fits(asked: Kind | None, kind: Kind) -> bool:
    """Whether a passage of `kind` may answer a question about `asked`; None asks about any."""
    return asked is None or kind in _FITS[asked]


def place_fits(context: Context, places: Collection[str]) -> bool:
    """Whether a passage is about one of `places`; none given: any place fits."""
    return not places or any(same(context.place, place) for place in places)


def time_fits(context: Context, years: Collection[int], period: tuple[int, int] | None, *, as_of: bool = False) -> bool:
    """Whether a passage speaks of one of `years`, or of `period`; neither given: any time fits. With `as_of` a period
    that ends with one of `years` fits too."""
    if not years and period is None:
        return True
    ends = as_of and context.period is not None and context.period[1] in years
    return ends or context.year in years or (period is not None and context.period == period)


def fits(query: Query, context: Context) -> bool:
    """Whether what is said in `context` may answer `query`: its place, time and kind are those asked for."""
    return (
        place_fits(context, query.places)
        and time_fits(context, query.years, query.period, as_of=query.as_of)
        and kind_fits(query.kind, context.kind)
    )


class ContextTable:
    """The contexts of all passages, to be asked for the rows that fit."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        distinct: dict[Context, int] = {}
        rows = [distinct.setdefault(p.context, len(distinct)) for p in passages]
        self._contexts = list(distinct)
        self._rows = np.array(rows, np.int64)

    def mask(
        self,
        *,
        places: Collection[str] = (),
        years: Collection[int] = (),
        period: tuple[int, int] | None = None,
        as_of: bool = False,
        kind: Kind | None = None,
    ) -> Mask:
        """Bool (passages,): the rows that fit everything that is given."""
        fits = [
            place_fits(c, places) and time_fits(c, years, period, as_of=as_of) and kind_fits(kind, c.kind)
            for c in self._contexts
        ]
        mask: Mask = np.array(fits, np.bool_)[self._rows]
        return mask
