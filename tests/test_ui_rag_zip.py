"""A zip from a Japanese Windows dropped on the page: each file's status, questions, and a prompt that cites it."""

from __future__ import annotations

import base64
import io
import re
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from tests.officefiles import docx_file, explorer_zip, pdf_file, pptx_file, write, xlsx_file
from tests.pdfpages import BROWSER, english
from tests.visiting import open_tab, page_is_up, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

    from tests.serving import Serve, Server

pytestmark = pytest.mark.browser


def _minutes(document: Any) -> None:
    document.add_heading("十月の会議", 1)
    document.add_paragraph("新しい倉庫は川口駅の東に建てる。工事は来年の二月に始まる。")
    document.add_heading("十一月の会議", 1)
    document.add_paragraph("倉庫の責任者は長谷川さんに決まった。")


def _budget(book: Any) -> None:
    sheet = book.create_sheet("部門別")
    for row in [("部門", "予算", "担当"), ("広報", 420, "小林"), ("研究", 1800, "大野"), ("総務", 650, "三浦")]:
        sheet.append(row)


def _slides(presentation: Any) -> None:
    for title, body in [("新製品の名前", "名前は「そよかぜ」とする。"), ("発売日", "発売は六月十五日の予定。")]:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    slide.notes_slide.notes_text_frame.text = "価格は来月の会議で決める。"


def _picture(canvas: Any) -> None:
    canvas.rect(60, 60, 400, 600, fill=1)


NOTICE = "駐車場のご案内\r\n\r\n来客用の駐車場は建物の裏に五台分あります。夜九時に閉めます。\r\n"
PLAN = "避難計画\r\n\r\n地震のときは第二公園に集まります。班長は点呼をとってください。\r\n"

#: 表, ソ, 能 and 十 hold a backslash as their second byte in cp932.
FILES = {
    "町の資料/会議/議事録①.docx": docx_file(_minutes),
    "町の資料/一覧表/予算.xlsx": xlsx_file(_budget),
    "町の資料/発表/ソフト構成.pptx": pptx_file(_slides),
    "町の資料/図書館だより.pdf": BROWSER.read("vertical.pdf"),
    "町の資料/規則/english.pdf": pdf_file(english),
    "町の資料/駐車場の可能性.txt": NOTICE.encode("cp932"),
    "町の資料/十か条/避難計画.txt": PLAN.encode("utf-16"),
    "町の資料/スキャン.pdf": pdf_file(_picture, _picture),
    "町の資料/秘密.pdf": pdf_file(
        lambda canvas: write(canvas, ["暗号の文"], 60, 60), encrypt=StandardEncryption("user", "owner")
    ),
}
#: A question -> the file, the place and the words that answer it.
QUESTIONS = {
    "倉庫の責任者は誰ですか": ("会議/議事録①.docx", "", "長谷川"),
    "倉庫の工事はいつ始まりますか": ("会議/議事録①.docx", "", "来年の二月"),
    "研究部門の予算": ("一覧表/予算.xlsx", "部門別!2", "予算: 1800"),
    "発売日はいつの予定ですか": ("発表/ソフト構成.pptx", "slide 2", "六月十五日"),
    "価格はいつ決めますか": ("発表/ソフト構成.pptx", "slide 2", "来月の会議"),
    "図書館の休館日は何曜日": ("図書館だより.pdf", "p.1", "毎週火曜日"),
    "how much is the fee for a new table": ("規則/english.pdf", "p.1", "twelve euros"),
    "駐車場は何時に閉まりますか": ("駐車場の可能性.txt", "L1", "夜九時"),
    "地震のときの集合場所": ("十か条/避難計画.txt", "L1", "第二公園"),
}


@pytest.fixture(scope="module")
def site(serve: Serve, stub: str) -> Server:
    server = serve(ui=True)
    echo = {"location": "OpenAI", "endpoint": stub, "model": "stub-0ms-echo"}
    server.write_prompt("ask", "{rag('町', input)}", echo)
    return page_is_up(server)


@pytest.fixture
def page(browser: Browser, site: Server) -> Iterator[Page]:
    """The RAG tab in Japanese; the page may say nothing on its console and ask no other machine for anything."""
    with visiting(browser, site, "rag", locale="ja-JP", width=1440) as page:
        page.wait_for_selector("#ak-rag .ak-rag-side")
        yield page


def make(page: Page, name: str) -> None:
    page.fill(".ak-rag-new input", name)
    page.click(".ak-rag-new button")
    page.wait_for_function("name => document.querySelector('.ak-rag-title')?.textContent === name", arg=name)


def drop(page: Page, name: str, data: bytes) -> None:
    """Drops a file on the drop zone as a hand does: the zone has to take the drag before there is a drop."""
    taken = page.evaluate(
        """([name, data]) => {
            const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], name));
            const zone = document.querySelector("[data-testid=rag-drop]");
            const how = { dataTransfer, bubbles: true, cancelable: true };
            const fire = (type) => zone.dispatchEvent(new DragEvent(type, how));
            return !fire("dragover") && !fire("drop");
        }""",
        [name, base64.b64encode(data).decode()],
    )
    assert taken, "the zone did not take the drop"


def _slowly(route: Route) -> None:
    time.sleep(0.05)
    route.continue_()


