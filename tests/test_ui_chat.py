"""The chat tab in a real browser: conversations that are kept, answers that stream, and nothing of them as markup."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.models import make_parrot
from tests.visiting import open_tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

pytestmark = pytest.mark.browser

EVIL = (
    '# 見出し\n\n**太字** と `code` と <img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\n\n'
    "![絵](https://evil.example/x.png) [悪い](javascript:window.hacked=1) [良い](https://example.org/a?b)\n\n"
    "- 一\n- 二\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet x = '<b>';\n```\n"
)


@pytest.fixture(scope="module")
def site(serve: Serve, stub: str) -> Server:
    server = serve(ui=True, endpoints={"stub": {"url": stub}}, default_prompt="echo")
    options = {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms-echo"}
    server.write_prompt("echo", "Repeat.", options)
    server.write_prompt("slow", "Tell.", {**options, "model": "stream-200tok-20ms"})
    server.write_prompt("quick", "Tell.", {**options, "model": "stream-600tok-2ms", "max_new_tokens": 600})
    parrot = make_parrot(server.root / "models" / "parrot", "abcdefgh", again=True)
    server.write_prompt("cut", "", {"model": str(parrot), "template": "chatml", "temperature": 0, "max_new_tokens": 5})
    server.write_prompt("one", "Repeat.", {**options, "history_turns": 1})
    server.write_prompt("failing", "Fail.", {**options, "model": "stub-0ms-err400"})
    deadline = time.monotonic() + 120
    while httpx.get(f"{server.url}/ui/").status_code != 200:
        assert time.monotonic() < deadline, "the page did not come up"
        time.sleep(0.1)
    return server


def visit(browser: Browser, site: Server, wrong: list[str], locale: str = "ja-JP", width: int = 1440) -> Page:
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: wrong.append(asked.url) if is_foreign(asked.url, site) else None)
    show(page, site)
    return page


def show(page: Page, site: Server) -> None:
    page.goto(f"{site.url}/ui/")
    open_tab(page, "chat")
    page.wait_for_selector("#ak-chat .ak-page[data-ready]", timeout=30_000)


@pytest.fixture(scope="module")
def wrong() -> list[str]:
    """What no page may do: fail, complain, or ask somebody else."""
    return []


@pytest.fixture(scope="module")
def shared(browser: Browser, site: Server, wrong: list[str]) -> Iterator[Page]:
    """One page for all tests that want it in Japanese at 1440 px: each begins a conversation of its own."""
    page = visit(browser, site, wrong)
    yield page
    page.context.close()


@pytest.fixture
def page(
    shared: Page, browser: Browser, site: Server, wrong: list[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """The tab with a new conversation; a page of its own in the language and width that the test's parameters say."""
    own = hasattr(request, "param")
    page = visit(browser, site, wrong, *request.param) if own else shared
    if not own:
        page.click(".ak-chat-new")
        talk_with(page, "echo")
        for clear in page.locator(".ak-chat-option.ak-set .ak-clear").all():
            clear.click()
    yield page
    assert wrong == []
    assert page.evaluate("window.hacked") is None
    if own:
        page.context.close()


def is_foreign(url: str, site: Server) -> bool:
    return urlsplit(url).scheme in ("http", "https") and not url.startswith(site.url)


def say(page: Page, text: str, key: str = "Enter") -> None:
    page.fill("#ak-chat-input", text)
    page.press("#ak-chat-input", key)


def settle(page: Page) -> None:
    page.wait_for_selector(".ak-chat-stop", state="hidden")
    page.wait_for_function("!document.querySelector('.ak-turn-live.ak-busy')")


def texts(page: Page) -> list[str]:
    return page.locator("#ak-chat .ak-turn .ak-turn-text").all_inner_texts()


def talk_with(page: Page, prompt: str) -> None:
    page.select_option("#ak-chat-prompt", prompt)


def ask(page: Page, *questions: str) -> None:
    for question in questions:
        count = page.locator(".ak-turn").count()
        say(page, question)
        page.wait_for_function("n => document.querySelectorAll('#ak-chat .ak-turn').length >= n", arg=count + 2)
        settle(page)


def stored(site: Server, page: Page) -> list[tuple[str, str]]:
    id = page.get_attribute("#ak-chat .ak-page", "data-open")
    path = site.root / "log" / "sessions" / f"{id}.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [(message["role"], message["content"]) for message in map(json.loads, lines)]


