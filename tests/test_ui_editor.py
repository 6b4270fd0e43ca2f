"""The instruction editor in a real browser: what it colours, offers and marks; input methods; what it is made of."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akachat.errors import InstructionError
from akachat.template.parts import Field
from akachat.template.scanner import scan
from tests.editing import AREA, completions, cursor, write, written

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

    from tests.serving import Serve, Server

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "akachat" / "ui" / "assets"
EVIL = '<img src=x onerror="window.hacked=1">'


# what it is made of


def test_the_bundle_comes_with_the_licence_of_every_package_in_it() -> None:
    bundle = (ASSETS / "codemirror.js").read_text("utf-8")
    licences = (ASSETS / "codemirror.LICENSES.txt").read_text("utf-8")
    assert len(bundle.encode()) < 400_000
    lock = json.loads((ROOT / "tools" / "editor" / "package-lock.json").read_text("utf-8"))["packages"]
    inside = re.findall(r"([@/\w.-]+) (\d+\.\d+\.\d+)", bundle.split("*/")[0])
    assert len(inside) > 10
    for name, version in inside:
        assert lock[f"node_modules/{name}"]["version"] == version
        assert lock[f"node_modules/{name}"]["license"] == "MIT"
        text = licences.split(f"{name} {version} (MIT)\n")[1].split("-" * 72)[0]
        assert "Copyright" in text
        assert "Permission is hereby granted" in text


def test_versions_are_exact() -> None:
    package = json.loads((ROOT / "tools" / "editor" / "package.json").read_text("utf-8"))
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name


# what is a field: the same as the server reads, wherever it can be read

PIECES = [
    *("{", "}", "{{", "}}", "(", ")", "[", "]", "'", '"', "'''", "\n", "\\", "#", ":", "!r", "=", ","),
    *("f'", "r'", "var.name", "input", "あ", "𠮷", " ", "1.5", ":>5", ":=", "==", "!=", "if", "{input}", "{var['x']}"),
]


@pytest.fixture(scope="module")
def cut(browser: Browser) -> Iterator[Callable[..., Any]]:
    """fields.js by itself: the fields of a text, whole and after a change."""
    page = browser.new_page()
    source = (ASSETS / "fields.js").read_text("utf-8")
    page.evaluate(
        """source => { window.cutFields = new Function(source + '; return cutFields')();
        window.cut = ([text, at, size, more]) => {
          const next = text.slice(0, at) + more + text.slice(at + size);
          const whole = cutFields(next);
          const change = {from: at, to: Math.min(at + size, text.length), by: next.length - text.length};
          const quick = cutFields(next, cutFields(text), change);
          return [whole.fields.slice(0, 100), JSON.stringify(whole) === JSON.stringify(quick)];
        }}""",
        source,
    )
    yield lambda text, at=0, size=0, more="": page.evaluate("args => window.cut(args)", [text, at, size, more])
    page.close()


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.browser
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=14), st.integers(0, 20), st.integers(0, 3), st.sampled_from(PIECES))
def test_fields_are_where_the_server_reads_them(
    cut: Callable[..., Any], pieces: list[str], at: int, size: int, more: str
) -> None:
    text = "".join(pieces)
    fields, unchanged = cut(text)
    assert unchanged
    try:
        parts = scan(text)
    except InstructionError:
        pass  # how the eye is helped where nothing can be read is the editor's own affair
    else:
        read = [(units(text[: p.start]), units(text[: p.end])) for p in parts if isinstance(p, Field)]
        assert [(f["from"], f["to"]) for f in fields] == read
        assert all(f["closed"] for f in fields)
    assert cut(text, min(at, units(text)), size, more)[1], "reading only what has changed gives something else"


@pytest.mark.browser
@pytest.mark.parametrize("text", ["{" * 300_000, "{a\n" * 100_000, "{x['" * 50_000, "}{" * 100_000, "{f'{" * 9000])
def test_a_text_of_braces_alone_is_read_in_the_end(cut: Callable[..., Any], text: str) -> None:
    cut(text)


@pytest.mark.browser
def test_after_what_is_not_closed_the_next_line_is_read_anew(cut: Callable[..., Any]) -> None:
    fields, _ = cut("one {var.name\ntwo {input}")
    assert [(f["from"], f["to"], f["closed"]) for f in fields] == [(4, 13, False), (18, 25, True)]


# in the page


@pytest.fixture(scope="module")
def site(serve: Serve, stub: str) -> Server:
    server = serve(ui=True)
    server.write_prompt("mine", "Hello", {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"})
    server.write_prompt("日本語/要約", "{input}")
    server.write_prompt("it's", "{input}")
    for folder, name, text in (
        ("var", "name.txt", "Momo"),
        ("var", "名前.txt", "モモ"),
        ("var", "two words.txt", EVIL),
        ("rag/図書", "a.txt", "猫"),
    ):
        (server.root / folder).mkdir(parents=True, exist_ok=True)
        (server.root / folder / name).write_text(text, encoding="utf-8")
    functions = server.root / "functions"
    functions.mkdir(exist_ok=True)
    (functions / "weather.py").write_text(
        "import akachat\n\n\n@akachat.function\ndef weather(city: str, days: int = 1) -> str:\n"
        '    "The forecast for a city."\n    return city\n',
        encoding="utf-8",
    )
    deadline = time.monotonic() + 120
    while httpx.get(f"{server.url}/ui/").status_code != 200:
        assert time.monotonic() < deadline, "the page did not come up"
        time.sleep(0.1)
    return server


@pytest.fixture(scope="module")
def opened(browser: Browser, site: Server) -> Iterator[Page]:
    """One page for all tests, each of which begins with an empty editor."""
    context = browser.new_context(locale="ja-JP", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" and "favicon" not in m.text else None)
    page.on("request", lambda r: wrong.append(r.url) if urlsplit(r.url).netloc != urlsplit(site.url).netloc else None)
    page.goto(f"{site.url}/ui/")
    page.wait_for_selector(".ak-page[data-ready]", timeout=30_000)
    yield page
    assert [line for line in wrong if not line.startswith(("data:", "blob:"))] == []
    assert page.evaluate("window.hacked") is None
    context.close()


@pytest.fixture
def page(opened: Page) -> Page:
    if opened.input_value(".ak-prompts") != "mine":
        opened.select_option(".ak-prompts", "mine")
        opened.wait_for_function("document.querySelector('.ak-page').dataset.open === 'mine'")
    write(opened, "")
    opened.focus(AREA)
    return opened


def classes(page: Page, text: str) -> str:
    """The classes around the first piece that is exactly this text, from the inside out."""
    return str(
        page.evaluate(
            """text => { const all = [];
            const found = [...document.querySelectorAll('.ak-area span')].find((n) => n.textContent === text);
            for (let n = found; n && !n.matches('.cm-line'); n = n.parentNode) all.push(n.className);
            return all.join(' '); }""",
            text,
        )
    )


@pytest.mark.browser
@pytest.mark.parametrize(
    ("instruction", "text", "expected"),
    [
        ("a {var.name} b", "{var.name}", "ak-field ak-o-var"),
        ("{input[:3]}", "{input[:3]}", "ak-field ak-o-input"),
        ("{messages}", "{messages}", "ak-o-input"),
        ("{rag('図書', input)}", "'図書'", "ak-k-string"),
        ("{llm('mine', temperature=0.5)}", "0.5", "ak-k-number"),
        ("{iif(1 and input, llm('mine'), '')}", "llm", "ak-o-llm"),
        ("{1 if input else 2}", "else", "ak-k-keyword"),
        ("{comment('x{y}')}", "{comment('x{y}')}", "ak-o-comment"),
        ("{test('x')}", "{test('x')}", "ak-o-test"),
        ("{msgf('user: a')}", "{msgf('user: a')}", "ak-o-msg"),
        ("{weather('x')}", "{weather('x')}", "ak-o-function"),
        ("{len(input)}", "{len(input)}", "ak-o-expression"),
        ("{{brace}}", "{{", "ak-escape"),
        ("{f'{input:>{3}}'}", "3", "ak-k-number"),
        ("{input!r:>10}", ":>10", "ak-k-format"),
        ("{input # why\n}", "# why", "ak-k-note"),
    ],
)
def test_colours(page: Page, instruction: str, text: str, expected: str) -> None:
    write(page, instruction)
    found = classes(page, text).split()
    assert set(expected.split()) <= set(found)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("{", "{}"),
        ("あ{input", "あ{input}"),
        ("{input}", "{input}"),
        ("{{x}}", "{{x}}"),
        ("{llm('mine", "{llm('mine')}"),
        ("it's (a) [b] \"c", "it's (a) [b] \"c"),
        ("{f'{input", "{f'{input}'}"),
        ('{len("a(', '{len("a(")}'),
    ],
)
def test_brackets_close_where_it_helps(page: Page, typed: str, expected: str) -> None:
    page.keyboard.type(typed)
    assert written(page) == expected


@pytest.mark.browser
def test_a_brace_closes_between_japanese_letters_but_not_before_a_word(page: Page) -> None:
    write(page, "あなたは明るい")
    page.keyboard.press("Home")
    page.keyboard.type("{")
    assert written(page) == "{}あなたは明るい"
    page.keyboard.press("Backspace")
    assert written(page) == "あなたは明るい"
    write(page, "input}")
    page.keyboard.press("Home")
    page.keyboard.type("{")
    assert written(page) == "{input}"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("typed", "offered", "result"),
    [
        ("{", "input", None),
        ("{inp", "input", "{input}"),
        ("{na", "var.name", "{var.name}"),
        ("{var.", ".名前", None),
        ("{var.two", "['two words']", "{var['two words']}"),
        ("{var['tw", "two words", "{var['two words']}"),
        ("{wea", "weather", "{weather()}"),
        ("{com", "comment", "{comment('')}"),
        ("{iif", "iif", "{iif(input, '', '')}"),
        ("{msgf", "msgf", "{msgf('''\nuser: \nai: \n''')}"),
        ("{llm('日", "日本語/要約", "{llm('日本語/要約')}"),
        ("{llm('it", "it's", "{llm('it\\'s')}"),
        ('{llm("it', "it's", '{llm("it\'s")}'),
        ("{llm(name='日", "日本語/要約", "{llm(name='日本語/要約')}"),
        ("{rag('図", "図書", "{rag('図書')}"),
        ("{rag(['図", "図書", "{rag(['図書'])}"),
        ("{llm('x', tempe", "temperature=", "{llm('x', temperature=)}"),
        ("{llm('x', location='Op", "OpenAI", "{llm('x', location='OpenAI')}"),
        ("{weather(da", "days=", "{weather(days=)}"),
        ("{rag('図書', que", "query=", "{rag('図書', query=)}"),
        ("{iif(1, var.na", ".name", "{iif(1, var.name)}"),
        ("{f'{inp", "input", "{f'{input}'}"),
        ("{sor", "sorted", "{sorted}"),
    ],
)
def test_completion(page: Page, typed: str, offered: str, result: str | None) -> None:
    page.keyboard.type(typed)
    shown = completions(page)
    assert any(line.startswith(offered) for line in shown), shown
    if result is not None:
        assert shown[0].startswith(offered), shown
        page.keyboard.press("Enter")
        assert written(page) == result
    page.keyboard.press("Escape")


@pytest.mark.browser
@pytest.mark.parametrize(
    "typed", ["input", "{{inp", "{'inp", "{input!inp", "{input:inp", "{input # inp", "{x.inp", "{1e", "{comment('inp"]
)
def test_nothing_is_offered_where_nothing_can_be_named(page: Page, typed: str) -> None:
    page.keyboard.type(typed)
    page.wait_for_timeout(250)
    assert page.locator(".cm-tooltip-autocomplete").count() == 0


@pytest.mark.browser
def test_an_open_prompt_does_not_offer_itself(page: Page) -> None:
    page.keyboard.type("{llm('")
    page.keyboard.press("Control+Space")
    shown = completions(page)
    assert "it's" in shown
    assert "mine" not in shown
    page.keyboard.press("Escape")


@pytest.mark.browser
def test_what_is_offered_is_explained(page: Page) -> None:
    page.keyboard.type("{wea")
    completions(page)
    page.wait_for_selector(".cm-completionInfo")
    assert "(city: str, days: int = 1)" in page.inner_text(".cm-tooltip-autocomplete li")
    assert "The forecast for a city." in page.inner_text(".cm-completionInfo")
    page.keyboard.press("Escape")
    write(page, "{var.")
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".cm-tooltip-autocomplete")
    page.keyboard.type("two")
    page.wait_for_selector(f".cm-completionInfo:has-text('{EVIL[:8]}')")
    page.keyboard.press("Escape")
    write(page, "{var.name}")
    page.hover(".ak-area .ak-field", position={"x": 25, "y": 8})
    page.wait_for_selector(".ak-hover:has-text('Momo')")
    page.mouse.move(0, 0)


# input methods


@pytest.fixture
def ime(page: Page) -> Iterator[CDPSession]:
    session = page.context.new_cdp_session(page)
    yield session
    session.detach()


def compose(session: CDPSession, *steps: str) -> None:
    for text in steps:
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


@pytest.mark.browser
def test_while_letters_are_composed_nothing_is_asked_offered_or_lost(page: Page, ime: CDPSession) -> None:
    page.keyboard.type("私は{var.")
    page.keyboard.press("Escape")
    page.wait_for_timeout(700)  # the preview has been asked
    asked: list[str] = []

    def note(request: Any) -> None:
        if '"preview"' in (request.post_data or ""):
            asked.append(request.post_data)

    page.on("request", note)
    compose(ime, "n", "な", "なm", "なま", "なまえ")
    page.wait_for_timeout(600)
    assert written(page) == "私は{var.なまえ}"
    assert asked == []
    assert page.locator(".cm-tooltip-autocomplete").count() == 0
    ime.send("Input.insertText", {"text": "名前"})
    page.wait_for_function("document.querySelector('.ak-piece.ak-o-var')?.textContent === 'モモ'")
    assert written(page) == "私は{var.名前}"
    assert len(asked) == 1
    page.remove_listener("request", note)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    assert "名前" not in written(page)


@pytest.mark.browser
def test_composing_in_plain_text_keeps_every_letter(page: Page, ime: CDPSession) -> None:
    for word, reading in (("今日", "きょう"), ("は", "は"), ("「晴れ」", "「はれ」"), ("{", "{"), ("。", "。")):
        compose(ime, *(reading[: n + 1] for n in range(len(reading))))
        ime.send("Input.insertText", {"text": word})
    assert written(page) == "今日は「晴れ」{。"
    compose(ime, "あ", "あい")
    compose(ime, "")  # given up
    assert written(page) == "今日は「晴れ」{。"


# errors


@pytest.mark.browser
@pytest.mark.parametrize(
    ("instruction", "marked"),
    [
        ("𠮷𠮷{var.nmae}", "var.nmae"),
        ("一\n二{unknown(1)}", "unknown"),
        ("open {var.name", "{"),
        ("a } b", "}"),
    ],
)
def test_an_error_is_under_what_is_wrong(page: Page, instruction: str, marked: str) -> None:
    write(page, instruction)
    page.wait_for_selector(".ak-area .cm-lintRange-error")
    assert "".join(page.locator(".ak-area .cm-lintRange-error").all_inner_texts()) == marked
    assert page.locator(".cm-lint-marker-error").count() == 1
    write(page, "fine")
    page.wait_for_selector(".cm-lint-marker-error", state="detached")


@pytest.mark.browser
def test_an_error_is_told_by_pointer_and_by_key(page: Page) -> None:
    write(page, "{var.nmae}")
    page.wait_for_selector(".ak-area .cm-lintRange-error")
    page.keyboard.press("Control+Home")
    page.keyboard.press("F8")
    page.wait_for_selector(".cm-tooltip:has-text('変数 nmae はありません')")
    page.keyboard.press("Control+End")
    page.wait_for_selector(".cm-tooltip", state="detached")
    page.hover(".ak-area .cm-lintRange-error >> nth=0")
    page.wait_for_selector(".cm-tooltip:has-text('変数 nmae はありません')")
    page.mouse.move(0, 0)


# keys


@pytest.mark.browser
def test_tab_leaves_the_editor_and_takes_a_completion(page: Page) -> None:
    page.keyboard.type("{inp")
    completions(page)
    page.keyboard.press("Tab")
    assert written(page) == "{input}"
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.ak-editor')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.matches('.ak-area')")


@pytest.mark.browser
def test_the_keys_of_the_page_work_inside(page: Page, site: Server) -> None:
    write(page, "typed here")
    page.keyboard.press("Control+s")
    page.wait_for_function("document.querySelector('.ak-toast').textContent.includes('mine')")
    assert (site.root / "prompt" / "mine.txt").read_text("utf-8") == "typed here"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ak-finish")
    assert written(page) == "typed here"


@pytest.mark.browser
def test_undo_search_and_several_cursors(page: Page) -> None:
    write(page, "one cat\ntwo cat")
    page.wait_for_timeout(600)  # what follows sooner is undone together with it
    page.keyboard.type("!")
    page.keyboard.press("Control+z")
    assert written(page) == "one cat\ntwo cat"
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+f")
    page.keyboard.type("cat")
    page.wait_for_selector(".cm-searchMatch >> nth=1")
    assert page.inner_text(".cm-search [name=next]") == "次へ"
    page.keyboard.press("Escape")
    page.wait_for_selector(".cm-search", state="detached")
    write(page, "cat\ncat")
    page.keyboard.press("Control+Home")
    for _ in range(3):
        page.keyboard.press("Control+d")
    page.keyboard.type("dog")
    assert written(page) == "dog\ndog"


@pytest.mark.browser
def test_going_back_to_what_is_saved_can_be_undone(page: Page) -> None:
    write(page, "hours of work")
    page.click("button[title^='保存してある内容']")
    assert written(page) != "hours of work"
    page.focus(AREA)
    page.keyboard.press("Control+z")
    assert written(page) == "hours of work"


@pytest.mark.browser
def test_another_prompt_has_a_history_of_its_own(page: Page) -> None:
    write(page, "of mine")
    page.select_option(".ak-prompts", "日本語/要約")
    page.wait_for_function("document.querySelector('.ak-page').dataset.open === '日本語/要約'")
    page.focus(AREA)
    page.keyboard.press("Control+z")
    assert written(page) == "{input}"


@pytest.mark.browser
def test_a_piece_of_the_preview_leads_to_its_field(page: Page) -> None:
    write(page, "𠮷\n𠮷𠮷{var.name}")
    page.click(".ak-piece.ak-o-var")
    assert cursor(page) == units("𠮷\n𠮷𠮷")


@pytest.mark.browser
def test_the_tokens_are_shown_on_request(page: Page) -> None:
    write(page, "名前は {var.名前}。\n以上")
    page.select_option("[data-option=location]", "Local")
    page.fill("[data-option=model]", "embedded")
    page.keyboard.press("Escape")
    page.click(".ak-preview .ak-segment[data-id=tokens]")
    try:
        page.wait_for_selector("[data-testid=tokens]")
        assert "名前は·モモ。↵" in page.inner_text("[data-testid=tokens]")
        shown = page.locator(".ak-token").count()
        assert page.inner_text(".ak-tokens").startswith(f"{shown} ")
        assert page.is_hidden(".ak-token small >> nth=0")
        page.check(".ak-preview .ak-check input")
        assert page.inner_text(".ak-token small >> nth=0").isdigit()
        page.select_option("[data-option=location]", "OpenAI")
        page.wait_for_selector(".ak-preview:has-text('トークナイザーがサーバー側にある')")
    finally:
        page.click(".ak-preview .ak-segment[data-id=text]")
        page.click("button[title^='保存してある内容']")


@pytest.mark.browser
def test_what_was_cut_from_the_history_is_shown(page: Page) -> None:
    page.evaluate("document.querySelector('[data-option=history_turns]').closest('details').open = true")
    page.fill("[data-option=history_turns]", "1")
    page.click(".ak-history summary")
    page.fill("textarea[aria-label='これまでの会話']", "user: いちばん古い\nai: はい\nuser: 新しい\nai: そう")
    page.fill("#ak-input", "いま")
    page.wait_for_selector(".ak-dropped summary")
    assert page.is_hidden(".ak-dropped .ak-message >> nth=0")
    page.click(".ak-dropped summary")
    assert "いちばん古い" in page.inner_text(".ak-dropped")
    page.fill("textarea[aria-label='これまでの会話']", "")
    page.fill("#ak-input", "")
    page.click("button[title^='保存してある内容']")


@pytest.mark.browser
def test_nothing_can_be_typed_before_it_is_known_where(browser: Browser, site: Server) -> None:
    context = browser.new_context(locale="ja-JP")
    page = context.new_page()
    held: list[Any] = []
    answered = False
    page.route(re.compile("component_server"), lambda route: route.continue_() if answered else held.append(route))
    page.goto(f"{site.url}/ui/")
    page.wait_for_selector(f"{AREA}[aria-readonly=true]")
    page.focus(AREA)
    page.keyboard.type("lost?")
    assert written(page) == ""
    answered = True
    for route in held:
        route.continue_()
    page.wait_for_selector(f"{AREA}[aria-readonly=false]")
    before = written(page)
    page.focus(AREA)
    page.keyboard.type("kept ")
    assert written(page) == f"kept {before}"
    context.close()


@pytest.mark.browser
def test_a_snippet_puts_the_cursor_where_something_is_missing(page: Page) -> None:
    for typed, before in (("{iif", "{iif(input, '"), ("{msgf", "{msgf('''\nuser: "), ("{com", "{comment('")):
        write(page, "")
        page.keyboard.type(typed)
        completions(page)
        page.keyboard.press("Enter")
        assert written(page)[: cursor(page)] == before


@pytest.mark.browser
def test_words_follow_the_language(page: Page) -> None:
    assert page.get_attribute(AREA, "aria-label") == "指示文"
    placeholder = page.inner_text(".cm-placeholder")
    page.click(".ak-header-end button:first-child")
    try:
        assert page.get_attribute(AREA, "aria-label") == "Instruction"
        assert page.inner_text(".cm-placeholder") != placeholder
    finally:
        page.click(".ak-header-end button:first-child")


@pytest.mark.browser
def test_a_long_text_is_kept_whole(page: Page) -> None:
    lines = [f"{n} 行目の文章です。{{var.name}}" for n in range(12_000)]
    random.Random(1).shuffle(lines)
    text = "\n".join(lines)
    assert len(text) > 250_000
    page.evaluate(
        """text => { const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', text);
        const paste = new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true});
        document.activeElement.dispatchEvent(paste); }""",
        text,
    )
    assert written(page) == text
    page.keyboard.type("終")
    assert written(page) == f"{text}終"
    assert page.locator(".ak-area .cm-line").count() < 200, "only what is in view is drawn"
