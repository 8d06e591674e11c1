"""`wenju doctor`: is everything there, does the index open, and does nothing reach for the network."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from index.errors import WenjuError
from ui.cli.messages import Messages, one_line

OLDEST_PYTHON = (3, 11)
TRIAL = "新增就业多少人？"
NETWORK_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"})


class Failed(Exception):
    """A check did not pass; the message says why."""


def examine(index: Path, say: Messages) -> int:
    """Print a line for each check; the exit status is 1 when one failed."""
    reached: list[str] = []
    sys.addaudithook(lambda event, _: reached.append(event) if event in NETWORK_EVENTS else None)
    failed = 0
    for name, check in _checks(index, reached, say):
        try:
            mark, found = "✓", check()
        except Failed as error:
            mark, found = "✗", str(error)
        except WenjuError as error:
            mark, found = "✗", say.failure(error)
        except Exception as error:  # noqa: BLE001 - whatever is broken, the other checks are still worth knowing
            mark, found = "✗", say("internal", error=f"{type(error).__name__}: {error}")
        failed += mark == "✗"
        print(f"{mark} {say(f'check_{name}')} {one_line(found)}")
    return 1 if failed else 0


def _checks(index: Path, reached: list[str], say: Messages) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "python", _python
    yield "packages", lambda: _packages(say)
    yield "model", _model
    yield "index", lambda: _index(index, say)
    yield "network", lambda: _network(reached, say)


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        raise Failed(f"{version} < {'.'.join(map(str, OLDEST_PYTHON))}")
    return version


def _packages(say: Messages) -> str:
    """The version of this installation, when each package that it requires is there."""
    try:
        required = metadata.requires("wenju") or []
        version = metadata.version("wenju")
    except metadata.PackageNotFoundError:
        raise Failed(say("not_installed", names="wenju")) from None
    missing = [name for name in map(_required_name, required) if name and not _installed(name)]
    if missing:
        raise Failed(say("not_installed", names=", ".join(missing)))
    return f"wenju {version}"


def _required_name(requirement: str) -> str | None:
    """The name in “typer>=0.15”; None for what only an extra needs."""
    wanted, _, marker = requirement.partition(";")
    name = wanted.strip()
    for stop in "<>=!~[ (":
        name = name.split(stop, 1)[0]
    return None if "extra" in marker else name


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _model() -> str:
    """The embedded model's files fit their hashes, and it makes a vector."""
    from index.embed.embedder import load_embedder

    embedder = load_embedder()
    shape = embedder.embed_queries([TRIAL]).shape
    if shape != (1, embedder.dim):
        raise Failed(f"{embedder.fingerprint}: {shape}")
    return f"{embedder.fingerprint} ({embedder.dim})"


def _index(folder: Path, say: Messages) -> str:
    """The index opens, which checks its hashes, and a question is answered from it."""
    from rag import open_pipeline

    pipeline = open_pipeline(folder)
    pipeline.ask(TRIAL)
    return say("opened", folder=folder, reports=len(pipeline.store.reports), passages=len(pipeline.store.passages))


def _network(reached: list[str], say: Messages) -> str:
    """None of the checks before has looked up a name or opened a connection."""
    if reached:
        raise Failed(", ".join(sorted(set(reached))))
    return say("no_connection")
