"""The page's queue, the one door of Gradio that takes a body: hostile bodies open no file and ask no address."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ATTACK = Path(__file__).with_name("attack_page.py")
BODIES = 2_000


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


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    command = [*own_network(), sys.executable, str(ATTACK), str(BODIES), "20260101"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert ended.returncode == 0, ended.stderr[-3000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_no_body_opens_a_file_or_asks_an_address(report: dict[str, Any]) -> None:
    assert report["touched"] == []


def test_every_body_is_refused_and_the_server_answers_meanwhile(report: dict[str, Any]) -> None:
    assert report["hangs"] == 0
    assert report["statuses"] == {"422": BODIES}


def test_a_text_that_looks_like_a_file_is_a_question_like_any_other(report: dict[str, Any]) -> None:
    assert report["cards"] == {"answer": 40}


def test_the_attack_ran_without_a_network() -> None:
    if not own_network():
        pytest.skip("this system gives no network namespace: the audit hook alone has watched the addresses")
