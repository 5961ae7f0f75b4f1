"""A browser before our pages: Debian's Chromium by Playwright, a server in a thread of its own, and axe, which finds
what keeps people out of a page."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from chalkola.clock import JumpingClock
from chalkola.settings import SignIn
from lite import installed
from served import Served, served

_RECIPE = Path(__file__).parent / "browser"
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


@contextmanager
def site(url: str, now: datetime, sign_in: SignIn | None = None) -> Iterator[Served]:
    """Serve a database's pages at an hour that stands still, from a thread."""
    started: list[Served] = []
    ready, loop, ended = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with served(url, clock=JumpingClock(now), pages=True, sign_in=sign_in) as running:
            started.append(running)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=30)
        loop.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser. Skips the test where there is no Chromium."""
    program = os.environ.get("CHALKOLA_TEST_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(kw_only=True)
class Window:
    """A page in the browser, and what went wrong in it: errors of scripts, what the policy refused, failed files."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of ours, and wait until its charts are drawn."""
        self.page.goto(self.address + path)
        self.drawn()
        return self.page

    def drawn(self) -> None:
        """Wait until every chart is drawn."""
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-chart] .chart-box')].every((box) => box.dataset.drawn)"
        )

    def faults(self, path: str) -> list[str]:
        """Return what keeps people out of a page, the serious and critical alone, as axe finds them."""
        self.go(path)
        self.page.evaluate(axe())
        found = self.page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
        return [
            f"{path}: {one['id']} at {node['target']}: {node['failureSummary']}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


Open = Callable[..., Window]


@contextmanager
def windows(browser: Browser, address: str) -> Iterator[Open]:
    """Give what opens a window, alone with its cookies; `chosen` is what Playwright's contexts take."""
    contexts = []

    def opened(**chosen: Any) -> Window:
        context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", **chosen})
        contexts.append(context)
        window = Window(page=context.new_page(), address=address)

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                window.wrong.append(message.text)

        window.page.on("console", heard)
        window.page.on("pageerror", lambda error: window.wrong.append(str(error)))
        return window

    try:
        yield opened
    finally:
        for context in contexts:
            context.close()


def axe() -> str:
    """Return axe, as a script."""
    return (installed(_RECIPE) / "node_modules/axe-core/axe.min.js").read_text()
