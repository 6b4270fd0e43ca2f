"""Import and export in a real browser: what will come of a file is shown before it is saved, and nothing as markup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from akachat.exporters import FORMATS as EXPORT_FORMATS
from akachat.importers import FORMATS
from akachat.ui.words import LANGUAGES, TEXTS
from tests.visiting import page_is_up, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
PROMPTY = f"""---
name: customer
authors: [me]
sample: {{question: どうして？, name: アキ}}
---
system:
You help {{{{name}}}}. {EVIL}
user:
{{{{question}}}}
"""

pytestmark = pytest.mark.browser


def test_every_format_has_its_words() -> None:
    for language in LANGUAGES:
        assert {f"import_is_{format}" for format in FORMATS} <= TEXTS[language].keys()
        assert {f"export_{format}_help" for format in EXPORT_FORMATS} <= TEXTS[language].keys()


@pytest.fixture(scope="module")
def site(serve: Serve) -> Server:
    server = serve(ui=True)
    server.write_prompt("taken", "{rag('m', input)} Hello", {"location": "OpenAI", "model": "m"})
    return page_is_up(server)


@pytest.fixture
def page(browser: Browser, site: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, in the language and width that the test's parameters say; Japanese at 1440 px without any."""
    locale, width = getattr(request, "param", ("ja-JP", 1440))
    with visiting(browser, site, "prompt", locale=locale, width=width, accept_downloads=True) as page:
        yield page


def begin(page: Page, word: str) -> None:
    page.click("#ak-prompt .ak-menu-opener > button")
    page.click(f"#ak-prompt .ak-menu-item:has-text('{word}')")
    page.wait_for_selector("dialog.ak-exchange[open]")


def test_a_file_is_shown_before_it_is_saved(page: Page, site: Server, tmp_path: Path) -> None:
    file = tmp_path / "customer.prompty"
    file.write_text(PROMPTY, encoding="utf-8")
    begin(page, "読み込み")
    page.set_input_files(".ak-exchange input[type=file]", str(file))
    page.wait_for_selector(".ak-exchange-prompt")
    shown = page.inner_text("[data-testid=import-result]")
    for words in ("Prompty", "You help {var.name}.", "onerror", "アキ", "どうして？", "authors"):
        assert words in shown
    assert not (site.root / "prompt" / "customer.txt").exists()
    page.fill("#ak-import-name", "客/応対")
    page.wait_for_function("document.querySelector('.ak-exchange-name strong')?.textContent === '客/応対'")
    page.press("#ak-import-name", "Enter")
    page.wait_for_function("document.querySelector('#ak-prompt .ak-page').dataset.open === '客/応対'")
    assert (site.root / "prompt" / "客" / "応対.txt").exists()
    assert page.input_value("#ak-input") == "どうして？"
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.parametrize("page", [("en-US", 390)], indirect=True, ids=str)
def test_a_pasted_text_and_a_name_that_is_taken(page: Page, site: Server) -> None:
    begin(page, "Import")
    page.click(".ak-exchange summary")
    page.fill(".ak-exchange-text", "nothing that anyone knows")
    page.wait_for_selector("[data-testid=import-result] .ak-error")
    assert "known here" in page.inner_text("[data-testid=import-result]")
    page.fill(".ak-exchange-text", "FROM llama3.2\nSYSTEM You are a pirate.\nLICENSE x")
    page.wait_for_selector(".ak-exchange-prompt")
    assert "LICENSE" in page.inner_text(".ak-exchange-left")
    page.fill("#ak-import-name", "taken")
    page.wait_for_selector("[data-testid=import-result] .ak-field-error")
    assert page.is_disabled(".ak-exchange button[type=submit]")
    page.check("#ak-import-replace")
    page.wait_for_selector(".ak-exchange button[type=submit]:not([disabled])")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.press(".ak-exchange", "Escape")
    page.reload()
    page.wait_for_selector(".ak-page[data-ready]")
    begin(page, "Import")
    assert "pirate" in page.input_value(".ak-exchange-text")  # nothing typed is lost
    assert (site.root / "prompt" / "taken.txt").read_text("utf-8").startswith("{rag(")


def test_a_prompt_goes_out_as_a_file(page: Page) -> None:
    page.select_option(".ak-prompts", "taken")
    page.wait_for_function("document.querySelector('#ak-prompt .ak-page').dataset.open === 'taken'")
    begin(page, "書き出し")
    page.wait_for_selector("[data-testid=export-result] .ak-exchange-all")
    page.click(".ak-exchange .ak-segment[data-id=prompty]")
    page.wait_for_selector("[data-testid=export-result] .ak-exchange-left")
    assert "rag" in page.inner_text("[data-testid=export-result]")
    with page.expect_download() as coming:
        page.click(".ak-exchange button[type=submit]")
    assert coming.value.suggested_filename == "taken.prompty"
    assert "system:\n{# akachat: {rag('m', input)} #} Hello" in Path(coming.value.path()).read_text("utf-8")
