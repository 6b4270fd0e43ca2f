"""One visit of the page in a fresh browser profile: fails on any console error and any request to another machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from akachat.ui.words import TEXTS

Error = pytest.importorskip("playwright.sync_api").Error

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Server

__all__ = ["open_tab", "page_is_up", "visiting"]


def page_is_up(server: Server) -> Server:
    """Waits until the page is there: the server answers before it is."""
    deadline = time.monotonic() + 120
    while httpx.get(f"{server.url}/ui/").status_code != 200:
        assert time.monotonic() < deadline, "the page did not come up"
        time.sleep(0.1)
    return server


@contextmanager
def visiting(
    browser: Browser, server: Server, tab: str, *, locale: str = "en-US", width: int = 1280, **more: Any
) -> Iterator[Page]:
    """Opens one tab of the page."""
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 900}, **more)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(f"{m.text} {m.location}") if m.type == "error" else None)
    page.on("request", lambda r: wrong.append(f"foreign: {r.url}") if _is_foreign(r.url, server.url) else None)
    try:
        page.goto(f"{server.url}/ui/")
        page.wait_for_selector(".ak-page[data-ready]", timeout=60_000)
        open_tab(page, tab)
        yield page
        # Chromium asks for /favicon.ico before the page can name its icon.
        assert [line for line in wrong if "favicon.ico" not in line] == []
        assert page.evaluate("window.hacked") is None
    finally:
        context.close()


def open_tab(page: Page, tab: str) -> None:
    """Opens a tab by its name, also where it is in the menu of those that had no room.

    Gradio lays the strip out more than once while a page comes up: a tab may leave it for the menu under one's hand.
    """
    opened = page.locator(f"#ak-{tab} .ak-page")
    for _ in range(40):
        if opened.count() and opened.first.is_visible():
            return
        with suppress(Error):
            _press(page, tab)
        page.wait_for_timeout(250)
    raise AssertionError(f"the tab {tab} did not open")


def _press(page: Page, tab: str) -> None:
    button = page.locator(f"#ak-tabs [aria-controls='ak-tab-{tab}']")
    if button.count():
        button.first.click(timeout=1_000)
        return
    page.click("#ak-tabs .overflow-menu > button", timeout=1_000)
    language = page.evaluate("document.documentElement.lang")
    page.locator(".overflow-dropdown button", has_text=TEXTS[language][f"tab_{tab}"]).click(timeout=1_000)


def _is_foreign(url: str, own: str) -> bool:
    return urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(own).netloc
