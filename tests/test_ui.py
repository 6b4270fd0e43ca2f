"""The page in a real browser: what a person does on the prompt tab, and what must never happen there."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from akachat.options import Options
from akachat.ui.form import form_fields
from akachat.ui.words import LANGUAGES, TEXTS
from tests.editing import cursor, write, written
from tests.models import make_parrot

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.serving import Serve, Server

ASSETS = Path(__file__).resolve().parents[1] / "akachat" / "ui" / "assets"
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}${7*7}'

Visit = Callable[..., AbstractContextManager["Page"]]


# words and form, without a browser


def test_both_languages_have_every_word() -> None:
    assert set(TEXTS) == set(LANGUAGES)
    assert TEXTS["en"].keys() == TEXTS["ja"].keys()
    for key in TEXTS["en"]:
        holes = [set(re.findall(r"\{(\w+)\}", TEXTS[language][key])) for language in LANGUAGES]
        assert holes[0] == holes[1], key
        assert all(TEXTS[language][key].strip() for language in LANGUAGES), key


def test_every_word_that_a_script_asks_for_is_there() -> None:
    asked = set()
    for path in ASSETS.glob("*.js"):
        source = path.read_text("utf-8")
        asked |= set(re.findall(r"""\b(?:t|word|label|help|tLabel|tTitle|tPlaceholder): "(\w+)\"""", source))
        asked |= set(re.findall(r"""\bt\("(\w+)\"""", source))
        asked |= set(re.findall(r"""\bsay\([^;]*?"(?:text|label|title|placeholder)", "(\w+)\"""", source))
    assert len(asked) > 60
    assert asked <= TEXTS["en"].keys()


def test_every_option_has_its_row_and_its_words() -> None:
    fields = {field["name"]: field for field in form_fields()}
    assert list(fields) == list(Options.model_fields)
    for name in fields:
        for language in LANGUAGES:
            assert TEXTS[language].get(f"option_{name}"), (language, name)
            assert TEXTS[language].get(f"help_{name}"), (language, name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("location", {"kind": "choice", "choices": ["Local", "OpenAI"], "required": True}),
        ("dtype", {"kind": "choice", "choices": ["int4", "int8", "fp16", "bf16", "fp32"], "required": False}),
        ("temperature", {"kind": "number", "min": 0, "max": 5, "default": 0.7}),
        ("max_new_tokens", {"kind": "integer", "min": 1, "default": 256}),
        ("is_messages", {"kind": "boolean", "group": "form"}),
        ("stop", {"kind": "lines"}),
        ("response_format", {"kind": "json"}),
        ("template", {"kind": "long"}),
        ("model", {"kind": "text", "default": "embedded", "required": True}),
    ],
)
def test_form_fields(name: str, expected: dict[str, Any]) -> None:
    field = next(field for field in form_fields() if field["name"] == name)
    assert {key: field.get(key) for key in expected} == expected


# in the browser


@pytest.fixture(scope="module")
def site(serve: Serve, stub: str) -> Server:
    server = serve(ui=True)
    stream = {"location": "OpenAI", "endpoint": stub, "model": "stream-30tok-40ms"}
    echo = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    server.write_prompt("greeting", "Your name is {var.name}.\nAnswer in one line: {input}", stream)
    server.write_prompt("slow", "Say a lot.", {**stream, "model": "stream-2000tok-20ms"})
    server.write_prompt("flood", "Say a lot at once.", {**stream, "model": "stream-4000tok-2ms"})
    server.write_prompt("other/echo", "{var.evil}", echo)
    server.write_prompt(EVIL.replace("/", "_")[:60], "{comment('named to be evil')}Hello", echo)
    cut = {"model": "embedded", "max_new_tokens": 4, "temperature": 0, "history_turns": 1}
    server.write_prompt("cut", "あなたの名前はモモです。", cut)
    for key, value in {"name": "Momo", "evil": EVIL}.items():
        (server.root / "var").mkdir(exist_ok=True)
        (server.root / "var" / f"{key}.txt").write_text(value, encoding="utf-8")
    deadline = time.monotonic() + 120
    while httpx.get(f"{server.url}/ui/").status_code != 200:
        assert time.monotonic() < deadline, "the page did not come up"
        time.sleep(0.1)
    return server


