"""The tabs of what is kept, in a real browser: variables, messages and the log, and nothing of them as markup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.visiting import open_tab, page_is_up, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(serve: Serve, stub: str) -> Server:
    server = serve(ui=True)
    echo = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    server.write_prompt("echo", "You are {var.name}.", echo)
    server.write_prompt("slow", "Say a lot.", {**echo, "model": "stream-2000tok-20ms"})
    (server.root / "var").mkdir(exist_ok=True)
    for key, value in {"name": "Momo", "evil": EVIL}.items():
        (server.root / "var" / f"{key}.txt").write_text(value, encoding="utf-8")
    return page_is_up(server)


@pytest.fixture
def page(browser: Browser, site: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab, in the language and width that the test's parameters say; Japanese at 1440 px without any."""
    tab, locale, width = getattr(request, "param", ("variables", "ja-JP", 1440))
    with visiting(browser, site, tab, locale=locale, width=width, accept_downloads=True) as page:
        yield page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def tab(name: str, locale: str = "ja-JP", width: int = 1440) -> Any:
    return pytest.mark.parametrize("page", [(name, locale, width)], indirect=True, ids=str)


def open_variable(page: Page, key: str) -> None:
    page.locator("#ak-variables .ak-rec-item").filter(has=page.locator(f".ak-rec-key:text-is('{key}')")).click()
    page.wait_for_function(
        "key => document.querySelector('#ak-variables .ak-rec-title').textContent.includes(key)", arg=key
    )


def test_the_menu_of_the_tabs_speaks_the_pages_language(browser: Browser, site: Server) -> None:
    """Gradio knows the browser's language only, and moves names between its menu and its strip."""
    context = browser.new_context(locale="en-US", viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"{site.url}/ui/")
    page.wait_for_selector(".ak-page[data-ready]", timeout=30_000)
    page.click(".ak-header-end button:first-child")
    page.click("#ak-tabs .overflow-menu > button")
    page.locator("#ak-tabs .overflow-dropdown button:has-text('ログ')").click()
    strip = '#ak-tabs .tab-container[role="tablist"] button[role="tab"]'
    page.wait_for_selector(f"{strip}.selected:has-text('ログ')")
    assert page.locator(strip).first.inner_text() == "プロンプト"
    context.close()


# -- variables


def test_a_variable_is_edited_saved_and_undone(page: Page, site: Server) -> None:
    file = site.root / "var" / "name.txt"
    open_variable(page, "name")
    assert "echo" in page.inner_text("[data-testid=var-uses]")
    page.fill("#ak-variables .ak-rec-value", "ミミ")
    page.reload()
    page.wait_for_selector(".ak-page[data-ready]", timeout=30_000)
    open_tab(page, "variables")
    open_variable(page, "name")
    assert page.input_value("#ak-variables .ak-rec-value") == "ミミ", "what was typed survives a reload"
    page.press("#ak-variables .ak-rec-value", "Control+s")
    page.wait_for_selector("#ak-variables [data-testid=done]:not([hidden])")
    assert file.read_text("utf-8") == "ミミ"
    page.click("#ak-variables [data-testid=done] button >> nth=0")
    page.wait_for_function("document.querySelector('#ak-variables .ak-rec-value').value === 'Momo'")
    assert file.read_text("utf-8") == "Momo"
    page.click("[data-testid=var-uses] button:text-is('echo')")
    page.wait_for_selector("#ak-prompt .ak-page[data-open='echo']:visible")


