"""Hard negatives: for each pair, passages of the same source that look like its answer and are not.

They are looked for among the pairs of the same chunk (some tens of thousands, shuffled), by BM25 over the tokens of the
training pairs or by a model that was trained before. Pairs of the same group are never each other's negatives; with the
model a passage that scores nearly as well as the right one may be right too, and is passed over (Moreira et al. 2024,
"NV-Retriever").
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from index.training.arrays import PairArrays, Ragged

By = Literal["bm25", "model"]
Scorer = Callable[[NDArray[np.int64]], NDArray[np.float32]]
CHUNK = 20_000  # pairs
SCORED_AT_ONCE = 500
PER_PAIR = 4
TOO_GOOD = 0.95  # share of the right passage's score


def mine(pairs: PairArrays, score_by: Callable[[Ragged, Ragged], Scorer], seed: int) -> NDArray[np.int64]:
    """Numbers of the negatives of each pair, (pairs, PER_PAIR); -1 where there are fewer.

    `score_by(queries, passages)` gives a function from query numbers (n,) to scores (n, passages).
    """
    order = np.random.default_rng(seed).permutation(len(pairs))
    found = np.full((len(pairs), PER_PAIR), -1, np.int64)
    for start in range(0, len(pairs), CHUNK):
        chunk = np.sort(order[start : start + CHUNK])
        groups = pairs.groups[chunk]
        scorer = score_by(pairs.queries.take(chunk), pairs.passages.take(chunk))
        for first in range(0, len(chunk), SCORED_AT_ONCE):
            here = np.arange(first, min(first + SCORED_AT_ONCE, len(chunk)))
            found[chunk[here]] = _hardest(scorer(here), here, groups, chunk)
    return found


def _hardest(
    scores: NDArray[np.float32], here: NDArray[np.int64], groups: NDArray[np.int64], chunk: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The best wrong passages of the queries `here` of a chunk, (len(here), PER_PAIR), as numbers of pairs."""
    own = scores[np.arange(len(here)), here]
    wrong = (groups[here][:, None] != groups[None, :]) & (scores < TOO_GOOD * own[:, None]) & (scores > 0)
    scores = np.where(wrong, scores, -1)
    many = min(PER_PAIR, len(chunk))
    best = np.argpartition(-scores, many - 1, axis=1)[:, :many]
    numbers = np.where(np.take_along_axis(scores, best, axis=1) > 0, chunk[best], -1)
    return np.pad(numbers, ((0, 0), (0, PER_PAIR - many)), constant_values=-1)


def by_bm25(queries: Ragged, passages: Ragged) -> Scorer:
    """BM25 (Lucene's) over token numbers."""
    from bm25s import BM25

    ids = [sorted_tokens.tolist() for sorted_tokens in passages.rows()]
    model = BM25(method="lucene", backend="numpy")
    model.index((ids, {str(token): token for token in range(int(passages.tokens.max()) + 1)}), show_progress=False)
    known = set(np.unique(passages.tokens).tolist())
    asked = [sorted(known & set(row.tolist())) for row in queries.rows()]

    def scores(numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.stack([model.get_scores_from_ids(asked[number]) for number in numbers])

    return scores


def by_model(weights: NDArray[np.float32]) -> Callable[[Ragged, Ragged], Scorer]:
    """Cosines of the means of the vectors `weights` (tokens, dim)."""

    def embed(rows: Ragged) -> NDArray[np.float32]:
        sums = np.stack([weights[row].sum(axis=0) for row in rows.rows()])
        unit: NDArray[np.float32] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        return unit

    def prepared(queries: Ragged, passages: Ragged) -> Scorer:
        asked, given = embed(queries), embed(passages)
        return lambda numbers: asked[numbers] @ given.T

    return prepared