def test_a_conversation_is_kept_found_renamed_and_deleted(page: Page, site: Server) -> None:
    assert page.locator(".ak-chat-hint").is_visible()
    page.click(".ak-chat-hint .ak-button")
    assert page.input_value("#ak-chat-input") == "私の名前は太郎です。私の名前は何ですか？"
    ask(page, "赤い花\n二行目", "続き")
    assert texts(page) == ["赤い花\n二行目", "赤い花\n二行目", "続き", "続き"]
    wanted = [("user", "赤い花\n二行目"), ("assistant", "赤い花\n二行目"), ("user", "続き"), ("assistant", "続き")]
    assert stored(site, page) == wanted
    assert "トークン" in page.inner_text(".ak-turn:last-child .ak-turn-facts")
    show(page, site)
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 4")
    page.click(".ak-chat-new")
    ask(page, "青い空")
    assert page.locator(".ak-chat-item").count() >= 2
    page.fill(".ak-chat-search", "続き")
    page.wait_for_function("document.querySelectorAll('.ak-chat-item').length === 1")
    page.click(".ak-chat-open")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 4")
    page.click(".ak-chat-tools button:first-child")
    page.keyboard.type("庭の話")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.ak-chat-title').textContent === '庭の話'")
    page.click(".ak-chat-tools button:last-child")
    page.wait_for_selector(".ak-chat-none")
    assert page.locator(".ak-turn").count() == 0
    page.click(".ak-chat-toast button")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 4")
    assert stored(site, page) == wanted


def test_an_answer_is_stopped_and_made_anew(page: Page, site: Server) -> None:
    talk_with(page, "slow")
    say(page, "話して", "Control+Enter")
    page.wait_for_function("document.querySelector('.ak-turn-live .ak-md')?.textContent.length > 20")
    page.keyboard.press("Escape")
    page.wait_for_selector(".ak-finish-cancelled")
    (_, (_, half)) = stored(site, page)
    assert texts(page)[1] == half
    talk_with(page, "echo")
    page.click(".ak-turn:last-child [aria-label='回答を作り直す']")
    page.wait_for_function("document.querySelector('.ak-turn:last-child .ak-turn-text').textContent === '話して'")
    settle(page)
    assert stored(site, page) == [("user", "話して"), ("assistant", "話して")]
    page.click(".ak-chat-toast button")
    page.wait_for_function(
        "text => document.querySelector('.ak-turn:last-child .ak-turn-text').textContent.length > 20"
    )
    assert stored(site, page)[1] == ("assistant", half)


def test_a_cut_answer_is_gone_on_with(page: Page, site: Server) -> None:
    talk_with(page, "cut")
    ask(page, "x")
    page.wait_for_selector(".ak-finish-length")
    assert texts(page)[1] == "abcde"
    page.click(".ak-continue")
    page.wait_for_function("document.querySelector('.ak-turn:last-child .ak-turn-text').textContent === 'abcdefghab'")
    settle(page)
    assert stored(site, page) == [("user", "x"), ("assistant", "abcdefghab")]


def test_a_question_is_edited_and_the_old_continuation_is_a_branch(page: Page, site: Server) -> None:
    ask(page, "一", "二", "三")
    page.hover(".ak-turn:nth-child(3)")
    page.click(".ak-turn:nth-child(3) [aria-label='書き直して聞く']")
    page.fill(".ak-turn-edit textarea", "二の二")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 4")
    settle(page)
    assert [text for _, text in stored(site, page)] == ["一", "一", "二の二", "二の二"]
    page.click(".ak-chat-toast button")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 6")
    assert [text for _, text in stored(site, page)] == ["一", "一", "二", "二", "三", "三"]
    page.wait_for_selector(".ak-chat-item.ak-on .ak-chat-branch")
    page.hover(".ak-turn:nth-child(2)")
    page.click(".ak-turn:nth-child(2) [aria-label='ここから枝分かれ']")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 2")
    assert [text for _, text in stored(site, page)] == ["一", "一"]