@pytest.mark.parametrize("page", [("variables", "en-US", 1440), ("variables", "ja-JP", 390)], indirect=True, ids=str)
def test_a_variable_is_made_renamed_deleted_and_brought_back(page: Page, site: Server) -> None:
    page.click("#ak-variables .ak-rec-side .ak-panel-head button >> nth=0")
    page.fill("#ak-variables .ak-rec-newkey", "name")
    page.fill("#ak-variables .ak-rec-value", EVIL)
    page.click("#ak-variables .ak-rec-editor .ak-primary")
    page.wait_for_selector("#ak-variables .ak-rec-problem .ak-error")
    page.fill("#ak-variables .ak-rec-newkey", "new/一")
    page.click("#ak-variables .ak-rec-editor .ak-primary")
    page.wait_for_function("document.querySelector('#ak-variables .ak-rec-title').textContent === \"{var['new/一']}\"")
    page.click("#ak-variables .ak-rec-foot .ak-rec-row button >> nth=0")
    page.fill("#ak-rec-text", "name")
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector(".ak-dialog .ak-field-error:not([hidden])")
    page.fill("#ak-rec-text", "二")
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_function("document.querySelector('#ak-variables .ak-rec-title').textContent === '{var.二}'")
    page.click("#ak-variables .ak-rec-foot .ak-rec-row button >> nth=1")
    page.wait_for_selector("#ak-variables .ak-rec-hole:not([hidden])")
    assert not (site.root / "var" / "二.txt").exists()
    page.locator("#ak-variables .ak-rec-more summary").last.click()
    page.locator("#ak-variables .ak-rec-changes li").filter(has_text="二").first.get_by_role("button").click()
    page.wait_for_selector("#ak-variables .ak-rec-editor:not([hidden])")
    assert (site.root / "var" / "二.txt").read_text("utf-8") == EVIL
    page.click("#ak-variables .ak-rec-foot .ak-rec-row button >> nth=1")
    page.wait_for_selector("#ak-variables .ak-rec-hole:not([hidden])")


def test_many_variables_are_previewed_written_and_undone(page: Page, site: Server, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "色.txt").write_bytes("赤い花".encode("cp932"))
    (folder / "photo.png").write_bytes(b"\x89PNG\0")
    page.locator("#ak-variables .ak-rec-more summary").first.click()
    page.fill("#ak-variables .ak-rec-paste", '{"name": "Taro",\n "b" 1}')
    page.click("#ak-variables .ak-rec-more > .ak-rec-row .ak-primary")
    page.wait_for_selector("#ak-variables .ak-rec-problem .ak-error")
    assert "2 行" in page.inner_text("#ak-variables .ak-rec-problem")
    page.fill("#ak-variables .ak-rec-paste", "name,Taro\nmany,1\n../x,2")
    page.click("#ak-variables .ak-rec-more > .ak-rec-row .ak-primary")
    page.wait_for_selector("#ak-variables .ak-rec-changes li")
    assert page.locator("[data-testid=var-preview] del").inner_text() == "Momo"
    assert "別の場所" in page.inner_text("[data-testid=var-preview]")
    assert not (site.root / "var" / "many.txt").exists()
    page.click("[data-testid=var-preview] .ak-primary")
    page.wait_for_selector("#ak-variables [data-testid=done]:not([hidden])")
    assert (site.root / "var" / "many.txt").read_text("utf-8") == "1"
    page.click("#ak-variables [data-testid=done] button >> nth=0")
    page.wait_for_function(
        "![...document.querySelectorAll('#ak-variables .ak-rec-key')].some(k => k.textContent === 'many')"
    )
    assert (site.root / "var" / "name.txt").read_text("utf-8") == "Momo"
    page.set_input_files("#ak-variables input[webkitdirectory]", str(folder))
    page.wait_for_selector("[data-testid=var-preview] .ak-rec-key:text-is('色')")
    assert "赤い花" in page.inner_text("[data-testid=var-preview]")
    with page.expect_download() as downloaded:
        page.click("#ak-variables .ak-rec-side .ak-panel-head button >> nth=1")
    assert json.loads(downloaded.value.path().read_text("utf-8"))["name"] == "Momo"


