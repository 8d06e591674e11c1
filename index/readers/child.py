"""Parsers run in a child process with limits on memory, processor time and wall time.

A file from somewhere may be made to crash or to exhaust its parser. Whatever happens in the child, this process gets
a text or a SourceError. `python -m index.readers.child KIND` reads the file from its standard input and answers with
one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from index.errors import SourceError

ROOT = Path(__file__).resolve().parents[2]
GIGABYTE = 1024**3
MAX_TEXT = 20_000_000  # characters; the longest report has a hundredth
_MEMORY_STATUS = 71
_COMMAND = ("-m", "index.readers.child")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: bytes of address space, seconds of processor, seconds in all, bytes in a file it writes."""

    memory: int = 3 * GIGABYTE // 2
    cpu: int = 120
    wall: int = 150
    file: int = 0


_OCR = Limits(memory=6 * GIGABYTE, cpu=1200, wall=900)  # onnxruntime maps much and uses several threads
# How each kind is parsed: the function that takes the bytes and gives the answer, and its limits.
_KINDS: dict[str, tuple[str, Limits]] = {
    "html": ("index.readers.html:read", Limits()),
    "docx": ("index.readers.docx:read", Limits()),
    "pdf": ("index.readers.pdf:read", Limits()),
    "pdf-ocr": ("index.readers.pdf:read_with_ocr", _OCR),
    "image": ("index.readers.ocr:read", _OCR),
    "zip": ("index.readers.archive:unpack", Limits(file=GIGABYTE)),
}


def run(kind: str, data: bytes, *arguments: str, limits: Limits | None = None) -> dict[str, Any]:
    """What the parser of `kind` makes of `data`. Raises SourceError when it refuses, fails or meets a limit."""
    limits = limits or _KINDS[kind][1]
    told = [str(limits.memory), str(limits.cpu), str(limits.file)]
    # The parent's warning filters and start-up files are not the child's business.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "PYTHONSTARTUP")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", *_COMMAND, kind, *told, *arguments]
    try:
        ended = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=limits.wall,
            env=environment, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"读取超过 {limits.wall} 秒，已停止。", "请拆分文件或另存后再试。") from error
    except OSError as error:
        raise SourceError(f"无法启动读取进程（{error.strerror}）。", "请检查系统资源。") from error
    return _answer(ended.returncode, ended.stdout, limits)


def _answer(status: int, output: bytes, limits: Limits) -> dict[str, Any]:
    if status == _MEMORY_STATUS:
        raise SourceError(f"读取所需内存超过上限 {limits.memory // 1024**2:,} MB。", "请拆分文件后再试。")
    if status in (-24, -9):  # SIGXCPU; SIGKILL where the hard limit or the system ended it
        raise SourceError("读取所需时间或内存超过上限。", "请拆分文件后再试。")
    try:
        answer = json.loads(output) if status == 0 else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise SourceError("内容已损坏，读不出来。", "请检查文件是否完整。")
    if "error" in answer:
        raise SourceError(str(answer["error"]), str(answer["remedy"]))
    return answer


def _limit(memory: int, cpu: int, file: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the wall time alone
        return
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (limit, limit + 5 if what == resource.RLIMIT_CPU else limit))


def _parser(kind: str) -> Callable[..., dict[str, object]]:
    module, _, name = _KINDS[kind][0].partition(":")
    parser: Callable[..., dict[str, object]] = getattr(import_module(module), name)
    return parser


def main() -> int:
    """The child's side."""
    kind, memory, cpu, file, *rest = sys.argv[1:]
    _limit(int(memory), int(cpu), int(file))
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a parser that prints must not spoil the answer
    try:
        data = sys.stdin.buffer.read()
        answer = _parser(kind)(data, *map(Path, rest))
        if len(str(answer.get("text", ""))) > MAX_TEXT:
            raise SourceError(f"文字超过上限 {MAX_TEXT:,} 字。", "请拆分文件后再试。")
        written = json.dumps(answer).encode()
    except SourceError as error:
        written = json.dumps({"error": error.what, "remedy": error.remedy}).encode()
    except MemoryError:
        return _MEMORY_STATUS
    out.write(written)
    out.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
