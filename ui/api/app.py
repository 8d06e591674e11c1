"""The app: the HTTP API with the page mounted beside it, behind the guard."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, JSONResponse

from index.errors import EmbedderError, IndexMissing, QuestionError, StoreError, WenjuError
from ui.api.guard import BodyLimit, Doors
from ui.api.service import Asks, Desk, FieldError, Generations, Opened
from ui.web.bodies import StrictBodies
from ui.web.examples import example_questions

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
MOST_WAITING = 64  # questions in work or waiting; more are told to come back
ASSETS = Path(__file__).parents[1] / "web" / "assets"
log = logging.getLogger(__name__)


def create_app(
    pipeline: Asks | WenjuError,
    *,
    folder: Generations | None = None,
    hosts: Sequence[str] = (),
    examples: Sequence[str] | None = None,
    most_waiting: int = MOST_WAITING,
    page: bool = True,
) -> FastAPI:
    """The app over an open pipeline, or over the error that kept it from opening (then nothing but /healthz works).

    `folder` is where newer generations of the index appear; each is taken when it does. `hosts` are names under which
    the server may be addressed besides the local ones. `examples` are questions that the page offers; None makes them
    from the index. `page=False` leaves the page out.
    """
    if isinstance(pipeline, WenjuError):
        app = _guarded(FastAPI(docs_url=None, redoc_url=None, openapi_url=None), hosts)
        _add_unready(app, pipeline)
        return app

    def offered(opened: Opened) -> Sequence[str]:
        return example_questions(opened) if examples is None else examples

    desk = Desk(pipeline, folder, offered if page else None)

    @asynccontextmanager
    async def watching(_: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        watcher = threading.Thread(target=desk.watch, args=(stop,), daemon=True)
        watcher.start()
        yield
        stop.set()
        watcher.join(timeout=5)

    app = _guarded(FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=watching), hosts)
    _add_api(app, desk, most_waiting)
    if page:
        from ui.web.page import mount_page  # gradio costs seconds

        app.mount("/wenju", StaticFiles(directory=ASSETS))
        mount_page(app, desk)
    return app


def _guarded(app: FastAPI, hosts: Sequence[str]) -> FastAPI:
    """The app behind everything that stands between it and the network, the outermost last."""
    app.add_middleware(StrictBodies)
    app.add_middleware(BodyLimit)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # ours: no other origin; without it Gradio would add its own
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_HOSTS, *hosts], www_redirect=False)
    app.add_middleware(Doors)
    app.add_exception_handler(Exception, _failed)
    app.add_exception_handler(WenjuError, _refused)
    app.add_api_route("/healthz", _healthz)
    return app


def _add_api(app: FastAPI, desk: Desk, most_waiting: int) -> None:
    waiting = 0

    async def ask(request: Request) -> Response:
        nonlocal waiting
        if waiting >= most_waiting:
            return JSONResponse({"detail": "问的人太多，请稍后再问"}, 503)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return JSONResponse({"detail": "请求头须写明 content-type: application/json", "field": "content-type"}, 415)
        body = _json_object(await request.body())
        if not isinstance(explained := body.get("explain", False), bool):
            raise FieldError("explain", "explain 须是 true 或 false")
        waiting += 1
        try:
            answer = await run_in_threadpool(_answered, desk, body, explained)
        finally:
            waiting -= 1
        return JSONResponse(answer)

    async def report(report_id: str) -> Response:
        html = await run_in_threadpool(desk.current.reading.html, report_id)
        return JSONResponse({"detail": "没有这份报告"}, 404) if html is None else HTMLResponse(html)

    async def metrics() -> Response:
        return Response(generate_latest(desk.meters.registry), media_type=CONTENT_TYPE_LATEST)

    async def readyz() -> Response:
        serving = {"generation": desk.current.pipeline.generation}
        if (cause := await run_in_threadpool(desk.obstacle)) is not None:
            return JSONResponse({"status": "unavailable", "detail": _public(cause), **serving}, 503)
        return JSONResponse({"status": "ok", **serving})

    app.add_api_route("/api/ask", ask, methods=["POST"])
    app.add_api_route("/api/reports/{report_id}", report)
    app.add_api_route("/metrics", metrics)
    app.add_api_route("/readyz", readyz)


def _answered(desk: Desk, body: dict[str, Any], explained: bool) -> dict[str, Any]:
    opened = desk.current
    answer = desk.ask(body.get("question", ""), body.get("history", []), opened)
    return answer.to_json() | ({"explanation": opened.explain(answer).to_json()} if explained else {})


def _add_unready(app: FastAPI, cause: WenjuError) -> None:
    async def unready() -> Response:
        return JSONResponse({"status": "unavailable", "detail": _public(cause)}, 503)

    app.add_api_route("/readyz", unready)
    app.add_api_route("/api/ask", unready, methods=["POST"])


def _public(error: WenjuError) -> str:
    """What a stranger may read of an error: the cause and the remedy, without the paths of this machine that the
    messages of the store and of a model hold."""
    if isinstance(error, IndexMissing):
        return "索引不在了，请在服务器上运行 wenju build。"
    if isinstance(error, StoreError | EmbedderError):
        return "索引不能用，请在服务器上运行 wenju doctor 查看原因，再运行 wenju build。"
    return f"{error.what} {error.remedy}".strip()


def _json_object(body: bytes) -> dict[str, Any]:
    """Raises FieldError when the body is no JSON object."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise FieldError("body", "请求须是 JSON") from None
    if not isinstance(value, dict):
        raise FieldError("body", '请求须是 JSON 对象，如 {"question": "…"}')
    return value


async def _healthz() -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(_: Request, error: Exception) -> Response:
    """What a person or program did wrong is 422 and names the field; what the index cannot do now is 503."""
    if not isinstance(error, WenjuError):
        raise error
    if isinstance(error, QuestionError):
        return JSONResponse({"detail": _public(error), "field": getattr(error, "field", "question")}, 422)
    log.error("a question could not be answered: %s", error)
    return JSONResponse({"detail": _public(error)}, 503)


async def _failed(_: Request, error: Exception) -> Response:
    log.error("request failed: %s", type(error).__name__)
    return JSONResponse({"detail": "服务出错，请稍后再试"}, 500)
