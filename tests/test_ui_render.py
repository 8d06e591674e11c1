"""Answers and reports as HTML and text."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import IndexMissing
from index.types import Context, Paragraph
from rag.retrieve.word_match import Match
from rag.types import Answer, Citation, Query, Row
from ui.web.explanation import panel_html
from ui.web.page import header_html
from ui.web.reading import Reading, block_html, join_places, joined_html, paragraph_numbers, report_html
from ui.web.render import answer_html, error_html, period_text, plain_text, source_text

NASTY = "<img src=x onerror=alert(1)>\"'&"


def citation(marker: int = 1, **changes: object) -> Citation:
    text = "2025年，新增就业4万人。"
    given: dict[str, object] = {
        "marker": marker, "paragraph_id": "p1", "report": "r1", "title": "重点", "section": ("一", "二", "三", "四"),
        "place": "市北区", "year": 2025, "period": None, "kind": "target", "text": text, "quote": "新增就业4万人",
        "start": 6, "end": 13, "file": "a.txt", "spans": ((0, len(text)),),
    }  # fmt: skip
    return Citation(**(given | changes))  # type: ignore[arg-type]


def paragraph(ordinal: int, role: str, text: str = "文", **changes: object) -> Paragraph:
    given: dict[str, object] = {
        "id": f"p{ordinal}", "report_id": "r1", "ordinal": ordinal, "role": role, "level": None, "text": text,
        "section": (), "context": Context(), "spans": ((0, len(text)),),
    }  # fmt: skip
    return Paragraph(**(given | changes))  # type: ignore[arg-type]


def ask(answer: Answer) -> str:
    return answer_html(answer, lambda _: 7)


class Texts(HTMLParser):
    """The tags and the text of a piece of HTML, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_figure_stands_out_and_marker_is_a_button() -> None:
    html = ask(Answer("2025年市北区新增就业多少？", False, "2025年市北区预期新增就业4万人。[1]", (citation(),)))
    assert '新增就业<b class="n">4万人</b><span class="glue">。<button type="button" class="m" data-marker="1"' in html
    assert '<b class="n">2025' not in html
    assert "[1]" not in html


@pytest.mark.parametrize(
    ("line", "figures"),
    [
        ("一般公共预算收入完成90.7亿元，同比增长5.6%。", ["90.7亿元", "5.6%"]),
        ("城镇新增就业2.2万人以上。", ["2.2万人以上"]),
        ("增长5.5个百分点左右。", ["5.5个百分点左右"]),
        ("1月6日，2025年第3次会议开幕。", []),
        ("惠及超120余万人次。", ["120余万人次"]),
        ("投资1,100亿元。", ["1,100亿元"]),
    ],
)
def test_figures(line: str, figures: list[str]) -> None:
    html = ask(Answer("多少？", False, line + "[1]", (citation(),)))
    assert [part.split("</b>")[0] for part in html.split('<b class="n">')[1:]] == figures


def test_figure_of_the_unit_asked_for_and_none_in_lists() -> None:
    text = "新增就业4万人，建成学校3所。[1]"
    number = Query("q", "q", "就业", type="number", unit="人")
    assert ask(Answer("q", False, text, (citation(),), query=number)).count('class="n"') == 1
    listed = Query("q", "q", "就业", type="list")
    assert ask(Answer("q", False, text, (citation(),), query=listed)).count('class="n"') == 0


def test_marker_without_citation_is_no_button() -> None:
    html = ask(Answer("q", False, "甲[1]乙[9]", (citation(),)))
    assert 'data-marker="9"' not in html


def test_markers_side_by_side_and_after_a_figure() -> None:
    html = ask(Answer("q", False, "达到20座[1][2]", (citation(1), citation(2))))
    assert [Texts(html).text[:6], html.count('class="m"'), html.count('class="n"')] == ["达到20座1", 2, 1]


