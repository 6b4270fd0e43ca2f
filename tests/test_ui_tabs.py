"""The settings, models and VarN tabs in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.visiting import open_tab, page_is_up, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serving import Serve, Server

EVIL = '<img src=x onerror="window.hacked=1">'

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(serve: Serve) -> Server:
    return page_is_up(serve(ui=True))


def settings_of(site: Server) -> dict[str, object]:
    return dict(json.loads((site.root / "settings.json").read_text("utf-8")))


def test_a_setting_is_saved_when_its_field_is_left(browser: Browser, site: Server) -> None:
    with visiting(browser, site, "settings", locale="ja-JP") as page:
        page.fill("#ak-set-title", "わたしの玩具")
        page.press("#ak-set-title", "Tab")
        page.wait_for_selector("#ak-settings .ak-toast.ak-shown")
        assert settings_of(site)["title"] == "わたしの玩具"
        page.fill('[id="ak-set-limits.queue"]', "7")
        page.press('[id="ak-set-limits.queue"]', "Tab")
        page.wait_for_selector("tr.ak-settings-differs")
        assert settings_of(site)["limits"] == {"queue": 7}
        page.click("tr.ak-settings-differs button")
        page.wait_for_selector("tr.ak-settings-differs", state="detached")
        assert "queue" not in json.dumps(settings_of(site))


def test_a_wrong_value_is_told_beside_its_field(browser: Browser, site: Server) -> None:
    with visiting(browser, site, "settings") as page:
        page.fill('[id="ak-set-limits.queue"]', "0")
        page.press('[id="ak-set-limits.queue"]', "Tab")
        page.wait_for_selector("td .ak-error")
        assert "queue" in page.inner_text("td .ak-error")


def test_an_endpoint_is_added_tried_and_removed(browser: Browser, site: Server) -> None:
    with visiting(browser, site, "settings") as page:
        page.fill("#ak-set-new-name", "self")
        page.fill("#ak-set-new-url", f"{site.url}/v1")
        page.fill("#ak-set-new-key", "sk-secret-123")
        page.press("#ak-set-new-key", "Enter")
        row = page.locator(".ak-settings-endpoint")
        row.wait_for()
        assert "sk-secret-123" not in page.content()
        row.get_by_role("button", name="Test").click()
        page.wait_for_selector(".ak-settings-endpoint .ak-settings-good")
        assert "sample" in page.inner_text(".ak-settings-models")
        row.locator("input[type=url]").fill("http://127.0.0.1:1/v1")
        row.locator("input[type=url]").press("Tab")
        page.wait_for_selector(".ak-settings-endpoint .ak-error")  # the key belongs to the old address
        row.get_by_role("button", name="Remove").click()
        row.wait_for(state="detached")
        assert not settings_of(site).get("endpoints")


@pytest.mark.parametrize(("locale", "words"), [("ja-JP", "入力の長さ"), ("en-US", "Length of one input")])
def test_limits_are_found_in_the_pages_language(browser: Browser, site: Server, locale: str, words: str) -> None:
    with visiting(browser, site, "settings", locale=locale) as page:
        page.fill("#ak-settings input[type=search]", words)
        assert page.locator(".ak-settings-limits tr").count() == 1
        assert "input_characters" in page.inner_text(".ak-settings-limits")


def test_a_model_is_loaded_and_goes_into_the_prompt(browser: Browser, site: Server) -> None:
    with visiting(browser, site, "models") as page:
        row = page.locator('#ak-models [data-model="embedded"]')
        row.get_by_role("button", name=re.compile("Load|Use")).first.wait_for()
        if row.get_by_role("button", name="Load").count():
            row.get_by_role("button", name="Load").click()
        page.wait_for_function("document.querySelector('#ak-models [data-model=embedded]')?.innerText.includes('fp32')")
        page.fill("#ak-models input[type=search]", "qwen3-0.6b")
        known = page.locator(".ak-models-known li")
        known.first.wait_for()
        known.first.get_by_role("button", name="Use in the prompt").click()
        page.wait_for_selector("#ak-prompt .ak-page", state="visible")
        assert "0.6" in page.inner_text('[data-testid="model"] .ak-model-name')


def test_a_model_that_cannot_be_fetched_says_why(browser: Browser, site: Server) -> None:
    with visiting(browser, site, "models", locale="ja-JP") as page:
        page.fill("#ak-models-name", "../nothing")
        page.locator("#ak-models .ak-settings-line button").nth(1).click()
        page.wait_for_selector("#ak-models .ak-error")


def test_fields_become_each_other_and_are_kept(browser: Browser, site: Server, tmp_path: Path) -> None:
    with visiting(browser, site, "pad") as page:
        page.wait_for_selector("[data-pad-ready]")
        page.fill("#ak-pad-input", "みかん")
        page.fill("#ak-pad-var1", "<{var2}>" + EVIL)
        page.fill("#ak-pad-var2", "{input}")
        page.wait_for_function("document.querySelector('[data-testid=result-var1]').innerText.includes('<みかん><img')")
        page.fill("#ak-pad-var3", "{var3}")
        page.wait_for_selector("[data-testid=result-var3] .ak-error")
        page.reload()  # what was typed is still there
        page.wait_for_selector(".ak-page[data-ready]")
        open_tab(page, "pad")
        page.wait_for_selector("[data-pad-ready]")
        assert page.input_value("#ak-pad-var3") == "{var3}"
        page.fill("#ak-pad-var3", "")
        page.keyboard.press("Control+s")
        page.wait_for_selector("#ak-pad .ak-toast.ak-shown")
        saved = json.loads((site.root / "var" / "varn.json").read_text("utf-8"))
        assert saved == {"var1": "<{var2}>" + EVIL, "var2": "{input}"}
        with page.expect_download() as got:
            page.get_by_role("button", name="Download JSON").click()
        got.value.save_as(tmp_path / "varn.json")
        assert json.loads((tmp_path / "varn.json").read_text("utf-8")) == saved
        (tmp_path / "other.json").write_text('{"var5": "five"}', "utf-8")
        page.set_input_files("#ak-pad input[type=file]", str(tmp_path / "other.json"))
        page.wait_for_function("document.querySelector('[data-testid=result-var5]').innerText.includes('five')")


def test_a_field_is_run(browser: Browser, site: Server) -> None:
    with visiting(browser, site, "pad", width=390) as page:
        page.wait_for_selector("[data-pad-ready]")
        page.fill("#ak-pad-var1", "Your name is {var2}.")
        page.fill("#ak-pad-var2", "Momo")
        page.fill("#ak-pad-input", "What is your name?")
        page.focus("#ak-pad-var1")
        page.keyboard.press("Control+Enter")
        page.wait_for_function("document.querySelector('.ak-pad-answer')?.innerText.includes('Momo')", timeout=60_000)
