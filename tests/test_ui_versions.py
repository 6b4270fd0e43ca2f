"""What the page does with a prompt as a whole: its menu, its versions side by side, and every way back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
RULES = "".join(f"- 決まり {n}\n" for n in range(30))

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(serve: Serve) -> Server:
    server = serve(ui=True)
    deadline = time.monotonic() + 120
    while httpx.get(f"{server.url}/ui/").status_code != 200:
        assert time.monotonic() < deadline, "the page did not come up"
        time.sleep(0.1)
    return server


@pytest.fixture
def name(site: Server, request: pytest.FixtureRequest) -> str:
    """A prompt of the test's own with three versions."""
    own = f"仕事/要約{abs(hash(request.node.name)) % 100_000}"
    prompts = site.playground.workspace.prompts
    prompts.save(own, f"あなたは犬が好きです。\n{RULES}{EVIL}", {"temperature": 0.5})
    prompts.save(own, f"あなたは猫が好きです。\n{RULES}{EVIL}", {"temperature": 0.5})
    prompts.save(own, f"あなたは猫が好きです。\n{RULES}短く。", {"temperature": 1.0})
    return own


@pytest.fixture
def page(browser: Browser, site: Server, name: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page with that prompt open, in the language and width that the test's parameters say."""
    locale, width = getattr(request, "param", ("ja-JP", 1440))
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
    context.set_default_timeout(10_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console", lambda m: wrong.append(m.text) if m.type == "error" and "favicon" not in str(m.location) else None
    )
    own = urlsplit(site.url).netloc
    page.on("request", lambda r: wrong.append(r.url) if urlsplit(r.url).netloc not in (own, "") else None)
    page.goto(f"{site.url}/ui/")
    page.wait_for_selector(".ak-page[data-ready]", timeout=30_000)
    page.select_option(".ak-prompts", name)
    opened(page, name)
    yield page
    assert wrong == []
    assert page.evaluate("window.hacked") is None
    context.close()


def opened(page: Page, name: str) -> None:
    page.wait_for_function("name => document.querySelector('.ak-page').dataset.open === name", arg=name)


def choose(page: Page, entry: int) -> None:
    """Chooses an entry of the menu: duplicate, rename, versions, delete, deleted prompts."""
    page.click(".ak-menu-opener > button")
    page.locator("[role=menuitem]").nth(entry).click()


def history(page: Page) -> None:
    choose(page, 2)
    page.wait_for_selector(".ak-versions .ak-diff, .ak-versions-shown :text('違いはありません')")


def holds(page: Page, text: str) -> None:
    """The editor holds a text."""
    page.wait_for_function("text => document.querySelector('.ak-instruction').textContent.includes(text)", arg=text)


@pytest.mark.parametrize("page", [("ja-JP", 1440), ("en-US", 390)], indirect=True, ids=str)
def test_versions_are_compared_and_one_comes_back(page: Page, site: Server, name: str) -> None:
    history(page)
    rows = page.locator(".ak-versions-row")
    assert rows.count() == 3
    assert "temperature" in rows.nth(0).inner_text()
    assert page.locator(".ak-versions-now").count() == 1, "the saved content is what the editor holds, 1.0 or 1"
    assert page.inner_text(".ak-diff-options del") == "0.5"
    assert page.inner_text(".ak-diff-options ins") == "1"
    assert EVIL in page.inner_text(".ak-diff-old")
    rows.nth(1).click()
    page.wait_for_selector(".ak-diff mark:has-text('猫')")
    assert page.locator(".ak-diff mark").all_inner_texts() == ["犬", "猫"]
    assert page.locator(".ak-diff-options").count() == 0
    lines = page.locator(".ak-diff-line").count()
    page.click(".ak-diff-gap")
    page.wait_for_function("count => document.querySelectorAll('.ak-diff-line').length > count", arg=lines)
    page.select_option(".ak-versions-against", index=0)
    page.wait_for_selector(".ak-diff-new:has-text('短く。')")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".ak-versions [data-id=text]").click()
    page.wait_for_selector(".ak-versions-whole:has-text('onerror')")
    rows.nth(2).click()
    page.wait_for_selector(".ak-versions-whole:has-text('犬')")
    page.click(".ak-versions .ak-primary")
    holds(page, "犬が好き")
    assert page.is_visible(".ak-dirty")
    page.click(".ak-undo-button")
    holds(page, "短く。")
    assert page.is_hidden(".ak-dirty")
    assert page.locator(".ak-undo").count() == 0
    assert site.playground.load_prompt(name).instruction.endswith("短く。"), "nothing was saved"


def test_a_version_that_is_saved_is_the_newest(page: Page, site: Server, name: str) -> None:
    history(page)
    page.locator(".ak-versions-row").nth(2).click()
    page.click(".ak-versions .ak-primary")
    holds(page, "犬が好き")
    history(page)
    assert page.locator(".ak-versions-row").count() == 4, "what the editor holds comes first"
    assert "いまの編集内容" in page.locator(".ak-versions-row").nth(0).inner_text()
    assert page.is_disabled(".ak-versions .ak-primary")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".ak-versions li:nth-child(2) [aria-current=true]")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    page.wait_for_selector(".ak-dirty", state="hidden")
    history(page)
    assert page.locator(".ak-versions-row").count() == 4
    assert page.locator(".ak-versions-row").nth(0).locator(".ak-versions-now").count() == 1
    assert site.playground.load_prompt(name).instruction.startswith("あなたは犬")


