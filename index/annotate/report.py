"""A text and what is known of it -> a report with its paragraphs, passages and facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from index.annotate.context import Frame, contexts, frame_of, infer_place, infer_year, told_apart
from index.annotate.facts import facts_of
from index.annotate.passages import passages_of
from index.parse.duplicates import find_duplicates
from index.parse.front_matter import told_by
from index.parse.outline import Block, outline
from index.text.places import find_places
from index.types import Fact, Paragraph, Passage, Report


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A report, all its blocks in reading order, and the passages and facts of those that can be cited."""

    report: Report
    paragraphs: tuple[Paragraph, ...]
    passages: tuple[Passage, ...]
    facts: tuple[Fact, ...]


def _text(metadata: Mapping[str, object], key: str) -> str | None:
    value = metadata.get(key)
    return str(value) if value else None


def _settled(place: str, file: str, texts: Sequence[str], year: int | None) -> str:
    """The place that the metadata name, under its label: of a name that several places share, the one that file and
    text tell. So a report of 徐州市鼓楼区 never has the name of 南京市鼓楼区."""
    found = find_places(place)
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(place)):
        return told_apart(found[0], file, texts, year)
    return place


def _describe(blocks: Sequence[Block], file: str, sha256: str, metadata: Mapping[str, object]) -> Report:
    """What the metadata says of the report, and what the text tells where they are silent."""
    titles = [b.text for b in blocks if b.role == "title"]
    title = _text(metadata, "title") or (titles[0] if titles else file.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    texts = [*titles, *(b.text for b in blocks if b.role != "title")]
    told = told_by(b.text for b in takewhile(lambda b: b.role in ("title", "furniture"), blocks))
    named = " ".join([title, *titles])
    said = metadata.get("year")
    year = int(str(said)) if said else infer_year(named, texts)
    place = _text(metadata, "place")
    return Report(
        id=sha256[:12],
        title=title,
        place=_settled(place, file, texts, year) if place else infer_place(named, texts, file=file, year=year),
        year=year,
        genre=_text(metadata, "genre"),
        publisher=_text(metadata, "publisher") or told.get("publisher"),
        date=_text(metadata, "date") or told.get("date"),
        file=file,
        sha256=sha256,
    )


def _ids(report_id: str, blocks: Sequence[Block]) -> list[str]:
    """Ids made of the report and the content, so that they survive a rebuild; a repeated text counts its turn."""
    seen: dict[str, int] = {}
    ids = []
    for block in blocks:
        content = f"{report_id}\0{block.role}\0{block.text}"
        turn = seen[content] = seen.get(content, 0) + 1
        ids.append(hashlib.sha256(f"{content}\0{turn}".encode()).hexdigest()[:16])
    return ids


def read_report(
    text: str,
    *,
    file: str,
    sha256: str,
    metadata: Mapping[str, object],
    progress: Callable[[float], None] = lambda _: None,
) -> ReadReport:
    """The report in `text`. `metadata` may give title, place, year, genre, publisher and date; what it leaves out is
    inferred from the text. `sha256` is that of the file's bytes; `progress` hears the share that is done."""
    blocks = outline(text)
    progress(1 / 3)
    report = _describe(blocks, file, sha256, metadata)
    duplicates = find_duplicates(blocks)
    frame: Frame = frame_of(report.title, report.year, report.place)
    found, clauses = contexts(blocks, duplicates, frame)
    progress(2 / 3)
    ids = _ids(report.id, blocks)
    paragraphs = tuple(
        Paragraph(
            id=ids[i],
            report_id=report.id,
            ordinal=i,
            role=block.role,
            level=block.level,
            text=block.text,
            section=tuple(blocks[j].text for j in block.section),
            context=found[i],
            spans=block.spans,
            duplicate_of=ids[duplicates[i]] if i in duplicates else None,
        )
        for i, block in enumerate(blocks)
    )
    found_in = [passages_of(paragraph, parts) for paragraph, parts in zip(paragraphs, clauses, strict=True)]
    facts = tuple(fact for p, passages in zip(paragraphs, found_in, strict=True) for fact in facts_of(p, passages))
    return ReadReport(report, paragraphs, tuple(passage for passages in found_in for passage in passages), facts)
