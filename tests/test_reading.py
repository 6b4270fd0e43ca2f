"""Reading text kinds: the charsets of Japanese files, and the pieces that each kind is told in."""

from __future__ import annotations

import asyncio
import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.kinds import read_document
from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.reading.reader import Reader
from akachat.retrieval.values import Refused

TEXT = "東京の天気は晴れです。カタカナと漢字、そしてひらがな。価格は１，２００円（税込）でした。\n"


def read(tmp_path: Path, name: str, content: str | bytes, **limits):
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(path, name, limits=ReadLimits(**limits))


def seen(document) -> list[tuple[str, tuple[str, ...], str]]:
    return [(block.text, block.headings, block.place.label()) for block in document.blocks]


@pytest.mark.parametrize("length", [4, 10, 40, 400, 2_000])
@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_charsets_are_found_out(charset, length):
    text = (TEXT * 60)[:length]
    if charset in ("utf-16-le", "utf-16-be"):
        text += "\nend 123\n"
    assert decode(text.encode(charset))[0].removeprefix("\ufeff") == text


@given(st.binary(max_size=200))
def test_decoding_raises_nothing_else(data):
    try:
        text, name = decode(data)
    except Refused:
        return
    assert isinstance(text, str)
    assert name


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.txt",
            "第1章 はじめに\n\n一行目\n二行目\n\n次の段落",
            [
                ("第1章 はじめに", ("第1章 はじめに",), "L1"),
                ("一行目\n二行目", ("第1章 はじめに",), "L3"),
                ("次の段落", ("第1章 はじめに",), "L6"),
            ],
        ),
        ("青空.txt", "｜東京《とうきょう》の空《そら》", [("東京(とうきょう)の空(そら)", (), "L1")]),
        (
            "a.md",
            "# 甲\n本文\n\n## 乙\n\n| 品 | 値 |\n|---|---|\n| 机 | 9 |\n\n```\nx = 1\n```\n",
            [("本文", ("甲",), "L2"), ("品: 机 / 値: 9", ("甲", "乙"), "L8"), ("x = 1", ("甲", "乙"), "L10")],
        ),
        (
            "a.html",
            "<title>店</title><nav>menu</nav><h1>品</h1><p>机は<b>安い</b>。<script>x()</script>"
            "<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby></p><table><tr><th>名<th>値<tr><td>机<td>9</table>",
            [("机は安い。漢字(かんじ)", ("店", "品"), ""), ("名: 机 / 値: 9", ("店", "品"), "")],
        ),
        (
            "a.csv",
            '名前,値段,備考\nりんご,120,"甘い\n赤い"\nみかん,80,\n',
            [("名前: りんご / 値段: 120 / 備考: 甘い 赤い", (), "row 2"), ("名前: みかん / 値段: 80", (), "row 3")],
        ),
        (
            "a.json",
            '[{"名": "机", "値": 9}, {"名": "椅子"}]',
            [("名: 机\n値: 9", (), "$[0]"), ("名: 椅子", (), "$[1]")],
        ),
        ("a.jsonl", '{"a": "一"}\n{"a": "二\u2028三"}\n', [("a: 一", (), "L1"), ("a: 二\u2028三", (), "L2")]),
        (
            "a.srt",
            "1\n00:01:05,000 --> 00:01:07,000\n<i>こんにちは</i>\n\n2\n00:01:08,000 --> 00:01:09,000\n皆さん\n",
            [("こんにちは\n皆さん", (), "0:01:05")],
        ),
        (
            "a.eml",
            "Subject: =?iso-2022-jp?B?GyRCMnE1RBsoQg==?=\r\nFrom: a@example.com\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n三時からです。\r\n",
            [("Subject: 会議\nFrom: a@example.com", (), "head"), ("三時からです。", ("会議",), "L1")],
        ),
        (
            "a.py",
            "import os\n\ndef f(x):\n    return x\n",
            [("import os", (), "L1"), ("def f(x):\n    return x", ("def f(x)",), "L3")],
        ),
        ("noname", "<!DOCTYPE html><p>頁", [("頁", (), "")]),
    ],
)
def test_a_kind_is_told_in_its_pieces(tmp_path, name, content, expected):
    assert seen(read(tmp_path, name, content)) == expected


