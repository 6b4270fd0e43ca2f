"""Makes the Office and PDF files that the tests of reading read: small, real, and written by the usual libraries."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import docx
import openpyxl
import pptx
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import CIDFont, UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from akachat.retrieval.values import Document

__all__ = [
    "VERTICAL", "chart", "docx_file", "edited", "explorer_zip", "odf_file", "pdf_file", "pptx_file", "rtf_file",
    "textbox", "texts", "titled", "word", "write", "xlsx_file",
]  # fmt: skip

A4 = (595.0, 842.0)
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


class _Vertical(CIDFont):
    """A font for vertical lines, beside the horizontal one of the same face, which has the same name otherwise."""

    def formatForPdf(self, text: str) -> str:
        return str(UnicodeCIDFont.formatForPdf(self, text))


#: The font for vertical lines; a line begins at the place it is drawn at and goes down.
VERTICAL = "HeiseiMin-W3-UniJIS-UCS2-V"


def word(inner: str) -> Any:
    """A Word element from its XML without the namespace's declaration."""
    head, rest = inner.split(">", 1)
    if head.endswith("/"):
        return parse_xml(f"{head[:-1]} {W}/>{rest}")
    return parse_xml(f"{head} {W}>{rest}")


def docx_file(fill: Callable[[Any], object]) -> bytes:
    """A Word document that ``fill`` wrote into."""
    document = docx.Document()
    fill(document)
    return _saved(document)


def pptx_file(fill: Callable[[Any], object]) -> bytes:
    """A presentation that ``fill`` wrote into."""
    presentation = pptx.Presentation()
    fill(presentation)
    return _saved(presentation)


def xlsx_file(fill: Callable[[Any], object]) -> bytes:
    """A workbook that ``fill`` wrote into; it begins without a sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    fill(book)
    return _saved(book)


def textbox(slide: Any, text: str, left: float, top: float) -> Any:
    """A text box at a place in centimetres."""
    box = slide.shapes.add_textbox(Cm(left), Cm(top), Cm(6), Cm(1))
    box.text_frame.text = text
    return box


def chart(slide: Any, title: str, categories: Sequence[str], series: str, values: Sequence[float]) -> None:
    """A column chart."""
    data = CategoryChartData()
    data.categories = categories
    data.add_series(series, values)
    made = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(1), Cm(9), Cm(8), Cm(5), data).chart
    made.has_title = True
    made.chart_title.text_frame.text = title


def edited(data: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """An Office file with one of its parts changed, or added where there is none."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info, change(old.read(info)) if info.filename == member else old.read(info))
        if member not in old.namelist():
            new.writestr(member, change(b""))
    return out.getvalue()


def odf_file(kind: str, body: str) -> bytes:
    """An OpenDocument file of a kind (``text``, ``spreadsheet``, ``presentation``) with this in its body."""
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in [
            ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("p", "presentation")
        ]
    )  # fmt: skip
    content = f"<office:document-content {spaces}><office:body><office:{kind}>{body}</office:{kind}></office:body>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("content.xml", f"{content}</office:document-content>")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def rtf_file(body: str) -> bytes:
    """An RTF file as a Japanese Windows writes it: what is not ASCII in ``body`` goes in as cp932's bytes."""
    head = (
        r"{\rtf1\ansi\ansicpg932\deff0{\fonttbl{\f0\fnil\fcharset128 MS Mincho;}{\f1\fnil\fcharset204 Arial;}}"
        r"{\stylesheet{\s1\outlinelevel0 Title;}{\s2 見出し 2;}}{\info{\title 題}}\uc2\pard "
    )
    bytes_of = (char if char < "\x80" else "".join(f"\\'{b:02x}" for b in char.encode("cp932")) for char in head + body)
    return "".join([*bytes_of, "}"]).encode("ascii")


class _InOldLetters(zipfile.ZipInfo):
    """An entry whose name is written as Windows' Explorer in Japan writes it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp932"), self.flag_bits & ~0x800


def explorer_zip(files: Mapping[str, bytes]) -> bytes:
    """A zip as Windows' Explorer makes one in Japan: names in cp932, nothing that says so, no entries for folders."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = _InOldLetters(name, (2026, 11, 25, 9, 30, 0))
            entry.create_system, entry.compress_type = 0, zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()


def pdf_file(*pages: Callable[[Canvas], object], size: tuple[float, float] = A4, **options: Any) -> bytes:
    """A PDF with one page for each function; the fonts are the built-in Japanese ones, which are not embedded."""
    for name in ("HeiseiMin-W3", "HeiseiKakuGo-W5"):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    pdfmetrics.registerFont(_Vertical("HeiseiMin-W3", "UniJIS-UCS2-V"))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, **options)
    for page in pages:
        page(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def write(
    canvas: Canvas, lines: Sequence[str], x: float, y: float, *, size: float = 10, font: str = "HeiseiMin-W3"
) -> None:
    """Lines below each other, ``y`` from the top of an A4 page; the pitch is 1.7 times the type size."""
    canvas.setFont(font, size)
    for at, line in enumerate(lines):
        canvas.drawString(x, A4[1] - y - at * 1.7 * size, line)


def texts(document: Document) -> list[str]:
    """The blocks' texts."""
    return [block.text for block in document.blocks]


def titled(document: Document) -> list[tuple[tuple[str, ...], str]]:
    """The blocks' headings and texts."""
    return [(block.headings, block.text) for block in document.blocks]


def _saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
