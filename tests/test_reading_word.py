"""Word documents come out in order, with their titles, numbers, notes and ruby."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from lxml import etree

from akachat.retrieval.reading import docx
from tests.officefiles import docx_file, edited, texts, titled, word


def a_manual(document: Any) -> None:
    document.add_heading("備品の手引き", 0)
    document.add_heading("保管", 1)
    document.add_paragraph("鍵は金庫に置く。")
    document.add_paragraph("毎日数える", style="List Bullet")
    document.add_heading("夜間", 2)
    document.add_paragraph("夜は警備室に預ける。")
    document.add_heading("貸出", 1)
    table = document.add_table(rows=3, cols=3)
    for row, cells in zip(
        table.rows, [["品名", "数量", "場所"], ["投影機", "4", "第二倉庫"], ["机", "12", ""]], strict=True
    ):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("表の下の文。")
    document.add_heading("空の章", 1)


def test_word_body_in_order_with_titles() -> None:
    document = docx.read(docx_file(a_manual), "手引き.docx", "")
    assert titled(document) == [
        (("備品の手引き", "保管"), "鍵は金庫に置く。"),
        (("備品の手引き", "保管"), "・毎日数える"),
        (("備品の手引き", "保管", "夜間"), "夜は警備室に預ける。"),
        (("備品の手引き", "貸出"), "品名: 投影機 / 数量: 4 / 場所: 第二倉庫"),
        (("備品の手引き", "貸出"), "品名: 机 / 数量: 12"),
        (("備品の手引き", "貸出"), "表の下の文。"),
        (("備品の手引き",), "空の章"),
    ]
    assert [block.whole for block in document.blocks] == [False, False, False, True, True, False, False]


WORD_PARTS = [
    (
        "ruby",
        "<w:p><w:r><w:t>庭の</w:t></w:r><w:r><w:ruby><w:rt><w:r><w:t>あじさい</w:t></w:r></w:rt>"
        "<w:rubyBase><w:r><w:t>紫陽花</w:t></w:r></w:rubyBase></w:ruby></w:r><w:r><w:t>が咲く</w:t></w:r></w:p>",
        ["庭の紫陽花(あじさい)が咲く"],
    ),
    (
        "tracked changes",
        '<w:p><w:r><w:t>期限は</w:t></w:r><w:del w:id="1" w:author="a"><w:r><w:delText>三日</w:delText></w:r></w:del>'
        '<w:ins w:id="2" w:author="a"><w:r><w:t>二週間</w:t></w:r></w:ins><w:r><w:t>です</w:t></w:r></w:p>',
        ["期限は二週間です"],
    ),
    (
        "content control",
        "<w:sdt><w:sdtPr/><w:sdtContent><w:p><w:r><w:t>様式の中の文</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        ["様式の中の文"],
    ),
    (
        "hyperlink and field",
        '<w:p><w:hyperlink w:anchor="x"><w:r><w:t>案内</w:t></w:r></w:hyperlink>'
        "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>を見る</w:t></w:r></w:p>",
        ["案内を見る"],
    ),
    (
        "text box",
        '<w:p><w:r><w:t>本文</w:t></w:r><w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml"><v:shape><v:textbox>'
        "<w:txbxContent><w:p><w:r><w:t>箱の中</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
        ["本文", "箱の中"],
    ),
    (
        "equation",
        '<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:r><m:t>E=mc</m:t></m:r>'
        "</m:oMath></w:p>",
        ["E=mc"],
    ),
    ("line break", "<w:p><w:r><w:t>一行目</w:t><w:br/><w:t>二行目</w:t></w:r></w:p>", ["一行目\n二行目"]),
    (
        "merged cells",
        "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:r><w:t>注意事項</w:t></w:r></w:p></w:tc>"
        "</w:tr><w:tr><w:tc><w:p><w:r><w:t>一</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>火気厳禁</w:t></w:r></w:p></w:tc>"
        "</w:tr></w:tbl>",
        ["注意事項", "一 / 火気厳禁"],
    ),
    (
        "outline level",
        "<w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:r><w:t>章</w:t></w:r></w:p>"
        "<w:p><w:r><w:t>節</w:t></w:r></w:p>",
        ["節"],
    ),
]


@pytest.mark.parametrize(("inner", "expected"), [case[1:] for case in WORD_PARTS], ids=[case[0] for case in WORD_PARTS])
def test_word_parts(inner: str, expected: list[str]) -> None:
    def fill(document: Any) -> None:
        body = document.element.body
        for element in reversed(list(word(f"<w:body>{inner}</w:body>"))):
            body.insert(0, element)

    assert texts(docx.read(docx_file(fill), "a.docx", "")) == expected


def test_word_writes_the_numbers_that_word_counts() -> None:
    forms = [("decimal", "第%1条"), ("japaneseCounting", "(%2)"), ("bullet", "")]
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for at, (form, text) in enumerate(forms)
    )

    def fill(document: Any) -> None:
        root = document.part.numbering_part.element
        root.insert(0, word(f'<w:abstractNum w:abstractNumId="77">{levels}</w:abstractNum>'))
        root.append(word('<w:num w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
        for level, text in [(0, "目的"), (1, "甲の務め"), (1, "乙の務め"), (2, "鍵"), (0, "期間"), (1, "一年とする")]:
            paragraph = document.add_paragraph(text)
            paragraph._p.get_or_add_pPr().append(
                word(f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>')
            )
        document.add_paragraph("手順", style="List Number")

    assert texts(docx.read(docx_file(fill), "a.docx", "")) == [
        "第1条 目的",
        "(一) 甲の務め",
        "(二) 乙の務め",
        "・鍵",
        "第2条 期間",
        "(一) 一年とする",
        "1. 手順",
    ]


def test_footnotes_follow_their_paragraph() -> None:
    def fill(document: Any) -> None:
        paragraph = document.add_paragraph("灯台は古い。")
        paragraph._p.append(word('<w:r><w:footnoteReference w:id="2"/></w:r>'))
        document.add_paragraph("次の段落。")
        notes = word(
            '<w:footnotes><w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
            '<w:footnote w:id="2"><w:p><w:r><w:t>明治の建物である。</w:t></w:r></w:p></w:footnote></w:footnotes>'
        )
        name, package = PackURI("/word/footnotes.xml"), document.part.package
        part = Part(name, "application/xml", etree.tostring(notes), package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.HYPERLINK.replace("hyperlink", "footnotes"))

    assert texts(docx.read(docx_file(fill), "a.docx", "")) == ["灯台は古い。", "明治の建物である。", "次の段落。"]


def test_word_leaves_out_comments_headers_and_footers() -> None:
    def fill(document: Any) -> None:
        paragraph = document.add_paragraph("本文です。")
        document.add_comment(paragraph.runs, text="直すこと", author="a")
        document.sections[0].header.paragraphs[0].text = "社外秘"
        document.sections[0].footer.paragraphs[0].text = "1"

    assert texts(docx.read(docx_file(fill), "a.docx", "")) == ["本文です。"]


def test_word_never_opens_other_files() -> None:
    def add_entity(part: bytes) -> bytes:
        start = part.index(b"<w:document")
        entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{Path(__file__).as_uri()}">]>'.encode()
        return part[:start] + entity + part[start:].replace(b"MARK", b"&x;")

    data = docx_file(lambda document: document.add_paragraph("本文 MARK です"))
    assert texts(docx.read(edited(data, "word/document.xml", add_entity), "a.docx", "")) == ["本文"]
