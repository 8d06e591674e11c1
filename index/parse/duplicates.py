"""Blocks that are printed more than once. One copy is canonical; the others point to it."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence

from index.parse.outline import Block
from index.text.modality import leaning

LONG = 30  # characters from which one equal block is a copy by itself; shorter ones need a neighbour that is copied too
MANY = 20  # copies of one text from which each is compared with the next one only, to keep the time linear
SIMILAR = 0.8  # ratio from which the block between two copies, or before one, is a copy as well
LONGEST = 300  # characters of a heading that is compared word by word: that takes the square of them
_NUMBERING = re.compile(r"^(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*)")


def _normal(text: str) -> str:
    return re.sub(r"\s+", "", _NUMBERING.sub("", text))


def _figures(text: str) -> list[str]:
    return re.findall(r"(?<!\d)\d++(?:\.\d++)?[%％万亿个家人件项处座所]", text)


def _root(block: Block) -> int:
    """The outermost heading above, -1 where there is none."""
    return block.section[0] if block.section else -1


def _equal_groups(blocks: Sequence[Block]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, block in enumerate(blocks):
        if block.role in ("item", "paragraph", "heading", "table"):
            groups[_normal(block.text)].append(i)
    return {text: where for text, where in groups.items() if len(where) > 1}


def _copies(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of blocks that are copies: long, or with an equal neighbour on the same side."""
    pairs = set()
    for where in _equal_groups(blocks).values():
        many = len(where) > MANY
        pairs |= {(i, j) for n, i in enumerate(where) for j in (where[n + 1 : n + 2] if many else where[n + 1 :])}
    return sorted(
        (i, j) for i, j in pairs if len(blocks[i].text) >= LONG or (i + 1, j + 1) in pairs or (i - 1, j - 1) in pairs
    )


def _votes(blocks: Sequence[Block], pairs: Sequence[tuple[int, int]]) -> dict[frozenset[int], float]:
    """For each pair of chapters that share copies: how much more the copies read as plans than as results."""
    votes: dict[frozenset[int], float] = defaultdict(float)
    for i, j in pairs:
        votes[frozenset((_root(blocks[i]), _root(blocks[j])))] += leaning(blocks[i].text)
    return votes


def _right_heading(blocks: Sequence[Block], i: int, j: int, plans: float) -> int:
    """Which of two copies stands under the right heading: plans under a plan, results under a review."""
    fits = [r >= 0 and leaning(blocks[r].text) * plans > 0 for r in (_root(blocks[i]), _root(blocks[j]))]
    return j if fits[1] and not fits[0] else i


def _near(blocks: Sequence[Block], pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Headings that lead copies and differ in a few words only: the same figures, nearly the same text."""
    found, known = [], set(pairs)
    for i, j in pairs:
        a, b = i - 1, j - 1
        if a < 0 or (a, b) in known or blocks[a].role != "heading" or blocks[b].role != "heading":
            continue
        left, right = _normal(blocks[a].text), _normal(blocks[b].text)
        if max(len(left), len(right)) > LONGEST or _figures(left) != _figures(right):
            continue
        if difflib.SequenceMatcher(None, left, right).ratio() >= SIMILAR:
            found.append((a, b))
    return found


def find_duplicates(blocks: Sequence[Block]) -> dict[int, int]:
    """Index of each copy -> index of its canonical block, which is never itself a copy."""
    pairs = _copies(blocks)
    pairs = sorted(set(pairs) | set(_near(blocks, pairs)))
    votes = _votes(blocks, pairs)
    canonical: dict[int, int] = {}

    def find(i: int) -> int:
        way = []
        while i in canonical:
            way.append(i)
            i = canonical[i]
        canonical.update(dict.fromkeys(way, i))  # so that a long chain of copies is walked once
        return i

    for i, j in pairs:
        a, b = find(i), find(j)
        if a != b:
            winner = _right_heading(blocks, a, b, votes[frozenset((_root(blocks[i]), _root(blocks[j])))])
            canonical[b if winner == a else a] = winner
    return {i: find(i) for i in canonical}
