"""The page, built with Gradio: its parts, its one event, and its own look instead of Gradio's.

The server renders each answer (`ui.web.render`); `assets/page.js` puts it into the conversation and shows its evidence
beside it. Gradio is imported when the page is built, since that takes seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.responses import JSONResponse

from index.errors import WenjuError
from index.types import Report
from rag.types import LONGEST_HISTORY, LONGEST_QUESTION, Answer, Stage
from ui.api.guard import PagePolicy
from ui.api.service import Desk, FieldError, Opened
from ui.web.explanation import panel_html
from ui.web.reading import Reading
from ui.web.render import answer_html, error_html, period_text, plain_text

if TYPE_CHECKING:
    import gradio as gr

TITLE = "问据 · 报告问答"
MOST_QUEUED = 64
MOST_LISTED = 40  # reports in the pane while nothing is open
AT_ONCE = 4  # answers in work for the page
STAGES: dict[Stage, str] = {"generate": "正在请模型作答", "verify": "正在核对"}  # beside what page.js says at once
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "system-ui", "sans-serif")
HEAD = (
    f'<meta name="wenju" data-question="{LONGEST_QUESTION}" data-history="{LONGEST_HISTORY}">'
    '<link rel="stylesheet" href="wenju/page.css"><script type="module" src="wenju/page.js"></script>'
)
SETTINGS: dict[str, Any] = {
    "footer_links": [],
    "run_history": False,
    "show_error": False,
    "ssr_mode": False,
    "enable_monitoring": False,
    "allowed_paths": [],
    "max_file_size": "1kb",
    "mcp_server": False,
    "pwa": False,
}
_FOREIGN = re.compile(
    r'<meta\s+(?:property="og:|name="twitter:)[^>]*/>|<link rel="manifest"[^>]*/>'
)  # Gradio's name, and an image on another host


def mount_page(app: FastAPI, desk: Desk) -> None:
    """Mounts the page at `/` of an app that has its routes and its middlewares already."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    import gradio as gr

    async def shelf() -> JSONResponse:
        return JSONResponse(shelf_json(desk), headers={"cache-control": "no-store"})

    app.add_api_route("/api/shelf", shelf)
    app.add_middleware(PagePolicy, rewrite=dressed)

    def mount() -> None:
        gr.mount_gradio_app(app, build_page(desk), path="/", theme=_theme(), head=HEAD, **SETTINGS)

    _in_a_loop(mount)


def _in_a_loop(call: Callable[[], None]) -> None:
    """Outside of a running loop, each lock that Gradio makes would leave an unclosed loop behind."""

    async def called() -> None:
        call()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(called())
    else:
        call()


def build_page(desk: Desk) -> Any:
    """The `gradio.Blocks`: header, conversation, evidence and the box to ask in; CSS grid places them. What depends on
    the index comes from `shelf_json`, so that an open page can show a newer one."""
    import gradio as gr

    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 3600), fill_width=True) as page:
        with gr.Column(elem_id="wenju"):
            _static(gr, header_html(desk.writer), "top")
            _static(gr, CONVERSATION, "chat")
            _static(gr, EVIDENCE, "evidence")
            with gr.Row(elem_id="ask"):
                box = gr.Textbox(
                    elem_id="box",
                    label="问题",
                    placeholder="问一句，按回车发送",
                    lines=1,
                    max_lines=4,
                    html_attributes=gr.InputHTMLAttributes(
                        autocomplete="off", spellcheck=False, enterkeyhint="send", autocapitalize="off"
                    ),
                )
                send = gr.Button("提问", elem_id="send", variant="primary")
        # The page sends texts and a number only: Gradio takes some dicts for files (see ui/web/bodies.py).
        before, ticket = gr.Textbox(visible=False), gr.Number(visible=False, precision=0)
        turn = gr.JSON(visible=False)
        stage = _static(gr, "", "stage")
        asked = gr.on(
            [send.click, box.submit],
            partial(turns_of, desk),
            [box, before, ticket],
            [turn, stage],
            js="(question) => window.wenju.begin(question)",
            show_progress="hidden",
            trigger_mode="multiple",  # page.js lets one question through at a time, and gives up on a lost one
            concurrency_limit=AT_ONCE,
            api_visibility="private",
        )
        asked.success(None, [turn], None, js="(turn) => window.wenju.finish(turn)")
        asked.failure(None, None, None, js="() => window.wenju.fail()")
    page.queue(max_size=MOST_QUEUED, default_concurrency_limit=AT_ONCE, api_open=False)
    return page


def turns_of(desk: Desk, question: object, before: object, ticket: object) -> Iterator[tuple[dict[str, Any], str]]:
    """What the page gets for a question, each with the stage that it waits for: at last the card, and where its
    citations stand. An expected error is a card too.

    `before` are the earlier questions as JSON; `ticket` comes back with the answer.
    """
    numbered = {"ticket": ticket}
    opened = desk.current
    try:
        for step in desk.stages(question, _questions(before), opened):
            if isinstance(step, Answer):
                yield numbered | _card(step, opened), ""
            elif step in STAGES:
                yield numbered, STAGES[step]
    except WenjuError as error:
        yield numbered | {"failed": True, "html": error_html(error)}, ""


def _questions(before: object) -> object:
    """What the text `before` holds, for the desk to check; FieldError when it is no JSON."""
    try:
        return json.loads(before) if isinstance(before, str) and before else []
    except (ValueError, RecursionError):
        raise FieldError("history", "history 须是 JSON") from None