def test_a_book(tmp_path):
    path = tmp_path / "book"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", '<c><rootfiles><rootfile full-path="o/p.opf"/></rootfiles></c>')
        manifest = '<manifest><item id="a" href="1.xhtml"/><item id="b" href="2.xhtml"/></manifest>'
        spine = '<spine><itemref idref="b"/><itemref idref="a"/></spine>'
        book.writestr("o/p.opf", f"<package><metadata><title>本</title></metadata>{manifest}{spine}</package>")
        book.writestr("o/1.xhtml", "<html><body><h1>終章</h1><p>おわり</p></body></html>")
        book.writestr("o/2.xhtml", "<html><body><h1>序章</h1><p>はじめ</p></body></html>")
    document = read_document(path, "a.epub", limits=ReadLimits())
    assert seen(document) == [("はじめ", ("本", "序章"), "2.xhtml"), ("おわり", ("本", "終章"), "1.xhtml")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.txt", b" \n ", "empty"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0", "unknown_kind"),
        ("a.doc", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "unknown_kind"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.json", b'{"a": }', "broken"),
        ("a.json", b"[" * 1_000_000, "broken"),
        ("a.html", b"<p> </p><script>x</script>", "no_text"),
        ("a.bin", bytes(range(256)) * 10, "unknown_kind"),
        ("a.pdf", b"%PDF-1.7 and nothing", "broken"),
        ("a.pdf", b"HTTP/1.1 200\r\n%PDF-1.7 and nothing", "broken"),
        ("a.docx", b"PK\x03\x04 and nothing", "broken"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, name, content, code):
    with pytest.raises(Refused) as refused:
        read(tmp_path, name, content)
    assert (refused.value.code, refused.value.shown) == (code, "unreadable")
    assert refused.value.message


def test_bounds(tmp_path):
    for limits in ({"bytes": 10}, {"characters": 10}):
        with pytest.raises(Refused) as refused:
            read(tmp_path, "a.txt", "長い文章" * 10, **limits)
        assert refused.value.code == "too_large"


async def test_processes_read_side_by_side_and_again(tmp_path):
    reader = Reader(ReadLimits(), 2)
    for n in range(6):
        (tmp_path / f"{n}.txt").write_text(f"{n}番目", "utf-8")
    documents = await asyncio.gather(*(reader.read(tmp_path / f"{n}.txt", f"{n}.txt") for n in range(6)))
    assert [document.blocks[0].text for document in documents] == [f"{n}番目" for n in range(6)]
    with pytest.raises(Refused) as refused:
        await reader.read(tmp_path / "none.txt", "none.txt")
    assert refused.value.code == "missing"
    (tmp_path / "half.json").write_text('{"a": "\\ud800x"}', "utf-8")
    assert (await reader.read(tmp_path / "half.json", "half.json")).blocks[0].text == "a: ?x"
    await reader.aclose()


async def test_a_document_that_takes_too_long_is_given_up(tmp_path):
    reader = Reader(ReadLimits(seconds=1.5), 1)  # in which a process starts, also on a busy machine
    path = tmp_path / "a.csv"
    path.write_text("名,値\n" + "あ,い\n" * 2_000_000, "utf-8")
    with pytest.raises(Refused) as refused:
        await reader.read(path, "a.csv")
    assert refused.value.code == "too_slow"
    (tmp_path / "b.txt").write_text("まだ読めます", "utf-8")
    assert (await reader.read(tmp_path / "b.txt", "b.txt")).blocks[0].text == "まだ読めます"
    await reader.aclose()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.html", "<form><p>甲</p><select><option>乙</select></form>", [("甲", ()), ("乙", ())]),
        ("a.html", "<h1>一</h1><h2>二</h2><h2>三</h2><p>四", [("二", ("一", "二")), ("四", ("一", "三"))]),
        ("a.html", "<table><tr><td><h2>題</h2><p>左<td>右</table>", [("左", ("題",)), ("右", ("題",))]),
        ("a.html", '<meta charset="utf-16"><p>頁', [("頁", ())]),
        ("a.html", '<meta charset="shift_jis"><p>頁'.encode("utf-16"), [("頁", ())]),
        ("a.html", '<meta charset="shift_jis"><p>①頁'.encode("cp932"), [("①頁", ())]),
        ("a.md", "# 一\n## 二\n## 三\n四\n# 五", [("二", ("一", "二")), ("四", ("一", "三")), ("五", ("五",))]),
        ("a.md", "---\ntitle: 題\n---\n序\n\n一\n===\n二\n", [("title: 題", ()), ("序", ()), ("二", ("一",))]),
        ("a.md", "一\n\n---\n\n二", [("一", ()), ("---", ()), ("二", ())]),
        ("a.csv", "売上表\n\n月,額\n四月,9\n", [("売上表", ()), ("月: 四月 / 額: 9", ())]),
        (
            "a.csv",
            "氏名,所属\n山田,営業\n佐藤,総務",
            [("氏名: 山田 / 所属: 営業", ()), ("氏名: 佐藤 / 所属: 総務", ())],
        ),
        ("a.csv", '名;文\n机;"a,b\n,c"\n', [("名: 机 / 文: a,b ,c", ())]),
        ("a.csv", "1,2\n3,4", [("1 / 2", ()), ("3 / 4", ())]),
        ("a.srt", "1\n0:00:01,0 --> 0:00:02,0\nやあ\n2\n0:00:03,0 --> 0:00:04,0\nはい", [("やあ\nはい", ())]),
        (
            "a.vtt",
            "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000\n<v 花子>甲 &amp; <c.x>乙</c></v>",
            [("花子: 甲 & 乙", ())],
        ),
    ],
)
def test_no_text_is_lost(tmp_path, name, content, expected):
    assert [(block.text, block.headings) for block in read(tmp_path, name, content).blocks] == expected


