"""How fast and how large it is on this machine: ``python -m evals.bench [--json FILE]``. Recorded, never asserted."""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evals.dataset import ASKED_ON, SEED_QUESTIONS, Question, load
from evals.run import run
from evals.scores import milliseconds
from index.errors import WenjuError

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-m", "ui.cli.app")
COLD_RUNS = 7
SERVED = 100  # questions put to the server before its memory is read
START_SECONDS = 60.0  # until the server must answer


def bench(questions: Sequence[Question], seeds: Path) -> dict[str, Any]:
    """All figures; the index is built anew in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        return {
            "machine": machine(),
            "build_seconds": _build(seeds, index),
            "question_ms": _warm(questions, index),
            "cold_ask_seconds": _cold(questions[0].question, index),
            "server": _server(questions[:SERVED], index),
        }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "model": models[0] if models else platform.machine(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
    }


def _build(seeds: Path, index: Path) -> float:
    """Seconds from an empty folder to an index, the model's loading included, the program's start not."""
    start = time.perf_counter()
    from index.embed.embedder import load_embedder
    from index.storage.build import build

    build([seeds], index, embedder=load_embedder())
    return round(time.perf_counter() - start, 3)


def _warm(questions: Sequence[Question], index: Path) -> dict[str, float]:
    from rag import open_pipeline

    pipeline = open_pipeline(index, today=ASKED_ON)
    pipeline.ask(questions[0].question)
    asked = run(questions, pipeline, lambda id_: pipeline.store.paragraph(id_).text)
    return {"questions": len(asked.results), "crashes": len(asked.crashes), **milliseconds(asked)}


def _cold(question: str, index: Path) -> dict[str, float]:
    """Seconds of whole processes of `wenju ask`."""
    times = []
    for _ in range(COLD_RUNS):
        start = time.perf_counter()
        subprocess.run([*COMMAND, "ask", question, "--index", index], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    figures = {"min": min(times), "median": statistics.median(times), "max": max(times)}
    return {"runs": COLD_RUNS, **{name: round(seconds, 3) for name, seconds in figures.items()}}


def _server(questions: Sequence[Question], index: Path) -> dict[str, float]:
    """Start of a real server, its answers over HTTP, and its resident memory afterwards."""
    start = time.perf_counter()
    with _serving(index) as (process, address):
        ready = time.perf_counter() - start
        times = sorted(_ask_over_http(address, question) for question in questions)
        return {
            "start_seconds": round(ready, 3),
            "questions": len(times),
            "http_ms_median": round(statistics.median(times) * 1000, 2),
            "rss_mib": _status_mib(process.pid, "VmRSS"),
            "peak_rss_mib": _status_mib(process.pid, "VmHWM"),
        }


@contextmanager
def _serving(index: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [*COMMAND, "serve", "--port", str(port), "--index", str(index)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"{address}/readyz", process)
        yield process, address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise WenjuError("服务没有启动。", "请运行 wenju serve 查看原因。")


def _ask_over_http(address: str, question: Question) -> float:
    body = json.dumps({"question": question.question, "history": list(question.history)}).encode()
    request = urllib.request.Request(f"{address}/api/ask", body, {"Content-Type": "application/json"})
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()
    return time.perf_counter() - start


def _status_mib(pid: int, field: str) -> float:
    """A memory figure of a process from Linux, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
    return round(kib / 1024, 1)


def table(figures: dict[str, Any]) -> str:
    """The figures as lines of text."""
    lines = []
    for name, value in figures.items():
        shown = ", ".join(f"{key} {figure}" for key, figure in value.items()) if isinstance(value, dict) else value
        lines.append(f"{name:<20}{shown}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and save where asked; 2 when something cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__)
    parser.add_argument("--questions", type=Path, default=SEED_QUESTIONS)
    parser.add_argument("--seeds", type=Path, default=ROOT / "seeds")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    try:
        figures = bench(load(options.questions), options.seeds)
    except WenjuError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