def _card(answer: Answer, opened: Opened) -> dict[str, Any]:
    number = _number(opened.reading)
    return {
        "failed": False,
        "question": answer.question,
        "html": answer_html(answer, number, panel_html(opened.explain(answer))),
        "copy": plain_text(answer, number),
        "citations": citation_places(answer, opened.reading),
        "generation": answer.generation,
    }


def citation_places(answer: Answer, reading: Reading) -> list[dict[str, Any]]:
    """For the evidence pane: the report and its line below the title, the paragraph, the quote's place in it."""
    return [
        {
            "marker": citation.marker,
            "report": citation.report,
            "paragraph": citation.paragraph_id,
            "start": citation.start,
            "end": citation.end,
            "quote": citation.quote,
            "title": citation.title,
            "origin": _origin(reading.report(citation.report)),
            "section": citation.section,
        }
        for citation in answer.citations
    ]


def header_html(writer: str | None) -> str:
    """The name of the place, what is on the shelf, and what the answers need: nothing, or the chat model `writer`."""
    needs = f"答案由 {escape(writer.partition(':')[2])} 表述" if writer else "离线可用"
    return (
        '<header class="top"><h1 class="brand">问据<small>报告问答 · 句句有据</small></h1>'
        '<div class="state"><span class="count"></span>'
        f'<span class="offline"><i class="dot"></i>{needs}</span>'
        '<button type="button" id="new" hidden>新对话</button></div></header>'
    )


def shelf_json(desk: Desk) -> dict[str, str]:
    """What the page shows of the index that answers now, each part as HTML: how much there is, what is covered,
    questions to begin with, and the reports."""
    opened, examples = desk.current, desk.offered
    reading = opened.reading
    offered = "".join(f'<button type="button" class="example">{escape(question)}</button>' for question in examples)
    begin = f'<p class="try">可以这样问</p><div class="examples">{offered}</div>' if offered else ""
    return {
        "generation": opened.pipeline.generation,
        "count": f"{len(reading.shelf.reports)} 份报告 · {reading.citable} 段",
        "welcome": covered_html(reading) + begin,
        "reports": reports_html(reading),
    }


# The conversation while it is empty; the script fills in what is covered, and questions to begin with.
CONVERSATION = (
    '<div id="turns" role="log" aria-live="polite" aria-label="问答" tabindex="0"><div id="welcome">'
    "<h2>问报告，句句有据</h2><p>答案只取自现有报告，每句话都标出所依据的段落；报告没有写的，会直接说明。</p>"
    '<div id="covered"></div></div></div>'
)


def covered_html(reading: Reading) -> str:
    """The places and the years that the reports speak of."""
    coverage = reading.shelf.coverage
    places = "、".join(coverage.places[:12]) + (f" 等 {len(coverage.places)} 地" if len(coverage.places) > 12 else "")
    years = coverage.years
    span = period_text(years[0], None) if len(years) == 1 else f"{years[0]}—{years[-1]}年" if years else ""
    rows = [("地区", places), ("年份", span), ("资料", f"{len(reading.shelf.reports)} 份报告，{reading.citable} 段")]
    shown = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    return f'<dl class="covered">{shown}</dl>'


def reports_html(reading: Reading) -> str:
    """The reports, newest first, each to be read: what the evidence pane lists while nothing is open."""
    newest = sorted(reading.shelf.reports, key=lambda report: report.year or 0, reverse=True)
    listed = "".join(_report_line(report) for report in newest[:MOST_LISTED])
    more = f'<p class="more">另有 {len(newest) - MOST_LISTED} 份</p>' if len(newest) > MOST_LISTED else ""
    return f'<div class="shelf">{listed}{more}</div>'


EVIDENCE = """<section id="ev" aria-label="依据"><div class="evh">
<button type="button" id="sheet" aria-expanded="true" aria-controls="doc" aria-label="收起依据"></button>
<div class="step" hidden><button type="button" id="prev" aria-label="上一条依据">‹</button>
<span id="place" aria-live="polite"></span><button type="button" id="next" aria-label="下一条依据">›</button></div>
<h2 id="evt">现有报告</h2><div class="crumb" id="crumb">答案所依据的原文会在这里打开</div></div>
<div id="doc" tabindex="0" role="region" aria-label="报告原文"></div></section>"""


def dressed(page: str) -> str:
    """Gradio's page in our language and under our name, without its links to other hosts."""
    return _FOREIGN.sub("", page).replace('lang="en"', 'lang="zh-CN"', 1)


def _static(gr: Any, html: str, elem_id: str) -> Any:
    """HTML as it is: Gradio puts a value into its template, it does not read template syntax in the value."""
    return gr.HTML(html, elem_id=elem_id, js_on_load=None, apply_default_css=False)


def _theme() -> gr.themes.Base:
    import gradio as gr

    return gr.themes.Base(font=list(FONTS), font_mono=["ui-monospace", "monospace"])


def _number(reading: Reading) -> Any:
    return lambda citation: reading.number(citation.report, citation.paragraph_id)


def _report_line(report: Report) -> str:
    return (
        f'<button type="button" class="rep" data-report="{escape(report.id)}">'
        f"<b>{escape(report.title)}</b><span>{escape(_origin(report))}</span></button>"
    )


def _origin(report: Report | None) -> str:
    parts = [period_text(report.year, None), report.publisher or ""] if report else []
    return " · ".join(part for part in parts if part)
