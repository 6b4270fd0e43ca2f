"""The RAG tab in a real browser: documents in, how each fared, a query, and nothing of it as markup."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.visiting import page_is_up, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(serve: Serve) -> Server:
    return page_is_up(serve(ui=True))


@pytest.fixture
def page(browser: Browser, site: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The tab, in the language and width that the test's parameters say; Japanese at 1440 px without any."""
    locale, width = getattr(request, "param", ("ja-JP", 1440))
    with visiting(browser, site, "rag", locale=locale, width=width) as page:
        yield page


def make(page: Page, name: str) -> None:
    page.fill(".ak-rag-new input", name)
    page.click(".ak-rag-new button")
    page.wait_for_function("name => document.querySelector('.ak-rag-title')?.textContent === name", arg=name)


def search(page: Page, query: str) -> str:
    page.fill(".ak-rag-query", query)
    page.press(".ak-rag-query", "Enter")
    page.wait_for_selector("[data-testid=rag-hits] .ak-rag-hits, [data-testid=rag-hits] .ak-empty")
    return page.inner_text("[data-testid=rag-hits]")


def test_a_zip_is_brought_in_and_each_document_says_how_it_fared(page: Page, tmp_path: Path) -> None:
    name = "売上①.txt".encode("cp932")
    with zipfile.ZipFile(tmp_path / "資料.zip", "w") as archive:
        archive.writestr("x" * len(name), "四月の売上は百万円でした。".encode("cp932"))
        archive.writestr("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0")
        archive.writestr("../evil.txt", b"x")
        archive.writestr("evil.txt", EVIL)
    path = tmp_path / "資料.zip"
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name))
    make(page, "店")
    page.set_input_files("#ak-rag input[type=file]", str(path))
    page.wait_for_function("document.querySelectorAll('.ak-rag-file').length === 3")
    files = page.inner_text(".ak-rag-files")
    assert "売上①.txt" in files
    assert "読めません" in files
    assert "画像" in files
    outcome = page.inner_text("[data-testid=rag-outcome]")
    assert "ライブラリの外" in outcome
    found = search(page, "四月の売上はいくら")
    assert "百万円" in found
    assert page.locator("[data-testid=rag-hits] mark").count() > 0
    page.click("button.ak-rag-open:has-text('evil.txt')")
    page.wait_for_selector("[data-testid=rag-passages] .ak-rag-text")
    assert "onerror" in page.inner_text("[data-testid=rag-passages]")


@pytest.mark.parametrize("page", [("ja-JP", 390), ("en-US", 1440)], indirect=True, ids=str)
def test_text_is_pasted_and_a_document_deleted(page: Page, request: pytest.FixtureRequest) -> None:
    name = f"paste-{abs(hash(request.node.name)) % 10_000}"
    make(page, name)
    page.click("#ak-rag .ak-rag-bring summary")
    page.fill("#ak-rag .ak-rag-bring textarea", "猫の名前はタマです。")
    page.click("#ak-rag .ak-rag-bring details button")
    page.wait_for_selector("button.ak-rag-open")
    assert "タマ" in search(page, "猫の名前")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click(".ak-rag-file button:last-of-type")
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector(".ak-rag-files .ak-empty")


def test_a_mistake_is_told_in_words(page: Page) -> None:
    page.fill(".ak-rag-new input", "../x")
    page.click(".ak-rag-new button")
    page.wait_for_selector(".ak-rag-problem .ak-error")
    assert "別の場所" in page.inner_text(".ak-rag-problem")


def test_the_language_changes_with_the_page(page: Page) -> None:
    page.click(".ak-header-end button:first-child")
    page.wait_for_selector(".ak-rag-side h2:has-text('Libraries')")
    assert page.inner_text(".ak-rag-new button") == "Create"
    assert page.locator('#ak-tabs button[role="tab"]').all_inner_texts()[:3] == ["Prompt", "Chat", "RAG"]
