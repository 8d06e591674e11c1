"""A server and a build under attack: 2,000 bodies for the page's queue, 1,000 questions, 100 files. Nothing breaks, no
address is asked, nothing is lost. `make soak` runs the same with WENJU_SOAK times as many."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("attack.py")
TIMES = int(os.environ.get("WENJU_SOAK", "1"))
BODIES, QUESTIONS, FILES = 2_000 * TIMES, 1_000 * TIMES, 100 * TIMES
SEED = 20260101


@cache
def own_network() -> tuple[str, ...]:
    """The command that gives a program a network namespace without routes; empty where the system allows none."""
    for command in (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net")):
        try:
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
        except FileNotFoundError:
            break
    return ()


@cache
def report(attack: str, count: int) -> dict[str, Any]:
    """What `tests/attack.py` found."""
    command = [*own_network(), sys.executable, str(PROGRAM), attack, str(count), str(SEED)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600 * TIMES)
    assert ended.returncode == 0, ended.stderr[-3000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    print(attack, found)
    return found


def test_no_body_opens_a_file_or_asks_an_address() -> None:
    assert report("bodies", BODIES)["touched"] == []


def test_every_body_is_refused_and_the_server_answers_meanwhile() -> None:
    assert report("bodies", BODIES)["hangs"] == 0
    assert report("bodies", BODIES)["statuses"] == {"422": BODIES}


def test_a_text_that_looks_like_a_file_is_a_question_like_any_other() -> None:
    assert report("bodies", BODIES)["cards"] == {"answer": 40}


def test_every_question_is_answered_or_refused() -> None:
    found = report("questions", QUESTIONS)
    assert found["failed"] == []
    assert set(found["statuses"]) <= {"200", "422", "413"}
    assert sum(found["statuses"].values()) == QUESTIONS
    assert found["touched"] == []


def test_every_file_is_read_or_listed_and_the_build_goes_on() -> None:
    found = report("files", FILES)
    assert found["good"]
    assert found["lost"] == []
    assert found["touched"] == []


def test_the_attacks_ran_without_a_network() -> None:
    if not own_network():
        pytest.skip("this system gives no network namespace: the audit hook alone has watched the addresses")