@pytest.fixture
def visit(browser: Browser, site: Server) -> Visit:
    """Opens the page in a fresh browser profile; fails on any console error and any request to another machine."""

    @contextmanager
    def opened(
        prompt: str | None = "greeting", *, locale: str = "en-US", width: int = 1280, **more: Any
    ) -> Iterator[Page]:
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 800}, **more)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(f"{m.text} {m.location}") if m.type == "error" else None)
        page.on("request", lambda r: wrong.append(f"foreign: {r.url}") if _is_foreign(r.url, site.url) else None)
        try:
            page.goto(f"{site.url}/ui/")
            _ready(page)
            if prompt is not None:
                _choose(page, prompt)
            yield page
            # Chromium asks for /favicon.ico before the page can name its icon; Gradio is cut off when it is left.
            cut = ("AbortError", "Connection errored out") if page.url == "about:blank" else ()
            assert [line for line in wrong if not any(known in line for known in ("favicon.ico", *cut))] == []
            assert page.evaluate("window.hacked") is None
        finally:
            context.close()

    return opened


def _is_foreign(url: str, own: str) -> bool:
    return urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(own).netloc


def _ready(page: Page) -> None:
    page.wait_for_selector(".ak-page[data-ready]", timeout=30_000)


def _choose(page: Page, prompt: str) -> None:
    page.select_option(".ak-prompts", prompt)
    page.wait_for_function("name => document.querySelector('.ak-page').dataset.open === name", arg=prompt)


def _wait_text(page: Page, selector: str, text: str) -> None:
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)", arg=[selector, text]
    )


@pytest.mark.browser
def test_run_streams_an_answer(visit: Visit) -> None:
    with visit("greeting") as page:
        page.fill("#ak-input", "hello")
        lengths = []
        page.keyboard.press("Control+Enter")
        while not page.query_selector(".ak-finish"):
            lengths.append(len(page.inner_text("[data-testid=answer]")))
            page.wait_for_timeout(30)
        assert len(set(lengths)) > 3, "the answer came in one piece"
        assert page.inner_text(".ak-finish") == "ended by itself"
        stats = page.inner_text(".ak-stats")
        assert "30 tokens" in stats
        assert "tokens/s" in stats
        assert "first token" in stats
        assert "var.name" in page.inner_text(".ak-answer-calls .ak-tree")
        page.click(".ak-answer-calls summary")
        assert page.inner_text(".ak-call-result") == "Momo"
        assert page.is_visible(".ak-run")


@pytest.mark.browser
def test_preview_follows_typing(visit: Visit) -> None:
    with visit("greeting") as page:
        page.fill("#ak-input", "good morning")
        _wait_text(page, ".ak-preview-body", "good morning")
        assert page.inner_text(".ak-piece.ak-o-var") == "Momo"
        assert page.inner_text(".ak-piece.ak-o-input") == "good morning"
        assert "variable" in page.inner_text(".ak-legend")
        assert re.search(r"\d+ tokens", page.inner_text(".ak-tokens"))
        page.click(".ak-preview .ak-segment[data-id=messages]")
        assert page.locator(".ak-preview .ak-role").all_inner_texts() == ["system", "user"]
        page.click(".ak-preview .ak-segment[data-id=text]")
        page.click(".ak-piece.ak-o-input")
        assert cursor(page) == len("Your name is {var.name}.\nAnswer in one line: ")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("instruction", "place", "marked"),
    [
        ("first\nあ{var.nmae}", "line 2, column 3", "v"),
        ("one {1 + }", "line 1, column", None),
        ("open {var.name", "line 1, column 6", "{"),
    ],
)
def test_an_error_is_marked_where_it_is(visit: Visit, instruction: str, place: str, marked: str | None) -> None:
    with visit("greeting") as page:
        write(page, instruction)
        page.wait_for_selector(".ak-write .ak-error")
        assert place in page.inner_text(".ak-error-place")
        assert page.inner_text(".ak-error-message")
        assert page.locator(".ak-area .cm-lintRange-error").count() >= 1
        if marked:
            assert page.inner_text(".ak-source .ak-caret") == marked
        write(page, "fine {var.name}")
        page.wait_for_selector(".ak-write .ak-error", state="detached")
        assert page.locator(".ak-area .cm-lintRange-error").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("by", ["key", "button"])
