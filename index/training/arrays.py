"""Tokenised training pairs on disk: flat arrays that are memory-mapped while training.

A ragged list of token rows is two arrays: all tokens in one (uint16), and where each row starts (int64, one more
than rows).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.training.pairs import Pair

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Tokens = NDArray[np.integer]  # uint16 on disk
Starts = NDArray[np.int64]
CHUNK = 20_000
LONGEST_ROW = 320  # tokens of one side of a pair
SEEN = 20  # pairs looked at for one that is kept, where few are wanted


@dataclass(frozen=True)
class Ragged:
    """Rows of tokens of different length."""

    tokens: Tokens
    starts: Starts

    def __post_init__(self) -> None:
        if self.starts[-1] != len(self.tokens):
            raise ValueError(f"rows end at {self.starts[-1]}, but there are {len(self.tokens)} tokens")

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self) -> Iterator[Tokens]:
        """The tokens of each row."""
        return (self.tokens[a:b] for a, b in pairwise(self.starts))

    def take(self, rows: NDArray[np.int64]) -> "Ragged":
        """The rows of the given numbers, in that order."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        where = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Ragged(self.tokens[where], starts)

    def thin(self, share: float, rng: np.random.Generator) -> "Ragged":
        """The same rows with about `share` of their tokens dropped, at least one token kept in each."""
        if not share or not len(self.tokens):
            return self
        keep = rng.random(len(self.tokens)) >= share
        keep[self.starts[:-1]] |= np.add.reduceat(keep, self.starts[:-1]) == 0
        return Ragged(self.tokens[keep], np.concatenate(([0], np.cumsum(np.add.reduceat(keep, self.starts[:-1])))))


@dataclass(frozen=True)
class PairArrays:
    """The pairs of one source: row i of both sides belongs together, in group `groups[i]`.

    `negatives`, (pairs, some), when they were mined: numbers of pairs whose passages are hard to tell from that of
    pair i, -1 for none.
    """

    queries: Ragged
    passages: Ragged
    groups: NDArray[np.int64]
    negatives: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not len(self.queries) == len(self.passages) == len(self.groups):
            raise ValueError("the sides of the pairs differ in number")

    def __len__(self) -> int:
        return len(self.groups)


def encode(tokenizer: "Tokenizer", made: Iterable[Pair], most: int, *, joined: bool = False) -> PairArrays:
    """Tokenise up to `most` pairs; pairs with an empty side are left out.

    `joined`: the parts of a side as one text, for pieces that tell where a text begins.
    """
    queries: list[Tokens] = []
    passages: list[Tokens] = []
    groups: list[int] = []
    stream = (Pair(("".join(p.query),), ("".join(p.passage),), p.group) if joined else p for p in islice(made, most))
    while chunk := list(islice(stream, CHUNK)):
        for query, passage, group in _chunk(tokenizer, chunk):
            queries.append(query)
            passages.append(passage)
            groups.append(group)
    return PairArrays(_ragged(queries), _ragged(passages), np.array(groups, dtype=np.int64))


def sampled(made: Iterable[Pair], most: int, rng: Random) -> list[Pair]:
    """`most` of the first SEEN times as many pairs, each as likely as another (reservoir sampling, Vitter 1985)."""
    kept: list[Pair] = []
    for number, pair in enumerate(islice(made, SEEN * most)):
        place = number if number < most else rng.randrange(number + 1)
        if place < most:
            kept[place : place + 1] = [pair]
    return kept


def _chunk(tokenizer: "Tokenizer", chunk: Sequence[Pair]) -> Iterator[tuple[Tokens, Tokens, int]]:
    """The pairs as tokens; each different part is tokenised once."""
    parts = list(dict.fromkeys(part for pair in chunk for side in (pair.query, pair.passage) for part in side))
    encoded = tokenizer.encode_batch_fast(parts, add_special_tokens=False)
    known = {part: np.array(found.ids, dtype=np.uint16) for part, found in zip(parts, encoded, strict=True)}
    nothing = np.empty(0, dtype=np.uint16)
    for pair in chunk:
        query, passage = (
            np.concatenate([nothing, *(known[part] for part in side)])[:LONGEST_ROW]
            for side in (pair.query, pair.passage)
        )
        if len(query) and len(passage):
            yield query, passage, pair.group


def _ragged(rows: list[Tokens]) -> Ragged:
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64)
    return Ragged(np.concatenate(rows) if rows else np.empty(0, dtype=np.uint16), starts)


def save(arrays: PairArrays, folder: Path) -> None:
    """Write the pairs of one source into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, side in (("queries", arrays.queries), ("passages", arrays.passages)):
        np.save(folder / f"{name}.npy", side.tokens)
        np.save(folder / f"{name}_starts.npy", side.starts)
    np.save(folder / "groups.npy", arrays.groups)


def negatives_path(folder: Path, by: str) -> Path:
    """Where the negatives of a source lie that were found by `bm25` or by the `model`."""
    return folder / f"negatives-{by}.npy"


def load(folder: Path, mined: str = "bm25") -> PairArrays:
    """Open the pairs of one source and its mined negatives if any; tokens stay on disk until used."""
    sides = [
        Ragged(np.load(folder / f"{name}.npy", mmap_mode="r"), np.load(folder / f"{name}_starts.npy"))
        for name in ("queries", "passages")
    ]
    path = negatives_path(folder, mined)
    negatives = np.load(path) if path.is_file() else None
    return PairArrays(sides[0], sides[1], np.load(folder / "groups.npy"), negatives)
