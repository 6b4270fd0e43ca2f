"""PDFs come out in reading order and in whole sentences, whatever way their lines run."""

from __future__ import annotations

from typing import Any

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption

from akachat.retrieval.reading import pdf
from akachat.retrieval.values import Place, Refused
from tests.officefiles import pdf_file, texts, titled, write
from tests.pdfpages import FACTS, english, letter, prose


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_of_a_pdf_comes_out_whole(kind: str) -> None:
    data, facts = FACTS[kind]
    found = texts(pdf.read(data, "a.pdf", ""))
    assert [fact for fact in facts if not any(fact in text for text in found)] == []


def test_what_stands_apart_is_not_joined() -> None:
    found = texts(pdf.read(pdf_file(letter), "a.pdf", ""))
    assert found[:2] == ["令和八年十一月二十五日", "北浜町役場　御中"]
    assert found[-2:] == ["１．場所　役場の正面", "２．大きさ　直径およそ四十センチ"]


def test_large_type_is_a_title() -> None:
    document = pdf.read(pdf_file(prose), "a.pdf", "")
    assert document.blocks[0].headings == ("山田町の水道",)
    assert document.blocks[0].place == Place(page=1)


def test_headers_footers_and_page_numbers_are_dropped() -> None:
    def page(number: int) -> Any:
        def draw(canvas: Any) -> None:
            write(canvas, ["町の会報　秋号"], 60, 30, size=8)
            write(canvas, [f"{number}件目の報告は、{number}月に届いた。", "返事は翌週に出した。"], 60, 100)
            write(canvas, [f"- {number} -"], 290, 810, size=8)

        return draw

    document = pdf.read(pdf_file(*map(page, range(1, 6))), "a.pdf", "")
    assert [(block.place.page, block.text) for block in document.blocks] == [
        (number, f"{number}件目の報告は、{number}月に届いた。返事は翌週に出した。") for number in range(1, 6)
    ]


def test_bookmarks_are_titles() -> None:
    def page(title: str, text: str, level: int) -> Any:
        def draw(canvas: Any) -> None:
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title, level)
            write(canvas, [title, "", text], 60, 100)

        return draw

    document = pdf.read(pdf_file(page("一章", "はじめの話。", 0), page("一節", "次の話。", 1)), "a.pdf", "")
    assert titled(document) == [(("一章",), "はじめの話。"), (("一章", "一節"), "次の話。")]


def test_pages_without_text_are_counted() -> None:
    document = pdf.read(pdf_file(prose, lambda canvas: None, lambda canvas: None), "a.pdf", "")
    assert document.notes == ("2 of 3 pages have no text (scanned?)",)


def test_passwords_of_pdfs() -> None:
    locked = pdf_file(english, encrypt=StandardEncryption("user", "owner", canPrint=0))
    with pytest.raises(Refused) as caught:
        pdf.read(locked, "a.pdf", "")
    assert (caught.value.code, caught.value.shown) == ("encrypted", "unreadable")
    owned = pdf_file(english, encrypt=StandardEncryption("", "owner", canPrint=0, canCopy=0))
    assert "twelve euros." in texts(pdf.read(owned, "a.pdf", ""))[-1]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf at all"])
def test_broken_pdfs(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        pdf.read(data, "a.pdf", "")
    assert caught.value.code == "broken"
