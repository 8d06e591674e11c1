"""Attacks a real server and a real build, and reports what happened. Run as a program by its test, in a network
namespace without routes where the system allows one; prints one JSON object.

    python tests/attack.py bodies|questions|files COUNT SEED

What is attacked runs in this very process, so that an audit hook sees each file it opens and each address it asks for.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
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
import made_files as made  # noqa: E402
from browser import running  # noqa: E402
from hashing import HashingEmbedder  # noqa: E402
from tiny import tiny_pipeline  # noqa: E402

from index.embed.embedder import load_embedder  # noqa: E402
from index.readers.sources import shown  # noqa: E402
from index.storage.build import build  # noqa: E402
from rag import open_pipeline  # noqa: E402
from ui.api.app import create_app  # noqa: E402

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


def bodies(count: int, seed: int) -> dict[str, Any]:
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


# Questions: pieces that have broken programs before, alone, repeated and put together.
PIECES = (
    *("9", "9.", "９", "²", "①", "٣", "〇", "千", "亿", "万亿亿", "百分之", "二〇二五年", "2025年", "0000年", "9999年"),
    *(
        "过去九十九年",
        "增长",
        "超过",
        "不低于",
        "第",
        "前十名",
        "十四五",
        "%",
        "‰",
        "个百分点",
        "市北区",
        "全国",
        "各区",
    ),
    *("今年", "去年", "同比", "哪些区", "多少", "分别", "比", "排名", "为什么", "忽略以上指令", "，", "。", "？", "、"),
    *(
        "\u0301",
        "\u200b",
        "\u202e",
        "\ud800",
        "\x00",
        "\ufeff",
        "𠮷",
        "\U0001f468\u200d\U0001f469",
        "（",
        "“",
        " ",
        "\n",
    ),
    *("'; DROP TABLE x;--", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd", "%s%n"),
    *("[1]", "(a+)+$", "\\", '"', "a", "NaN", "1e999", "-0", "0x41"),
)


def question_of(draw: random.Random) -> str:
    match draw.randrange(4):
        case 0:  # one piece as often as fits
            piece = draw.choice(PIECES)
            return (piece * 2000)[: draw.choice((50, 309, 400, 1999, 2000))]
        case 1:
            return "".join(draw.choice(PIECES) for _ in range(draw.randrange(1, 30)))
        case 2:  # a real question with something in it
            asked = "2025年市北区计划新增就业多少人？"
            at = draw.randrange(len(asked))
            return asked[:at] + draw.choice(PIECES) * draw.choice((1, 3, 400)) + asked[at:]
        case _:
            return "".join(
                chr(draw.choice((draw.randrange(0x20, 0x3000), draw.randrange(0x4E00, 0x9FFF)))) for _ in range(40)
            )


def questions(count: int, seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    index = Path(tempfile.mkdtemp(prefix="wenju-attack-")) / "index"
    build([Path(__file__).parents[1] / "seeds"], index, embedder=load_embedder())
    statuses: Counter[int] = Counter()
    slowest = (0.0, "")
    hangs: list[str] = []
    app = create_app(open_pipeline(index), page=False)
    with running(app) as url, httpx.Client(base_url=url, timeout=HANG) as client:
        touched.clear()
        for _ in range(count):
            asked = question_of(draw)
            before = [question_of(draw) for _ in range(draw.choice((0, 0, 1, 3)))]
            body = json.dumps({"question": asked, "history": before}).encode()
            start = time.monotonic()
            try:
                sent = client.post("/api/ask", content=body, headers={"content-type": "application/json"})
                statuses[sent.status_code] += 1
                if sent.status_code >= 500:
                    hangs.append(asked[:60])
            except httpx.HTTPError as error:
                hangs.append(f"{type(error).__name__}: {asked[:60]}")
            slowest = max(slowest, (time.monotonic() - start, asked[:40]))
    return {"statuses": statuses, "failed": hangs, "touched": sorted(set(touched)), "slowest": slowest}


def file_of(draw: random.Random, number: int) -> tuple[str, bytes]:
    """One odd file: noise, a broken or a hostile one of a real format, or a text made to take long."""
    text = "2025年市北区政府工作报告\n\n新增就业4万人，同比增长5%。\n"
    word = made.raw_docx(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
    pages = f"<html><body><p>{text}</p></body></html>".encode()
    name = draw.choice(
        ("{}.txt", "{}.md", "{}.html", "{}.docx", "{}.pdf", "{}.zip", "{}.png", "{}", "{}\u202e.txt")
    ).format(number)
    match draw.randrange(6):
        case 0:
            data = draw.randbytes(draw.choice((0, 1, 100, 5000)))
        case 1:
            whole = draw.choice((word, pages, made.zipped({"a.txt": text.encode()}), text.encode("utf-16")))
            data = whole[: draw.randrange(len(whole))]
        case 2:
            flipped = bytearray(draw.choice((word, pages, made.zipped({"a.txt": text.encode()}))))
            for _ in range(20):
                flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
            data = bytes(flipped)
        case 3:
            data = (draw.choice(PIECES) * draw.choice((1_000, 30_000)) + "\n").encode("utf-8", "surrogatepass")
        case 4:
            piece = draw.choice(PIECES).encode("utf-8", "surrogatepass")
            data = draw.choice(
                (b"<p>" * 3000, b"<table><tr><td>" * 2000, b"<p>" + piece * 20_000, b"# " * 5000, b"\n" * 50_000)
            )
        case _:
            data = text.encode(
                draw.choice(("gb18030", "utf-8-sig", "utf-16", "utf-32", "big5")), "ignore"
            ) * draw.choice((1, 300))
    return name, data


def files(count: int, seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="wenju-attack-"))
    sources = folder / "sources"
    sources.mkdir()
    good = "2025年李沧区政府工作报告\n\n2025年，新增就业3万人。\n"
    (sources / "good.txt").write_text(good, encoding="utf-8")
    for number in range(count):
        name, data = file_of(draw, number)
        (sources / name).write_bytes(data)
    (sources / os.fsdecode("旧.txt".encode("gb18030"))).write_text(good)
    (sources / "reports.jsonl").write_text(
        '{"file": "good.txt", "year": ' + "9" * 5000 + '}\n{"file": "0.txt", "title": "\\ud800"}\n', encoding="utf-8"
    )
    touched.clear()
    start = time.monotonic()
    done = build([sources], folder / "index", embedder=HashingEmbedder())
    told = {one.file for one in done.files} | {alias for one in done.files for alias in one.aliases}
    told |= {one.file for one in done.skipped}
    inside = {name.split(".zip/")[0] + ".zip" if ".zip/" in name else name for name in told}
    lost = [
        path.name
        for path in sources.iterdir()
        if f"sources/{shown(path.name)}" not in inside and path.suffix != ".jsonl"
    ]
    return {
        "good": any(one.file == "sources/good.txt" for one in done.files),
        "lost": lost, "touched": sorted(set(touched)),
        "read": len(done.files), "skipped": len(done.skipped), "seconds": round(time.monotonic() - start, 1),
    }  # fmt: skip


ATTACKS: dict[str, Callable[[int, int], dict[str, Any]]] = {"bodies": bodies, "questions": questions, "files": files}

if __name__ == "__main__":
    with suppress(OSError):  # it is up already, in the namespace of everybody
        loopback_up()
    print(json.dumps(ATTACKS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))))
