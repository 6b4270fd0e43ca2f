"""Takes the README's pictures of the page, from a fresh workspace with the samples and the embedded model.

::

    venv/bin/python -m tools.screenshot            writes docs/images/*.png
    venv/bin/python -m tools.screenshot --out DIR --browser /path/to/chromium
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from akachat.playground import Playground
from akachat.server import create_server

__all__ = ["main"]

_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_INPUTS = {"ja": "何時に開きますか？", "en": "When do you open?"}
_PROMPTS = {"ja": "chain", "en": "document_en"}


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file's name, the language, the light and the size of the window."""

    name: str
    language: str
    dark: bool = False
    width: int = 1440
    height: int = 900


SHOTS = (
    Shot("prompt-en", "en"),
    Shot("prompt-ja", "ja"),
    Shot("prompt-en-dark", "en", dark=True),
    Shot("prompt-ja-dark", "ja", dark=True),
    Shot("prompt-en-phone", "en", width=390, height=1200),
    Shot("prompt-ja-phone", "ja", dark=True, width=390, height=1200),
)


def main(arguments: list[str] | None = None) -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "images")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with _served() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.browser, args=_SWITCHES)
        for shot in SHOTS:
            path = options.out / f"{shot.name}.png"
            _take(browser, url, shot, path)
            print(path)
        browser.close()


@contextlib.contextmanager
def _served() -> Iterator[str]:
    """A server of its own in a thread, with a workspace that nobody has touched."""
    with tempfile.TemporaryDirectory(prefix="akachat-") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        application: Any = create_server(Playground(folder, environ={}))
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/ui/"
        _wait(url)
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(15)


def _wait(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.2)
    raise TimeoutError(f"{url} did not come up in {seconds:g} seconds")


def _take(browser: Browser, url: str, shot: Shot, path: Path) -> None:
    context = browser.new_context(
        locale={"ja": "ja-JP", "en": "en-US"}[shot.language],
        color_scheme="dark" if shot.dark else "light",
        viewport={"width": shot.width, "height": shot.height},
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".ak-page[data-ready]", timeout=60_000)
    page.select_option(".ak-prompts", _PROMPTS[shot.language])
    page.fill("#ak-input", _INPUTS[shot.language])
    page.wait_for_function("document.querySelector('.ak-tokens').textContent", timeout=60_000)
    for _ in range(2):  # the first run loads the model, which is not what the figures should show
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ak-stop:visible")
        page.wait_for_selector(".ak-run:visible", timeout=120_000)
    page.wait_for_selector(".ak-finish")
    page.click(".ak-answer-calls > .ak-calls > .ak-tree > li:last-child > details > summary")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.wait_for_timeout(300)
    page.screenshot(path=str(path))
    context.close()


if __name__ == "__main__":
    main()
