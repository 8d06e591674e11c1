"""Sends hostile bodies to the page's queue and reports what the server touched. Run as a program by its test, in a
network namespace without routes where the system allows one; prints one JSON object.

    python tests/attack_page.py COUNT SEED

The server runs in this very process, so that an audit hook sees each file it opens and each address it asks for.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

CANARY = Path(tempfile.mkdtemp(prefix="wenju-canary-"))
touched: list[str] = []


def heard(event: str, arguments: tuple[Any, ...]) -> None:
    """Keeps what no page has a reason to make the server do."""
    if event == "open" and str(arguments[0]).startswith((str(CANARY), "/dev/zero", "/dev/tty", "/etc/passwd")):
        touched.append(f"open {arguments[0]}")
    elif event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", None):
        touched.append(f"getaddrinfo {arguments[0]}")
    elif event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in ("127.0.0.1", "::1"):
        touched.append(f"connect {arguments[1]}")


sys.addaudithook(heard)
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import httpx  # noqa: E402
from browser import running  # noqa: E402
from tiny import tiny_pipeline  # noqa: E402

from ui.api import create_app  # noqa: E402

SESSION = "78dqp68539n"
HANG = 30.0  # seconds after which the server counts as hanging
TARGETS = (
    str(CANARY / "secret.txt"), str(CANARY / "none.txt"), "/dev/zero", "/dev/tty", "/etc/passwd", "/proc/self/mem",
    "http://169.254.169.254/latest", "http://internal.example/", "https://192.0.2.7/x", "file:///etc/passwd", "",
    "http://127.0.0.1:9/", "data:text/plain,x", "a" * 5000, "\x00", "../../etc/passwd",
)  # fmt: skip


def loopback_up() -> None:
    """A fresh network namespace begins with its loopback down."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS, up and running


def file_data(draw: random.Random) -> dict[str, Any]:
    """What Gradio takes for a file."""
    target = draw.choice(TARGETS)
    value: dict[str, Any] = {"path": target, "meta": {"_type": "gradio.FileData"}}
    if draw.random() < 0.5:
        value |= {"url": draw.choice(TARGETS), "orig_name": "x", "size": 1, "is_stream": draw.random() < 0.3}
    if draw.random() < 0.2:
        value["_type"] = "gradio.FileData"
    return value


def wrapped(draw: random.Random, value: Any) -> Any:
    """The value somewhere inside other values."""
    for _ in range(draw.randrange(4)):
        value = draw.choice(
            ([value], {"a": value}, {"path": value}, {"history": [value], "ticket": 1}, ["x", value, 3])
        )
    return value


def body_of(draw: random.Random) -> bytes:
    """One hostile body: a dict in a place of the data, a field that the page does not send, another form, no JSON."""
    data: list[Any] = ["问新增就业", "[]", 1]
    body: dict[str, Any] = {"data": data, "fn_index": 0, "trigger_id": 6, "session_hash": SESSION}
    hostile = wrapped(draw, file_data(draw))
    match draw.randrange(8):
        case 0 | 1 | 2:
            data[draw.randrange(3)] = hostile
        case 3:
            body[draw.choice(("event_data", "event_id", "oauth_token", "batched", "request", "meta", "_type"))] = (
                hostile
            )
        case 4:
            body["data"] = draw.choice((hostile, [hostile], [*data, hostile], [data, hostile], {}, None, [data] * 50))
        case 5:
            body[draw.choice(("fn_index", "trigger_id", "session_hash"))] = draw.choice(
                (hostile, -1, 10**30, "../x", [], None if draw.random() < 0.1 else {}, 1.5, True)
            )
        case 6:  # a name that stands twice: which of the two counts is another reader's choice
            plain = json.dumps(body)
            return (plain[:-1] + ', "data": ' + json.dumps([hostile, "[]", 1]) + "}").encode()
        case _:
            text = json.dumps(body | {"data": [hostile, "[]", 1]}).replace("_type", "\\u005ftype")
            return draw.choice((text, "[" * 30_000, text[: draw.randrange(len(text))], "\ufeff" + text, "")).encode()
    return json.dumps(body).encode()


def answered(client: httpx.Client, question: str, history: str) -> dict[str, Any]:
    """A question asked as the page asks; the text that it sends may look like anything."""
    joined = client.post(
        "/gradio_api/queue/join",
        json={"data": [question, history, 7], "fn_index": 0, "trigger_id": 6, "session_hash": SESSION},
    )
    joined.raise_for_status()
    last: dict[str, Any] = {}
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": SESSION}) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") in ("process_generating", "process_completed") and message["output"].get("data"):
                last = message["output"]["data"][0] or last
            if message.get("msg") in ("close_stream", "process_completed"):
                return last
    return last


def attack(count: int, seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    (CANARY / "secret.txt").write_text("secret")
    statuses: Counter[int] = Counter()
    hangs = 0
    with running(create_app(tiny_pipeline(), examples=[])) as url, httpx.Client(base_url=url, timeout=HANG) as client:
        client.get("/")
        touched.clear()  # what starting takes is not the attack's
        for number in range(count):
            try:
                sent = client.post(
                    "/gradio_api/queue/join", content=body_of(draw), headers={"content-type": "application/json"}
                )
                statuses[sent.status_code] += 1
                if number % 50 == 0:
                    client.get("/healthz").raise_for_status()
            except httpx.TimeoutException:
                hangs += 1
        texts = [json.dumps(file_data(draw)) for _ in range(20)]
        cards = [answered(client, "问新增就业4万人", json.dumps([text[:1900]])) for text in texts]
        cards += [answered(client, text[:1900], "[]") for text in texts]
    kinds = Counter("answer" if card.get("failed") is False else "refused" for card in cards)
    return {"statuses": statuses, "hangs": hangs, "touched": sorted(set(touched)), "cards": kinds}


if __name__ == "__main__":
    try:
        loopback_up()
    except OSError:
        pass  # it is up already, in the namespace of everybody
    print(json.dumps(attack(int(sys.argv[1]), int(sys.argv[2]))))
