"""A filter asked of all passages, or of all sections, of an index at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.search.filter import Filter, Subject
from index.search.fusion import Mask
from index.types import Context

if TYPE_CHECKING:
    from index.storage.store import Store

KEPT = 32  # filters whose rows and sections are kept
Section = tuple[str, tuple[str, ...]]  # report id, path of headings


class Columns:
    """The subjects of all passages of a store, to be asked for the rows that a filter admits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        years = {report.id: report.year for report in store.reports}
        distinct: dict[tuple[Context, int | None], int] = {}
        self._rows = np.array(
            [
                distinct.setdefault((p.context, years[store.paragraph(p.paragraph_id).report_id]), len(distinct))
                for p in store.passages
            ],
            np.int64,
        )
        self._subjects = [Subject(context, year) for context, year in distinct]
        self.mask = lru_cache(maxsize=KEPT)(self._mask)  # a question asks for the same ones several times

    def _mask(self, filter_: Filter) -> Mask:
        """Bool (passages,), not to be written to: the rows that `filter_` admits."""
        of_context = replace(filter_, names=())
        mask: Mask = np.array([of_context.admits(subject) for subject in self._subjects], np.bool_)[self._rows]
        if filter_.names:
            for row in np.flatnonzero(mask):
                mask[row] = filter_.admits(self._store.subject(self._store.passages[row]))
        mask.setflags(write=False)
        return mask


class Sections:
    """The sections of all reports that hold citable blocks, to be asked for those with a block that a filter admits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.admitted = lru_cache(maxsize=KEPT)(self._admitted)

    @cached_property
    def _held(self) -> tuple[list[Section], list[Subject], NDArray[np.int64]]:
        """Sections, distinct subjects, and the pairs (section, subject), (pairs, 2), that blocks make of them."""
        sections: dict[Section, int] = {}
        subjects: dict[Subject, int] = {}
        pairs: dict[tuple[int, int], None] = {}
        for block in self._store.paragraphs:
            if block.section and block.citable:
                section = sections.setdefault((block.report_id, block.section), len(sections))
                subject = replace(self._store.subject(block), words="")
                pairs[section, subjects.setdefault(subject, len(subjects))] = None
        return list(sections), list(subjects), np.array(list(pairs), np.int64).reshape(-1, 2)

    def _admitted(self, filter_: Filter) -> tuple[Section, ...]:
        """The sections, (report id, section path), in reading order. Names are looked for in no heading."""
        sections, subjects, pairs = self._held
        of_context = replace(filter_, names=())
        admitted = np.array([of_context.admits(subject) for subject in subjects], np.bool_)
        found: Sequence[int] = np.unique(pairs[admitted[pairs[:, 1]], 0]).tolist() if len(pairs) else []
        return tuple(sections[section] for section in found)