def test_a_deletion_is_undone(page: Page, site: Server, name: str) -> None:
    choose(page, 3)
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector(".ak-undo")
    assert not site.playground.workspace.prompts.exists(name)
    assert name in page.inner_text(".ak-undo")
    page.click(".ak-undo-button")
    opened(page, name)
    holds(page, "短く。")
    assert site.playground.load_prompt(name).options.temperature == 1
    choose(page, 3)
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector(".ak-undo")
    choose(page, 4)
    page.locator(".ak-deleted-list li", has_text=name).locator("button").first.click()
    opened(page, name)
    assert site.playground.workspace.prompts.exists(name)


def test_a_deleted_prompt_is_forgotten_in_two_steps(page: Page, site: Server, name: str) -> None:
    choose(page, 3)
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector(".ak-undo")
    choose(page, 4)
    row = page.locator(".ak-deleted-list li", has_text=name)
    row.locator(".ak-quiet").click()
    assert site.playground.workspace.prompts.versions.ids(name)
    row.locator(".ak-danger").click()
    row.wait_for(state="detached")
    assert site.playground.workspace.prompts.versions.ids(name) == []


def test_a_rename_takes_what_is_typed_along(page: Page, site: Server, name: str) -> None:
    site.playground.workspace.prompts.save("仕事/呼ぶ", f"{{llm('{name}', input)}}", {})
    history(page)
    page.locator(".ak-versions-row").nth(2).click()
    page.click(".ak-versions .ak-primary")
    page.fill("#ak-input", "入力中の文")
    choose(page, 1)
    assert page.input_value("#ak-name") == name
    page.fill("#ak-name", "sample")
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector(".ak-dialog .ak-field-error:not([hidden])")
    assert "既にあります" in page.inner_text(".ak-dialog .ak-field-error")
    page.fill("#ak-name", f"{name}_改")
    page.click(".ak-dialog button[type=submit]")
    opened(page, f"{name}_改")
    holds(page, "犬が好き")
    assert page.is_visible(".ak-dirty")
    assert page.input_value("#ak-input") == "入力中の文"
    assert not site.playground.workspace.prompts.exists(name)
    assert "仕事/呼ぶ" in page.inner_text(".ak-undo"), "another prompt still uses the old name"
    page.click(".ak-undo-button")
    opened(page, name)
    holds(page, "犬が好き")
    page.wait_for_selector(".ak-undo", state="detached")
    choose(page, 1)
    page.fill("#ak-name", f"{name}_改")
    page.click(".ak-dialog button[type=submit]")
    opened(page, f"{name}_改")
    page.reload()
    page.wait_for_selector(".ak-page[data-ready]", timeout=30_000)
    opened(page, f"{name}_改")
    holds(page, "犬が好き")
    history(page)
    assert page.locator(".ak-versions-row").count() == 4


def test_a_duplicate(page: Page, site: Server, name: str) -> None:
    choose(page, 0)
    page.click(".ak-dialog button[type=submit]")
    opened(page, f"{name}_2")
    assert site.playground.load_prompt(f"{name}_2").instruction == site.playground.load_prompt(name).instruction
    history(page)
    assert page.locator(".ak-versions-row").count() == 1


def test_a_prompt_without_versions_says_so(page: Page) -> None:
    page.select_option(".ak-prompts", "persona")
    opened(page, "persona")
    choose(page, 2)
    page.wait_for_selector(".ak-versions-none")
    page.keyboard.press("Escape")
    page.wait_for_selector(".ak-versions", state="detached")


def test_the_menu_by_keyboard(page: Page) -> None:
    button = page.locator(".ak-menu-opener > button")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=menu]:popover-open")
    page.wait_for_function("document.activeElement.role === 'menuitem'")
    assert button.get_attribute("aria-expanded") == "true"
    seen = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowDown", "Home"):
        page.keyboard.press(key)
        seen.append(page.evaluate("[...document.querySelectorAll('[role=menuitem]')].indexOf(document.activeElement)"))
    assert seen == [1, 2, 1, 6, 0, 0]
    page.keyboard.press("Escape")
    page.wait_for_selector("[role=menu]", state="hidden")
    assert page.evaluate("document.activeElement.ariaHasPopup") == "menu"
    page.click(".ak-bar-file button:has-text('新規')")
    opened(page, "")
    button.click()
    disabled = page.locator("[role=menuitem]").evaluate_all("items => items.map((item) => item.disabled)")
    assert disabled == [True, True, True, True, False, False, True]
    page.wait_for_function("document.activeElement === document.querySelectorAll('[role=menuitem]')[4]")
