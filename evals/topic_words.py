"""Learn which words of a question are its topic: those that stand in the evidence that answers it and in no other.

Every word of the questions is looked for in the evidence of its question and in that of others, exactly or by likeness
(`rag.retrieve.word_match`). The share found less the share found by chance is how likely the word is topic; words asked
seldom lean on their part of speech. Counted are the training questions of the sets and, at a fifth of their weight,
those of CMRC 2018 (train). The held-out questions only measure.
usage: python -m evals.topic_words [--data FOLDER] [--write]
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from evals.dataset import ASKED_ON, SEED_QUESTIONS, load
from index import load_embedder
from index.text.normalize import fold
from index.text.places import find_places, short_names
from index.text.times import find_times
from index.training import sources
from rag.retrieve.word_match import WordMatcher, tagged, words

TABLE = Path("rag/understand/topic_words.tsv")
SETS = ("seeds.jsonl", "provinces.jsonl", "national.jsonl")
OTHERS = (17, 101, 263, 401)  # how far off in the list the evidence stands by which chance is counted
PUBLIC_WEIGHT, MOST_PUBLIC = 0.2, 20  # of a public question, and how many of them count for one word
OF_SPEECH, PUBLIC_SPEECH = 1.0, 20.0  # questions that the part of speech counts for, and the public ones for that
MOST_ROWS = 1_900
PLACES = frozenset().union(*map(short_names, (1, 2, 3)))  # which a question may name and its evidence takes for granted


class Pair(NamedTuple):
    """A question without its times and places, and the text that answers it."""

    question: str
    evidence: str


@dataclass(slots=True)
class Count:
    """In how many questions a word was asked, and how often it was found: in the evidence, and by chance."""

    asked: float = 0.0
    found: float = 0.0
    chance: float = 0.0

    def add(self, other: Count, weight: float = 1.0) -> None:
        """Count another's questions too, each for `weight`."""
        self.asked += weight * other.asked
        self.found += weight * other.found
        self.chance += weight * other.chance

    def share(self) -> float:
        """How likely the word is topic, in [0, 1]."""
        return max(0.0, (self.found - self.chance) / self.asked) if self.asked else 0.0


Counts = Mapping[tuple[str, str], Count]  # by word and the first letter of its part of speech


def plain(question: str) -> str:
    """The folded question without its times and places."""
    text = fold(question)
    for found in reversed(find_times(text, ASKED_ON.year, heading=True)):
        text = f"{text[: found.start]} {text[found.end :]}"
    for mention in reversed(find_places(text, frozenset())):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    return text


def own(split: str) -> Iterator[Pair]:
    """The answerable questions of one part of the sets."""
    for name in SETS:
        for question in load(SEED_QUESTIONS.with_name(name)):
            if question.split == split and question.answerable:
                yield Pair(plain(question.question), " ".join(e.snippet for e in question.evidence))


def public(data: Path) -> Iterator[Pair]:
    """The questions of CMRC 2018, train split, with the sentences that hold an answer."""
    for reading in sources.cmrc(data):
        said = [s for s in sources.sentences(reading.passage) if any(answer in s for answer in reading.answers)]
        yield Pair(plain(reading.question), " ".join(said) or reading.passage)


def counted(pairs: Sequence[Pair], matcher: WordMatcher) -> Counts:
    """How often each word of the questions is found."""
    counts: dict[tuple[str, str], Count] = defaultdict(Count)
    for at, pair in enumerate(pairs):
        speech = dict(tagged(pair.question))
        asked = [word for word in speech if not word.isascii() and word not in PLACES]
        own_, *others = (
            matcher.likeness(asked, found).best(found) if asked and found else [0.0] * len(asked)
            for found in (words(pairs[(at + off) % len(pairs)].evidence.lower()) for off in (0, *OTHERS))
        )
        for row, word in enumerate(asked):
            chance = sum(float(other[row]) for other in others) / len(OTHERS)
            counts[word, speech[word][:1]].add(Count(1.0, float(own_[row]), chance))
    return counts


def by_speech(ours: Counts, others: Counts) -> dict[str, Count]:
    """The counts of each part of speech; the public ones are worth a few questions, where ours are few."""
    found: dict[str, Count] = defaultdict(Count)
    for (_, tag), count in ours.items():
        found[tag].add(count)
    public_: dict[str, Count] = defaultdict(Count)
    for (_, tag), count in others.items():
        public_[tag].add(count)
    for tag, count in public_.items():
        found[tag].add(count, PUBLIC_SPEECH / count.asked)
    return dict(found)


def by_word(ours: Counts, others: Counts, speech: Mapping[str, Count]) -> dict[str, Count]:
    """The counts of each word, those of its part of speech as one question more."""
    found: dict[str, Count] = defaultdict(Count)
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    for (word, tag), count in ours.items():
        found[word].add(count)
        tags[word][tag] += int(count.asked)
    for (word, tag), count in others.items():
        found[word].add(count, PUBLIC_WEIGHT * min(1.0, MOST_PUBLIC / count.asked))
        tags[word][tag] += 1
    for word, count in found.items():
        prior = speech[tags[word].most_common(1)[0][0]]
        count.add(prior, OF_SPEECH / prior.asked)
    return found


def table(speech: Mapping[str, Count], found: Mapping[str, Count]) -> str:
    """The rows of the table: parts of speech (“/n”), then the words asked most."""
    most = sorted(found.items(), key=lambda item: (-item[1].asked, item[0]))[:MOST_ROWS]
    rows = [(f"/{tag}", count) for tag, count in sorted(speech.items())] + sorted(most)
    lines = [f"{w}\t{c.asked:.1f}\t{c.found:.1f}\t{c.chance:.1f}\t{c.share():.2f}" for w, c in rows]
    return "\n".join(("word\tasked\tfound\tchance\ttopic", *lines)) + "\n"


def error(counts: Counts, share: Mapping[str, float], speech: Mapping[str, float]) -> float:
    """The mean squared error of what is told of the words of other questions: how much more often than by chance each
    is found."""
    total = asked = 0.0
    for (word, tag), count in counts.items():
        told = share.get(word, speech.get(tag, 0.5))
        total += count.asked * (count.found / count.asked - count.chance / count.asked - told) ** 2
        asked += count.asked
    return total / asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--write", action="store_true", help=f"write {TABLE}")
    args = parser.parse_args()
    matcher = WordMatcher(load_embedder(), rows=1, frequency=lambda _: 1)
    ours, others = counted(list(own("train")), matcher), counted(list(public(args.data)), matcher)
    speech = by_speech(ours, others)
    found = by_word(ours, others, speech)
    shares, of_speech = ({k: c.share() for k, c in counts.items()} for counts in (found, speech))
    for name, counts in (("train", ours), ("held out", counted(list(own("heldout")), matcher))):
        learned, tags, none = (error(counts, *by) for by in ((shares, of_speech), ({}, of_speech), ({}, {})))
        print(f"{name}: mean squared error {learned:.3f}; by part of speech alone {tags:.3f}; by nothing {none:.3f}")
    if args.write:
        TABLE.write_text(table(speech, found), encoding="utf-8")


if __name__ == "__main__":
    main()