def test_a_caption_leads_its_rows(tmp_path):
    page = "<table><caption>売上</caption><tr><th>月<th>円<tr><td>四月<td>9</table>"
    assert [(block.text, block.lead) for block in read(tmp_path, "a.html", page).blocks] == [
        ("月: 四月 / 円: 9", "売上")
    ]


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("ﾃｽﾄﾃﾞｰﾀ", "cp932"),
        ("ﾄｳｷｮｳﾄ ﾁﾖﾀﾞｸ 1-1", "cp932"),
        ("ﾔﾏﾀﾞ ﾊﾅｺ ｻﾝ", "cp932"),
        ("①②③㈱", "cp932"),
        ("山田太郎", "euc_jp"),
        ("東京大学,大阪府\n", "euc_jp"),
        ("ｱｲｳ漢字", "iso2022_jp_ext"),
        ("きょうは", "utf-16-le"),
        ("ニャーニャー泣いていた", "utf-16-be"),
    ],
)
def test_charsets_that_look_alike(text, charset):
    assert decode(text.encode(charset))[0] == text


@pytest.mark.parametrize("text", ["abcdefghijkl", "0a0b0c0d", "hello world", "a0b1c2d3\n" * 20])
def test_ascii_is_no_utf_16(text):
    assert decode(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize("charset", ["no-such", "a\0b", "rot13", "base64", "idna", "utf-8"])
def test_a_charset_that_does_not_fit_is_refused(charset):
    with pytest.raises(Refused):
        decode("漢字".encode("cp932"), charset)


def test_control_characters_are_no_text():
    with pytest.raises(Refused) as refused:
        decode(b"\x01\x02\x03abc\x05\x06")
    assert refused.value.code == "unknown_kind"


def test_a_text_that_speaks_of_a_kind_is_a_text(tmp_path):
    for text in ("A file begins with %PDF-1.7.", "MZ is a mark", "ID3 too"):
        assert read(tmp_path, "a.txt", text).blocks[0].text == text


async def test_what_is_no_character_in_a_place_ends_no_process(tmp_path):
    reader = Reader(ReadLimits(), 1)
    (tmp_path / "a.json").write_text('{"\\ud800": [{"b": "c"}], "d": "%s"}' % ("e" * 900), "utf-8")
    document = await reader.read(tmp_path / "a.json", "a.json")
    assert [block.text for block in document.blocks] == ["b: c", "e" * 900]
    await reader.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="only there is memory bounded as exactly")
