"""Takes docs/page-wide.png and docs/page-phone.png from a real index: `.venv/bin/python docs/screenshots.py`.

The index is `.wenju/index` unless another folder is given; the questions are those of QUESTIONS.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import PHONE, WIDE, chromium, running, visit  # noqa: E402
from playwright.sync_api import Page  # noqa: E402

from rag import open_pipeline  # noqa: E402
from ui.api.app import create_app  # noqa: E402

QUESTIONS = {
    "wide": ("2025年市北区计划新增多少就业？", "市北区、李沧区和青岛市2025年新增就业目标分别是多少？"),
    "phone": ("2025年市北区计划新增多少就业？",),
}


def still(page: Page) -> None:
    """Waits until nothing scrolls any more: two looks, two frames apart, that see the same."""
    page.wait_for_function(
        """() => new Promise((done) => {
             const tops = () => ["turns", "doc"].map((id) => document.getElementById(id).scrollTop).join();
             const before = tops();
             let frames = 0;
             const look = () => (++frames < 20 ? requestAnimationFrame(look) : done(before === tops()));
             look();
           })"""
    )


def main(index: str) -> None:
    with running(create_app(open_pipeline(index))) as address, chromium() as browser:
        for name, size in (("wide", WIDE), ("phone", PHONE)):
            with visit(browser, address, size, device_scale_factor=2 if name == "phone" else 1) as seen:
                for question in QUESTIONS[name]:
                    seen.ask(question)
                still(seen.page)
                seen.page.screenshot(path=ROOT / "docs" / f"page-{name}.png")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / ".wenju/index"))