def test_a_search_looks_into_the_values(page: Page) -> None:
    page.fill("#ak-variables .ak-rec-search", "ONERROR")
    page.wait_for_function("document.querySelectorAll('#ak-variables .ak-rec-item').length === 1")
    assert "evil" in page.inner_text("[data-testid=var-list]")
    page.fill("#ak-variables .ak-rec-search", "no such thing")
    page.wait_for_selector("[data-testid=var-list] .ak-empty")


# -- messages


@pytest.fixture
def conversation(site: Server) -> Path:
    """250 messages, one of them broken, before the page is opened."""
    path: Path = site.root / "log" / "messages.jsonl"
    lines = [json.dumps({"role": "user", "content": f"発言 {n}"}, ensure_ascii=False) for n in range(1, 250)]
    lines[200] = '{"role": "user", "content": "' + "broken"
    lines[248] = json.dumps({"role": "user", "content": EVIL, "name": "x"})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def row(number: int) -> str:
    return f"#ak-messages [data-line='{number}']"


@pytest.mark.parametrize("page", [("messages", "ja-JP", 1440), ("messages", "ja-JP", 390)], indirect=True, ids=str)
def test_messages_are_paged_edited_deleted_and_mended(conversation: Path, page: Page, site: Server) -> None:
    page.wait_for_selector(row(249))
    assert page.locator("#ak-messages .ak-rec-tr").count() == 100
    assert EVIL in page.inner_text(row(249))
    page.click(f"{row(249)} button >> nth=0")
    page.fill(f"{row(249)} textarea", "変えた")
    page.press(f"{row(249)} textarea", "Control+Enter")
    page.wait_for_selector(f"{row(249)} .ak-rec-content:text-is('変えた')")
    saved = json.loads(conversation.read_text("utf-8").splitlines()[-1])
    assert saved == {"role": "user", "content": "変えた", "name": "x"}
    page.click(f"{row(249)} button >> nth=1")
    page.wait_for_selector(row(249), state="detached")
    page.click("#ak-messages [data-testid=done] button >> nth=0")
    page.wait_for_selector(row(249))
    page.click(f"{row(201)} button >> nth=0")
    page.fill(f"{row(201)} textarea", '{"role": "king"}')
    page.press(f"{row(201)} textarea", "Control+Enter")
    page.wait_for_selector("#ak-messages .ak-rec-problem .ak-error")
    assert "201 行目" in page.inner_text("#ak-messages .ak-rec-problem")
    page.fill(f"{row(201)} textarea", '{"role": "user", "content": "直した"}')
    page.press(f"{row(201)} textarea", "Control+Enter")
    page.wait_for_selector(f"{row(201)} .ak-rec-content:text-is('直した')")
    assert len(site.playground.list_messages()) == 249
    page.click("#ak-messages .ak-rec-view .ak-rec-row button >> nth=0")
    page.wait_for_selector(row(50))


@tab("messages")
def test_raw_lines_name_the_line_that_is_wrong(conversation: Path, page: Page) -> None:
    page.click("#ak-messages .ak-segment >> nth=1")
    page.wait_for_function("document.querySelector('#ak-messages .ak-rec-raw').value.includes('broken')")
    page.fill("#ak-messages .ak-rec-few >> nth=0", "3")
    page.click("#ak-messages .ak-rec-view:not([hidden]) .ak-rec-row > button >> nth=0")
    page.wait_for_function("document.querySelector('#ak-messages .ak-rec-raw').value.split('\\n').length === 3")
    lines = page.input_value("#ak-messages .ak-rec-raw").split("\n")
    page.fill("#ak-messages .ak-rec-raw", "\n".join([lines[0], "nonsense", lines[2]]))
    page.press("#ak-messages .ak-rec-raw", "Control+s")
    page.wait_for_selector("#ak-messages .ak-rec-problem .ak-error")
    assert "248 行目" in page.inner_text("#ak-messages .ak-rec-problem")
    page.fill("#ak-messages .ak-rec-raw", "\n".join([lines[0], '{"role":"assistant","content":"新"}', lines[2], ""]))
    page.press("#ak-messages .ak-rec-raw", "Control+s")
    page.wait_for_selector("#ak-messages [data-testid=done]:not([hidden])")
    assert json.loads(conversation.read_text("utf-8").splitlines()[247])["content"] == "新"


