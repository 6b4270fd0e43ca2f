"""Presentations and workbooks come out whole, in order, with their places; what cannot be read says why."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml

from akachat.retrieval.reading import docx, pdf, pptx, xlsx
from akachat.retrieval.reading.rows import grid_texts
from akachat.retrieval.values import Place, Refused
from tests.officefiles import chart, docx_file, edited, pdf_file, pptx_file, textbox, texts, xlsx_file


def a_talk(presentation: Any) -> None:
    layout, blank = presentation.slide_layouts[5], presentation.slide_layouts[6]
    slide = presentation.slides.add_slide(layout)
    slide.shapes.title.text = "売上の報告"
    textbox(slide, "下の文", 2, 14)
    textbox(slide, "右の文", 12, 6)
    textbox(slide, "左の文", 2, 6.2)
    slide.notes_slide.notes_text_frame.text = "ここで間を置く。"
    second = presentation.slides.add_slide(blank)
    group = second.shapes.add_group_shape([textbox(second, "組の中", 1, 1)])
    assert group.shapes
    frame = second.shapes.add_table(2, 2, 0, 2_000_000, 3_000_000, 1_000_000)
    for at, text in enumerate(["店", "売上", "本店", "120"]):
        frame.table.cell(at // 2, at % 2).text = text
    chart(second, "月別", ["四月", "五月"], "本店", [3, 4.5])
    second.element.set("show", "0")
    presentation.slides.add_slide(layout).shapes.title.text = "終わり"


def test_slides_in_order_with_notes_tables_and_charts() -> None:
    document = pptx.read(pptx_file(a_talk), "報告.pptx", "")
    first, notes, second, third = Place(slide=1), Place(slide=1, notes=True), Place(slide=2), Place(slide=3)
    assert [(block.place, block.headings, block.text) for block in document.blocks] == [
        (first, ("売上の報告",), "左の文"),
        (first, ("売上の報告",), "右の文"),
        (first, ("売上の報告",), "下の文"),
        (notes, ("売上の報告",), "ここで間を置く。"),
        (second, (), "組の中"),
        (second, (), "店: 本店 / 売上: 120"),
        (second, (), "月別"),
        (second, (), "四月 / 本店: 3"),
        (second, (), "五月 / 本店: 4.5"),
        (third, (), "終わり"),
    ]
    assert document.notes == ("hidden slides are included: 2",)


def test_smart_art_is_read() -> None:
    names = " ".join(
        f'xmlns:{prefix}="http://schemas.openxmlformats.org/{path}"'
        for prefix, path in [
            ("p", "presentationml/2006/main"),
            ("a", "drawingml/2006/main"),
            ("r", "officeDocument/2006/relationships"),
            ("dgm", "drawingml/2006/diagram"),
        ]
    )
    model = f"<dgm:dataModel {names}><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>受付</a:t></a:r></a:p></dgm:t></dgm:pt>"
    model += "<dgm:pt><dgm:t><a:p><a:r><a:t>審査</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"

    def fill(presentation: Any) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/xml", presentation.part.package, model.encode())
        id = slide.part.relate_to(part, RELATIONSHIP_TYPE.DIAGRAM_DATA)
        slide.shapes._spTree.append(
            parse_xml(
                f"<p:graphicFrame {names}><p:nvGraphicFramePr><p:cNvPr id='9' name='d'/><p:cNvGraphicFramePr/><p:nvPr/>"
                "</p:nvGraphicFramePr><p:xfrm><a:off x='0' y='0'/><a:ext cx='9' cy='9'/></p:xfrm><a:graphic>"
                "<a:graphicData uri='http://schemas.openxmlformats.org/drawingml/2006/diagram'>"
                f"<dgm:relIds r:dm='{id}'/></a:graphicData></a:graphic></p:graphicFrame>"
            )
        )

    assert texts(pptx.read(pptx_file(fill), "a.pptx", "")) == ["受付", "審査"]


def a_book(book: Any) -> None:
    sheet = book.create_sheet("売上")
    sheet["A1"] = "令和八年度 売上"
    sheet.merge_cells("A1:C1")
    sheet.append(["日付", "品名", "金額", "割合"])
    sheet.append([dt.date(2026, 11, 25), "机", 12000, 0.125])
    sheet.append([dt.datetime(2026, 11, 26, 9, 30), "椅子", 3400.5, 1])
    for row in (3, 4):
        sheet.cell(row, 3).number_format = "#,##0"
        sheet.cell(row, 4).number_format = "0.0%"
    sheet["B8"], sheet["C8"] = "担当", "内線"
    sheet["B9"], sheet["C9"] = "林", "0421"
    hidden = book.create_sheet("下書き")
    hidden.append(["メモだけ"])
    hidden.sheet_state = "hidden"
    book.create_sheet("空")


def test_rows_name_their_columns() -> None:
    document = xlsx.read(xlsx_file(a_book), "売上.xlsx", "")
    assert [(block.place.label(), block.lead, block.text) for block in document.blocks] == [
        ("売上!3", "令和八年度 売上", "日付: 2026-11-25 / 品名: 机 / 金額: 12,000 / 割合: 12.5%"),
        ("売上!4", "令和八年度 売上", "日付: 2026-11-26 09:30 / 品名: 椅子 / 金額: 3,400 / 割合: 100.0%"),
        ("売上!9", "", "担当: 林 / 内線: 0421"),
        ("下書き!1", "", "メモだけ"),
    ]
    assert document.blocks[0].headings == ("売上",)
    assert all(block.whole for block in document.blocks)
    assert document.notes == ("the hidden sheet 下書き is included",)


def test_a_sheet_that_lies_about_its_size_ends() -> None:
    def fill(book: Any) -> None:
        sheet = book.create_sheet("S")
        sheet.append(["名", "値"])
        sheet.append(["甲", 1])

    def lie(part: bytes) -> bytes:
        part = part.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
        return part.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>')

    data = edited(xlsx_file(fill), "xl/worksheets/sheet1.xml", lie)
    assert texts(xlsx.read(data, "a.xlsx", "")) == ["名: 甲 / 値: 1"]


def test_formulas_show_what_was_last_calculated() -> None:
    def fill(book: Any) -> None:
        sheet = book.create_sheet("S")
        sheet.append(["名", "値"])
        sheet.append(["計", "=1+2"])

    data = edited(
        xlsx_file(fill),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b"<v/>", b"<v>3</v>").replace(b"<v />", b"<v>3</v>").replace(b"<v></v>", b"<v>3</v>"),
    )
    assert texts(xlsx.read(data, "a.xlsx", "")) == ["名: 計 / 値: 3"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["店", "2025", "2026"], ["本店", "120", "130"]], ["店: 本店 / 2025: 120 / 2026: 130"]),
        ([["会社名", "株式会社北浜"], ["住所", "港町二丁目三番"]], ["会社名 / 株式会社北浜", "住所 / 港町二丁目三番"]),
        ([["用語", "説明"], ["霧笛", "霧の日に鳴らす笛のこと。"]], ["用語: 霧笛 / 説明: 霧の日に鳴らす笛のこと。"]),
        ([["1", "2"], ["3", "4"]], ["1 / 2", "3 / 4"]),
        ([["品名", "数"], ["", ""]], ["品名 / 数"]),
        ([], []),
    ],
)
def test_which_tables_have_a_header(rows: list[list[str]], expected: list[str]) -> None:
    assert grid_texts(rows) == expected


def a_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (2 << 20))
    return out.getvalue()


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


@pytest.mark.parametrize("module", [docx, pptx, xlsx])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "encrypted"),
        (b"PK\x03\x04 not a zip", "broken"),
        (a_zip(), "broken"),
        (a_bomb(), "bomb"),
    ],
)
def test_office_files_that_are_refused(module: Any, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        module.read(data, "a", "")
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("module", "data"),
    [
        (docx, docx_file(lambda document: None)),
        (pptx, pptx_file(lambda presentation: None)),
        (xlsx, xlsx_file(lambda book: book.create_sheet("S"))),
        (pdf, pdf_file(lambda canvas: None)),
    ],
)
def test_files_without_text(module: Any, data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        module.read(data, "a", "")
    assert (caught.value.code, caught.value.shown) == ("no_text", "unreadable")
