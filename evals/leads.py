"""Learn which words stand ahead of the name of an indicator rather than in it, from where figures stand.

Nothing shows where the name begins in “累计建成5G基站3000个”. The figure does in “累计建成3000个5G基站”: ahead of it
are verbs and adverbs, and the name begins right behind it. So every clause of one figure with a noun behind it tells of
one or two words that stand ahead, and of words that names begin with. They are counted in national reports of before
2014 and in news. The weight of a word is the log odds that it stands ahead, drawn towards those of its part of speech
where it was seen seldom.
usage: python -m evals.leads [--data ../shared/data] [--write]
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import rjieba

from index.annotate.leads import FILE, kind_of
from index.text.quantities import quantities

ROOT = Path(__file__).parents[1]
ASKED_OF = 2014  # the national reports from this year on are those of the questions
SEGMENT = re.compile(r"[\u4e00-\u9fff]{2}[^，。；：！？、,;:\s（）()]{0,24}\d[^，。；：！？、,;:\s（）()]{2,32}")
SUMS = frozenset({"元", "美元", "%"})  # what stands behind them is paid or shared by them, not counted
PEOPLE = frozenset({"人", "名", "人次", "位", "例"})  # what stands behind them tells what they did: 5人受伤
HELD_OUT = 5  # every fifth clause is kept back
# A word has a weight of its own that was seen so often; one of a kind that is mostly in names, that is so sure.
SMOOTHING, LEAST, SURE = 4.0, 3, 0.75
OPEN = frozenset({"v", "d"})  # kinds whose words stand ahead if nothing else is known of them
KINDS = frozenset({"v", "v1", "vn", "ad", "d", "d1"})
ATTRIBUTIVE = frozenset({"a", "b", "uj"})  # what stands behind them is no predicate: 3个省级融资平台
UNKNOWN = 0.25  # share of the words of another kind that are taken to stand ahead before any is seen

Tagged = tuple[str, str]


@dataclass
class Counts:
    """How often a word stands ahead of a figure, and how often in a name behind one."""

    ahead: Counter[Tagged] = field(default_factory=Counter)
    named: Counter[Tagged] = field(default_factory=Counter)


def observed(text: str) -> Iterator[tuple[list[Tagged], list[Tagged]]]:
    """Of each clause with one figure and a noun behind it: the words that stand ahead, and those of the noun."""
    for match in SEGMENT.finditer(text):
        clause = match[0]
        found = quantities(clause)
        if len(found) != 1 or found[0].rank or found[0].base_unit in SUMS:
            continue
        ahead, behind = rjieba.tag(clause[: found[0].before]), rjieba.tag(clause[found[0].after :])
        if not ahead or not behind or behind[-1][1][0] != "n":
            continue
        last = 2 if len(ahead) > 1 and ahead[-1][1] in ("v", "vn", "ul") else 1
        named = [b for a, b in pairwise([("", "b"), *behind]) if a[1] in ATTRIBUTIVE]
        yield ahead[-last:], [] if found[0].base_unit in PEOPLE else named


def count(seen: Iterable[tuple[list[Tagged], list[Tagged]]]) -> Counts:
    counts = Counts()
    for ahead, named in seen:
        counts.ahead.update(ahead)
        counts.named.update(named)
    return counts


def fitted(counts: Counts) -> dict[str, dict[str, float]]:
    """The log odds of each kind of word, and of the words that were seen often enough."""
    ahead: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for tagged, n in counts.ahead.items():
        ahead[kind_of(*tagged)] += n
    for tagged, n in counts.named.items():
        named[kind_of(*tagged)] += n
    share = {kind: (ahead[kind] + 1) / (ahead[kind] + named[kind] + 2) if kind in OPEN else UNKNOWN for kind in KINDS}
    words = {}
    for word, tag in sorted(counts.ahead.keys() | counts.named.keys()):
        s, b, kind = counts.ahead[word, tag], counts.named[word, tag], kind_of(word, tag)
        if kind not in KINDS or s + b < LEAST:
            continue
        odds = math.log((s + SMOOTHING * share[kind]) / (b + SMOOTHING * (1 - share[kind])))
        if kind in OPEN or odds > SURE:
            words[word] = round(odds, 2)
    kinds = {kind: round(math.log(p / (1 - p)), 2) for kind, p in sorted(share.items())}
    return {"kinds": kinds, "words": words}


def right(weights: dict[str, dict[str, float]], seen: Iterable[tuple[list[Tagged], list[Tagged]]]) -> tuple[float, int]:
    """The share of words of the kinds in question that the weights tell right, and how many there were."""
    agree = total = 0
    for ahead, named in seen:
        for tagged, leads in [*((word, True) for word in ahead), *((word, False) for word in named)]:
            kind = kind_of(*tagged)
            if kind in KINDS:
                odds = weights["words"].get(tagged[0], weights["kinds"][kind])
                agree += (odds > 0) == leads
                total += 1
    return agree / total, total


def texts(data: Path) -> Iterator[str]:
    with lzma.open(data / "train/state_council_reports.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            report = json.loads(line)
            year = re.match(r"\d{4}", str(report["year"] or report["title"]))
            if year and int(year[0]) < ASKED_OF:
                yield report["text"]
    with lzma.open(data / "train/news.txt.xz", "rt", encoding="utf-8") as lines:
        yield from lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--write", action="store_true", help="write the weights that ship")
    given = parser.parse_args()
    seen = [each for text in texts(given.data) for each in observed(text)]
    train = [each for i, each in enumerate(seen) if i % HELD_OUT]
    kept = seen[::HELD_OUT]
    weights = fitted(count(train))
    bare = {"kinds": weights["kinds"], "words": {}}
    for name, these in (("train", train), ("held out", kept)):
        told, n = right(weights, these)
        by_kind, _ = right(bare, these)
        print(
            f"{name}: {n} words of {len(these)} clauses, told right {told:.4f}; by part of speech alone {by_kind:.4f}"
        )
    shipped = fitted(count(seen))
    print(f"{len(shipped['words'])} words have a weight of their own")
    if given.write:
        FILE.write_text(json.dumps(shipped, ensure_ascii=False, indent=0, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
