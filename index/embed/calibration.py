"""What the cosines of a model mean over the texts of an index, so that models can be exchanged.

The passages of a report have a cosine of 0.8 for one model and of 0.1 for another. Measured when an index is built: the
mean over questions made from passages and passages that they were not made from, which says nothing, and that over
questions and their own passages, which says most. A calibrated value is 0 for the one and 1 for the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np

from index.embed.pair import widths_of
from index.embed.types import Embedder, Vectors
from index.text.questions import question_from

MOST, ENOUGH = 200, 30  # passages looked at, and questions made; with fewer, general sentences are added
LEAST_SPREAD = 0.001  # between the two means, for a model that tells nothing apart
_SAMPLES = Path(__file__).with_name("samples.txt")


@dataclass(frozen=True, slots=True)
class Scale:
    """What the products of one part of the vectors mean: `nothing` and `most`, as above."""

    width: int
    nothing: float
    most: float

    @property
    def spread(self) -> float:
        """The distance between the two, never 0."""
        return max(self.most - self.nothing, LEAST_SPREAD)


def measured(embedder: Embedder, texts: Sequence[str], vectors: Mapping[str, Vectors]) -> tuple[Scale, ...]:
    """The scale of each part of the embedder's vectors over `texts`, whose rows are in `vectors`."""
    every = sorted(dict.fromkeys(texts))
    some = every[:: max(1, len(every) // MOST)][:MOST]
    rows = [vectors[text] for text in some]
    asked = _questions(some)
    if len(asked) < ENOUGH:
        general = _SAMPLES.read_text("utf-8").splitlines()
        some, rows = some + general, [*rows, *embedder.embed_passages(general)]
        asked = _questions(some)
    queries, passages = embedder.embed_queries(list(asked.values())), np.stack(rows)
    own = np.zeros((len(queries), len(passages)), bool)
    own[np.arange(len(asked)), list(asked)] = True
    scales = []
    for begin, end in pairwise([0, *np.cumsum(widths_of(embedder)).tolist()]):
        products = queries[:, begin:end] @ passages[:, begin:end].T
        scales.append(Scale(end - begin, float(products[~own].mean()), float(products[own].mean())))
    return tuple(scales)


def _questions(texts: Sequence[str]) -> dict[int, str]:
    """Questions that the last lines of texts answer, by number, the same every time; none where one says little."""
    made = (question_from(text.rpartition("\n")[2], Random(text)) for text in texts)
    return {number: question for number, question in enumerate(made) if question}