@tab("messages")
def test_messages_are_added_cleared_brought_back_and_carried(page: Page, site: Server) -> None:
    (site.root / "log" / "messages.jsonl").unlink(missing_ok=True)
    page.click("#ak-messages .ak-rec-one > header button >> nth=2")
    page.wait_for_selector("#ak-messages .ak-rec-hole:not([hidden])")
    page.click("#ak-messages .ak-rec-hole button")
    page.wait_for_selector(row(2))
    page.fill("#ak-messages .ak-rec-newtext", "おはよう")
    page.press("#ak-messages .ak-rec-newtext", "Control+Enter")
    page.wait_for_selector(row(3))
    assert [m.content for m in site.playground.list_messages(1)] == ["おはよう"]
    page.click("#ak-messages .ak-rec-more summary >> nth=0")
    page.fill("#ak-messages .ak-rec-more .ak-rec-few", "1")
    page.click("#ak-messages .ak-rec-more .ak-rec-row button >> nth=0")
    page.wait_for_function("document.querySelectorAll('[data-testid=msg-given] .ak-message').length === 1")
    page.click("#ak-messages .ak-rec-one > header button >> nth=4")
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector("#ak-messages .ak-rec-hole:not([hidden])")
    assert site.playground.list_messages() == ()
    page.click("#ak-messages [data-testid=done] button >> nth=0")
    page.wait_for_selector(row(3))
    page.click("#ak-messages .ak-rec-more summary >> nth=1")
    page.fill("#ak-messages .ak-rec-paste", f"user: {EVIL}\nai: b")
    page.click("#ak-messages .ak-rec-paste + .ak-rec-row .ak-primary")
    page.wait_for_selector("[data-testid=msg-preview] .ak-message")
    page.click("[data-testid=msg-preview] .ak-primary")
    page.wait_for_selector(row(5))
    with page.expect_download() as downloaded:
        page.click("#ak-messages .ak-rec-one > header button >> nth=3")
    assert len(downloaded.value.path().read_text("utf-8").splitlines()) == 5


# -- the log


@pytest.fixture
def ran(site: Server) -> str:
    """A few runs before the page is opened; the id of the newest."""
    for text in ("一つ目の質問", "second question", EVIL):
        body = {"dir": "echo", "input": text, "messages": [{"role": "user", "content": "前"}], "var": {"mood": "x"}}
        answer = site.http.post("/api/llm/main", json=body).json()
    id: str = answer["detail"]["id"]
    return id


