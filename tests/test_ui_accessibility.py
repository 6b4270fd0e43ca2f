"""The page by axe-core: no serious finding on any tab, light or dark, wide or on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from akachat.ui.words import TEXTS
from tests.visiting import open_tab, page_is_up, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
TABS = [key.removeprefix("tab_") for key in TEXTS["en"] if key.startswith("tab_")]


@pytest.fixture(scope="module")
def site(serve: Serve) -> Server:
    return page_is_up(serve(ui=True))


def findings(page: Page) -> list[str]:
    """What axe-core finds serious or critical, each with the first element that it is about."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['html'][:160]} — {node['failureSummary'][:300]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:4]
    ]


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("ja-JP", "light", 1440), ("en-US", "dark", 1440), ("en-US", "light", 390)]
)
def test_no_serious_finding(browser: Browser, site: Server, locale: str, scheme: Any, width: int) -> None:
    with visiting(browser, site, "prompt", locale=locale, width=width, color_scheme=scheme) as page:
        wrong: dict[str, list[str]] = {}
        for tab in TABS:
            open_tab(page, tab)
            page.wait_for_timeout(800)
            if found := findings(page):
                wrong[tab] = found
        assert not wrong, "\n".join(f"{tab}\n  " + "\n  ".join(lines) for tab, lines in wrong.items())
