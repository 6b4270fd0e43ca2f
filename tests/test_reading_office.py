"""Word, PowerPoint, Excel and PDF files come out whole, in reading order, with their places and titles."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx.opc.packuri import PackURI as WordURI
from docx.opc.part import Part as WordPart
from lxml import etree
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml
from reportlab.lib.pdfencrypt import StandardEncryption

from akachat.retrieval.reading import docx, pdf, pptx, xlsx
from akachat.retrieval.reading.rows import grid_texts
from akachat.retrieval.values import Document, Place, Refused
from tests.officefiles import (
    VERTICAL,
    chart,
    docx_file,
    edited,
    pdf_file,
    pptx_file,
    textbox,
    word,
    write,
    xlsx_file,
)

#: Two pages that Chromium printed: they are the ones whose glyphs have no font box and whose ruby is real.
BROWSER = zipfile.ZipFile(Path(__file__).parent / "data" / "browser_pdfs.zip")


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks]


def titled(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(block.headings, block.text) for block in document.blocks]


# --- Word ---------------------------------------------------------------------------------------------------------


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
        name, package = WordURI("/word/footnotes.xml"), document.part.package
        part = WordPart(name, "application/xml", etree.tostring(notes), package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.HYPERLINK.replace("hyperlink", "footnotes"))

    assert texts(docx.read(docx_file(fill), "a.docx", "")) == ["灯台は古い。", "明治の建物である。", "次の段落。"]


def test_word_leaves_out_comments_headers_and_footers() -> None:
    def fill(document: Any) -> None:
        paragraph = document.add_paragraph("本文です。")
        document.add_comment(paragraph.runs, text="直すこと", author="a")
        document.sections[0].header.paragraphs[0].text = "社外秘"
        document.sections[0].footer.paragraphs[0].text = "1"

    assert texts(docx.read(docx_file(fill), "a.docx", "")) == ["本文です。"]


# --- PowerPoint ---------------------------------------------------------------------------------------------------


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


# --- Excel --------------------------------------------------------------------------------------------------------


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


# --- what cannot be read ------------------------------------------------------------------------------------------


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


# --- PDF ----------------------------------------------------------------------------------------------------------


def prose(canvas: Any) -> None:
    write(canvas, ["⼭⽥町の⽔道"], 60, 60, size=18)
    write(
        canvas,
        [
            "　⽔源は北の沢にあり、雪解けの四月に最も水量が多い。浄水場は二十四時間動き、",
            "夜は二人で番をする。濁りが基準を超えたときは、取り入れ口を自動で閉じる。",
            "　料金は二か月ごとに集める。口座から引くときは、毎回五十五円を差し引く。支",
            "払いが遅れた家には、三十日の後に書面を送る。",
        ],
        60,
        100,
    )
    write(canvas, ["品名　　　　　　数量　　　　　　単価"], 60, 200)
    for at, row in enumerate([("水栓", "12", "¥1,500"), ("止水弁", "3", "¥8,200")]):
        for x, cell in zip((60, 180, 300), row, strict=True):
            write(canvas, [cell], x, 217 + at * 17)


def english(canvas: Any) -> None:
    write(
        canvas,
        [
            "The harbour office keeps the tide tables for ten years and lends them to any",
            "sailor who asks for one. A table that is lost has to be reported to the har-",
            "bour master within three days. The fee for a new one is twelve euros.",
        ],
        60,
        80,
        font="Times-Roman",
    )


def downwards(canvas: Any) -> None:
    canvas.setFont(VERTICAL, 11)
    lines = [
        "　冬の市場では鰤と蕪が並ぶ。仲買人は朝の五時に",
        "集まり、手の合図で値を決める。雨の朝は市が一時",
        "間おくれて始まる。",
    ]
    for at, line in enumerate(lines):
        canvas.drawString(500 - at * 20, 780, line)


def two_columns(canvas: Any) -> None:
    left = [
        "　蔵書は約三万冊あり、そのうち",
        "地図が四百枚を占める。古い地図",
        "は手袋をして扱う。写しは一枚に",
        "つき三十円で受け付ける。閲覧室",
        "の席は四十二あり、窓側の十席は",
        "予約ができる。予約は前の週の月",
    ]
    right = [
        "曜日から受け付ける。",
        "　児童の部屋は一階の南にあり、",
        "読み聞かせは毎週土曜の午後二時",
        "に始まる。飲み物は蓋のあるもの",
        "に限って持ち込める。雷の日は屋",
        "上の庭を閉める。",
    ]
    write(canvas, ["図書館だより　第十二号　利用のしおり"], 60, 60, size=16)
    # Line by line across both columns, as some programs write them.
    for at, (one, two) in enumerate(zip(left, right, strict=True)):
        write(canvas, [one], 60, 100 + at * 17)
        write(canvas, [two], 230, 100 + at * 17)


def ruby(canvas: Any) -> None:
    write(canvas, ["春の祭りでは神楽が舞われる。", "笛の音は隣の村まで届く。"], 60, 100, size=12)
    write(canvas, ["かぐら"], 60 + 6 * 12, 100 - 12, size=6)


def turned(canvas: Any) -> None:
    canvas.setPageRotation(90)
    canvas.rotate(90)
    canvas.setFont("HeiseiMin-W3", 12)
    canvas.drawString(60, -80, "横に寝かせた表の説明は、回した向きで読める。")


def tiers(canvas: Any) -> None:
    canvas.setFont(VERTICAL, 10)
    upper = [
        "　港の朝は早い。船は四時に",
        "出て、六時には戻る。獲れた",
        "魚は氷の箱に並べ、七時の競",
        "りにかける。冬は風が乾いて",
    ]
    lower = [
        "いるので、二日で仕上がる。",
        "　市場の食堂は競りの後に開",
        "く。席は十二しかなく、八時",
        "には並ばないと座れない。",
    ]
    for top, lines in ((760, upper), (590, lower)):
        for at, line in enumerate(lines):
            canvas.drawString(500 - at * 18, top, line)
    write(canvas, ["港だより　秋の号"], 60, 40, size=9)


def vertical_ruby(canvas: Any) -> None:
    canvas.setFont(VERTICAL, 12)
    canvas.drawString(500, 760, "山の寺では毎朝鐘を撞き、町の人はそれで起きる。")
    canvas.drawString(476, 760, "鐘は江戸の末に作られた。")
    canvas.setFont(VERTICAL, 6)
    canvas.drawString(509, 760 - 7 * 12, "かね")


def three_columns(canvas: Any) -> None:
    lines = [LONG[at : at + 13] for at in range(0, len(LONG), 13)]
    count = -(-len(lines) // 3)
    for column in range(3):
        write(canvas, lines[column * count : (column + 1) * count], 50 + column * 165, 100)


def letter(canvas: Any) -> None:
    write(canvas, ["令和八年十一月二十五日"], 420, 60)
    write(canvas, ["北浜町役場　御中"], 60, 77)
    write(canvas, ["道路の補修について"], 240, 130, size=14)
    write(
        canvas, ["　役場の前の道に大きな穴があり、雨の日には水がたまって、杖をつく人や子供が歩", "けません。"], 60, 180
    )
    write(canvas, ["１．場所　役場の正面", "２．大きさ　直径およそ四十センチ"], 80, 265)


def wrapped_cells(canvas: Any) -> None:
    rows = [
        ("部品", "説明", "数"),
        ("軸", "鋼の丸棒を削って作る。両端に", "2"),
        ("", "ねじを切り、油を塗って納める。", ""),
        ("歯車", "真鍮の板を打ち抜いて作る。", "14"),
    ]
    for at, row in enumerate(rows):
        for x, text in zip((60, 130, 400), row, strict=True):
            if text:
                write(canvas, [text], x, 105 + at * 16)


LONG = (
    "灯台の光は二十海里先まで届き、霧の夜は笛を鳴らす。番人は三人で、八時間ごとに代わる。油の缶は毎月の初めに船で運ばれ、"
    "崖の道を馬が引く。嵐の後は硝子を磨き、傷があれば帳面に書く。夏の終わりには町の子が見学に来て、階段の数を数える。"
)

FACTS = {
    "prose": (
        pdf_file(prose),
        [
            "水源は北の沢にあり、雪解けの四月に最も水量が多い。",
            "浄水場は二十四時間動き、夜は二人で番をする。",
            "濁りが基準を超えたときは、取り入れ口を自動で閉じる。",
            "料金は二か月ごとに集める。",
            "口座から引くときは、毎回五十五円を差し引く。",
            "支払いが遅れた家には、三十日の後に書面を送る。",
            "水栓 12 ¥1,500",
            "止水弁 3 ¥8,200",
        ],
    ),
    "english": (
        pdf_file(english),
        [
            "The harbour office keeps the tide tables for ten years and lends them to any sailor who asks for one.",
            "A table that is lost has to be reported to the harbour master within three days.",
            "The fee for a new one is twelve euros.",
        ],
    ),
    "vertical": (
        pdf_file(downwards),
        [
            "冬の市場では鰤と蕪が並ぶ。",
            "仲買人は朝の五時に集まり、手の合図で値を決める。",
            "雨の朝は市が一時間おくれて始まる。",
        ],
    ),
    "two columns": (
        pdf_file(two_columns),
        [
            "蔵書は約三万冊あり、そのうち地図が四百枚を占める。",
            "古い地図は手袋をして扱う。",
            "写しは一枚につき三十円で受け付ける。",
            "閲覧室の席は四十二あり、窓側の十席は予約ができる。",
            "予約は前の週の月曜日から受け付ける。",
            "児童の部屋は一階の南にあり、読み聞かせは毎週土曜の午後二時に始まる。",
            "飲み物は蓋のあるものに限って持ち込める。",
            "雷の日は屋上の庭を閉める。",
        ],
    ),
    "ruby": (pdf_file(ruby), ["春の祭りでは神楽(かぐら)が舞われる。", "笛の音は隣の村まで届く。"]),
    "two tiers of vertical lines": (
        pdf_file(tiers),
        [
            "船は四時に出て、六時には戻る。",
            "獲れた魚は氷の箱に並べ、七時の競りにかける。",
            "冬は風が乾いているので、二日で仕上がる。",
            "席は十二しかなく、八時には並ばないと座れない。",
        ],
    ),
    "vertical ruby": (
        pdf_file(vertical_ruby),
        ["山の寺では毎朝鐘(かね)を撞き、町の人はそれで起きる。", "鐘は江戸の末に作られた。"],
    ),
    "three columns": (pdf_file(three_columns), [LONG]),
    "letter": (
        pdf_file(letter),
        [
            "令和八年十一月二十五日",
            "役場の前の道に大きな穴があり、雨の日には水がたまって、杖をつく人や子供が歩けません。",
            "１．場所　役場の正面",
            "２．大きさ　直径およそ四十センチ",
        ],
    ),
    "wrapped cells": (
        pdf_file(wrapped_cells),
        ["軸 鋼の丸棒を削って作る。両端にねじを切り、油を塗って納める。 2", "歯車 真鍮の板を打ち抜いて作る。 14"],
    ),
    "turned page": (pdf_file(turned), ["横に寝かせた表の説明は、回した向きで読める。"]),
    "a browser's vertical page": (
        BROWSER.read("vertical.pdf"),
        [
            "北浜の図書館は毎週火曜日に休館します。",
            "貸出の期限は二週間で、一度だけ延長できます。",
            "雨の日の紫陽花(あじさい)は庭の東側に咲いています。",
            "岬の灯台は明治32年に建てられました。",
            "灯台守の伊藤(いとう)氏は毎朝四時に灯を消しました。",
            "海霧の濃い夜には霧笛を三回鳴らすのが決まりでした。",
            "町の名物は干した鰯(いわし)と柚子の味噌です。",
        ],
    ),
    "a browser's two columns": (
        BROWSER.read("columns.pdf"),
        [
            "倉庫の鍵は総務課の金庫で保管し、持ち出すときは台帳に氏名と時刻を記入します。",
            "夜間に持ち出すときは警備室の許可が必要です。",
            "校正の証明書は五年間保存してください。",
            "表示が剥がれたときはその日のうちに貼り直します。",
            "延長を希望する人は返却日の前日の正午までに申し出てください。",
            "返却が遅れた人は次の一か月は借りられません。",
            "録音機 7 会議室の棚",
        ],
    ),
}


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


def test_word_never_opens_other_files() -> None:
    def add_entity(part: bytes) -> bytes:
        start = part.index(b"<w:document")
        entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{Path(__file__).as_uri()}">]>'.encode()
        return part[:start] + entity + part[start:].replace(b"MARK", b"&x;")

    data = docx_file(lambda document: document.add_paragraph("本文 MARK です"))
    assert texts(docx.read(edited(data, "word/document.xml", add_entity), "a.docx", "")) == ["本文"]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf at all"])
def test_broken_pdfs(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        pdf.read(data, "a.pdf", "")
    assert caught.value.code == "broken"
