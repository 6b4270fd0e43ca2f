"""Kinds of file beside the usual ones: rich text, OpenDocument, notebooks, reStructuredText, Org, and by LangChain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akachat.retrieval.reading import rtf
from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.kinds import read_document
from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.reading.reader import Reader
from akachat.retrieval.values import Document, Refused
from tests.officefiles import edited, odf_file, rtf_file, texts, titled


def read(tmp_path: Path, name: str, content: str | bytes, **limits: int) -> Document:
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(path, name, limits=ReadLimits(**limits))


def places(document: Document) -> list[tuple[str, str]]:
    return [(block.text, block.place.label()) for block in document.blocks]


# rich text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"一行目\line 二行目\par 次の段落\par", [((), "一行目\n二行目"), ((), "次の段落")]),
        (
            r"\s1 記録\par\pard 会議は\b 金曜日\b0 です。\par\pard\s2 予算\par\pard 九万円\par",
            [(("記録",), "会議は金曜日です。"), (("記録", "予算"), "九万円")],
        ),
        (r"\s1 題だけ\par", [(("題だけ",), "題だけ")]),
        (
            r"\trowd\intbl 品\cell 値段円\cell\row\intbl 机\cell 9\cell\row"
            r"\intbl 長\par 椅子\cell 12\cell\row\pard 終\par",
            [((), "品: 机 / 値段円: 9"), ((), "品: 長 椅子 / 値段円: 12"), ((), "終")],
        ),
        # \u with what older programs show in its place; a character's halves; another alphabet; letters as bytes
        (r"\u20250\'93\'fa\'96\'7b\par", [((), "会本")]),
        (r"\u-10187 ??\u-8240 ??\par", [((), chr(0x1D7D0))]),
        (r"{\f1\'cf\'f0\'e8}вет\par", [((), "Привет")]),
        (r"\'83\\\'83e\par", [((), "ソテ")]),
        # what is no text of the document
        (r"甲{\pict\bin5 {}}}}}{\*\unknown {乙}丙}{\v 丁}{\header 戊}\v 己\v0 庚\par", [((), "甲庚")]),
        (
            r"{\field{\*\fldinst HYPERLINK}{\fldrslt 表示}}{\footnote 注です}{\*\shpinst{\sp{\sn x}}{\shptxt 箱}}\par",
            [((), "表示 (注です)箱")],
        ),
        (
            r"\s1 題{\super\chftn}{\*\footnote\pard\plain {\pard 注の文。\par}}\par\pard 本文{\v {\footnote 隠}}。\par",
            [(("題 (注の文。)",), "本文。")],
        ),
        (r"\{甲\}\~\emdash\bullet\tab 乙\par", [((), "{甲} —•\t乙")]),
    ],
)
def test_rich_text(tmp_path: Path, body: str, expected: list[tuple[tuple[str, ...], str]]) -> None:
    document = read(tmp_path, "a.rtf", rtf_file(body))
    assert titled(document) == expected
    assert document.charset == "cp932"


def test_rich_text_in_another_charset(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi\ansicpg1252 \'93\'fa\'96\'7b}")
    assert read_document(path, "a.rtf", charset="cp932", limits=ReadLimits()).blocks[0].text == "日本"


@given(
    st.lists(st.sampled_from(["{", "}", "\\", "'", "\\'8", "\\u", "1", "9", "\\bin", "\\*", "\\s1", "a", "\\par", " "]))
)
def test_nothing_that_looks_like_rich_text_breaks(pieces: list[str]) -> None:
    for block in rtf.read(("{\\rtf1" + "".join(pieces)).encode(), "a.rtf", "").blocks:
        assert block.text.strip()


# OpenDocument


def test_an_open_text(tmp_path: Path) -> None:
    body = (
        '<text:h text:outline-level="1">規則</text:h>'
        "<text:p>机は<text:span>一人</text:span>に<text:s text:c='2'/>一つ。"
        "<text:ruby><text:ruby-base>倉庫</text:ruby-base><text:ruby-text>そうこ</text:ruby-text></text:ruby>は東。<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>注です</text:p></text:note-body></text:note>"
        "<draw:frame><draw:text-box><text:p>箱の文</text:p></draw:text-box></draw:frame></text:p>"
        "<text:tracked-changes><text:p>消した文</text:p></text:tracked-changes>"
        '<text:h text:outline-level="2">貸出</text:h>'
        "<text:list><text:list-item><text:p>一</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>品</text:p></table:table-cell><table:table-cell>"
        "<text:p>数量</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>鍵</text:p>"
        "</table:table-cell><table:table-cell><text:p>12</text:p></table:table-cell></table:table-row></table:table>"
        '<text:h text:outline-level="1">終わり</text:h>'
    )
    assert titled(read(tmp_path, "a.odt", odf_file("text", body))) == [
        (("規則",), "机は一人に  一つ。倉庫(そうこ)は東。 (注です)"),
        (("規則",), "箱の文"),
        (("規則", "貸出"), "一"),
        (("規則", "貸出"), "品: 鍵 / 数量: 12"),
        (("終わり",), "終わり"),
    ]


def test_an_open_sheet(tmp_path: Path) -> None:
    def row(*cells: str, more: str = "") -> str:
        inner = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
        return f"<table:table-row {more}>{inner}</table:table-row>"

    end = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    body = (
        '<table:table table:name="部門">'
        + row("部門", "予算")
        + row("広報", "420")
        + row("空", "0", more='table:number-rows-repeated="2"')
        + row("研究", "1800")
        + end
        + "</table:table>"
    )
    assert places(read(tmp_path, "a.ods", odf_file("spreadsheet", body))) == [
        ("部門: 広報 / 予算: 420", "部門!2"),
        ("部門: 空 / 予算: 0", "部門!3"),
        ("部門: 空 / 予算: 0", "部門!4"),
        ("部門: 研究 / 予算: 1800", "部門!5"),
    ]


def test_open_slides(tmp_path: Path) -> None:
    def slide(title: str, text: str, notes: str) -> str:
        return (
            f'<draw:page><draw:frame p:class="title"><draw:text-box><text:p>{title}</text:p></draw:text-box>'
            "</draw:frame>"
            f"<draw:frame><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"
            f"<p:notes><text:p>{notes}</text:p></p:notes></draw:page>"
        )

    document = read(tmp_path, "a.odp", odf_file("presentation", slide("題一", "甲", "") + slide("題二", "乙", "丙")))
    assert [(block.headings, block.text, block.place.label()) for block in document.blocks] == [
        (("題一",), "甲", "slide 1"),
        (("題二",), "乙", "slide 2"),
        (("題二",), "丙", "slide 2 notes"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (edited(odf_file("text", ""), "META-INF/manifest.xml", lambda old: b"<m><encryption-data/></m>"), "encrypted"),
        (edited(odf_file("text", ""), "content.xml", lambda old: b"<a"), "broken"),
        (edited(odf_file("text", ""), "content.xml", lambda old: b" " * 2**24), "bomb"),
        (odf_file("text", "<text:p/>"), "no_text"),
    ],
)
def test_an_open_document_that_cannot_be_read(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(tmp_path, "a.odt", data)
    assert refused.value.code == code


# notebooks, reStructuredText, Org, saved pages


def test_a_notebook(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# 売上\n", "\n", "四月から読む。\n"]},
        {
            "cell_type": "code",
            "source": "total = sum(rows)\n\nprint(total)",
            "outputs": [{"output_type": "stream", "text": ["1200\n"]}, {"data": {"text/plain": "'終'"}}, {"data": {}}],
        },
        {"cell_type": "markdown", "source": "## 結論\n\n増えた。"},
    ]
    document = read(tmp_path, "a.ipynb", json.dumps({"cells": cells, "nbformat": 4}))
    assert [(block.headings, block.text, block.place.label()) for block in document.blocks] == [
        (("売上",), "四月から読む。", "cell 1"),
        (("売上",), "total = sum(rows)\n\nprint(total)", "cell 2"),
        (("売上",), "1200", "cell 2"),
        (("売上",), "'終'", "cell 2"),
        (("売上", "結論"), "増えた。", "cell 3"),
    ]
    with pytest.raises(Refused, match="no notebook"):
        read(tmp_path, "a.ipynb", '{"cells": 5')


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.rst",
            "====\n手順\n====\n\n初めに\n\n準備\n----\n\n鍵を開ける。\n\n"
            ".. _label:\n\n==== ==\n品   数\n==== ==\n\n終わり\n------\n",
            [
                (("手順",), "初めに", "L5"),
                (("手順", "準備"), "鍵を開ける。", "L10"),
                (("手順", "準備"), "品   数", "L15"),
                (("手順", "終わり"), "終わり", "L18"),
            ],
        ),
        (
            "a.rst",
            "一\n==\n甲\n\n二\n--\n乙\n\n三\n==\n丙",
            [(("一",), "甲", "L3"), (("一", "二"), "乙", "L7"), (("三",), "丙", "L11")],
        ),
        (
            "a.org",
            "#+TITLE: 計画\n#+OPTIONS: toc:nil\n序\n\n"
            "* TODO 一 :work:\n:PROPERTIES:\n:ID: x\n:END:\n甲\n** 二\n#+BEGIN_SRC py\nx\n"
            "#+END_SRC\n* 三\n",
            [
                (("計画",), "序", "L3"),
                (("計画", "一"), "甲", "L9"),
                (("計画", "一", "二"), "x", "L12"),
                (("計画", "三"), "三", "L14"),
            ],
        ),
    ],
)  # fmt: skip
def test_marked_up_text(tmp_path: Path, name: str, content: str, expected: list[object]) -> None:
    for data in (content.encode(), content.encode("cp932")):
        document = read(tmp_path, name, data)
        assert [(block.headings, block.text, block.place.label()) for block in document.blocks] == expected


def test_a_page_saved_by_a_browser(tmp_path: Path) -> None:
    page = EmailMessage()
    page["Subject"] = "店の案内"
    page.set_content('<meta charset="shift_jis"><h1>案内</h1><p>月曜は休み。', subtype="html", charset="utf-8")
    page.add_related(b"body { color: red }", "text", "css", filename="a.css")
    document = read(tmp_path, "a.mhtml", page.as_bytes())
    assert [(block.headings, block.text) for block in document.blocks] == [
        ((), "Subject: 店の案内"),
        (("店の案内", "案内"), "月曜は休み。"),
    ]
    assert document.notes == ()


# faults that were found in the kinds that were read before


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    ["株式会社日本橋商店", "東京都千代田区霞が関", "」は日本語で何？", "一番人気", "二十四時間動きます", "ﾃｽﾄの結果",
     "令和八年十一月", "仕事は　終わり", "品名\u3000\u3000数量\r\n机\r\n", "ニッポン\n", "Grüße", "Привет, мир\n"],
)  # fmt: skip
def test_utf_16_without_a_mark(text: str, charset: str) -> None:
    assert decode(text.encode(charset)) == (text, charset)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="0"), min_size=1))
def test_letters_are_not_taken_for_utf_16(text: str) -> None:
    assert decode(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.md", "| | |\n|-|-|\n| 机 | 9 |\n", ["机 / 9"]),
        ("a.md", "|-|-|\n| 机 | 9 |\n", ["机 / 9"]),
        ("a.md", "|||\n|:-:|-|\n|机||\n", ["机"]),
        ("a.md", "品|値\n-|-\n机|9\n", ["品: 机 / 値: 9"]),
        ("a.md", "|品|式|\n|--|--|\n|机|a\\|b|\n", ["品: 机 / 式: a|b"]),
        ("a.md", "甲 | 乙\n---\n丙", ["丙"]),
        ("a.md", "# 一 ##\n# C#\n# #\n甲", ["一", "C#", "甲"]),
        ("a.md", "甲\n\n-\n\n乙", ["甲", "-", "乙"]),
        ("a.vtt", "00:01.0 --> 00:02.0\n<v.loud 花子>A&nbsp;B &lt;x&gt; &amp;amp;</v>", ["花子: A B <x> &amp;"]),
        ("a.vtt", "00:01.0 --> 00:02.0\n<00:01.500><c.red>3</c> < 5 and 7 > 2 <3&rlm;", ["3 < 5 and 7 > 2 <3"]),
        ("a.vtt", "WEBVTT\n\n00:01.0 --> 00:02.0\n<lang ja><ruby>漢字<rt>かんじ</rt></ruby></lang>", ["漢字(かんじ)"]),
        ("a.srt", '1\n00:00:01,0 --> 00:00:02,0\n{\\an8}<font color="red">赤</font>\\N青', ["赤\n青"]),
        ("a.csv", '品,注\n机,"開いたまま\n椅子,二\n', ['品: 机 / 注: "開いたまま', "品: 椅子 / 注: 二"]),
        ("a.csv", '品,注\n机,"一\n二"\n椅子,9"\n', ["品: 机 / 注: 一 二", '品: 椅子 / 注: 9"']),
        ("a.csv", "品,注\n机," + "長い。" * 100_000, ["品: 机 / 注: " + "長い。" * 100_000]),
    ],
)  # fmt: skip
def test_faults_that_were_found(tmp_path: Path, name: str, content: str, expected: list[str]) -> None:
    assert texts(read(tmp_path, name, content)) == expected


_CUE = "00:01.0 --> 00:02.0\n"
_MANY = 200_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "# a" + " " * _MANY + "b"),
        ("a.md", "# " + "# " * _MANY + "b"),
        ("a.md", "|\n" + " " * _MANY + "x"),
        ("a.md", "|\n-" + " " * _MANY + "x"),
        ("a.org", "* a" + " " * _MANY + "b"),
        ("a.rst", "=" * _MANY + " " * _MANY + "x\nx\n"),
        ("a.vtt", _CUE + "{\\" * _MANY),
        ("a.vtt", _CUE + "<v " * _MANY),
        ("a.vtt", _CUE + "<v" + " " * _MANY),
        ("a.vtt", _CUE + "<rt." * _MANY),
        ("a.vtt", _CUE + "1" * _MANY),
        ("a.rtf", "{\\rtf1" + "{" * _MANY),
        ("a.rtf", "{\\rtf1" + "\\cell" * _MANY + "x\\row"),
        ("a.csv", "a" + '"a' * _MANY),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_long_lines_hold_nothing_up(tmp_path: Path, name: str, content: str) -> None:
    """Patterns that looked at a line again from each of its places took minutes for a line of 50 kB."""
    reader = Reader(ReadLimits(seconds=20), 1)
    path = tmp_path / name
    path.write_text(content, "utf-8")
    try:
        await reader.read(path, name)
    except Refused as refused:
        if refused.code != "no_text":
            raise
    finally:
        await reader.aclose()


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
async def test_ten_thousand_levels_are_refused(tmp_path: Path, reader: Reader, name: str, begin: str, end: str) -> None:
    path = tmp_path / name
    path.write_text(begin * 10_000 + "1" + end * 10_000, "utf-8")
    with pytest.raises(Refused) as refused:
        await reader.read(path, name)
    assert (refused.value.code, refused.value.message) == ("broken", "it nests too deep")
    path.write_text('{"a": "まだ読めます"}', "utf-8")
    assert texts(await reader.read(path, name)) == ["a: まだ読めます"]


# by LangChain, in the process that reads


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    made = Reader(ReadLimits(), 1)
    yield made
    await made.aclose()


async def test_a_kind_is_read_by_a_loader(tmp_path: Path, reader: Reader) -> None:
    pytest.importorskip("langchain_core")
    path = tmp_path / "文.conllu"
    words = [("1", "港", "SpaceAfter=No"), ("2", "の", "SpaceAfter=No"), ("3", "朝", "_")]
    path.write_text("\n".join("\t".join([n, word, *"_______", after]) for n, word, after in words), "utf-8")
    document = await reader.read(path, "文.conllu")
    assert texts(document) == ["港の朝"]


def test_what_is_called_so_and_is_a_text(tmp_path: Path) -> None:
    assert texts(read(tmp_path, "catalog.msg", "set text 表")) == ["set text 表"]
    assert texts(read(tmp_path, "a.xls", "<html><table><tr><th>品<th>値<tr><td>机<td>9</table>")) == ["品: 机 / 値: 9"]
    assert texts(read(tmp_path, "a.doc", rtf_file("文"))) == ["文"]


@pytest.mark.parametrize(
    ("name", "data", "save_as", "needs"),
    [
        ("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".eml", "extract-msg"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".docx", "unstructured"),
        ("a.ppt", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".pptx", "LibreOffice"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xlsx", "xlrd"),
        ("a.enex", b"<en-export/>", ".html", "html2text"),
    ],
)
async def test_what_is_not_installed_is_named(
    tmp_path: Path, reader: Reader, name: str, data: bytes, save_as: str, needs: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Refused) as refused:
        await reader.read(path, name)
    if refused.value.code == "unknown_kind":  # else it is installed, and says that this is no such file
        assert refused.value.message == f"what reads {name[1:]} files is not installed"
        assert refused.value.hint.startswith(f"Save it as {save_as}, or install what is missing: ")
        assert needs in refused.value.hint


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.reading.reader import Reader

async def main():
    reader = Reader(ReadLimits(), 1)
    await reader.read(Path(sys.argv[1]), "a.txt")
    print(*os.listdir(os.environ["TMPDIR"]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (tmp_path / "a.txt").write_text("文", "utf-8")
    reader = Reader(ReadLimits(), 2)
    assert texts(await reader.read(tmp_path / "a.txt", "a.txt")) == ["文"]
    assert len(os.listdir(folder)) == 1
    await reader.aclose()
    assert os.listdir(folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_nor_when_the_one_who_asked_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    (tmp_path / "a.txt").write_text("文", "utf-8")
    script = [sys.executable, "-c", _KILLED, str(tmp_path / "a.txt")]
    ended = subprocess.run(script, env={**os.environ, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, text=True)
    assert ended.stdout.startswith("akachat-reading-")
    deadline = time.monotonic() + 20
    while os.listdir(folder):
        assert time.monotonic() < deadline, "the folder stayed"
        time.sleep(0.05)
