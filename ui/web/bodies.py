"""What the page may send through Gradio: one event with two texts and a number, and nothing that Gradio interprets.

Gradio takes any dict with `"_type": "gradio.FileData"` in an event's data for a file, whatever component it is meant
for, and opens its path or fetches its address before our code runs. So a body is checked against the one form that
`page.js` sends, and what goes on to Gradio is written anew from the values found, never the bytes that came in: two
readers of JSON may read one text differently (a name that stands twice).
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.api.guard import read_body, replayed

JOIN = "/gradio_api/queue/join"
STREAM = re.compile(r"/gradio_api/(?:queue/data|heartbeat/.*)")
MOST_NUMBER = 2**31
SESSION = r"^[a-z0-9]{1,32}$"  # as Gradio's script makes it
_SESSION = re.compile(SESSION)
_OF_THE_BODY = (b"content-length", b"content-type", b"content-encoding", b"transfer-encoding")

Number = Annotated[int, Field(ge=0, lt=MOST_NUMBER)]


class Join(BaseModel):
    """The event of the page: the question, the history as JSON in a text, and the ticket of the answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    data: tuple[str, str, Number]
    fn_index: Number
    session_hash: Annotated[str, Field(pattern=SESSION)]
    trigger_id: Number | None = None
    event_data: None = None


class StrictBodies:
    """Lets through to Gradio's queue what `Join` describes, and sessions with a name that a page makes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == JOIN and scope["method"] == "POST":
            await self._join(scope, receive, send)
        elif scope["type"] == "http" and STREAM.fullmatch(scope["path"]) and not _named(scope):
            await JSONResponse({"detail": "没有这个会话"}, 422)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        json_said = Headers(scope=scope).get("content-type", "").partition(";")[0].strip() == "application/json"
        try:
            join = Join.model_validate_json((body or b"") if json_said else b"")
        except (ValidationError, ValueError, RecursionError):
            refusal = JSONResponse({"detail": "网页的请求须是规定的样子", "field": "body"}, 422)
            await refusal(scope, receive, send)
            return
        written = join.model_dump_json().encode()
        kept = [(name, value) for name, value in scope["headers"] if name not in _OF_THE_BODY]
        headers = [*kept, (b"content-type", b"application/json"), (b"content-length", str(len(written)).encode())]
        await self._app({**scope, "headers": headers, "query_string": b""}, replayed(written, receive), send)


def _named(scope: Scope) -> bool:
    """Whether the one session that a request for a stream names could be a page's."""
    names = QueryParams(scope["query_string"]).getlist("session_hash") or [scope["path"].rpartition("/")[2]]
    return len(names) == 1 and _SESSION.match(names[0]) is not None
