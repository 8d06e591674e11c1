"""The texts that the embedded model is trained on, read from the data folder beside the project.

Every reader streams, keeps the order of its file and needs nothing but the standard library. `held_out` marks the
slice that is never trained on; it depends on the text alone, so that every step of the pipeline draws the same line.
"""

import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

HELD_OUT_NTREX_ROWS = 240
SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?[”」』）)]?")


@dataclass(frozen=True)
class Reading:
    """A question, the passage that answers it, and the answer as it stands there."""

    question: str
    passage: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A text under a path of headings; the body is in sentences."""

    headings: tuple[str, ...]
    sentences: tuple[str, ...]


def held_out(key: str, share: int) -> bool:
    """Whether one text in `share` is kept back, decided by the text itself."""
    return crc32(key.encode()) % share == 0


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its closing mark."""
    return [part for found in SENTENCE.finditer(text) if len(part := found.group().strip()) > 1]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks, in the length of a question that people ask."""
    return 6 <= len(sentence) <= 60 and sentence.rstrip("”」』）)").endswith(("？", "?"))


def _lines(path: Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield line.rstrip("\n")


def news(train: Path) -> Iterator[list[str]]:
    """Each news article as its sentences."""
    for line in _lines(train / "news.txt.xz"):
        yield sentences(line)


def headlines(train: Path) -> Iterator[tuple[str, str]]:
    """Headline and body of each broadcast item."""
    for line in _lines(train / "cctv_headlines.jsonl.xz"):
        row = json.loads(line)
        yield row["title"], row["body"]


def _law(name: str) -> str:
    """The name of a law without the day of its version."""
    return re.sub(r"\(\d{4}-\d\d-\d\d\)$", "", name)


def articles(train: Path) -> Iterator[tuple[str, str, str]]:
    """Law, number and text of each article of a statute."""
    for line in _lines(train / "laws.jsonl.xz"):
        row = json.loads(line)
        yield _law(row["law"]), row["article"], row["text"]


def laws(train: Path) -> Iterator[Section]:
    """Each article of a statute under the name of the law and its section."""
    for line in _lines(train / "laws.jsonl.xz"):
        row = json.loads(line)
        law = _law(row["law"])
        section = re.sub(r"^第\S+?[编章节]\s*", "", row["section"] or "")
        yield Section((law, section), tuple(sentences(row["text"])))


def reports(train: Path) -> Iterator[Section]:
    """Each paragraph of the national reports under its title and the numbered heading above it."""
    for line in _lines(train / "state_council_reports.jsonl.xz"):
        row = json.loads(line)
        heading = ""
        for paragraph in filter(None, (part.strip() for part in row["text"].split("\n"))):
            if len(paragraph) <= 30 and re.match(r"[（(]?[一二三四五六七八九十]+[、）)]", paragraph):
                heading = re.sub(r"^[（(]?[一二三四五六七八九十]+[、）)]\s*", "", paragraph)
            elif len(paragraph) > 20:
                yield Section((row["title"], heading), tuple(sentences(paragraph)))


def cmrc(train: Path) -> Iterator[Reading]:
    """The reading-comprehension questions of CMRC 2018, train split."""
    yield from _readings(train / "cmrc2018_train.jsonl.xz")


def drcd(train: Path) -> Iterator[Reading]:
    """The reading-comprehension questions of DRCD, dev split, in traditional characters."""
    yield from _readings(train / "drcd_dev.jsonl.xz")


def _readings(path: Path) -> Iterator[Reading]:
    for line in _lines(path):
        row = json.loads(line)
        answers = row["answers"] if isinstance(row["answers"], list) else [row["answers"]]
        yield Reading(row["question"], row["passage"], tuple(str(answer) for answer in answers))


def english(train: Path) -> Iterator[tuple[str, str]]:
    """English and Chinese sentences that translate each other."""
    for line in _lines(train / "zh_en.tsv.xz"):
        parts = line.split("\t")
        if len(parts) == 3:
            yield parts[1], parts[2]


def report_english(train: Path) -> Iterator[tuple[str, str]]:
    """English and Chinese sentences of the national reports of three years that translate each other."""
    for line in _lines(train / "state_council_zh_en.tsv.xz"):
        parts = line.split("\t")
        if len(parts) == 3:
            yield parts[1], parts[2]


def many_languages(train: Path) -> Iterator[tuple[str, str]]:
    """English sentences and their translations into 111 languages."""
    for line in _lines(train / "tatoeba_multi.tsv.xz"):
        parts = line.split("\t")
        if len(parts) == 3:
            yield parts[1], parts[2]


def ntrex_rows(train: Path) -> Iterator[list[str]]:
    """The languages, then news sentences, each in sixteen languages: English first, then Chinese."""
    for line in _lines(train / "ntrex_first1000.tsv.xz"):
        yield line.split("\t")


def dictionary(train: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Traditional form, simplified form and the English glosses of each entry of CC-CEDICT."""
    for line in _lines(train / "cedict.tsv.xz"):
        parts = line.split("\t")
        if len(parts) == 3:
            glosses = [clean for raw in parts[2].split("/") if (clean := clean_gloss(raw))]
            yield parts[0], parts[1], glosses


def clean_gloss(gloss: str) -> str:
    """A gloss without its notes: no brackets, classifiers or cross-references."""
    if re.match(r"(CL:|see |variant of|old variant|abbr\. |surname |also |used in )", gloss.strip()):
        return ""
    return re.sub(r"\s+", " ", re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", gloss)).strip(" ,;")