def test_stop(visit: Visit, site: Server, by: str) -> None:
    with visit("slow") as page:
        page.keyboard.press("Control+Enter")
        page.wait_for_function("document.querySelector('[data-testid=answer]').textContent.length > 20")
        if by == "key":
            page.keyboard.press("Escape")
        else:
            page.click(".ak-stop")
        page.wait_for_selector(".ak-finish-cancelled", timeout=20_000)  # of the forty that the answer takes
        assert page.inner_text("[data-testid=answer]")
        assert page.is_visible(".ak-run")


@pytest.mark.browser
def test_leaving_the_page_stops_its_run(visit: Visit, site: Server) -> None:
    with visit("slow") as page:
        page.fill("#ak-input", "leaving")
        page.keyboard.press("Control+Enter")
        page.wait_for_function("document.querySelector('[data-testid=answer]').textContent.length > 20")
        page.goto("about:blank")
        deadline = time.monotonic() + 20  # of the forty that the answer takes
        while not (runs := [r for r in site.playground.runs(10) if r["prompt"] == "slow" and r["input"] == "leaving"]):
            assert time.monotonic() < deadline, "the run went on without its page"
            time.sleep(0.1)
        assert runs[0]["finish_reason"] == "cancelled"


@pytest.mark.browser
def test_save_and_reload(visit: Visit, site: Server) -> None:
    site.write_prompt("saving", "before", {"temperature": 0.5, "from_the_future": [1, 2]})
    path = site.root / "prompt" / "saving.txt"
    with visit(None) as page:
        page.reload()
        _ready(page)
        _choose(page, "saving")
        _wait_text(page, ".ak-unknown", "from_the_future")
        write(page, "after 日本語")
        page.fill("[data-option=temperature]", "")
        page.fill("[data-option=seed]", "７")
        page.keyboard.press("Control+s")
        _wait_text(page, ".ak-toast", "Saved saving")
        assert path.read_text("utf-8") == "after 日本語"
        options = json.loads(path.with_suffix(".json").read_text("utf-8"))
        assert options["seed"] == 7
        assert options["from_the_future"] == [1, 2]
        assert "temperature" not in options
        assert page.is_hidden(".ak-dirty")
        path.write_text("by hand", encoding="utf-8")
        page.click("button[aria-label^='Read the list']")
        _wait_text(page, ".ak-toast", "Read again")
        assert written(page) == "by hand"


@pytest.mark.browser
def test_a_new_prompt_gets_a_name_and_goes_again(visit: Visit, site: Server) -> None:
    with visit("greeting") as page:
        page.click("button[title=New]")
        write(page, "made here")
        page.keyboard.press("Control+s")
        page.fill("#ak-name", "../escape")
        page.keyboard.press("Enter")
        page.wait_for_selector(".ak-dialog .ak-field-error:not([hidden])")
        page.fill("#ak-name", "greeting")
        page.keyboard.press("Enter")
        _wait_text(page, ".ak-dialog .ak-field-error", "exists")
        page.fill("#ak-name", "フォルダ/新しい")
        page.keyboard.press("Enter")
        _wait_text(page, ".ak-toast", "Saved")
        path = site.root / "prompt" / "フォルダ" / "新しい.txt"
        assert path.read_text("utf-8") == "made here"
        page.click(".ak-menu-opener > button")
        page.click("[role=menuitem]:has-text('Delete…')")
        assert "新しい" in page.inner_text(".ak-dialog")
        page.click(".ak-dialog .ak-danger")
        _wait_text(page, ".ak-undo", "Deleted")
        assert not path.exists()