def test_chips_name_year_place_kind_and_answerer_once() -> None:
    cited = (citation(1), citation(2), citation(3, place="李沧区", year=None, period=(2021, 2025), kind="cumulative"))
    html = ask(Answer("q", False, "甲[1][2][3]", cited, notes=("按2025年",)))
    chips = html.split('<div class="chips">')[1].split("</div>")[0]
    assert Texts(chips).text == "2025年2021—2025年市北区李沧区目标累计按2025年原文摘录"
    assert "模型撰写 · deepseek" in ask(Answer("q", False, "甲[1]", (citation(),), answerer="deepseek"))


def test_a_note_in_the_text_is_shown_once() -> None:
    answer = Answer("q", False, "按2026年：\n新增就业4万人。[1]", (citation(),), notes=("按2026年：",))
    assert Texts(ask(answer)).text.count("按2026年") == 1
    assert plain_text(answer, lambda _: 7).count("按2026年") == 1


def test_source_names_the_nearest_heading_and_the_paragraph() -> None:
    assert source_text(citation(), 7) == "重点 › 四 › 第7段"
    assert source_text(citation(section=()), None) == "重点"


def test_many_sources_are_folded() -> None:
    html = ask(Answer("q", False, "甲[1]", tuple(citation(marker) for marker in range(1, 8))))
    assert "另有 3 条出处" in html
    assert html.count('class="open"') == 7


def test_table_shares_what_all_rows_share() -> None:
    first = Row("市北区", "2025年", "target", "4万人", "新增就业", 1)
    rows = (
        first,
        Row("李沧区", "2025年", "target", "2万人", "城镇", 2),
    )
    html = ask(Answer("q", False, "甲[1]乙[2]", (citation(1), citation(2)), rows=rows))
    assert Texts(html.split("</thead>")[0]).text == "地区2025年目标口径"
    assert html.count('class="m"') == 2
    years = (first, Row("市北区", "2023年", "result", "5万人", "", 2))
    html = ask(Answer("q", False, "甲[1]乙[2]", (citation(1), citation(2)), rows=years))
    assert Texts(html.split("</thead>")[0]).text == "时间市北区口径"
    assert '<span class="chip result">实绩</span>' in html


def test_refusal_lists_what_is_covered_and_has_no_marker() -> None:
    html = ask(Answer("q", True, "现有资料没有写。\n现有：甲", covered=("市北区2025年目标",), notes=("按2026年",)))
    assert Texts(html).text == "现有资料没有写。按2026年现有资料里有：市北区2025年目标"
    assert "<button" not in html


def test_error_is_a_card_with_the_remedy() -> None:
    html = error_html(IndexMissing("没有索引<b>。", "先运行 wenju build"))
    assert Texts(html).text == "没有索引<b>。先运行 wenju build"


def test_every_string_is_escaped() -> None:
    nasty = citation(1, title=NASTY, section=(NASTY,), place=NASTY, quote=NASTY, file=NASTY, report=NASTY)
    row = Row(NASTY, NASTY, "target", NASTY, NASTY, 1)
    other = Row("甲", "乙", "result", "丙", "丁", 1)
    answers = [
        Answer(NASTY, False, NASTY + "[1]", (nasty,), NASTY, notes=(NASTY,)),
        Answer(NASTY, False, "", (nasty,), NASTY, rows=(row, other), notes=(NASTY,)),
        Answer(NASTY, True, NASTY, covered=(NASTY,), notes=(NASTY,)),
    ]
    for html in map(ask, answers):
        assert "img" not in Texts(html).tags
        assert NASTY in unescape(html)


def test_plain_text_carries_the_sources() -> None:
    text = plain_text(Answer("q", False, "新增就业4万人。[1]", (citation(),), notes=("按2025年",)), lambda _: 7)
    assert text == (
        "新增就业4万人。[1]\n（按2025年）\n\n出处：\n[1] 《重点》一 › 二 › 三 › 四 › 第7段：“新增就业4万人”（a.txt）"
    )


def test_period_text() -> None:
    assert [period_text(2025, None), period_text(None, (2021, 2025)), period_text(None, None)] == [
        "2025年",
        "2021—2025年",
        "",
    ]


