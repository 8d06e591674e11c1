"""Pairs out of the dictionary: entries and glosses, entries that share a gloss, and sentences put word by word.

The word-by-word English of a Chinese sentence is no translation, but the model reads a text as a bag of words, and for
a bag of words it comes close: it carries English words into the subjects of official Chinese.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from random import Random

Entry = tuple[str, str, list[str]]
MOST_SYNONYMS = 6  # entries under one gloss; a gloss with more is too vague to make synonyms


def translations(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Each entry with its glosses, and each gloss of its own."""
    for _, simplified, glosses in entries:
        if glosses:
            yield simplified, "; ".join(glosses)
            for gloss in glosses[:2]:
                yield gloss, simplified


def substitutes(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """For each word of two characters or more the others that share a gloss with it."""
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in synonyms(entries):
        if len(one) > 1 and len(other) > 1:
            found[one].append(other)
            found[other].append(one)
    return found


def synonyms(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Two entries that share an English gloss."""
    shared: dict[str, list[str]] = defaultdict(list)
    for _, simplified, glosses in entries:
        for gloss in glosses:
            if simplified not in shared[gloss.lower()]:
                shared[gloss.lower()].append(simplified)
    for words in shared.values():
        if 2 <= len(words) <= MOST_SYNONYMS:
            yield from ((one, other) for one in words for other in words if one < other)


def scripts(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """The traditional and the simplified form where they differ."""
    yield from ((traditional, simplified) for traditional, simplified, _ in entries if traditional != simplified)


def lexicon(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """The first short glosses of each word of two characters or more, names left out."""
    words: dict[str, tuple[str, ...]] = {}
    for _, simplified, glosses in entries:
        short = tuple(gloss.removeprefix("to ") for gloss in glosses[:3] if len(gloss.split()) <= 4)
        if short and (len(simplified) > 1 or simplified not in words):
            words.setdefault(simplified, short)
    return words


def inflected(word: str, known: Set[str], rng: Random) -> str:
    """An English word or one of its regular forms, as far as these are known words."""
    stem = word.removesuffix("e")
    forms = (form for form in (f"{word}s", f"{word}es", f"{stem}ed", f"{stem}ing") if form in known)
    return rng.choice((word, word, *forms))


def word_by_word(
    words: Iterable[str], lexicon_: dict[str, tuple[str, ...]], known: Set[str], rng: Random
) -> str | None:
    """A sentence in English words, or a short run of them; None when fewer than half of its words are known."""
    found, total = [], 0
    for word in words:
        total += 1
        if word in lexicon_:
            found.append(" ".join(inflected(part, known, rng) for part in rng.choice(lexicon_[word]).lower().split()))
        elif word.isascii() and word.isalnum():
            found.append(word)
    if len(found) < 3 or len(found) * 2 < total:
        return None
    if rng.random() < 0.5:
        size = rng.randint(2, 7)
        start = rng.randrange(max(1, len(found) - size))
        found = found[start : start + size]
    return " ".join(found)