@pytest.mark.browser
def test_nothing_typed_is_lost_by_a_reload(visit: Visit) -> None:
    with visit("greeting") as page:
        write(page, "a draft of mine {input}")
        page.fill("#ak-input", "typed")
        page.reload()
        _ready(page)
        assert written(page) == "a draft of mine {input}"
        assert page.input_value("#ak-input") == "typed"
        assert page.is_visible(".ak-dirty")
        page.click("button[title^='Go back']")
        assert written(page).startswith("Your name is")
        assert page.is_hidden(".ak-dirty")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "run", "tab", "lang"), [("ja-JP", "実行", "プロンプト", "ja"), ("fr-FR", "Run", "Prompt", "en")]
)
def test_language_of_the_browser(visit: Visit, locale: str, run: str, tab: str, lang: str) -> None:
    with visit("greeting", locale=locale) as page:
        assert page.inner_text(".ak-run") == run
        assert page.inner_text("#ak-tabs button[role=tab]") == tab
        assert page.get_attribute("html", "lang") == lang
        page.click(".ak-header-end button")
        assert page.inner_text(".ak-run") != run
        page.reload()
        _ready(page)
        assert page.inner_text(".ak-run") != run


@pytest.mark.browser
def test_errors_speak_the_language_of_the_page(visit: Visit) -> None:
    with visit("greeting", locale="ja-JP") as page:
        write(page, "あ{var.nmae}")
        page.wait_for_selector(".ak-write .ak-error")
        assert "変数" in page.inner_text(".ak-error-message")
        assert page.inner_text(".ak-error-message code") == "nmae"
        assert "のことですか" in page.inner_text(".ak-error-hint")
        page.click(".ak-header-end button")
        assert page.inner_text(".ak-error-message").startswith("There is no variable")
        assert "Did you mean" in page.inner_text(".ak-error-hint")
        write(page, "fine")
        page.fill("[data-option=temperature]", "9")
        page.wait_for_selector(".ak-wrong [data-option=temperature]")
        assert "less than or equal to 5" in page.inner_text(".ak-wrong .ak-field-error")


@pytest.mark.browser
@pytest.mark.parametrize(("locale", "opened"), [("ja-JP", "sample"), ("en-US", "sample_en")])
def test_what_is_open_at_first(visit: Visit, locale: str, opened: str) -> None:
    with visit(None, locale=locale) as page:
        assert page.input_value(".ak-prompts") == opened
        _choose(page, "greeting")
        page.reload()
        _ready(page)
        assert page.input_value(".ak-prompts") == "greeting"


@pytest.mark.browser
def test_a_quick_run_shows_what_was_sent(visit: Visit) -> None:
    with visit("other/echo") as page:
        page.fill("#ak-input", "quick")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ak-finish")
        assert page.inner_text(".ak-preview .ak-badge") == "sent"


@pytest.mark.browser
def test_a_long_answer_is_followed_until_the_reader_scrolls_back(visit: Visit) -> None:
    at_end = "(n) => n.scrollHeight - n.scrollTop - n.clientHeight < 40"
    with visit("flood") as page:
        page.keyboard.press("Control+Enter")
        body = page.locator(".ak-answer .ak-scroll")
        page.wait_for_function("(n) => n.scrollHeight > n.clientHeight + 60", arg=body.element_handle(), timeout=15_000)
        assert body.evaluate(at_end)
        body.evaluate("(n) => { n.scrollTop = 0; }")
        page.wait_for_timeout(300)
        assert body.evaluate("(n) => n.scrollTop") == 0
        page.keyboard.press("Escape")
        page.wait_for_selector(".ak-finish-cancelled", timeout=3000)


@pytest.mark.browser
def test_language_of_the_settings(visit: Visit, site: Server) -> None:
    site.playground.update_settings(language="ja")
    try:
        with visit("greeting", locale="en-US") as page:
            assert page.inner_text(".ak-run") == "実行"
            assert page.inner_text("#ak-tabs button[role=tab]") == "プロンプト"
    finally:
        site.playground.update_settings(language="")