def statuses(page: Page) -> dict[str, str]:
    """Each document's line in the list, by its name."""
    return {
        row.locator(".ak-rag-open").inner_text(): " ".join(row.inner_text().split())
        for row in page.locator(".ak-rag-file").all()
    }


def best(page: Page, query: str) -> tuple[str, str]:
    """The first hit's head, which names file and place, and its text."""
    page.fill(".ak-rag-query", query)
    page.evaluate("document.querySelector('[data-testid=rag-hits]').replaceChildren()")
    page.press(".ak-rag-query", "Enter")
    page.wait_for_selector("[data-testid=rag-hits] .ak-rag-hits, [data-testid=rag-hits] .ak-empty")
    first = page.locator("[data-testid=rag-hits] .ak-rag-hits > li").first
    return first.locator(".ak-rag-sub").inner_text(), first.locator(".ak-rag-text").inner_text()


def test_the_zip_is_one_of_windows() -> None:
    """No entry says that its name is UTF-8, and one that zipfile reads as it stands is not the name that was given."""
    entries = zipfile.ZipFile(io.BytesIO(explorer_zip(FILES))).infolist()
    assert not any(entry.flag_bits & 0x800 for entry in entries)
    assert [entry.orig_filename.encode("cp437").decode("cp932") for entry in entries] == list(FILES)
    assert b"\\" in entries[1].orig_filename.encode("cp437")


def test_a_zip_from_windows_is_dropped_asked_and_cited(page: Page) -> None:
    make(page, "町")
    drop(page, "町の資料.zip", explorer_zip(FILES))
    page.wait_for_function(
        "n => document.querySelectorAll('.ak-rag-file').length === n", arg=len(FILES), timeout=60_000
    )
    # every file shows how it fared, in both languages
    shown = statuses(page)
    assert shown.keys() == set(FILES)
    bad = {"町の資料/スキャン.pdf": "スキャンした文書のようです", "町の資料/秘密.pdf": "パスワードで保護されています"}
    for name, line in shown.items():
        assert line.startswith("読めません" if name in bad else "検索可"), line
        assert bad.get(name, "文字") in line
    outcome = page.inner_text("[data-testid=rag-outcome]")
    assert all(name in outcome for name in bad)
    page.click(".ak-header-end button:first-child")
    page.wait_for_selector(".ak-rag-file .ak-badge:has-text('searchable')")
    shown = statuses(page)
    assert sum("searchable" in line for line in shown.values()) == len(FILES) - len(bad)
    assert "unreadable" in shown["町の資料/スキャン.pdf"]
    assert "has no text: it is probably scanned" in shown["町の資料/スキャン.pdf"]
    assert "protected by a password" in shown["町の資料/秘密.pdf"]
    page.click(".ak-header-end button:first-child")
    # each file answers
    for query, (file, place, answer) in QUESTIONS.items():
        head, text = best(page, query)
        assert head.startswith(f"町の資料/{file} · {place}"), (query, head)
        assert answer in text, (query, text)
    # a prompt cites it
    open_tab(page, "prompt")
    page.select_option(".ak-prompts", "ask")
    page.wait_for_function("document.querySelector('.ak-page').dataset.open === 'ask'")
    page.fill("#ak-input", "研究部門の予算")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ak-finish")
    page.click(".ak-answer-calls summary")
    assert "予算: 1800" in page.inner_text(".ak-answer-calls .ak-call-result")
    assert "rag('町', '研究部門の予算')" in page.inner_text(".ak-answer-calls .ak-tree")
    assert "町 · 町の資料/一覧表/予算.xlsx · 部門別!2" in page.inner_text(".ak-answer-calls .ak-call-hit")


def test_an_upload_is_cancelled_and_nothing_stays(page: Page, site: Server) -> None:
    make(page, "大きい")
    folders = set(Path(tempfile.gettempdir()).glob("akachat-upload-*"))
    # The 40 MB are some fifty pieces; each is held back a little, so that a hand is fast enough.
    page.route("**/component_server", _slowly)
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            const bytes = new Uint8Array(40_000_000).fill(97);
            dataTransfer.items.add(new File(["先頭"], "small.txt"));
            dataTransfer.items.add(new File([bytes], "big.txt"));
            const how = { dataTransfer, bubbles: true, cancelable: true };
            document.querySelector("[data-testid=rag-drop]").dispatchEvent(new DragEvent("drop", how));
        }"""
    )
    page.wait_for_function("document.querySelector('.ak-rag-bar').value > 0.05")
    assert re.fullmatch(r"送信中 \d+\.\d / 40\.0 MB big\.txt", " ".join(page.inner_text(".ak-rag-stage").split()))
    begun = set(Path(tempfile.gettempdir()).glob("akachat-upload-*")) - folders
    assert begun
    page.click("[data-testid=rag-work] button")
    page.wait_for_selector("[data-testid=rag-work]", state="hidden")
    assert "取り消しました" in page.inner_text("[data-testid=rag-outcome]")
    deadline = time.monotonic() + 10
    while any(folder.exists() for folder in begun):
        assert time.monotonic() < deadline, "what was sent stayed on the disk"
        time.sleep(0.05)
    page.unroute("**/component_server")
    assert site.http.get("/api/rag/大きい").json()["detail"]["documents"] == []
    # and the next one is not disturbed
    drop(page, "次.txt", "次の文書は読めます。".encode())
    page.wait_for_selector(".ak-rag-file .ak-badge")
    assert "次の文書" in best(page, "次の文書")[1]
