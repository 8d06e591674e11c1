"""The page in a real browser, over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from browser import PHONE, WAIT_MS, Visit, chromium, running, visit
from playwright.sync_api import Browser, expect
from tiny import TinyPipeline, TinyStore, block, report, tiny_pipeline

from ui.api.app import create_app

expect.set_options(timeout=WAIT_MS)
EXAMPLES = ("市北区问新增就业4万人？", "全年问引进项目？")
PAYLOADS = (
    "<script>window.hit=1;alert(1)</script>",
    "<img src=x onerror='window.hit=1;alert(1)'>",
    "<svg onload=window.hit=1></svg>",
    '"><img src=x onerror=window.hit=1>',
    "' onmouseover='window.hit=1' autofocus onfocus='window.hit=1",
    "</p></div></section><iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<a href='javascript:window.hit=1'>点</a>",
    "<details open ontoggle=window.hit=1>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1>",
    "<style>*{background:url(http://evil.example/x)}</style>",
    "<base href='http://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<link rel=stylesheet href=http://evil.example/x.css>",
    "{{constructor.constructor('window.hit=1')()}}",
    "${window.hit=1}",
    "{{#with this}}{{lookup this 'constructor'}}{{/with}}",
    "`;window.hit=1;`",
    "\\x3cimg src=x onerror=window.hit=1\\x3e",
    "&lt;img src=x onerror=window.hit=1&gt;",
    "<!--<img src='--><img src=x onerror=window.hit=1//'>",
    "<noscript><p title='</noscript><img src=x onerror=window.hit=1>'>",
    "]]><x:script xmlns:x='http://www.w3.org/1999/xhtml'>window.hit=1</x:script>",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pipeline() -> TinyPipeline:
    return tiny_pipeline()


@pytest.fixture(scope="module")
def address(pipeline: TinyPipeline) -> Iterator[str]:
    with running(create_app(pipeline, examples=EXAMPLES)) as url:
        yield url


@pytest.fixture(scope="module")
def desktop(browser: Browser, address: str) -> Iterator[Visit]:
    with visit(browser, address) as seen:
        yield seen


@pytest.fixture
def wide(desktop: Visit) -> Visit:
    """The one wide page, with a new conversation: opening a fresh one takes seconds."""
    if desktop.page.locator("#new").is_visible():
        desktop.page.click("#new")
    desktop.page.fill("#box textarea", "")
    desktop.requests.clear()
    desktop.said.clear()
    return desktop


def test_empty_page_says_what_is_covered(wide: Visit) -> None:
    expect(wide.page).to_have_title("问据 · 报告问答")
    expect(wide.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(wide.page.locator(".count")).to_have_text("2 份报告 · 45 段")
    expect(wide.page.locator(".covered")).to_contain_text("市北区")
    expect(wide.page.locator(".covered")).to_contain_text("2025年")
    assert wide.page.locator(".example").all_inner_texts() == list(EXAMPLES)
    assert wide.page.locator(".rep b").all_inner_texts() == ["从两会看2025", "李沧报告"]


def test_nothing_of_gradio_is_seen(wide: Visit) -> None:
    assert "gradio" not in wide.page.locator("body").inner_text().lower()
    assert wide.page.locator("footer:visible").count() == 0
    assert wide.page.locator("meta[property^='og:'], meta[name^='twitter:']").count() == 0


def test_answer_opens_its_evidence(wide: Visit) -> None:
    wide.ask("市北区问新增就业4万人？")
    expect(wide.page.locator("#turns .q")).to_have_text("市北区问新增就业4万人？")
    card = wide.page.locator("#turns .a")
    expect(card.locator(".chip.target")).to_have_text("目标")
    expect(card.locator(".src .open span")).to_have_text("从两会看2025 › 市北 聚焦六大领域 › 第2段")
    expect(wide.page.locator("#evt")).to_have_text("从两会看2025")
    expect(wide.page.locator("#crumb")).to_have_text("2025年 · 青岛日报 › 市北 聚焦六大领域")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业4万人")
    assert wide.page.locator("#doc .hit").get_attribute("data-n") == "¶ 2"
    assert wide.page.locator("#doc .hit .join").get_attribute("title") == "原文在此断开"
    expect(wide.page.locator("#box textarea")).to_have_value("")


def test_mark_counts_characters_not_code_units(wide: Visit) -> None:
    wide.ask("问市级创新平台20个？")  # after a character outside the basic plane, across a joined line
    marks = wide.page.locator("#doc .hit mark")
    expect(marks.first).to_be_visible()
    assert "".join(marks.all_inner_texts()) == "市级创新平台20个"


def test_marker_scrolls_to_a_far_paragraph(wide: Visit) -> None:
    wide.ask("问新增就业？")
    wide.ask("问全年引进项目125个？")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("全年引进项目125个")
    expect(wide.page.locator("#doc .hit")).to_be_in_viewport()
    wide.page.locator("#turns .a").first.locator(".m").first.click()
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业")
    expect(wide.page.locator("#doc .hit")).to_be_in_viewport()
    assert wide.page.locator("#turns .on:visible").count() == 2  # the marker and its source line, of one answer only


def test_stepper_walks_through_the_citations(wide: Visit) -> None:
    wide.ask("问新增就业？")
    expect(wide.page.locator("#place")).to_have_text("依据 1 / 2")
    expect(wide.page.locator("#prev")).to_be_disabled()
    wide.page.click("#next")
    expect(wide.page.locator("#place")).to_have_text("依据 2 / 2")
    expect(wide.page.locator("#evt")).to_have_text("李沧报告")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业")
    expect(wide.page.locator("#next")).to_be_disabled()
    wide.page.click("#prev")
    expect(wide.page.locator("#evt")).to_have_text("从两会看2025")


def test_comparison_is_a_table_with_markers(wide: Visit) -> None:
    wide.ask("比较问新增就业？")
    table = wide.page.locator("#turns table")
    expect(table.locator("thead")).to_have_text("地区2025年目标口径")
    assert table.locator("tbody th").all_inner_texts() == ["市北区", "李沧区"]
    table.locator(".m").nth(1).click()
    expect(wide.page.locator("#evt")).to_have_text("李沧报告")


def test_stages_are_told_while_a_model_is_awaited(wide: Visit, pipeline: TinyPipeline) -> None:
    pipeline.go_on.clear()
    wide.page.fill("#box textarea", "慢问新增就业4万人")
    wide.page.press("#box textarea", "Enter")
    expect(wide.page.locator(".wait")).to_have_text("正在请模型作答")
    pipeline.go_on.set()
    expect(wide.page.locator(".turn .a")).to_contain_text("新增就业4万人")


def test_follow_up_passes_the_earlier_questions(wide: Visit, pipeline: TinyPipeline) -> None:
    wide.ask("问新增就业？")
    wide.ask("那问全年引进项目？")
    assert pipeline.asked[-1] == ("那问全年引进项目？", ("问新增就业？",))
    wide.page.click("#new")
    expect(wide.page.locator("#welcome")).to_be_visible()
    expect(wide.page.locator("#evt")).to_have_text("现有报告")
    wide.ask("问新增就业？")
    assert pipeline.asked[-1] == ("问新增就业？", ())


def test_refusal_is_quiet_and_lists_what_is_there(wide: Visit) -> None:
    wide.ask("问火星移民？")
    card = wide.page.locator("#turns .a")
    expect(card).to_contain_class("no")
    expect(card.locator("> ul > li")).to_have_text("市北区2025年目标")
    assert card.locator(".m, .copy").count() == 0


def test_why_opens_by_keyboard_and_its_marker_opens_the_evidence(wide: Visit) -> None:
    wide.ask("问新增就业？")
    panel, summary = wide.page.locator("#turns .why"), wide.page.locator("#turns .why summary")
    expect(summary).to_have_text("为什么这样回答")
    expect(panel.locator(".whys")).to_be_hidden()
    wide.page.locator("#turns .copy").focus()
    wide.page.keyboard.press("Tab")
    expect(summary).to_be_focused()
    wide.page.keyboard.press("Enter")
    expect(panel.locator(".whys")).to_be_visible()
    expect(panel.locator("dl")).to_contain_text("时间2025年承上文")
    expect(panel).to_contain_text("符合的片段：全部 45 → 市北区、李沧区 3")
    assert panel.locator(".clause b").all_inner_texts() == ["新增就业"] * 2
    panel.locator(".m").nth(1).focus()
    wide.page.keyboard.press("Enter")
    expect(wide.page.locator("#evt")).to_have_text("李沧报告")
    summary.focus()
    wide.page.keyboard.press("Space")
    expect(panel.locator(".whys")).to_be_hidden()


def test_a_refusal_says_why_too(wide: Visit) -> None:
    wide.ask("问火星移民？")
    wide.page.locator("#turns .no .why summary").click()
    expect(wide.page.locator("#turns .whys")).to_contain_text("怎样决定这样决定")
    assert wide.page.locator("#turns .bar i").get_attribute("style") == "width:10%"


def test_why_fits_a_phone(browser: Browser, address: str) -> None:
    with visit(browser, address, PHONE) as seen:
        seen.ask("问新增就业？")
        seen.page.keyboard.press("Escape")  # the evidence makes room
        seen.page.locator("#turns .why summary").click()
        expect(seen.page.locator("#turns .whys")).to_be_visible()
        assert seen.page.evaluate("document.getElementById('turns').scrollWidth") == PHONE[0]
        right = "Math.max(...[...document.querySelectorAll('.whys *')].map(n => n.getBoundingClientRect().right))"
        assert seen.page.evaluate(right) <= PHONE[0]


def test_example_and_report_list_work(wide: Visit) -> None:
    wide.page.locator(".rep").nth(1).click()
    expect(wide.page.locator("#doc .rt")).to_have_text("李沧报告")
    wide.page.click(".example >> nth=0")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业4万人")


@pytest.mark.parametrize("question", ["问坏？", "问损？"])
def test_a_failure_keeps_the_question(wide: Visit, question: str) -> None:
    wide.ask(question)
    expect(wide.page.locator("#turns .a")).to_contain_class("err")
    expect(wide.page.locator("#box textarea")).to_have_value(question)
    assert "secret" not in wide.page.content()
    wide.ask("问新增就业？")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业")


def test_a_lost_connection_keeps_question_and_conversation(wide: Visit) -> None:
    wide.ask("问新增就业？")
    wide.context.set_offline(True)
    wide.ask("问全年引进项目？")
    expect(wide.page.locator("#turns .a").last).to_contain_class("err")
    expect(wide.page.locator("#box textarea")).to_have_value("问全年引进项目？")
    with wide.page.expect_event("load", timeout=WAIT_MS):  # Gradio loads the page anew once the server is back
        wide.context.set_offline(False)
    expect(wide.page.locator("#turns .q")).to_have_text(["问新增就业？"])
    expect(wide.page.locator("#box textarea")).to_have_value("问全年引进项目？")
    wide.page.press("#box textarea", "Enter")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("全年引进项目")
    wide.page.locator("#turns .a").first.locator(".m").first.click()
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业")


@pytest.mark.parametrize(("text", "said"), [("  ？！", "请输入问题"), ("长" * 2001, "问题太长：2001 字，最多 2000 字")])
def test_what_cannot_be_sent_is_said_at_the_box(wide: Visit, pipeline: TinyPipeline, text: str, said: str) -> None:
    before = len(pipeline.asked)
    wide.page.fill("#box textarea", text)
    wide.page.press("#box textarea", "Enter")
    expect(wide.page.locator("#hint")).to_have_text(said)
    wide.page.click("#send")
    expect(wide.page.locator("#box textarea")).to_have_value(text)
    assert len(pipeline.asked) == before


def test_enter_of_an_input_method_does_not_send(wide: Visit, pipeline: TinyPipeline) -> None:
    before = len(pipeline.asked)
    wide.page.fill("#box textarea", "问xinzeng")
    wide.page.locator("#box textarea").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    wide.page.fill("#box textarea", "问新增就业？")
    wide.page.press("#box textarea", "Enter")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业")
    assert [question for question, _ in pipeline.asked[before:]] == ["问新增就业？"]


def test_keyboard_alone_is_enough(wide: Visit) -> None:
    page = wide.page
    expect(page.locator("#box textarea")).to_be_focused()
    page.keyboard.type("问新增就业？")
    page.keyboard.press("Enter")
    expect(page.locator("#turns .m").first).to_be_visible()
    page.locator("#turns").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#turns .m").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#turns .m").nth(1)).to_be_focused()
    assert page.locator("#turns .m").nth(1).get_attribute("aria-label") == "依据2，看原文"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#evt")).to_have_text("李沧报告")


def test_copy_carries_the_sources(wide: Visit) -> None:
    wide.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wide.ask("问新增就业4万人？")
    wide.page.click(".copy")
    expect(wide.page.locator(".copy")).to_have_text("已复制")
    text = wide.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("市北区新增就业4万人。[1]")
    assert "[1] 《从两会看2025》市北 聚焦六大领域 › 第2段：“新增就业4万人”（a.txt）" in text


def test_conversation_is_announced(wide: Visit) -> None:
    log = wide.page.locator("#turns")
    assert (log.get_attribute("role"), log.get_attribute("aria-live")) == ("log", "polite")


def test_no_other_host_and_no_complaint(wide: Visit, address: str) -> None:
    wide.ask("问新增就业？")
    expect(wide.page.locator("#doc .hit mark")).to_have_text("新增就业")
    assert {urlsplit(url).netloc for url in wide.requests if not url.startswith("data:")} == {urlsplit(address).netloc}
    assert wide.said == []


def test_phone_shows_the_evidence_as_a_sheet(browser: Browser, address: str) -> None:
    with visit(browser, address, PHONE, has_touch=True) as seen:
        page = seen.page
        assert page.locator("#ev").is_hidden()
        seen.ask("问新增就业？")
        expect(page.locator("#doc .hit mark")).to_be_in_viewport()
        assert page.locator("#ev").bounding_box()["width"] == PHONE[0]
        expect(page.locator("#box textarea")).to_be_in_viewport()
        page.locator("#sheet").tap()
        expect(page.locator("#doc")).to_be_hidden()
        expect(page.locator("#sheet")).to_have_attribute("aria-expanded", "false")
        page.locator("#turns .m").nth(1).tap()
        expect(page.locator("#evt")).to_have_text("李沧报告")
        expect(page.locator("#doc .hit mark")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_reduced_motion_is_respected(browser: Browser, address: str) -> None:
    with visit(browser, address, reduced_motion="reduce") as seen:
        name = "getComputedStyle(document.querySelector('#wenju .probe i')).animationName"
        seen.page.evaluate(
            "document.getElementById('turns').insertAdjacentHTML('beforeend','<p class=\"wait probe\"><i></i></p>')"
        )
        assert seen.page.evaluate(name) == "none"


def test_dark_system_keeps_the_page_readable(browser: Browser, address: str) -> None:
    with visit(browser, address, color_scheme="dark") as seen:
        assert (
            seen.page.evaluate("getComputedStyle(document.querySelector('#box textarea')).color") == "rgb(29, 39, 51)"
        )
        expect(seen.page.locator("body")).to_have_css("background-color", "rgb(244, 246, 249)")


def hostile_pipeline() -> TinyPipeline:
    """Every string of a document is a payload."""
    blocks = [
        replace(
            block("r\"'<1>", n, "paragraph", f"词{n} {payload}", (payload, f"节 {payload}")),
            context=replace(block("r", 0, "item", "").context, place=payload),
        )
        for n, payload in enumerate(PAYLOADS)
    ]
    title = "".join(PAYLOADS)
    about = replace(report("r\"'<1>", title, "".join(PAYLOADS)), publisher=title)
    return TinyPipeline(TinyStore([about], {about.id: blocks}))


def test_nothing_of_a_document_or_a_question_runs(browser: Browser) -> None:
    with running(create_app(hostile_pipeline(), examples=PAYLOADS)) as url, visit(browser, url) as seen:
        page = seen.page
        page.locator(".rep").click()
        expect(page.locator("#doc .par").first).to_be_visible()
        for payload in PAYLOADS:
            seen.ask(f"比较{payload}问词" if payload == PAYLOADS[1] else f"{payload}问词")
            page.locator("#turns .why summary").last.click()
            assert payload in page.locator("#turns .whys ul").last.inner_text()  # as text, in what was dropped
        expect(page.locator("#doc .hit mark")).to_have_text("词")
        seen.ask("问" + PAYLOADS[0])
        page.click("#new")
        assert page.locator(".example").all_inner_texts() == list(PAYLOADS)
        assert page.evaluate("window.hit") is None
        assert seen.dialogs == []
        foreign = "#wenju :is(img, svg, iframe, script, style, base, meta, link, math, a, [onerror], [onfocus])"
        assert page.locator(foreign).count() == 0
        assert {urlsplit(url).hostname for url in seen.requests if not url.startswith("data:")} == {"127.0.0.1"}
