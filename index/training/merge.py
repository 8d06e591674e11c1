"""One table out of several runs that differ in their seed: rotated onto the first, scaled alike, averaged.

Each run finds the same likenesses in axes of its own; an orthogonal rotation (Schönemann 1966, the Procrustes problem)
brings them together, and the mean keeps what the runs agree on. It costs nothing in size or time.
"""

from collections.abc import Sequence

import numpy as np

from index.embed.embedder import Vectors


def merged(tables: Sequence[Vectors]) -> Vectors:
    """The mean of tables (pieces, dim) of one tokenizer, in the axes and the scale of the first."""
    first, *others = tables
    size = np.linalg.norm(first)
    aligned = [first]
    for table in others:
        left, _, right = np.linalg.svd(table.T.astype(np.float64) @ first)
        aligned.append((table @ (left @ right) * (size / np.linalg.norm(table))).astype(np.float32))
    return np.asarray(np.mean(aligned, axis=0), np.float32)