def test_a_turn_is_removed_and_all_are_cleared_with_a_way_back(page: Page, site: Server) -> None:
    ask(page, "一", "二")
    page.hover(".ak-turn:first-child")
    page.click(".ak-turn:first-child [aria-label='この質問と回答を消す']")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 2")
    assert [text for _, text in stored(site, page)] == ["二", "二"]
    page.click(".ak-chat-toast button")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 4")
    page.click(".ak-chat-clear")
    page.wait_for_selector(".ak-chat-hint")
    assert stored(site, page) == []
    page.click(".ak-chat-toast button")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 4")


def test_a_program_goes_on_with_the_same_conversation(page: Page, site: Server) -> None:
    ask(page, "一")
    id = page.get_attribute("#ak-chat .ak-page", "data-open")
    site.http.post("/api/llm/main", json={"dir": "echo", "input": "外から", "session": id}).raise_for_status()
    page.click(".ak-turn:last-child [aria-label='回答を作り直す']")
    page.wait_for_selector(".ak-chat-problem [data-type=Conflict]")
    assert texts(page) == ["一", "一", "外から", "外から"], "it shows what is there, and replaces nothing"
    site.http.post("/api/llm/main", json={"dir": "echo", "input": "また", "session": id}).raise_for_status()
    ask(page, "二")
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 8")
    assert [text for role, text in stored(site, page) if role == "user"] == ["一", "外から", "また", "二"]


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(page: Page, site: Server) -> None:
    talk_with(page, "slow")
    say(page, "話して")
    page.wait_for_function("document.querySelector('.ak-turn-live .ak-md')?.textContent.length > 20")
    id = page.get_attribute("#ak-chat .ak-page", "data-open")
    page.click(".ak-chat-item.ak-on .ak-chat-tools button:last-child")
    page.wait_for_selector(".ak-chat-hint")
    settle(page)
    assert site.http.get(f"/api/sessions/{id}").status_code == 404


def test_what_was_trimmed_is_greyed(page: Page) -> None:
    talk_with(page, "one")
    ask(page, "一", "二", "三")
    assert page.locator(".ak-turn-unsent").count() == 2
    assert "2 件" in page.inner_text(".ak-turn-cut")


def test_an_answer_is_text_and_never_markup(page: Page) -> None:
    ask(page, EVIL)
    answer = page.locator(".ak-turn:last-child .ak-md")
    assert answer.locator("[role=heading]").inner_text() == "見出し"
    assert answer.locator("strong").inner_text() == "太字"
    assert "onerror" in answer.inner_text()
    assert answer.locator("img, script, iframe").count() == 0
    assert answer.locator("a").evaluate_all("all => all.map(a => [a.getAttribute('href'), a.rel])") == [
        ["https://evil.example/x.png", "noopener noreferrer"],
        ["https://example.org/a?b", "noopener noreferrer"],
    ]
    assert "(example.org)" in answer.inner_text()
    assert answer.locator("li").count() == 2
    assert answer.locator("td").all_inner_texts() == ["1", "2"]
    answer.locator(".ak-md-code button").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === \"let x = '<b>';\")")
    page.click(".ak-chat-looks [data-id=plain]")
    assert page.locator(".ak-turn:last-child .ak-md").inner_text().rstrip() == EVIL.rstrip()
    page.click(".ak-chat-looks [data-id=markdown]")


def test_a_failure_is_told_in_its_place_and_tried_again(page: Page, site: Server) -> None:
    talk_with(page, "failing")
    say(page, "だめ？")
    page.wait_for_selector(".ak-turn-live .ak-error")
    assert stored(site, page) == []
    talk_with(page, "echo")
    page.click(".ak-turn-live .ak-problem button:first-child")
    page.wait_for_function("document.querySelector('.ak-turn-assistant:not(.ak-turn-live) .ak-turn-text')")
    assert stored(site, page) == [("user", "だめ？"), ("assistant", "だめ？")]


def test_raw_and_single_questions_stand_outside(page: Page, site: Server) -> None:
    ask(page, "一")
    page.fill("#ak-chat-input", "\\raw")
    assert page.locator("[data-testid=chat-raw]").is_visible()
    ask(page, "\\そのまま\\n二行")
    assert "会話には含まれません" in page.inner_text(".ak-turns")
    assert texts(page)[-1] == "そのまま\n二行"
    assert len(stored(site, page)) == 2
    page.click(".ak-segment[data-id=single]")
    ask(page, "単発")
    assert texts(page) == ["単発", "単発"]
    files = sorted((site.root / "log" / "sessions").glob("*.jsonl"))
    assert all("単発" not in path.read_text("utf-8") for path in files)
    page.click(".ak-segment[data-id=talk]")
    assert texts(page) == ["一", "一"]