def test_numbers_count_paragraphs_and_items_in_reading_order() -> None:
    blocks = [
        paragraph(0, "title"), paragraph(1, "heading", level=1), paragraph(2, "paragraph"), paragraph(3, "caption"),
        paragraph(4, "item"), paragraph(5, "item", id="p2", duplicate_of="p2"), paragraph(6, "paragraph"),
    ]  # fmt: skip
    assert paragraph_numbers(blocks) == {"p2": 1, "p4": 2, "p6": 4}
    assert [line.split('data-n="¶ ')[1][0] for line in report_html(blocks).splitlines() if "data-n" in line] == list(
        "1234"
    )


def test_the_header_says_what_the_answers_need() -> None:
    assert "离线可用" in header_html(None)
    named = header_html("chat:<qwen>")
    assert "&lt;qwen&gt;" in named
    assert "离线可用" not in named


def test_reading_knows_only_its_reports() -> None:
    from tiny import tiny_pipeline

    reading = Reading(tiny_pipeline().store)
    assert reading.number("r1", "r1-3") == 2
    assert reading.number("nothing", "r1-3") is None
    assert reading.html("nothing") is None
    assert reading.citable == 45


@pytest.mark.parametrize(
    ("text", "spans", "places"),
    [
        ("甲乙丙丁", ((0, 2), (5, 7)), (2,)),
        ("甲 乙", ((0, 1), (5, 6)), (2,)),  # joined with a blank
        ("甲乙丙", ((0, 3),), ()),
        ("甲乙丙丁戊", ((0, 2), (5, 6)), ()),  # spans of something else: no mark rather than a wrong one
        ("甲乙丙", (), ()),
    ],
)
def test_join_places(text: str, spans: tuple[tuple[int, int], ...], places: tuple[int, ...]) -> None:
    assert join_places(text, spans) == places


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6))
def test_a_block_shows_exactly_its_text(lines: list[str]) -> None:
    """Offsets of a quote are counted in the text of the block as the page holds it."""
    text, spans, at = "".join(lines), [], 0
    for line in lines:
        spans.append((at, at + len(line)))
        at += len(line) + 1
    plain = joined_html(text, spans).replace('<i class="join" title="原文在此断开" aria-hidden="true"></i>', "")
    assert unescape(plain) == unescape(text) or "&" in text
    assert "<" not in plain
    assert len(join_places(text, spans)) == len(lines) - 1


@pytest.mark.parametrize("role", ["title", "heading", "paragraph", "item", "table", "caption", "furniture"])
def test_every_role_is_shown_with_its_id(role: str) -> None:
    html = block_html(paragraph(3, role, NASTY, id='a"b'), None)
    assert 'data-id="a&quot;b"' in html
    assert Texts(html).text == NASTY


def test_the_panel_says_all_and_every_string_of_it_is_escaped() -> None:
    from tiny import tiny_pipeline

    cited = citation(title=NASTY, section=(NASTY,), place=NASTY, quote=NASTY)
    for refused in (False, True):
        explanation = tiny_pipeline().explain(Answer(NASTY, refused, NASTY, (cited,)))
        html = panel_html(explanation)
        seen = Texts(html)
        assert set(seen.tags) <= {
            "details", "summary", "div", "section", "h3", "dl", "dt", "dd", "em", "p", "ol", "ul", "li", "b", "i",
            "span", "button",
        }  # fmt: skip
        assert seen.text.count(NASTY) >= 8  # place, topic, sentence, clause, headings, words, what was dropped
        assert "没有去掉" not in seen.text


def test_words_are_set_off_where_they_stand() -> None:
    from tiny import tiny_pipeline

    explanation = tiny_pipeline().explain(Answer("问", False, "", (citation(quote="GDP增长，新增就业4万人"),)))
    words = (Match("gdp", "gdp", "clause", "form", 1.0), Match("岗位", "就业", "clause", "meaning", 0.6), Match("座"))
    found = replace(explanation.hits[0], words=(*words, Match("城镇", "城镇", "heading", "form", 1.0)))
    html = panel_html(replace(explanation, hits=(found,)))
    assert "<b>GDP</b>增长，新增<b>就业</b>4万人" in html
    for shown in ('"form">gdp<', '"meaning">岗位≈就业<', '"none">未见 座<', '"form">城镇（标题）<'):
        assert f"<span class={shown}" in html
