"""PDF by PDFium: characters and their places come from there, lines and paragraphs from ``layout``."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pypdfium2
import pypdfium2.raw as pdfium

from akachat.retrieval.reading.columns import Line, lines_of
from akachat.retrieval.reading.glyphs import glyphs_of, turned
from akachat.retrieval.reading.layout import runs_of
from akachat.retrieval.reading.paragraphs import Paragraph, join_lines, paragraphs_of
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["plain", "read"]

#: What PDF programs write for a character that looks the same; all else stays as its author wrote it.
_FORMS = re.compile("[\u2f00-\u2fd5\ufb00-\ufb06\ufe10-\ufe4f]")
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("⺟⺠⻁⻄⻑⻓⻘⻝⻣⻤⻨⻩⻫⻭⻯⻲⺩⺮", "母民虎西長長青食骨鬼麦黄斉歯竜亀王竹", strict=True)),
        "\ufe19": "…", "\ufe30": "‥", "\uf0b7": "・", "\uf0a7": "・", "\uf06c": "・", "\uf0d8": "・", "\u00a0": " ",
        }
)  # fmt: skip
_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u200b\ufeff\ufffe\uffff]")
_LEADERS = re.compile(r"(?:[.．・…‥·][ 　]?){4,}")
_NUMBER = re.compile(r"[0-9０-９]+|\b[ivxlcIVXLC]+\b|^[〇一二三四五六七八九十百]+$")
#: A page's number with nothing but marks around it.
_BARE = re.compile(r"(?:p|page|頁|ページ|[^\w])*#(?:/#|頁|ページ|[^\w])*", re.IGNORECASE)
_SECTION = re.compile(
    r"(?:chapter|section|appendix|[\W\d_]|第[一二三四五六七八九十百]+[章節条部編]|[A-Z]\b)*", re.IGNORECASE
)
_WHITE = re.compile(r"\s+")


@dataclass(slots=True)
class _Page:
    """A page's lines by stretch; ``running`` are those at its top and bottom that may be a header or a footer."""

    number: int
    stretches: list[list[Line]] = field(default_factory=list)
    running: dict[tuple[str, int], Line] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Bookmark:
    level: int
    title: str
    page: int


def plain(text: str) -> str:
    """Text as its author wrote it: look-alikes, ligatures and vertical forms undone, NFC, no control characters."""
    text = _FORMS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text.translate(_LOOKALIKES))
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def read(data: bytes, name: str, charset: str) -> Document:
    """Reads a PDF.

    Raises:
        Refused: ``encrypted`` where it needs a password to be opened, ``broken`` where it is no PDF, ``no_text``
            where its pages are pictures.
    """
    pdf = _opened(data, name)
    damaged = 0
    pages: list[_Page] = []
    try:
        for index in range(len(pdf)):
            try:
                pages.append(_page(pdf, index))
            except pypdfium2.PdfiumError:
                damaged += 1
        bookmarks = list(_bookmarks(pdf))
    except pypdfium2.PdfiumError as error:
        raise _broken(name) from error
    finally:
        pdf.close()
    if not pages:
        raise _broken(name)
    silent = sum(not page.stretches for page in pages)
    if silent == len(pages):
        raise Refused(
            "no_text",
            f"{name} has no text: it is probably scanned",
            hint="Run it through an OCR program first.",
            shown="unreadable",
        )
    total = len(pages) + damaged
    notes = []
    if silent:
        notes.append(f"{silent} of {total} pages {'has' if silent == 1 else 'have'} no text (scanned?)")
    if damaged:
        notes.append(f"{damaged} of {total} pages cannot be read")
    _drop_running(pages)
    return Document(_blocks(pages, bookmarks), notes=tuple(notes))


def _opened(data: bytes, name: str) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise Refused(
                "encrypted",
                f"{name} is protected by a password",
                hint="Save a copy without the password and add that.",
                shown="unreadable",
            ) from error
        raise _broken(name) from error


def _broken(name: str) -> Refused:
    return Refused("broken", f"{name} is damaged or not a PDF", hint="Save or export it again.", shown="unreadable")


def _page(pdf: pypdfium2.PdfDocument, index: int) -> _Page:
    page = pdf[index]
    text = page.get_textpage()
    try:
        rotation = page.get_rotation()
        rows, columns = runs_of(glyphs_of(text.raw, rotation))
        left, low, right, high = page.get_cropbox()
        edges = turned(left, low, rotation)[1], turned(right, high, rotation)[1]
    finally:
        text.close()
        page.close()
    across = lines_of(rows)
    if columns:
        top = min(run.u0 for run in columns) + max(run.size for run in columns)
        above = [lines for lines in across if lines[0].v0 < top]
        below = [lines for lines in across if lines[0].v0 >= top]
        stretches = [*above, *lines_of(columns), *below]
    else:
        stretches = across
    found = _Page(index + 1, stretches)
    margin = 0.1 * abs(edges[0] - edges[1])
    for line in (line for lines in across for line in lines):
        if line.v1 < min(edges) + margin or line.v0 > max(edges) - margin:
            key = _NUMBER.sub("#", _WHITE.sub("", line.text))
            found.running.setdefault((key, round((line.v0 - min(edges)) / 6)), line)
    return found


