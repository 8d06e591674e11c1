"""Whatever is made of a file is made in a child process with limits on memory, processor time and wall time.

A file from somewhere may be made to crash or to exhaust what reads it. Whatever happens in the child, this process gets
an answer or a SourceError. A child is kept for the next file, since starting one takes longer than most files do; it is
given up when it met a limit. `python -m index.readers.child` reads requests from its standard input, each a line of
JSON and the bytes of a file, and answers with lines of JSON: how far it is, and at last what it made.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from index.errors import SourceError
from index.readers.text import MAX_TEXT, SPLIT, WHOLE, too_long

ROOT = Path(__file__).resolve().parents[2]
GIGABYTE = 1024**3
Progress = Callable[[float], None]  # the share that is done, in [0, 1]
_MEMORY_STATUS = 71
_COMMAND = ("-m", "index.readers.child")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: bytes of address space, seconds of processor and seconds in all for one file, bytes in a
    file it writes."""

    memory: int = 3 * GIGABYTE // 2
    cpu: int = 120
    wall: int = 150
    file: int = 0


_OCR = Limits(memory=6 * GIGABYTE, cpu=1200, wall=900)  # onnxruntime maps much and uses several threads
# How each kind is read: the function that takes the bytes and gives the answer, and its limits.
_KINDS: dict[str, tuple[str, Limits]] = {
    "html": ("index.readers.html:read", Limits()),
    "docx": ("index.readers.docx:read", Limits()),
    "pdf": ("index.readers.pdf:read", Limits()),
    "pdf-ocr": ("index.readers.pdf:read_with_ocr", _OCR),
    "image": ("index.readers.ocr:read", _OCR),
    "zip": ("index.readers.archive:unpack", Limits(file=GIGABYTE)),
    "report": ("index.annotate.apart:made", Limits()),
}


class _Ended(Exception):
    """The child ended with `status` instead of an answer; `late` when the wall time ended it."""

    def __init__(self, status: int, *, late: bool) -> None:
        self.status = status
        self.late = late


class _Child:
    """A running child and the pipes to it."""

    def __init__(self, limits: Limits) -> None:
        # The parent's warning filters and start-up files are not the child's business.
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "PYTHONSTARTUP")}
        kept |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-P", *_COMMAND, str(limits.memory), str(limits.file)]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kept
            )
        except OSError as error:
            raise SourceError(f"无法启动读取进程（{error.strerror}）。", "请检查系统资源。") from error
        self._limits = limits

    def ask(self, request: dict[str, Any], data: bytes, progress: Progress | None) -> object:
        """The child's answer. Raises _Ended when it ends before; ValueError when it is no JSON."""
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._limits.wall, end)
        timer.daemon = True
        timer.start()
        try:
            return self._exchange(json.dumps(request).encode() + b"\n" + data, progress)
        except (EOFError, BrokenPipeError) as error:
            raise _Ended(self._process.wait(), late=late.is_set()) from error
        finally:
            timer.cancel()

    def _exchange(self, request: bytes, progress: Progress | None) -> object:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(request)
        stdin.flush()
        while line := stdout.readline():
            said = json.loads(line)
            if not isinstance(said, dict) or "share" not in said:
                return said
            if progress:
                progress(float(said["share"]))
        raise EOFError

    def close(self) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


_idle: dict[tuple[object, Limits], _Child] = {}


def run(
    kind: str, data: bytes, *arguments: str, limits: Limits | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """What is made of `data`, a file of this `kind`. Raises SourceError when it is refused, fails or meets a limit."""
    limits = limits or _KINDS[kind][1]
    key = (_COMMAND, limits)
    child = _idle.pop(key, None) or _Child(limits)  # taken out, so that two threads never share one
    request = {"kind": kind, "size": len(data), "cpu": limits.cpu, "arguments": arguments}
    try:
        answer = child.ask(request, data, progress)
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")
    except (_Ended, ValueError) as error:
        child.close()
        raise _failure(error, limits) from error
    except BaseException:
        child.close()
        raise
    _idle[key] = child
    if "error" in answer:
        raise SourceError(str(answer["error"]), str(answer["remedy"]))
    return answer


def shut() -> None:
    """End the children that wait for another file."""
    while _idle:
        _idle.popitem()[1].close()


atexit.register(shut)


def _failure(error: _Ended | ValueError, limits: Limits) -> SourceError:
    if isinstance(error, _Ended) and error.late:
        return SourceError(f"读取超过 {limits.wall} 秒，已停止。", "请拆分文件或另存后再试。")
    if isinstance(error, _Ended) and error.status == _MEMORY_STATUS:
        return SourceError(f"读取所需内存超过上限 {limits.memory // 1024**2:,} MB。", SPLIT)
    if isinstance(error, _Ended) and error.status in (-24, -9):  # SIGXCPU; SIGKILL where the system ended it
        return SourceError("读取所需时间或内存超过上限。", SPLIT)
    return SourceError("内容已损坏，读不出来。", WHOLE)


# The child's side.


def _limit(memory: int, file: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the wall time alone
        return
    for what, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, file), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (limit, limit))


def _limit_processor(seconds: int) -> None:
    """The next file may use so many seconds more than what was used up to now."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds, hard))


def _parser(kind: str) -> Callable[..., dict[str, object]]:
    module, _, name = _KINDS[kind][0].partition(":")
    parser: Callable[..., dict[str, object]] = getattr(import_module(module), name)
    return parser


def _made(request: dict[str, Any], data: bytes) -> bytes:
    try:
        answer = _parser(request["kind"])(data, *map(Path, request["arguments"]))
        if len(str(answer.get("text", ""))) > MAX_TEXT:
            raise too_long()
        return json.dumps(answer).encode()
    except SourceError as error:
        return json.dumps({"error": error.what, "remedy": error.remedy}).encode()


def tell(share: float) -> None:
    """How much of the file is done, in [0, 1], to whoever waits for it."""
    if _out is not None:
        _out.write(json.dumps({"share": share}).encode() + b"\n")
        _out.flush()


_out: Any = None


def main() -> int:
    """Answers requests until there are no more."""
    memory, file = map(int, sys.argv[1:])
    _limit(memory, file)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a parser that prints must not spoil the answer
    sys.modules["index.readers.child"]._out = out  # type: ignore[attr-defined]  # run by -m, this module is another one
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["size"])
        _limit_processor(request["cpu"])
        try:
            made = _made(request, data)
        except MemoryError:
            return _MEMORY_STATUS
        out.write(made + b"\n")
        out.flush()
    return 0


if __name__ == "__main__":
    import index.readers.child  # the module that parsers know as this one

    sys.exit(index.readers.child.main())
