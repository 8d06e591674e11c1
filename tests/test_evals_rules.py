"""Parts of patterns and lists, and what their absence changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evals import rule_trace
from evals.rule_effect import effect, executed, variant
from evals.rule_trace import Listener
from evals.rule_variants import cuts

SOURCE = """
import re
_FILLED = "亩"
WORDS = frozenset("甲 乙".split())
P = re.compile(rf"a{{1,2}}(?:年|月|[日|时])\\|{_FILLED}" r"|周(?=天|[\\"末])")
ROWS = (("公顷", 1), ("里", 2))
"""


def test_alternatives_words_and_rows_are_found_and_the_rest_compiles() -> None:
    found = list(cuts(SOURCE))
    texts = [cut.text for cut in found]
    wanted = ["甲", "乙", "年", "月", "[日|时]", "天"]
    assert [t for t in texts if t in wanted] == wanted
    assert any(t.startswith('("公顷"') for t in texts)
    for cut in found:
        compile(cut.left(SOURCE), "source", "exec")


@pytest.mark.parametrize(("gone", "left"), [("年", "(?:月|[日|时])"), ("[日|时]", "(?:年|月)"), ("天", '(?=[\\"末])')])
def test_an_alternative_goes_with_its_bar(gone: str, left: str) -> None:
    (cut,) = [cut for cut in cuts(SOURCE) if cut.text == gone]
    assert left in cut.left(SOURCE)


def test_a_call_differs_only_where_the_alternative_decides() -> None:
    old, new = re.compile("今年|去年|年"), re.compile("今年|年")
    calls = {("search", ("去年",)): 1, ("search", ("今年",)): 2, ("fullmatch", ("去年 ",)): 4}
    assert rule_trace.differing(old, new, "去年", calls) == (5, 1)


def test_listeners_hear_patterns_and_words_and_go_again() -> None:
    from index.search import bm25
    from rag.understand import cues

    as_of, listener = cues.AS_OF, Listener()
    with rule_trace.listening(listener) as heard:
        listener.bit = 2
        assert cues.AS_OF.search("截至去年")
        assert "的" in bm25.FUNCTION_WORDS
        assert ("search", ("截至去年",)) in heard[id(as_of)].calls
    assert cues.AS_OF is as_of


def test_a_part_reaches_what_other_modules_make_of_it() -> None:
    from index.text import polarity
    from rag.check import numbers

    text = Path(str(polarity.__file__)).read_text("utf-8")
    cut = next(cut for cut in cuts(text) if cut.name == "FALLS")
    values = variant(cut, "index.text.polarity", text, ["rag.check.numbers"])
    assert ("rag.check.numbers", "_DOWN") in values
    assert numbers._DOWN.pattern.startswith(polarity.FALLS.pattern)
    assert not values["rag.check.numbers", "_DOWN"].pattern.startswith(polarity.FALLS.pattern)


def test_what_is_unheard_has_no_effect() -> None:
    assert effect(re.compile("甲|乙"), re.compile("甲"), "乙", {}) == (0, 0, 0)
    assert executed("rag.understand.cues", "A = 1").A == 1


def test_a_row_of_a_table_reaches_what_is_made_of_it() -> None:
    from evals.rule_effect import importers, source_of
    from evals.rule_variants import row_cuts
    from index.annotate import pieces

    table = "index.text.lexicon/change.tsv"
    text = source_of(table)
    cut = next(cut for cut in row_cuts(text) if cut.text in pieces.REACHES)
    values = variant(cut, table, text, importers(table))
    assert values["index.annotate.pieces", "REACHES"] == pieces.REACHES - {cut.text}
