"""The gate: whatever a draft claims, what passes is cited, verbatim, and of the asked place, year and kind."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from conftest import SEEDS

from index.storage.store import Store
from index.types import Context, Kind, Paragraph
from rag import Pipeline, Query
from rag.check.gate import checked, citation, file_spans, numbers, passes
from rag.types import Draft, Statement

DRAFTS = 10_000
YEARS = (2022, 2023, 2024, 2025, 2026)
PERIODS = ((2021, 2025), (2016, 2020))
KINDS: tuple[Kind, ...] = ("target", "result", "cumulative", "other")
# A promise never answers for a result, nor a result for a promise.
NEVER: dict[Kind | None, set[Kind]] = {
    None: set(), "target": {"result", "cumulative"}, "result": {"target"}, "cumulative": {"target", "other"},
}  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """A statement, the question that it was to answer, and whether the gate let it through."""

    statement: Statement
    query: Query
    passed: bool


def contexts_of(store: Store, paragraph: Paragraph) -> set[Context]:
    return {paragraph.context, *(p.context for p in store.passages_of(paragraph.id))}


def altered(words: str, rng: random.Random) -> str:
    """Words as a model might spoil them: a figure changed, a word put in, cut, or another clause altogether."""
    figures = list(re.finditer(r"\d+(?:\.\d+)?", words))
    change = rng.randrange(5)
    if change == 0 and figures:
        at = rng.choice(figures)
        return words[: at.start()] + str(rng.randrange(1, 999)) + words[at.end() :]
    if change == 1:
        return words + rng.choice(["。", "，约占全市的12.5%", "[1]", "以上"])
    if change == 2:
        return words.replace("将", "已").replace("完成", "计划")
    if change == 3:
        return words[rng.randrange(len(words) + 1) :]
    return rng.choice(["新增就业4万人", "", "亿元楼宇24座", "999"])


def statement_of(store: Store, rng: random.Random) -> Statement:
    """A statement that is right in every respect, or wrong in some."""
    passage = rng.choice(store.passages)
    start, end, paragraph_id, context = passage.start, passage.end, passage.paragraph_id, passage.context
    wrong = rng.random()
    if wrong < 0.15:
        other = rng.choice(store.paragraphs).id
        paragraph_id = rng.choice([other, other, "", "0" * 16, paragraph_id[:-1], paragraph_id.upper() + " "])
    elif wrong < 0.4:
        length = len(store.paragraph(paragraph_id).text)
        start, end = rng.randint(-5, length + 5), rng.randint(-5, length + 5)
    words = passage.text
    if wrong >= 0.15 and wrong < 0.4:
        words = store.paragraph(paragraph_id).text[max(0, start) : max(0, end)]
    if 0.4 <= wrong < 0.6:
        words = altered(words, rng)
    if wrong > 0.8:
        context = Context(
            rng.choice([*store.coverage.places, None]),
            *rng.choice([(year, None) for year in YEARS] + [(None, period) for period in PERIODS] + [(None, None)]),
            rng.choice(KINDS),
        )
    return Statement(paragraph_id, start, end, words, context)


def query_of(store: Store, statement: Statement, rng: random.Random) -> Query:
    """A question about what the statement claims, or about something else."""
    claimed = statement.context if rng.random() < 0.6 else rng.choice(store.passages).context
    return Query(
        question="问题",
        text="问题",
        topic="问题",
        places=(claimed.place,) if claimed.place and rng.random() < 0.8 else (),
        years=(claimed.year,) if claimed.year and rng.random() < 0.8 else (),
        period=claimed.period if rng.random() < 0.8 else None,
        kind=claimed.kind if claimed.kind != "other" and rng.random() < 0.6 else None,
    )


@pytest.fixture(scope="module")
def store(real_pipeline: Pipeline) -> Store:
    return real_pipeline.store


@pytest.fixture(scope="module")
def tried(store: Store) -> Sequence[Tried]:
    """Ten thousand drafts of one statement each."""
    rng = random.Random(20260701)
    out = []
    for _ in range(DRAFTS):
        statement = statement_of(store, rng)
        query = query_of(store, statement, rng)
        kept = checked(Draft((statement,)), query, store)
        assert kept in ((), (statement,))
        out.append(Tried(statement, query, bool(kept)))
    return out


@pytest.fixture(scope="module")
def passed(tried: Sequence[Tried]) -> Sequence[Tried]:
    return [one for one in tried if one.passed]


def test_the_drafts_are_of_both_sorts(tried: Sequence[Tried], passed: Sequence[Tried]) -> None:
    assert 1000 < len(passed) < len(tried) - 1000


def test_what_passes_is_cited_and_verbatim(store: Store, passed: Sequence[Tried]) -> None:
    known = {p.id: p for p in store.paragraphs}
    for one in passed:
        said = one.statement
        paragraph = known[said.paragraph_id]
        assert paragraph.role in ("paragraph", "item", "table", "caption")
        assert paragraph.duplicate_of is None
        assert 0 <= said.start < said.end <= len(paragraph.text)
        assert said.words in paragraph.text[said.start : said.end]


def whole_figures(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text)
    return [figure.replace(",", "") for figure in re.findall(r"\d+(?:[.,]\d+)*", plain)]


def test_what_passes_has_no_figure_that_its_paragraph_has_not(store: Store, passed: Sequence[Tried]) -> None:
    for one in passed:
        stand = whole_figures(store.paragraph(one.statement.paragraph_id).text)
        assert set(whole_figures(one.statement.words)) <= set(stand), one.statement


def test_what_passes_never_cuts_a_figure(store: Store, passed: Sequence[Tried]) -> None:
    """“5万人” is no quote of “4.5万人”, even where a 5 stands elsewhere in the paragraph."""
    cut = re.compile(r"\d[.,]?\d")
    for one in passed:
        text = store.paragraph(one.statement.paragraph_id).text
        at = text.find(one.statement.words, one.statement.start, one.statement.end)
        for edge in (at, at + len(one.statement.words)):
            across = [m for m in cut.finditer(text, max(0, edge - 2), edge + 2) if m.start() < edge < m.end()]
            assert not across or not one.statement.words, (one.statement, text[max(0, edge - 9) : edge + 9])


def test_what_passes_has_the_asked_place(passed: Sequence[Tried]) -> None:
    for one in passed:
        assert not one.query.places or one.statement.context.place in one.query.places, one


def test_what_passes_has_the_asked_time(passed: Sequence[Tried]) -> None:
    for one in passed:
        query, context = one.query, one.statement.context
        if query.years or query.period:
            in_period = query.period is not None and context.period == query.period
            assert context.year in query.years or in_period, one


def test_what_passes_has_the_asked_kind(passed: Sequence[Tried]) -> None:
    for one in passed:
        assert one.statement.context.kind not in NEVER[one.query.kind], one


def test_what_passes_claims_no_context_that_its_paragraph_has_not(store: Store, passed: Sequence[Tried]) -> None:
    """A figure of 李沧 does not become one of 市北 because a draft says so."""
    for one in passed:
        paragraph = store.paragraph(one.statement.paragraph_id)
        assert one.statement.context in contexts_of(store, paragraph), (one.statement, paragraph.context)


def test_every_true_statement_passes(store: Store) -> None:
    for passage in store.passages:
        context = passage.context
        query = Query(
            "", "", "", places=(context.place,) if context.place else (), period=context.period,
            years=(context.year,) if context.year else (), kind=context.kind if context.kind != "other" else None,
        )  # fmt: skip
        statement = Statement(passage.paragraph_id, passage.start, passage.end, passage.text, context)
        assert passes(statement, query, store), statement


def test_a_citation_leads_back_to_the_same_characters_of_the_file(store: Store, passed: Sequence[Tried]) -> None:
    files = {report.id: (SEEDS.parent / report.file).read_text("utf-8") for report in store.reports}
    for one in passed:
        cited = citation(one.statement, 3, store)
        paragraph = store.paragraph(one.statement.paragraph_id)
        assert (cited.marker, cited.paragraph_id, cited.report) == (3, paragraph.id, paragraph.report_id)
        assert cited.text == paragraph.text
        assert cited.quote == cited.text[cited.start : cited.end]
        assert one.statement.words in cited.quote
        context = one.statement.context
        assert (cited.place, cited.year, cited.period, cited.kind) == (
            context.place, context.year, context.period, context.kind,
        )  # fmt: skip
        assert cited.file == store.report(cited.report).file
        text = files[cited.report]
        assert "".join(text[a:b] for a, b in cited.spans) == cited.quote
        assert all(a < b for a, b in cited.spans)
        assert list(cited.spans) == sorted(cited.spans)


def test_a_quote_over_a_line_break_has_a_span_on_each_line(store: Store) -> None:
    joined = next(p for p in store.paragraphs if "矛盾纠纷得到源头化解" in p.text)
    assert len(joined.spans) == 2
    start = joined.text.index("源头化解")
    (a, b), (c, d) = file_spans(joined, start, start + 4)
    text = (SEEDS.parent / store.report(joined.report_id).file).read_text("utf-8")
    assert (text[a:b], text[c:d]) == ("源头", "化解")
    assert file_spans(joined, 0, 2) == ((joined.spans[0][0], joined.spans[0][0] + 2),)


def statement(store: Store, words: str, context: Context | None = None) -> Statement:
    passage = next(p for p in store.passages if words in p.text)
    start = passage.start + passage.text.index(words)
    return Statement(passage.paragraph_id, start, start + len(words), words, context or passage.context)


def test_one_wrong_thing_is_enough(store: Store) -> None:
    right = statement(store, "城镇新增就业2.2万人以上")
    licang = Query("", "", "", places=("李沧区",), years=(2025,), kind="target")
    assert checked(Draft((right,)), licang, store) == (right,)
    where = (right.paragraph_id, right.start, right.end)
    wrong = {
        "another figure": Statement(*where, "城镇新增就业2.3万人以上", right.context),
        "other words": Statement(*where, "城镇已新增就业2.2万人以上", right.context),
        "nobody's paragraph": Statement("no such id", right.start, right.end, right.words, right.context),
        "before the text": Statement(right.paragraph_id, -1, right.end, right.words, right.context),
        "behind the text": Statement(right.paragraph_id, right.start, 10**6, right.words, right.context),
        "no words": Statement(*where, "", right.context),
        "nothing": Statement(right.paragraph_id, right.start, right.start, "", right.context),
        "another place": Statement(*where, right.words, Context("市北区", 2025, None, "target")),
        "another year": Statement(*where, right.words, Context("李沧区", 2024, None, "target")),
        "a result": Statement(*where, right.words, Context("李沧区", 2025, None, "result")),
    }
    assert {name for name, one in wrong.items() if passes(one, licang, store)} == set()


def test_only_what_states_something_of_its_own_is_cited(store: Store) -> None:
    for role in ("title", "furniture"):
        block = next(p for p in store.paragraphs if p.role == role)
        assert not passes(Statement(block.id, 0, len(block.text), block.text, block.context), Query("", "", ""), store)
    heading = next(p for p in store.paragraphs if p.role == "heading" and not p.duplicate_of and len(p.text) > 8)
    whole = Statement(heading.id, 0, len(heading.text), heading.text, heading.context)
    assert passes(whole, Query("", "", ""), store)  # what the parts of a report are called is said there alone
    assert not passes(replace(whole, end=5, words=heading.text[:5]), Query("", "", ""), store)
    copy = next(p for p in store.paragraphs if p.duplicate_of and p.role == "item")
    assert not passes(Statement(copy.id, 0, len(copy.text), copy.text, copy.context), Query("", "", ""), store)


def test_a_comparison_with_one_side_left_is_none(store: Store) -> None:
    one, other = statement(store, "城镇新增就业2.2万人以上"), statement(store, "确保新增城镇就业4万人")
    both = Query("", "", "", places=("市北区", "李沧区"), years=(2025,))
    spoilt = Statement(other.paragraph_id, other.start, other.end, "确保新增城镇就业9万人", other.context)
    assert checked(Draft((one, other), table=True), both, store) == (one, other)
    assert checked(Draft((one, spoilt), table=True), both, store) == ()
    assert checked(Draft((one, spoilt)), both, store) == (one,)


def test_figures_are_read_in_any_width() -> None:
    assert numbers("新增1,200个、４.５万人，第3") == {"1200", "4.5", "3"}
    assert numbers("没有数字") == set()