@pytest.mark.browser
def test_keys_of_an_input_method_do_nothing(visit: Visit) -> None:
    with visit("greeting") as page:
        page.evaluate(
            """document.querySelector('.ak-area').dispatchEvent(new KeyboardEvent(
            'keydown', {key: 'Enter', ctrlKey: true, isComposing: true, bubbles: true, cancelable: true}))"""
        )
        assert page.is_visible(".ak-run")
        assert page.is_hidden(".ak-stop")


@pytest.mark.browser
def test_phone(visit: Visit) -> None:
    with visit("greeting", width=390, locale="ja-JP") as page:
        page.fill("#ak-input", "あ" * 300 + "a" * 300)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ak-finish")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate("document.querySelector('.ak-run').getBoundingClientRect().bottom <= innerHeight")


@pytest.mark.browser
def test_options_as_json(visit: Visit) -> None:
    with visit("greeting") as page:
        page.click(".ak-side .ak-segment[data-id=json]")
        page.fill(".ak-json", '{"model": ')
        page.wait_for_selector(".ak-json-box .ak-field-error:not([hidden])")
        page.fill(".ak-json", '{"model": "embedded", "temperature": "hot"}')
        page.wait_for_selector(".ak-write .ak-error")
        page.click(".ak-side .ak-segment[data-id=form]")
        page.wait_for_selector(".ak-wrong [data-option=temperature]")
        assert page.input_value("[data-option=temperature]") == "hot"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "locale", "words"), [(1440, "en-US", "japanese rinna"), (390, "ja-JP", "日本語 rinna")]
)
def test_a_model_is_found_and_brings_its_prompt_type(visit: Visit, width: int, locale: str, words: str) -> None:
    with visit("greeting", width=width, locale=locale) as page:
        page.click("[data-option=model]")
        page.fill("[data-option=model]", f"{words} instruction-ppo")
        offered = page.locator("#ak-option-model-list .ak-pick-option")
        names = [name.replace("\n", "") for name in offered.locator(".ak-pick-name").all_inner_texts()]
        assert names == [
            f"rinna/{model}-instruction-ppo" for model in ("bilingual-gpt-neox-4b", "japanese-gpt-neox-3.6b")
        ]
        box = page.locator("#ak-option-model-list").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.fill("[data-option=model]", "rinna japanese-gpt-neox-3.6b-instruction-ppo")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert page.input_value("[data-option=model]") == "rinna/japanese-gpt-neox-3.6b-instruction-ppo"
        assert page.is_hidden("#ak-option-model-list")
        assert "rinna" in page.inner_text("#ak-model-facts .ak-tag-type")
        assert page.get_attribute("[data-option=template]", "placeholder") == "rinna"
        page.evaluate("document.querySelector('[data-option=template]').closest('details').open = true")
        page.click("[data-option=template]")
        page.click("#ak-option-template-list .ak-pick-option:has-text('chatml')")
        assert page.input_value("[data-option=template]") == "chatml"
        assert page.locator("#ak-model-facts .ak-tag-type").count() == 0, "the person's own choice stands"


@pytest.mark.browser
def test_a_broken_list_of_models_is_told_and_the_page_goes_on(visit: Visit, site: Server) -> None:
    path = site.root / "models.json"
    path.write_text('{"me/mine": {"type": "chatlm"}}', encoding="utf-8")
    try:
        with visit("greeting") as page:
            page.wait_for_selector(".ak-problem:has-text('models.json')")
            assert page.input_value("[data-option=model]") == "stream-30tok-40ms"
    finally:
        path.unlink()


@pytest.mark.browser
def test_what_a_prompt_may_use_is_one_click_away(visit: Visit) -> None:
    with visit("greeting") as page:
        write(page, "")
        page.click(".ak-side .ak-segment[data-id=insert]")
        page.click(".ak-insert:has-text('var.name')")
        assert written(page) == "{var.name}"
        assert "llm" in page.inner_text(".ak-inserts")
        assert "other/echo" in page.inner_text(".ak-inserts")


