"""A real server on loopback and a real browser, for tests of the faces."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 30_000  # an upper bound on a busy machine, never a sleep
WIDE = (1440, 900)
PHONE = (390, 844)


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serves the app on a free port; gives its address."""
    listener = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # told so, asyncio sets TCP_NODELAY
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    config = uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the system; the test is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: run .ci/install-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page that is open, with what it asked the network for and what it said."""

    page: Page
    context: BrowserContext
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """Types a question, sends it by Enter and waits for its card."""
        cards = self.page.locator("#turns .a")
        before = cards.count()
        self.page.fill("#box textarea", question)
        self.page.press("#box textarea", "Enter")
        cards.nth(before).wait_for(timeout=WAIT_MS)

    @property
    def last(self) -> str:
        return self.page.locator("#turns .a").last.inner_text()


@contextmanager
def visit(browser: Browser, address: str, size: tuple[int, int] = WIDE, **options: object) -> Iterator[Visit]:
    """Opens the page and waits until it can be used."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    seen = Visit(page, context)

    def heard(message: ConsoleMessage) -> None:
        seen.said.append(f"{message.type}: {message.text}")

    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("console", heard)
    page.on("pageerror", lambda error: seen.said.append(f"error: {error}"))
    page.goto(address, timeout=WAIT_MS)
    page.locator("#box textarea").wait_for(timeout=WAIT_MS)
    try:
        yield seen
    finally:
        context.close()
