"""What every way of answering is: it drafts an answer from what was found, or leaves the question to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from rag.answer.cutting import Cutter
from rag.answer.figures import Measures
from rag.types import Draft, Query

if TYPE_CHECKING:
    from index.storage.store import Store
    from rag.retrieve.found import Found
    from rag.retrieve.retriever import Retriever


class Answerer(Protocol):
    """One way of answering."""

    @property
    def name(self) -> str:
        """What a draft is signed with."""

    def draft(self, query: Query, found: Found) -> Draft | None:
        """The answer to `query`, for whose search there is `found`; None to leave it to others, a draft without
        statements to say that there is none."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What answerers draw on, of one index."""

    store: Store
    retriever: Retriever
    measures: Measures
    cutter: Cutter

    @classmethod
    def of(cls, store: Store, retriever: Retriever) -> Sources:
        """The sources of an index and its retriever."""
        return cls(store, retriever, Measures(store, retriever.name_fit), Cutter(store))


def rated(draft: Draft, found: Found) -> Draft:
    """`draft` with the hits of `found` and what is known of the best of them."""
    return replace(draft, ranked=found.ranked, hit=found.features)