async def test_a_document_that_takes_too_much_memory_is_given_up(tmp_path):
    reader = Reader(ReadLimits(memory_bytes=200 * 1024**2), 1)
    (tmp_path / "a.json").write_text("[" + "{}," * 5_000_000 + "{}]", "utf-8")
    (tmp_path / "b.txt").write_text("まだ読めます", "utf-8")
    with pytest.raises(Refused) as refused:
        await reader.read(tmp_path / "a.json", "a.json")
    assert refused.value.code == "too_large"
    assert (await reader.read(tmp_path / "b.txt", "b.txt")).blocks[0].text == "まだ読めます"
    await reader.aclose()


async def test_whoever_leaves_ends_the_reading(tmp_path):
    reader = Reader(ReadLimits(), 1)
    (tmp_path / "a.csv").write_text("名,値\n" + "あ,い\n" * 2_000_000, "utf-8")
    (tmp_path / "b.txt").write_text("まだ読めます", "utf-8")
    begun = asyncio.create_task(reader.read(tmp_path / "a.csv", "a.csv"))
    await asyncio.sleep(0.3)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert (await reader.read(tmp_path / "b.txt", "b.txt")).blocks[0].text == "まだ読めます"
    await reader.aclose()


def test_a_book_without_headings_has_those_of_its_contents(tmp_path):
    def book(path: Path, **more: str) -> Path:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("mimetype", "application/epub+zip")
            file.writestr("META-INF/container.xml", '<c><rootfiles><rootfile full-path="o/p.opf"/></rootfiles></c>')
            items = '<item id="a" href="1.xhtml"/><item id="n" href="nav.xhtml" properties="nav"/>'
            spine = '<spine><itemref idref="a"/><itemref idref="z"/></spine>'
            file.writestr("o/p.opf", f"<package><manifest>{items}</manifest>{spine}</package>")
            file.writestr("o/nav.xhtml", '<html><nav><ol><li><a href="1.xhtml#x">第一章</a></li></ol></nav></html>')
            page = '<?xml version="1.0" encoding="Shift_JIS"?><html><head><title>x</title></head><p>はじめ</p></html>'
            file.writestr("o/1.xhtml", page.encode("cp932"))
            for name, content in more.items():
                file.writestr(f"META-INF/{name}.xml", content)
        return path

    document = read_document(book(tmp_path / "a"), "a.epub", limits=ReadLimits())
    assert seen(document) == [("はじめ", ("第一章",), "1.xhtml")]
    assert document.notes == ("1 of 2 chapters are missing in the file",)
    locked = '<e><CipherReference URI="o/{}"/></e>'
    read_document(book(tmp_path / "b", encryption=locked.format("font.otf")), "b.epub", limits=ReadLimits())
    with pytest.raises(Refused) as refused:
        read_document(book(tmp_path / "c", encryption=locked.format("1.xhtml")), "c.epub", limits=ReadLimits())
    assert refused.value.code == "encrypted"


def test_what_is_attached_to_mail(tmp_path):
    mail, inner = EmailMessage(), EmailMessage()
    mail["Subject"], mail["From"], inner["Subject"] = "会議の件", "y@example.com", "元の件"
    mail.set_content("本文です。\n", charset="iso-2022-jp")
    mail.add_alternative("<p>別</p>", subtype="html")
    mail.add_attachment(
        "品,値\n机,9\n".encode("cp932"), maintype="application", subtype="octet-stream", filename="表.csv"
    )
    mail.add_attachment(b"\x89PNG\0", maintype="image", subtype="png", filename="絵.png")
    inner.set_content("元の文\n")
    mail.add_attachment(inner)
    document = read(tmp_path, "a.eml", mail.as_bytes())
    assert seen(document) == [
        ("Subject: 会議の件\nFrom: y@example.com", (), "head"),
        ("本文です。", ("会議の件",), "L1"),
        ("品: 机 / 値: 9", ("会議の件", "表.csv"), "row 2 表.csv"),
        ("Subject: 元の件", ("会議の件", "message/rfc822"), "head"),
        ("元の文", ("会議の件", "message/rfc822", "元の件"), "message/rfc822 L1"),
    ]
    assert document.blocks[1].lead == "y@example.com"
    assert document.notes == ("the attachment 絵.png is not read",)
