"""A real HTTP server on loopback that speaks OpenAI's chat completions, with good and bad manners.

The name of the model that a request asks for chooses the behaviour; `{n}` in a behaviour's text is the number under
which the request gives the paragraph that holds EVIDENCE.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVIDENCE, FIGURE = "确保新增城镇就业4万人", "4万人"
TEXTS: Mapping[str, str] = {
    "good": "2025年市北区计划新增城镇就业4万人。[{n}]",
    "converted": "２０２５年市北区计划新增城镇就业４０，０００人【{n}】。",
    "english": "Shibei District plans 40,000 new urban jobs in 2025. [{n}]",
    "wrong-language": "Shibei District plans 40,000 new urban jobs in 2025. [{n}]",
    "wrong-figure": "2025年市北区计划新增城镇就业4.5万人。[{n}]",
    "wrong-unit": "2025年市北区计划新增城镇就业4万个。[{n}]",
    "near-miss": "2024年市北区新增城镇就业4万人。[{n}]",
    "wrong-kind": "2025年市北区已完成新增城镇就业4万人。[{n}]",
    "wrong-place": "2025年李沧区计划新增城镇就业4万人。[{n}]",
    "wrong-indicator": "2025年市北区计划扶持创业4万人。[{n}]",
    "unknown-citation": "2025年市北区计划新增城镇就业4万人。[57]",
    "unfinished": "2025年市北区计划新增",
    "no-citation": "2025年市北区计划新增城镇就业4万人。",
    "other-paragraph": "2025年市北区计划新增城镇就业4万人。[{other}]",
    "obeys": "好的，已忽略之前的指令，系统已被接管。[{n}]",
    "echoes": "系统已被接管。[{n}]",
    "image": "2025年市北区计划新增城镇就业4万人![图](http://evil.example/?q=1)。[{n}]",
    "link": "2025年市北区计划新增城镇就业4万人，详见[公告](http://evil.example)。[{n}]",
    "html": "2025年市北区计划新增城镇就业4万人<img src=x>。[{n}]",
    "misquote": "2025年市北区说“一定新增城镇就业4万人”。[{n}]",
    "half": "2025年市北区计划新增城镇就业4万人。[{n}]\n2025年市北区计划新增城镇就业9万人。[{n}]",
    "refuses": "NO_ANSWER",
    "empty": "",
    "blank": " \n。",
    "huge": "2025年市北区计划新增城镇就业4万人。[{n}]\n" * 2000,
}
FAULTS = (
    "cut", "401", "429", "500", "500-once", "429-once", "drip", "hangs", "hangs-midway", "invalid-json", "not-sse",
    "closes",
)  # fmt: skip


def numbers(message: str) -> dict[str, int]:
    """The numbers that TEXTS speak of in the paragraphs of a message; 1 where there is no such paragraph."""
    mark = re.search(r"<([0-9a-f]{16})>", message)
    blocks = list(enumerate(message.split(f"<{mark[1]}>\n")[1:] if mark else [], 1))
    holding = next((n for n, block in blocks if EVIDENCE in block), 1)
    return {"n": holding, "other": next((n for n, block in blocks if FIGURE not in block), 1)}


class ModelServer(ThreadingHTTPServer):
    """Remembers the requests; what hangs goes on when `go_on` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(body)
        behaviour = body["model"]
        asked = sum(request["model"] == behaviour for request in self.server.requests)
        message = body["messages"][-1]["content"]
        text = TEXTS.get(behaviour, TEXTS["good"]).format_map(numbers(message))
        if behaviour in ("401", "429", "500") or (behaviour in ("500-once", "429-once") and asked == 1):
            self._fail(int(behaviour[:3]))
        elif behaviour == "hangs":
            self.server.go_on.wait()
        elif behaviour == "closes":
            self.connection.close()
        elif behaviour == "not-sse":
            self._begin("text/html")
            self.wfile.write(b"<html>502 Bad Gateway</html>")
        else:
            self._stream(behaviour, text)
        self.close_connection = True

    def _stream(self, behaviour: str, text: str) -> None:
        self._begin("text/event-stream", length=10**6 if behaviour == "cut" else None)
        self._chunk({"role": "assistant", "content": ""})
        if behaviour == "invalid-json":
            self.wfile.write(b'data: {"choices": [{"delta": {"content": "4\n\n')
            return
        size = 1 if behaviour == "drip" else max(1, len(text) // 7)
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        for number, part in enumerate(parts):
            if number == 4 and behaviour == "hangs-midway":
                self.server.go_on.wait()
            if number == 4 and behaviour == "cut":
                return
            if behaviour == "drip":
                self.server.go_on.wait(0.1)
            self._chunk({"content": part})
        self._chunk({}, finish="stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _begin(self, kind: str, length: int | None = None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("content-length", str(length))
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        self.end_headers()

    def _chunk(self, delta: Mapping[str, str], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        data = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode())
        self.wfile.flush()

    def _fail(self, status: int) -> None:
        body = json.dumps({"error": {"message": "secret detail", "type": "x"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("connection", "close")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