def _bookmarks(pdf: pypdfium2.PdfDocument) -> Iterator[_Bookmark]:
    for bookmark in pdf.get_toc(max_depth=6):
        title = _WHITE.sub(" ", plain(bookmark.get_title() or "")).strip()
        target = bookmark.get_dest()
        index = target.get_index() if target is not None else None
        if title and index is not None:
            yield _Bookmark(bookmark.level, title, index + 1)


def _drop_running(pages: Sequence[_Page]) -> None:
    """Takes out headers, footers and page numbers: what nearby pages have at the same place, but for a number in it.

    A header may change with the chapter and differ between left and right pages, so that nearby is two pages away.
    """
    if len(pages) < 4:
        return
    numbered = Counter(key for page in pages for key in {key for key, _ in page.running} if _BARE.fullmatch(key))
    for at, page in enumerate(pages):
        near = [other.running for other in (*pages[max(0, at - 2) : at], *pages[at + 1 : at + 3])]
        dropped = {
            id(line)
            for (key, place), line in page.running.items()
            if numbered[key] >= 3 or any((key, place) in other for other in near)
        }
        page.stretches = [
            kept for lines in page.stretches if (kept := [line for line in lines if id(line) not in dropped])
        ]


def _blocks(pages: Sequence[_Page], bookmarks: Sequence[_Bookmark]) -> tuple[Block, ...]:
    body = _body_size(pages)
    levels = _levels(pages, body)
    outline = list(bookmarks) if len(bookmarks) >= 2 else []
    stack: list[tuple[int, str]] = []
    blocks: list[Block] = []
    last: Paragraph | None = None

    def entitle(level: int, title: str) -> None:
        while stack and stack[-1][0] >= level:
            stack.pop()
        stack.append((level, title))

    for page in pages:
        marks = [mark for mark in outline if mark.page == page.number]
        found = [paragraph for lines in page.stretches for paragraph in paragraphs_of(lines)]
        texts = [plain(paragraph.text) for paragraph in found]
        for mark in marks:
            if not any(_same(mark.title, text) for text in texts):
                entitle(mark.level, mark.title)
        for paragraph in found:
            text = _tidy(paragraph.text)
            if not text:
                continue
            own = next((mark for mark in marks if _same(mark.title, text)), None)
            level = levels.get(round(paragraph.size, 1)) if _may_head(text, paragraph) else None
            if own is not None or (level is not None and not outline):
                entitle(own.level if own is not None else level or 0, text)
                paragraph.opens = paragraph.goes_on = False
            headings = tuple(title for _, title in stack)
            if last is not None and blocks and last.goes_on and paragraph.opens and last.size == paragraph.size:
                blocks[-1] = replace(blocks[-1], text=join_lines([blocks[-1].text, text]))
            else:
                blocks.append(Block(text, headings, Place(page=page.number), whole=paragraph.row))
            last = paragraph
    return tuple(_without_titles(blocks))


def _without_titles(blocks: Sequence[Block]) -> Iterator[Block]:
    """Drops a heading's own block where the next one has it among its headings."""
    for at, block in enumerate(blocks):
        after = blocks[at + 1] if at + 1 < len(blocks) else None
        if block.headings[-1:] == (block.text,) and after and after.headings[: len(block.headings)] == block.headings:
            continue
        yield block if block.headings[-1:] != (block.text,) else replace(block, headings=block.headings[:-1])


def _body_size(pages: Sequence[_Page]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for lines in page.stretches:
            for line in lines:
                sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _levels(pages: Sequence[_Page], body: float) -> dict[float, int]:
    """The type sizes that are clearly larger than the running text's, the largest as level 0."""
    sizes = {round(line.size, 1) for page in pages for lines in page.stretches for line in lines}
    large = sorted((size for size in sizes if size >= 1.15 * body), reverse=True)
    return {size: level for level, size in enumerate(large)}


def _may_head(text: str, paragraph: Paragraph) -> bool:
    return len(text) <= 80 and not paragraph.row and text[-1] not in "。．、，,;；" and any(map(str.isalpha, text))


def _same(title: str, text: str) -> bool:
    """Whether a paragraph is what a bookmark names; either may lack the chapter's number."""
    title, text = _WHITE.sub("", title), _WHITE.sub("", text)
    short, long = sorted((title, text), key=len)
    return long.endswith(short) and (short == long or _SECTION.fullmatch(long[: -len(short)]) is not None)


def _tidy(text: str) -> str:
    return _WHITE.sub(lambda found: "\u3000" if "\u3000" in found[0] else " ", _LEADERS.sub(" … ", plain(text))).strip()
