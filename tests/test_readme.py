"""The README is executed.

A ```bash block after the comment ``<!-- run -->`` is run: its `wenju` commands, except `wenju serve`, in a folder with
the seeds and an index. What it shows is compared: the lines below a ``$ wenju …`` command in the block, or the ```text
block right after it. A shown ``…`` stands for anything, times are not compared. In the other blocks the `wenju`
commands must exist, with their options.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- run -->\s*)?^```bash\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\d+(?:\.\d+)?\s*(?:ms|毫秒|秒|s)\b|(?<=用时)\s*\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Block:
    """The commands of one block, each with the output lines shown for it."""

    run: bool
    commands: tuple[tuple[str, tuple[str, ...]], ...]


def blocks(text: str) -> list[Block]:
    return [Block(bool(mark), tuple(commands(body, shown))) for mark, body, shown in BLOCK.findall(text)]


def commands(body: str, shown: str) -> list[tuple[str, tuple[str, ...]]]:
    """The `wenju` commands of a block. Output shown in a block of its own belongs to the last command."""
    lines = [line for line in body.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    prompts = any(line.startswith("$ ") for line in lines)
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if not prompts or line.startswith("$ "):
            found.append((line.removeprefix("$ ").strip(), []))
        elif found:
            found[-1][1].append(line)
    if found:
        found[-1][1].extend(line for line in shown.splitlines() if line.strip())
    return [(command, tuple(output)) for command, output in found if command.startswith("wenju ")]


def serves(command: str) -> bool:
    return command.split()[1] == "serve"


def missing(shown: tuple[str, ...], output: str) -> list[str]:
    """The shown lines that the output does not have, in their order."""
    rest = [TIME.sub("", line).strip() for line in output.splitlines()]
    absent = []
    for line in shown:
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in re.split("…|\\.\\.\\.", TIME.sub("", line))))
        place = next((n for n, candidate in enumerate(rest) if pattern.fullmatch(candidate)), None)
        if place is None:
            absent.append(line)
        else:
            rest = rest[place + 1 :]
    return absent


def test_the_reader_of_blocks() -> None:
    text = (
        "<!-- run -->\n```bash\n$ wenju ask 甲 \\\n  --json\n答案\n$ ls\nx\n```\n"
        "```bash\nmake run\nwenju build 我的报告/  # 说明\n```\n\n```text\n已读 …\n```\n"
    )
    first, second = blocks(text)
    assert first == Block(True, (("wenju ask 甲    --json", ("答案",)),))
    assert second == Block(False, (("wenju build 我的报告/  # 说明", ("已读 …",)),))


def test_the_comparison_of_output() -> None:
    output = "已读 a.txt：《甲》\n索引在 x：5 份报告，用时 1.2 秒\n"
    assert missing(("已读 …《甲》", "索引在 x：5 份报告，用时 9.9 秒"), output) == []
    assert missing(("索引在 x：…", "已读 …"), output) == ["已读 …"]
    assert missing(("索引在 x：6 份报告，用时 1.2 秒",), output) == ["索引在 x：6 份报告，用时 1.2 秒"]


@pytest.fixture(scope="module")
def readme() -> list[Block]:
    if not README.exists():
        pytest.skip("README.md is not written yet")
    return blocks(README.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a fresh checkout after `wenju build`, with `wenju` on the path."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("seeds", "evals", "README.md"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "bin").mkdir()
    script = folder / "bin" / "wenju"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ui.cli.app "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    assert shell("wenju build", folder).returncode == 0
    return folder


def shell(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    environment.pop("WENJU_INDEX", None)
    return subprocess.run(
        ["bash", "-c", command], cwd=home, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_marked_commands_run_and_show_what_the_readme_shows(readme: list[Block], home: Path) -> None:
    marked = [one for block in readme if block.run for one in block.commands if not serves(one[0])]
    assert marked, "no block of the README is marked with <!-- run -->"
    for command, shown in marked:
        done = shell(command, home)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert missing(shown, done.stdout + done.stderr) == [], f"{command}\n{done.stdout}{done.stderr}"


def test_the_other_commands_exist_with_their_options(readme: list[Block], home: Path) -> None:
    for command, _ in [one for block in readme if not block.run for one in block.commands]:
        words = shlex.split(command, comments=True)[1:]
        names = words[:2] if words[:2] == ["eval", "retrieval"] else words[:1]
        told = shell(shlex.join(["wenju", *names, "--help"]), home)
        assert told.returncode == 0, f"{command}\n{told.stderr}"
        options = {word.split("=")[0] for word in words if word.startswith("--")} - {"--lang", "--help"}
        assert all(f"{option} " in told.stdout for option in options), f"{command}\n{told.stdout}"
