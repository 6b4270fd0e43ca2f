"""The instruction editor in a browser test: one way to type into it, and to see what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["AREA", "completions", "cursor", "write", "written"]

#: What takes the keys.
AREA = ".ak-area"

_STATE = f"CodeMirror.EditorView.findFromDOM(document.querySelector('{AREA}')).state"


def write(page: Page, text: str) -> None:
    """Replaces the instruction as a paste does: nothing closes itself."""
    page.fill(AREA, text)


def written(page: Page) -> str:
    """The whole instruction, also what is scrolled out of view."""
    return str(page.evaluate(f"{_STATE}.doc.toString()"))


def cursor(page: Page) -> int:
    """Where the cursor is, in UTF-16 units from the beginning."""
    return int(page.evaluate(f"{_STATE}.selection.main.head"))


def completions(page: Page) -> list[str]:
    """What is offered at the cursor, as it is shown; waits until something is."""
    page.wait_for_selector(".cm-tooltip-autocomplete li")
    # CodeMirror takes no choice within 75 ms of the list's appearance, lest it catch a key that was meant for the text.
    page.wait_for_timeout(120)
    return page.locator(".cm-tooltip-autocomplete li").all_inner_texts()