def test_options_go_with_the_question(page: Page, site: Server) -> None:
    talk_with(page, "")
    page.select_option("#ak-chat-location", "OpenAI")
    page.fill("#ak-chat-model", "stream-64tok-0ms")
    page.fill("#ak-chat-endpoint", "stub")
    page.fill("#ak-chat-system", "{braces} stay")
    page.fill("#ak-chat-max_new_tokens", "７")
    ask(page, "x")
    assert "7" in page.inner_text(".ak-turn:last-child .ak-turn-facts")
    show(page, site)
    page.wait_for_function("document.querySelectorAll('#ak-chat .ak-turn').length === 2")
    assert page.input_value("#ak-chat-system") == "{braces} stay"
    assert page.input_value("#ak-chat-max_new_tokens") == "7"
    run = json.loads(next(iter(sorted((site.root / "log" / "runs").glob("*.jsonl"))[-1:])).read_text().splitlines()[-1])
    assert run["messages"][0] == {"role": "system", "content": "{braces} stay"}


def test_composition_sends_nothing_and_a_draft_survives(page: Page, site: Server) -> None:
    page.fill("#ak-chat-input", "にほん")
    for options in ("{isComposing: true}", "{keyCode: 229}"):
        page.evaluate(
            "document.querySelector('#ak-chat-input').dispatchEvent("
            f"new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, ...{options}}}))"
        )
    page.press("#ak-chat-input", "Shift+Enter")
    assert page.locator(".ak-turn").count() == 0
    page.fill("#ak-chat-input", "書きかけ\n二行目")
    show(page, site)
    assert page.input_value("#ak-chat-input") == "書きかけ\n二行目"


@pytest.mark.parametrize(("kind", "wanted"), [("text", "user: 外へ\nai: 外へ\n"), ("markdown", "# 外へ\n\n## user")])
def test_a_conversation_is_taken_elsewhere(page: Page, kind: str, wanted: str) -> None:
    ask(page, "外へ")
    page.click(".ak-chat-export summary")
    page.click(f"[data-kind={kind}] button:first-of-type")
    page.wait_for_function(
        "wanted => navigator.clipboard.readText().then((text) => text.startsWith(wanted))", arg=wanted
    )
    with page.expect_download() as found:
        page.click(f"[data-kind={kind}] button:last-of-type")
    assert found.value.suggested_filename.startswith("外へ.")
    assert Path(found.value.path()).read_text("utf-8").startswith(wanted)


def test_streaming_keeps_up(page: Page) -> None:
    """600 tokens at 500 a second: the page has shown the last one soon after it came."""
    talk_with(page, "quick")
    say(page, "速く")
    page.wait_for_selector(".ak-turn-assistant:not(.ak-turn-live)", timeout=15_000)
    assert re.search("600 トークン", page.inner_text(".ak-turn:last-child .ak-turn-facts"))


@pytest.mark.parametrize("page", [("ja-JP", 390), ("en-US", 390)], indirect=True, ids=str)
def test_on_a_phone(page: Page) -> None:
    page.click(".ak-chat-toggle-list")
    page.click(".ak-chat-new")
    ask(page, "a long word: " + "x" * 200)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click(".ak-chat-toggle-settings")
    assert page.locator("#ak-chat-prompt").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click(".ak-chat-right header button")
    assert page.locator("#ak-chat-input").is_visible()


@pytest.mark.parametrize("page", [("ja-JP", 1440)], indirect=True, ids=str)
def test_the_language_changes_with_the_page(page: Page) -> None:
    page.click(".ak-header-end button:first-child")
    page.wait_for_selector(".ak-chat-side h2:has-text('Conversations')")
    assert page.inner_text(".ak-chat-send") == "Send"


def test_the_chat_alone(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    from akachat.playground import Playground
    from akachat.ui.tabs import all_tabs

    playground: Any = Playground(tmp_path_factory.mktemp("alone"), environ={})
    assert [tab.id for tab in all_tabs(playground, chat_only=True)] == ["chat"]
