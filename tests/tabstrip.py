"""Opening a tab of the page in a browser, also where Gradio keeps it in a menu because the strip is narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from akachat.ui.words import TEXTS

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["open_tab"]


def open_tab(page: Page, id: str, locale: str = "ja-JP") -> None:
    """Opens the tab of that id, named in the page's language."""
    name = TEXTS["ja" if locale.startswith("ja") else "en"][f"tab_{id}"]
    strip = page.locator('#ak-tabs .tab-container[role="tablist"] button[role="tab"]').filter(has_text=name)
    if strip.count() and strip.first.is_visible():
        strip.first.click()
    else:
        page.click("#ak-tabs .overflow-menu > button")
        page.locator("#ak-tabs .overflow-dropdown button").filter(has_text=name).click()
    page.wait_for_selector(f"#ak-{id} .ak-page > div")
