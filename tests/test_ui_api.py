"""The HTTP API over a real server: the contract, bad input, hosts and origins, and which doors are open."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from browser import running
from fastapi import FastAPI
from starlette.routing import Mount
from tiny import TinyPipeline, tiny_pipeline

from index.errors import IndexMissing
from rag.types import Answer
from ui.api.app import create_app
from ui.api.guard import is_open
from ui.api.server import PortTaken, ServerError, allowed_hosts, check_address, serve
from ui.api.service import Desk, Opened, clean, history_texts, question_text
from ui.web.examples import example_questions
from ui.web.page import dressed

CONTRACT = {"question", "refused", "answer", "citations", "answerer", "confidence", "elapsed_ms"}
CITATION = {
    "marker", "paragraph_id", "report", "title", "section", "place", "year", "kind", "text", "quote", "start", "end",
    "file", "spans",
}  # fmt: skip
LONG = "长" * 2001
BAD_BODIES: list[tuple[bytes, str]] = [
    *[(body, "body") for body in (
        b"", b" ", b"{", b"}", b"nul", b"null", b"true", b"1", b"-", b'"text"', b"[]", b"[1,2]", b"NaN", b"Infinity",
        b"question=1", b"<a/>", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80abc", b"{'question':'a'}", b'{"question":',
        b'{"question":"a"', b'{"question":"a",}', b'{"question":"a"}}', b'{"question":"\xff"}', b'{"question":"\\u12"}',
        b"[" * 30_000, b'{"a":' * 10_000, b"9" * 30_000, b"--boundary\r\n", b"%7B%7D",
    )],
    *[(json.dumps(body).encode(), "question") for body in (
        {}, {"q": "a"}, {"Question": "a"}, {"question": ""}, {"question": "   "}, {"question": "？！。"},
        {"question": "\u200b\u202e\ufeff"}, {"question": "\x00\x07"}, {"question": "\ud800"}, {"question": None},
        {"question": 1}, {"question": 1.5}, {"question": True}, {"question": []}, {"question": ["a"]},
        {"question": {"text": "a"}}, {"question": LONG}, {"question": "\u200b" * 2001 + "a"}, {"history": []},
        {"question": "\n\t"},
    )],
    *[(json.dumps({"question": "问新增就业", "history": history}).encode(), field) for history, field in (
        (None, "history"), ("a", "history"), (1, "history"), ({}, "history"), (True, "history"), ([1], "history[0]"),
        (["a", None], "history[1]"), ([["a"]], "history[0]"), ([{"question": "a"}], "history[0]"),
        ([LONG], "history[0]"), (["a", "b", 2.5], "history[2]"),
    )],
    *[(json.dumps({"question": "问新增就业", "explain": explain}).encode(), "explain") for explain in (
        None, "true", 1, [], {},
    )],
]  # fmt: skip


@pytest.fixture(scope="module")
def pipeline() -> TinyPipeline:
    return tiny_pipeline()


@pytest.fixture(scope="module")
def api(pipeline: TinyPipeline) -> Iterator[httpx.Client]:
    with running(create_app(pipeline, page=False, hosts=["kb.intranet"])) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="module")
def app(pipeline: TinyPipeline) -> FastAPI:
    """With the page mounted."""
    return create_app(pipeline, examples=["问新增就业？"], hosts=["kb.intranet"])


@pytest.fixture(scope="module")
def site(app: FastAPI) -> Iterator[httpx.Client]:
    with running(app) as url, httpx.Client(base_url=url) as client:
        yield client


def test_answer_has_the_fields_of_the_contract(api: httpx.Client) -> None:
    response = api.post("/api/ask", json={"question": "问新增就业4万人？", "history": ["先问一句"]})
    answer = response.json()
    assert response.status_code == 200
    assert answer.keys() >= CONTRACT
    assert (answer["refused"], answer["answerer"]) == (False, "extractive")
    (citation,) = answer["citations"]
    assert citation.keys() >= CITATION
    assert citation["text"][citation["start"] : citation["end"]] == citation["quote"] == "新增就业4万人"


def test_an_explanation_comes_where_it_is_asked_for(api: httpx.Client) -> None:
    plain = api.post("/api/ask", json={"question": "问新增就业4万人？", "explain": False}).json()
    assert "explanation" not in plain
    answer = api.post("/api/ask", json={"question": "问新增就业4万人？", "explain": True}).json()
    assert answer.keys() - plain.keys() == {"explanation"}
    assert answer["explanation"]["hits"][0]["clause"] == "新增就业4万人"


def test_history_may_be_left_out_and_is_passed_on(api: httpx.Client, pipeline: TinyPipeline) -> None:
    api.post("/api/ask", json={"question": "问新增就业"}).raise_for_status()
    assert pipeline.asked[-1] == ("问新增就业", ())
    api.post("/api/ask", json={"question": "那李沧区呢", "history": [" 一 ", "", "二"]}).raise_for_status()
    assert pipeline.asked[-1] == ("那李沧区呢", ("一", "二"))


def test_what_cannot_be_seen_is_cleaned(api: httpx.Client) -> None:
    dirty = "\ufeff问\u200b新\x00增\u202e就\ud800业\u2066？\n"
    body = json.dumps({"question": dirty}).encode()
    answer = api.post("/api/ask", content=body, headers={"content-type": "application/json"}).json()
    assert answer["question"] == "问新增就业？"
    assert answer["answer"] == api.post("/api/ask", json={"question": "问新增就业？"}).json()["answer"]


@pytest.mark.parametrize(("body", "field"), BAD_BODIES)
def test_bad_body_is_refused_and_named(api: httpx.Client, body: bytes, field: str) -> None:
    response = api.post("/api/ask", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["field"]) == (422, field)
    assert response.json()["detail"]


def test_there_are_sixty_bad_bodies() -> None:
    assert len(BAD_BODIES) >= 60


def test_messages_say_what_is_wrong(api: httpx.Client) -> None:
    assert api.post("/api/ask", json={"question": " "}).json()["detail"] == "请输入问题"
    assert api.post("/api/ask", json={"question": LONG}).json()["detail"] == "问题太长：2001 字 最多 2000 字"
    assert api.post("/api/ask", json={"question": 5}).json()["detail"] == "question 须是文字"


@pytest.mark.parametrize("size", [65 * 1024, 1024 * 1024])
def test_large_body_is_refused_before_parsing(api: httpx.Client, size: int) -> None:
    assert api.post("/api/ask", content=b"{" * size).status_code == 413
    chunks = (b"[" * 4096 for _ in range(size // 4096 + 1))
    assert api.post("/api/ask", content=chunks).status_code == 413  # no announced length


def test_a_lying_length_is_refused(api: httpx.Client) -> None:
    address = (str(api.base_url.host), api.base_url.port or 80)
    for length in (b"99999999999999999999", b"65537"):
        with socket.create_connection(address, timeout=10) as raw:
            raw.sendall(b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n")
            assert raw.recv(64).split()[1] == b"413"


def test_a_full_house_is_told_to_come_back() -> None:
    with running(create_app(tiny_pipeline(), page=False, most_waiting=0)) as url:
        response = httpx.post(f"{url}/api/ask", json={"question": "问新增就业"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")


def test_questions_reach_the_pipeline_one_at_a_time() -> None:
    class Careless(TinyPipeline):
        inside = 0
        most = 0

        def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                return super().ask(question, history)
            finally:
                self.inside -= 1

    pipeline = Careless(tiny_pipeline().store)
    with running(create_app(pipeline, page=False)) as url, ThreadPoolExecutor(16) as pool:
        post = partial(httpx.post, f"{url}/api/ask", json={"question": "问办理完成"}, timeout=60)
        codes = [answer.status_code for answer in pool.map(lambda _: post(), range(48))]
    assert (set(codes), pipeline.most) == ({200}, 1)


def test_others_are_answered_while_a_model_is_awaited() -> None:
    pipeline = tiny_pipeline()
    with running(create_app(pipeline, page=False)) as url, ThreadPoolExecutor(4) as pool:
        post = partial(httpx.post, f"{url}/api/ask", timeout=60)
        waiting = [pool.submit(post, json={"question": "慢问办理完成"}) for _ in range(3)]
        assert post(json={"question": "问新增就业4万人"}).json()["refused"] is False
        assert not any(one.done() for one in waiting)
        pipeline.go_on.set()
        assert {one.result().status_code for one in waiting} == {200}


def test_a_damaged_index_is_503_and_a_bug_tells_nothing(api: httpx.Client) -> None:
    damaged = api.post("/api/ask", json={"question": "损"})
    assert damaged.status_code == 503
    assert "wenju build" in damaged.json()["detail"]
    bug = httpx.post(f"{api.base_url}/api/ask", json={"question": "坏"})  # the server closes this connection
    assert bug.status_code == 500
    assert "secret" not in bug.text


def test_health_and_readiness(api: httpx.Client) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ok", "generation": "000001-tiny"}


def test_not_ready_without_an_index() -> None:
    with running(create_app(IndexMissing("没有索引：/srv/index。", "运行 wenju build --index /srv/index"))) as url:
        assert httpx.get(f"{url}/healthz").status_code == 200
        for response in (httpx.get(f"{url}/readyz"), httpx.post(f"{url}/api/ask", json={"question": "问"})):
            assert response.status_code == 503
            assert "wenju build" in response.json()["detail"]
            assert "/srv" not in response.text  # a stranger is not told where things lie


def test_metrics_count_by_outcome() -> None:
    with running(create_app(tiny_pipeline(), page=False)) as url, httpx.Client(base_url=url) as client:
        for question in ("问新增就业", "问新增就业", "问火星", "", "坏"):
            client.post("/api/ask", json={"question": question})
        lines = httpx.get(f"{url}/metrics").text.splitlines()  # the server closes a connection behind a bug
    assert {
        'wenju_asks_total{outcome="answered"} 2.0',
        'wenju_asks_total{outcome="refused"} 1.0',
        'wenju_asks_total{outcome="invalid"} 1.0',
        'wenju_asks_total{outcome="failed"} 1.0',
        "wenju_ask_seconds_count 3.0",
        "wenju_reports 2.0",
        "wenju_paragraphs 45.0",
    } <= set(lines)


def test_report_as_it_reads(api: httpx.Client) -> None:
    response = api.get("/api/reports/r1")
    assert response.headers["content-type"].startswith("text/html")
    assert 'data-id="r1-3"' in response.text
    for unknown in ("nothing", "..", "%2e%2e%2fetc%2fpasswd", "r1%00", "r" * 300):
        assert api.get(f"/api/reports/{unknown}").status_code == 404


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7860",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "kb.intranet.evil",
        "x",
        "",
    ],
)
def test_foreign_host_is_refused(site: httpx.Client, host: str) -> None:
    for path in ("/", "/healthz", "/config", "/gradio_api/app_id"):
        assert site.get(path, headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:7860", "kb.intranet", "kb.intranet:80"])
def test_own_host_is_served(site: httpx.Client, host: str) -> None:
    assert site.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "*"])
@pytest.mark.parametrize("host", ["kb.intranet", "localhost"])
def test_no_origin_gets_cors(site: httpx.Client, origin: str, host: str) -> None:
    headers = {"origin": origin, "host": host, "access-control-request-method": "POST"}
    for path in ("/", "/config", "/api/ask", "/gradio_api/queue/join", "/theme.css", "/healthz"):
        for method in ("GET", "POST", "OPTIONS"):
            answered = site.request(method, path, headers=headers).headers
            assert not {name for name in answered if name.startswith("access-control-allow-") and "origin" in name}
            assert "access-control-allow-credentials" not in answered


def test_every_answer_has_the_safety_headers(site: httpx.Client) -> None:
    for path in ("/", "/healthz", "/api/reports/r1", "/wenju/page.js", "/config", "/nowhere"):
        headers = site.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "'unsafe-inline'" not in headers["content-security-policy"].split("style-src")[0]


OPEN = {
    "/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt", "/healthz", "/readyz", "/metrics",
    "/api/ask", "/api/shelf", "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/startup-events",
    "/gradio_api/app_id",
}  # fmt: skip


def gradio_paths(app: FastAPI) -> set[str]:
    """Every path that Gradio brings, placeholders as they stand."""
    (mount,) = (route for route in app.routes if isinstance(route, Mount) and not route.path)
    routers = [route.original_router for route in mount.routes if hasattr(route, "original_router")]
    routes = [*mount.routes, *(route for router in routers for route in router.routes)]
    return {route.path.replace("{", "").replace("}", "") for route in routes if hasattr(route, "path")}


def test_no_door_of_gradio_is_open_but_those_the_page_needs(site: httpx.Client, app: FastAPI) -> None:
    paths = gradio_paths(app)
    assert {
        "/gradio_api/upload",
        "/gradio_api/file=path_or_url:path",
        "/monitoring",
    } <= paths
    also = {"/config/", "/gradio_api/heartbeat/session_hash"}
    shut = paths - OPEN  # not empty, as the line above shows
    assert {path for path in shut for method in ("GET", "POST") if is_open(method, path)} <= also
    for path in sorted(shut - also):
        for method in ("GET", "POST"):
            assert site.request(method, path).status_code == 404, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/file=/etc/passwd", "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/upload",
        "/gradio_api/proxy=http://169.254.169.254/", "/assets/../../../../etc/passwd",
        "/assets/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/static/..%2f..%2f..%2fetc/passwd", "/static/../../routes.py", "/wenju/../web.py", "/wenju/%2e%2e/web.py",
        "/gradio_api/info", "/gradio_api/openapi.json", "/openapi.json", "/docs", "/redoc", "/monitoring",
        "/monitoring/summary", "/gradio_api/runs", "/gradio_api/call/lambda", "/gradio_api/run/predict",
        "/gradio_api/api/predict",
        "/gradio_api/component_server", "/login", "/token", "/user", "/gradio_api/deep_link", "/pwa_icon", "/svelte/x",
        "/gradio_api/stream/a/b/c/playlist.m3u8", "/.git/config", "//etc/passwd",
        "/dev/reload", "/gradio_api/vibe-code",
    ],
)  # fmt: skip
def test_path_tricks_find_nothing(site: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        response = site.request(method, path)
        assert response.status_code in (400, 403, 404, 405, 413), (method, path, response.status_code)
        assert "root:" not in response.text


def test_page_event_checks_again(site: httpx.Client) -> None:
    """Limits in the page are not limits in the server: the event answers bad data with a card, and never breaks."""
    from ui.web.page import turns_of

    desk = Desk(tiny_pipeline())
    for question in ("", LONG, None, 5, [], {"a": 1}):
        for before in (None, 5, "[]", "{", "5", '{"a": 1}', "[1]", "[" * 9000):
            assert [turn["failed"] for turn, _ in turns_of(desk, question, before, 1)] == [True]
    assert [turn["failed"] for turn, _ in turns_of(desk, "问新增就业", "{", 3)] == [True]
    assert [turn["ticket"] for turn, _ in turns_of(desk, "问新增就业", '["x"]', 3)] == [3]
    assert site.get("/gradio_api/info").status_code == 404


@pytest.mark.parametrize("path", ["/gradio_api/queue/data", "/gradio_api/heartbeat/x"])
def test_a_stream_is_for_one_session_that_a_page_made(site: httpx.Client, path: str) -> None:
    for query in (
        "session_hash=../x",
        "session_hash=a&session_hash=b",
        f"session_hash={'a' * 400}",
        "session_hash=%00",
    ):
        response = site.get(f"{path}?{query}")
        assert response.status_code == 422, (path, query)


def test_only_json_is_read(api: httpx.Client) -> None:
    body = json.dumps({"question": "问新增就业"}).encode()
    for sent in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"):
        response = api.post("/api/ask", content=body, headers={"content-type": sent} if sent else {})
        assert (response.status_code, response.json()["field"]) == (415, "content-type"), sent
    for sent in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        assert api.post("/api/ask", content=body, headers={"content-type": sent}).status_code == 200


def test_page_names_nobody_else(site: httpx.Client) -> None:
    page = site.get("/").text
    assert 'lang="zh-CN"' in page
    assert "twitter" not in page
    assert "og:" not in page
    assert "raw.githubusercontent" not in page
    assert dressed(page) == page


def test_cleaning_keeps_what_can_be_read() -> None:
    assert clean(" a\tb\r\nc\u200bd\u202ee\ufefff\x00 ") == "a b cdef"
    assert clean("𠮷野家（青岛）“十四五”１２３ﾃｽﾄ") == "𠮷野家（青岛）“十四五”１２３ﾃｽﾄ"
    assert question_text(" 问\u2066？ ") == "问？"
    assert history_texts([f"q{n}" for n in range(30)]) == tuple(f"q{n}" for n in range(20, 30))


def test_examples_are_answered_with_their_figure() -> None:
    class Sure(TinyPipeline):
        def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
            self.asked.append((question, tuple(history)))
            return Answer(question, "就业" in question, "全年引进项目125个，新增就业4万人")

    opened = Opened.of(Sure(tiny_pipeline().store))
    offered = example_questions(opened)
    assert "2025年市北区计划新增就业多少万人？" not in offered  # refused
    assert len(offered) <= 4
    assert example_questions(Opened.of(tiny_pipeline())) == ()  # what the index does not answer is not offered


def test_port_taken_is_said_before_anything_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"端口 {port} 已被占用"):
            serve("/nowhere", "127.0.0.1", port)
    with pytest.raises(ServerError, match="不能在"):
        check_address("203.0.113.7", 7860)
    with pytest.raises(ServerError, match="不能在"):
        check_address("127.0.0.1", 99_999)


def test_allowed_hosts_come_from_the_address_and_the_environment() -> None:
    assert allowed_hosts("0.0.0.0", "kb.intranet, 10.0.0.5 ,") == ["kb.intranet", "10.0.0.5"]
    assert allowed_hosts("10.0.0.9", "") == ["10.0.0.9"]


def test_gradio_is_not_needed_to_render() -> None:
    import subprocess

    code = "import sys, ui.web.render, ui.api.server; sys.exit('gradio' in sys.modules or 'fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