@pytest.mark.browser
def test_what_comes_from_elsewhere_is_text(visit: Visit) -> None:
    evil_name = EVIL.replace("/", "_")[:60]
    with visit("other/echo") as page:
        assert evil_name in page.inner_text(".ak-prompts")
        page.fill("#ak-input", EVIL)
        page.fill("[data-option=stop]", EVIL)
        page.click(".ak-side .ak-segment[data-id=insert]")
        assert "<img" in page.inner_text(".ak-inserts")
        _wait_text(page, ".ak-preview-body", "<img")
        for view in ("messages", "prompt", "text"):
            page.click(f".ak-preview .ak-segment[data-id={view}]")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ak-finish")
        assert page.inner_text("[data-testid=answer]").strip() == EVIL
        page.click(".ak-answer-calls summary")
        write(page, EVIL + "{var['" + "<b>x</b>" + "']}")
        page.wait_for_selector(".ak-write .ak-error")
        assert page.locator(".ak-page img, .ak-page script, .ak-page b:not(.ak-call-code b)").count() == 0
        _choose(page, evil_name)


@pytest.mark.browser
def test_an_unreachable_model_is_told_in_words(visit: Visit) -> None:
    with visit("greeting") as page:
        page.fill("[data-option=endpoint]", "http://127.0.0.1:9/v1")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ak-answer .ak-error", timeout=30_000)
        assert "cannot be reached" in page.inner_text(".ak-answer .ak-error strong")
        assert "Traceback" not in page.content()


@pytest.mark.browser
def test_keyboard_alone(visit: Visit) -> None:
    with visit("greeting") as page:
        page.focus(".ak-prompts")
        seen = []
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.append(
                page.evaluate("((n) => n.getAttribute('aria-label') || n.id || n.title)(document.activeElement)")
            )
        for wanted in ("Instruction", "ak-input", "Run (Ctrl+Enter)", "ak-option-temperature"):
            assert wanted in seen, wanted
        names = page.evaluate(
            """[...document.querySelectorAll('.ak-page :is(button, input, select, textarea)')]
            .filter((n) => !(n.getAttribute('aria-label') || n.textContent.trim() || (n.labels ?? []).length))
            .map((n) => n.outerHTML)"""
        )
        assert names == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "width", "before", "after", "unload"),
    [
        ("en-US", 1440, "loads at the first run", "cpu · fp32", "Unload"),
        ("ja-JP", 390, "初回の実行で読み込みます", "cpu・fp32", "解放"),
    ],
)
def test_the_model_and_its_state(
    visit: Visit, site: Server, locale: str, width: int, before: str, after: str, unload: str
) -> None:
    make_parrot(site.root / "models" / "mine", "yes")
    site.write_prompt("local", "Say yes.", {"model": "models/mine"})
    with visit("local", locale=locale, width=width) as page:
        _wait_text(page, ".ak-model-state", before)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ak-finish", timeout=60_000)
        _wait_text(page, ".ak-model-state", after)
        page.click(".ak-model")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        row = page.locator(".ak-model-row", has_text="models/mine")
        assert after in row.inner_text()
        row.get_by_text(unload, exact=True).click()
        _wait_text(page, ".ak-model-state", before)
        assert page.locator(".ak-model-row", has_text="models/mine").count() == 0
        page.keyboard.press("Escape")
        page.wait_for_selector(".ak-models", state="hidden")


@pytest.mark.browser
@pytest.mark.slow
def test_ten_pages_at_once(browser: Browser, site: Server) -> None:
    context = browser.new_context(locale="en-US")
    try:
        pages = [context.new_page() for _ in range(10)]
        for page in pages:
            page.goto(f"{site.url}/ui/")
        for page in pages:
            _ready(page)
        pages[0].bring_to_front()
        for page in (pages[0], pages[-1]):
            _choose(page, "greeting")
            page.keyboard.press("Control+Enter")
            page.wait_for_selector(".ak-finish", timeout=60_000)
            assert page.locator(".ak-finish").first.inner_text()
    finally:
        context.close()
