"""What stands between the network and the app: which doors are open, how much may come in, what goes out with it.

Gradio brings some ninety routes (uploads, files, proxies, monitoring ...); the page needs a dozen. Only those and
our own are open, everything else is 404. Middlewares are plain ASGI, so that event streams pass through unbuffered.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024
LONGEST_LENGTH = 18  # digits of an announced length; Python refuses to read numbers of thousands
_GET = ("GET", "HEAD")
_PAGE = r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/assets/[\w.-]+|/static/[\w./-]+"
_STREAMS = r"/gradio_api/(?:queue/data|heartbeat/\w+|startup-events|app_id)"
_OURS = r"/healthz|/readyz|/metrics|/api/shelf|/api/reports/[^/]{1,200}|/wenju/[\w.-]+"
DOORS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (_GET, re.compile(rf"{_PAGE}|{_STREAMS}|{_OURS}")),
    (("POST", "OPTIONS"), re.compile(r"/api/ask|/gradio_api/queue/join")),
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


def content_policy(page: str = "") -> str:
    """Nothing from another host, no inline script but those of `page` itself, by their hashes.

    Gradio compiles the templates of its components in the browser, which needs 'unsafe-eval'; markup that slips
    into the page still cannot run, since neither inline scripts nor event attributes are allowed.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {hashes} 'unsafe-eval'" if hashes else "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def is_open(method: str, path: str) -> bool:
    """Whether a request may reach the app at all."""
    return any(method in methods and door.fullmatch(path) for methods, door in DOORS)


class Doors:
    """Lets through what `is_open` allows; sets the headers of every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _headers(message["status"]):
                    headers.setdefault(name, value)
            await send(message)

        if is_open(scope["method"], scope["path"]):
            await self._app(scope, receive, dressed)
        else:
            await JSONResponse({"detail": "没有这个地址"}, 404)(scope, receive, dressed)


def _headers(status: int) -> Iterable[tuple[str, str]]:
    yield from HEADERS.items()
    yield "content-security-policy", content_policy()
    if status == 503:
        yield "retry-after", "2"


class BodyLimit:
    """Refuses a body above the limit with 413: by its announced length, or as soon as what came in passes it."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _GET:
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        long = not announced.isdecimal() or len(announced) > LONGEST_LENGTH or int(announced) > self._most
        body = None if long else await read_body(receive, self._most)
        if body is None:
            refusal = JSONResponse({"detail": f"请求太大：最多 {self._most // 1024} KiB"}, 413)
            await refusal(scope, receive, send)
            return
        await self._app(scope, replayed(body, receive), send)


async def read_body(receive: Receive, most: int = MOST_BYTES) -> bytes | None:
    """The whole body of a request, None as soon as it is longer than `most` bytes."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out the body that was read, then what follows (a disconnect)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class PagePolicy:
    """Rewrites the page at `/` and sends it with the policy that allows its own inline scripts, by their hashes."""

    def __init__(self, app: ASGIApp, rewrite: Callable[[str], str]) -> None:
        self._app = app
        self._rewrite = rewrite

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message = {}
        chunks: list[bytes] = []

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                page = self._rewrite(b"".join(chunks).decode())
                headers = MutableHeaders(scope=start)
                headers["content-security-policy"] = content_policy(page)
                headers["content-length"] = str(len(page.encode()))
                headers["cache-control"] = "no-store"
                await send(start)
                await send({"type": "http.response.body", "body": page.encode()})

        await self._app({**scope, "headers": plain}, receive, held)
