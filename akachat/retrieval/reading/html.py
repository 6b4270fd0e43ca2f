"""HTML: what a reader of the page sees, under its headings, without menus and scripts."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterator

import bs4
from bs4.element import NavigableString, PageElement

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.rows import row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["blocks_of", "decoded", "read"]

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{3,20})""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9_\-]{3,20})""")
_DROPPED = ("script", "style", "noscript", "template", "nav", "svg", "iframe", "button", "rp", "head")
#: A table that holds one of these lays out a page.
_LAYOUT = ("table", "h1", "h2", "h3", "h4", "h5", "h6", "pre")
_BLOCKS = re.compile(
    "address|article|aside|blockquote|body|br|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|header|hr|li"
    "|main|ol|option|p|section|summary|t[dr]|table|ul"
)


def read(data: bytes, name: str, charset: str) -> Document:
    """A page."""
    text, found = _decoded(data, charset)
    return Document(tuple(blocks_of(text)), found)


def _decoded(data: bytes, charset: str) -> tuple[str, str]:
    meta = _META.search(data[:4_096]) or _XML.match(data[:200])
    said = meta[1].decode() if meta else ""
    if not charset and said.lower() in ("shift_jis", "sjis", "x-sjis", "windows-31j"):
        said = "cp932"
    # A mark at the beginning, or an encoding in which this `meta` could not have been read, tells more than the `meta`.
    marked = data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not charset and said and not marked and not said.lower().startswith(("utf-16", "utf-32", "utf-7")):
        try:
            return data.decode(said), said
        except (LookupError, UnicodeError):
            pass  # pages say what is not so: then it is found out
    return decode(data, charset)


def decoded(data: bytes, charset: str = "") -> str:
    """A page's text, in the encoding that it says, or that is found out."""
    return _decoded(data, charset)[0]


def blocks_of(text: str, place: Place | None = None, *, titled: bool = True) -> Iterator[Block]:
    """The blocks of a page's text.

    Args:
        text: its HTML.
        place: where it stands.
        titled: whether the page's title stands above all of it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bs4.XMLParsedAsHTMLWarning)
        soup = bs4.BeautifulSoup(text, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title and titled else ""
    for tag in soup(_DROPPED):
        tag.decompose()
    for ruby in soup("rt"):
        ruby.replace_with(f"({ruby.get_text(strip=True)})")
    yield from _Walk(title, place or Place()).blocks(soup)


class _Walk:
    """Goes through a page; text gathers until a block ends."""

    def __init__(self, title: str, place: Place) -> None:
        self._path: list[tuple[int, str]] = [(0, title)] if title else []
        self._held: list[str] = []
        self._place = place
        #: Whether nothing stands below the last heading so far; such a heading is all that there is to find.
        self._bare = False

    def blocks(self, root: bs4.Tag) -> Iterator[Block]:
        yield from self._visit(root)
        yield from self._flush()
        yield from self._heading()

    def _visit(self, root: bs4.Tag) -> Iterator[Block]:
        # By hand, not by recursion: pages nest deeper than Python's stack.
        waiting: list[PageElement | None] = [root]
        while waiting:
            node = waiting.pop()
            if node is None:
                yield from self._flush()
            elif isinstance(node, bs4.Tag):
                yield from self._tag(node, waiting)
            elif type(node) is NavigableString:
                self._held.append(str(node))

    def _tag(self, tag: bs4.Tag, waiting: list[PageElement | None]) -> Iterator[Block]:
        if re.fullmatch("h[1-6]", tag.name):
            yield from self._flush()
            level, words = int(tag.name[1]), _squeezed(tag.get_text())
            if words and self._path and level <= self._path[-1][0]:
                yield from self._heading()
            self._path = [each for each in self._path if each[0] < level]
            if words and not (self._path and self._path[-1][1] == words):
                self._path.append((level, words))
                self._bare = True
        elif tag.name == "pre":
            yield from self._flush()
            if (text := tag.get_text().strip("\n")).strip():
                yield self._block(text, whole=True)
        elif tag.name == "table" and not tag.find(_LAYOUT):
            yield from self._flush()
            yield from self._table(tag)
        elif _BLOCKS.fullmatch(tag.name):
            yield from self._flush()
            waiting.append(None)
            waiting.extend(reversed(tag.contents))
        else:
            waiting.extend(reversed(tag.contents))

    def _table(self, table: bs4.Tag) -> Iterator[Block]:
        header: list[str] = []
        lead = _squeezed(table.caption.get_text()) if table.caption else ""
        for row in table.find_all("tr"):
            cells = [_squeezed(cell.get_text()) for cell in row.find_all(["td", "th"])]
            if not header and row.find("th") and not row.find("td"):
                header = cells
                continue
            if text := row_text(header, cells):
                yield self._block(text, lead=lead, whole=True)

    def _heading(self) -> Iterator[Block]:
        if self._bare:
            yield self._block(self._path[-1][1])

    def _block(self, text: str, *, lead: str = "", whole: bool = False) -> Block:
        self._bare = False
        return Block(text, self._headings(), self._place, lead, whole)

    def _headings(self) -> tuple[str, ...]:
        return tuple(words for _, words in self._path)

    def _flush(self) -> Iterator[Block]:
        text = _squeezed("".join(self._held))
        self._held = []
        if text:
            yield self._block(text)


def _squeezed(text: str) -> str:
    """White space as a browser shows it; a line's end between two Japanese characters is none."""
    text = re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])", "", text)
    return " ".join(text.split())