@tab("log")
def test_a_run_is_found_and_shown_whole(ran: str, page: Page) -> None:
    page.wait_for_selector(f"#ak-log [data-id='{ran}']")
    page.fill("#ak-log .ak-rec-search", "SECOND question")
    page.wait_for_function("document.querySelectorAll('#ak-log .ak-log-run').length === 1")
    assert "second question" in page.inner_text("[data-testid=log-list]")
    page.fill("#ak-log .ak-rec-search", "")
    page.select_option("#ak-log .ak-log-facets select >> nth=1", "error")
    page.wait_for_selector("[data-testid=log-list] .ak-empty")
    page.select_option("#ak-log .ak-log-facets select >> nth=1", "done")
    page.click(f"#ak-log [data-id='{ran}']")
    page.wait_for_selector("#ak-log .ak-log-dl")
    page.evaluate("document.querySelectorAll('#ak-log .ak-log-part').forEach(part => part.open = true)")
    shown = page.inner_text("[data-testid=log-detail]")
    for text in (EVIL, "You are Momo.", "stub-0ms-echo", "mood", "前", ran):
        assert text in shown
    assert "null" not in page.inner_text("#ak-log .ak-log-dl")
    page.click(".ak-header-end button:first-child")
    page.wait_for_selector("#ak-log h3:has-text('Ask again')")
    page.click(".ak-header-end button:first-child")


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("page", [("log", "ja-JP", 1440), ("log", "en-US", 390)], indirect=True, ids=str)
def test_a_run_is_asked_again_and_compared(page: Page, site: Server) -> None:
    site.write_prompt("other", "Other.", {**site.playground.load_prompt("echo").options.to_dict()})
    page.locator("#ak-log .ak-log-run").filter(has_text="second question").first.click()
    page.wait_for_selector("#ak-log .ak-log-dl")
    page.select_option("#ak-log .ak-log-version", "echo")
    page.click("#ak-log .ak-log-replay .ak-primary")
    page.wait_for_selector("#ak-log .ak-log-sides")
    assert page.locator("#ak-log .ak-log-side").count() == 2
    page.fill("#ak-log .ak-log-model", "no such model")
    page.press("#ak-log .ak-log-model", "Control+Enter")
    page.wait_for_selector("#ak-log .ak-log-result .ak-error")
    page.fill("#ak-log .ak-log-model", "")
    page.select_option("#ak-log .ak-log-version", "slow")
    page.click("#ak-log .ak-log-replay .ak-primary")
    page.wait_for_selector("#ak-log .ak-log-replay .ak-primary", state="hidden")
    page.keyboard.press("Escape")
    page.wait_for_selector("#ak-log .ak-log-replay .ak-primary:not([hidden])")


@pytest.fixture
def changed(site: Server) -> None:
    """A run of a prompt that has been saved differently since."""
    options = site.playground.load_prompt("echo").options.to_dict()
    site.write_prompt("changing", "Before.", options)
    body = {"dir": "changing", "input": "一つ目の質問です", "messages": [{"role": "user", "content": "前"}]}
    site.http.post("/api/llm/main", json=body)
    site.write_prompt("changing", "After.", options)


@pytest.mark.usefixtures("changed")
@tab("log")
def test_a_run_is_opened_in_the_prompt_tab(page: Page) -> None:
    page.locator("#ak-log .ak-log-run").filter(has_text="一つ目の質問です").first.click()
    page.wait_for_selector("#ak-log .ak-log-dl")
    page.click("#ak-log .ak-log-detail > header button >> nth=0")
    page.wait_for_selector("#ak-prompt .ak-input:visible")
    page.wait_for_function("document.querySelector('#ak-input').value === '一つ目の質問です'")
    assert "前" in page.input_value("#ak-prompt .ak-history textarea")
    assert page.locator("#ak-prompt .ak-page").get_attribute("data-open") == "changing"
    # The edit is not saved, so a second one becomes a new prompt, and a third may replace only that, when asked.
    open_tab(page, "log")
    page.click("#ak-log .ak-log-detail > header button >> nth=0")
    page.wait_for_selector("#ak-prompt .ak-page[data-open='']")
    open_tab(page, "log")
    page.click("#ak-log .ak-log-detail > header button >> nth=0")
    page.click("#ak-prompt .ak-dialog button[type=submit]")
    page.wait_for_selector("#ak-prompt .ak-dialog", state="detached")


@pytest.mark.usefixtures("ran")
@tab("log")
def test_the_log_is_deleted_after_a_question(page: Page, site: Server) -> None:
    page.click("#ak-log .ak-log-find .ak-panel-head button >> nth=1")
    page.click(".ak-dialog .ak-dialog-buttons button >> nth=0")
    assert site.playground.runs(1)
    page.click("#ak-log .ak-log-find .ak-panel-head button >> nth=0")
    page.wait_for_selector("#ak-log .ak-log-run")
    page.click("#ak-log .ak-log-find .ak-panel-head button >> nth=1")
    page.click(".ak-dialog button[type=submit]")
    page.wait_for_selector("[data-testid=log-list] .ak-empty")
    assert site.playground.runs(1) == []
