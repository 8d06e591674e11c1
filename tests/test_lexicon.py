"""Every row of every table of the language: its example gives the reading that the row states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from index.annotate.facts import facts_of
from index.text.clauses import clauses
from index.text.lexicon import rows
from index.text.modality import strong_kind
from index.text.numbers import bounds, numbers
from index.types import Context, Fact, Paragraph, Passage
from rag.retrieve.word_match import tagged
from rag.understand.english import chinese_cues
from rag.understand.terms import formal, translated
from rag.understand.topic import subject, topic, written
from rag.understand.units import ASKED_UNIT

Row = Mapping[str, str]


def unit_read(row: Row) -> bool:
    return any(found.unit == row["term"] for found in numbers(row["example"]))


def bound_read(row: Row) -> bool:
    (found,) = numbers(row["example"])
    around = bounds(row["example"], found.start, found.end)
    cue = around.ahead if row["side"] == "ahead" else around.behind
    return cue is not None and (cue.qualifier or "", cue.relation or "") == (row["qualifier"], row["relation"])


def facts_in(text: str) -> tuple[Fact, ...]:
    """The facts of one paragraph of 市北区 in 2025."""
    context = Context("市北区", 2025, None, "result")
    paragraph = Paragraph("p", "r", 0, "paragraph", None, text, (), context, ((0, len(text)),))
    return facts_of(paragraph, [Passage(f"s{a}", "p", text[a:b], "", a, b, context) for a, b in clauses(text)])


def fact_read(row: Row) -> bool:
    return row["reading"] in [f"{fact.indicator} {fact.relation}" for fact in facts_in(row["example"])]


def name_read(row: Row) -> bool:
    return row["reading"] in [fact.name for fact in facts_in(row["example"])]


def kind_read(row: Row) -> bool:
    return strong_kind(row["example"]) == row["class"]


def spoken_read(row: Row) -> bool:
    if row["class"] == "spoken":
        return row["written"] not in row["example"] and row["written"] in written(row["example"])
    words = topic(row["example"], ASKED_UNIT)
    left = words if row["class"] == "frame" else subject(words)
    return row["term"] in row["example"] and {word for word, _ in tagged(row["term"])}.isdisjoint(left.split())


def term_read(row: Row) -> bool:
    return row["reading"] in formal(row["example"]) and row["reading"] not in row["example"]


def english_read(row: Row) -> bool:
    said = chinese_cues(row["example"], ("西藏自治区", "澳门特别行政区"))
    return row["reading"] in (translated(said) if row["class"] == "thing" else said)


# A table, the package that holds it, and whether the example of a row is read as the row says.
TABLES: tuple[tuple[str, str, Callable[[Row], bool]], ...] = (
    ("units.tsv", "index.text.lexicon", unit_read),
    ("bounds.tsv", "index.text.lexicon", bound_read),
    ("change.tsv", "index.text.lexicon", fact_read),
    ("verbs.tsv", "index.text.lexicon", fact_read),
    ("indicators.tsv", "index.text.lexicon", name_read),
    ("modality.tsv", "index.text.lexicon", kind_read),
    ("spoken.tsv", "rag.understand", spoken_read),
    ("terms.tsv", "rag.understand", term_read),
    ("english.tsv", "rag.understand", english_read),
)


def every_row() -> Iterator[object]:
    for name, package, read in TABLES:
        for row in rows(name, package):
            yield pytest.param(row, read, id=f"{name}-{row['term']}")


@pytest.mark.parametrize(("row", "read"), list(every_row()))
def test_the_example_of_each_row_is_read_as_it_says(row: Row, read: Callable[[Row], bool]) -> None:
    assert row["source"]
    assert read(row)
