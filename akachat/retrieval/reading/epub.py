"""EPUB: a book's chapters in the order of its spine, under the titles of its table of contents."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from lxml import etree

from akachat.retrieval.reading import html
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["read"]

_MOST = 200 * 1024**2
_RATIO = 200


def read(data: bytes, name: str, charset: str) -> Document:
    """A book."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        _check(book)
        path = _xml(book.read("META-INF/container.xml")).xpath("string(//*[local-name()='rootfile']/@full-path)")
        return _Book(book, path).document()


def _check(book: zipfile.ZipFile) -> None:
    sizes = [(info.file_size, info.compress_size) for info in book.infolist()]
    if sum(size for size, _ in sizes) > _MOST or any(size > 2**20 and size > _RATIO * max(1, c) for size, c in sizes):
        raise Refused("bomb", "it comes out far larger than it is stored", hint="Save it again.", shown="unreadable")
    if "META-INF/encryption.xml" in book.namelist():
        uris = _xml(book.read("META-INF/encryption.xml")).xpath("//*[local-name()='CipherReference']/@URI")
        # Fonts are made unusable outside the book in many that are free to read.
        if any(unquote(uri).lower().endswith(("html", "htm", "xml", "opf", "ncx")) for uri in uris):
            raise Refused("encrypted", "it is encrypted (DRM)", hint="Add a copy without.", shown="unreadable")


class _Book:
    """An open book.

    Args:
        book: its zip.
        path: its package document, which says what it is made of.
    """

    def __init__(self, book: zipfile.ZipFile, path: str) -> None:
        self._book = book
        self._folder = posixpath.dirname(path)
        self._package = _xml(book.read(path))
        self._items = {item.get("id"): item for item in self._package.xpath("//*[local-name()='manifest']/*")}
        self._title = self._package.xpath("string(//*[local-name()='metadata']/*[local-name()='title'])").strip()

    def document(self) -> Document:
        titles = self._titles()
        blocks: list[Block] = []
        missing = 0
        spine = self._package.xpath("//*[local-name()='spine']/*/@idref")
        for reference in spine:
            item = self._items.get(reference)
            path = _joined(self._folder, item.get("href") or "") if item is not None else ""
            try:
                page = self._book.read(path)
            except KeyError:
                missing += 1
                continue
            blocks += self._chapter(page, path, titles.get(path, ""))
        notes = (f"{missing} of {len(spine)} chapters are missing in the file",) if missing else ()
        return Document(tuple(blocks), notes=notes)

    def _chapter(self, page: bytes, path: str, title: str) -> Iterator[Block]:
        """A chapter under the book's title and its own: that of the table of contents where the page has no heading."""
        text = html.decoded(page)
        for block in html.blocks_of(text, Place(path=posixpath.basename(path)), titled=False):
            own = block.headings if block.headings or not title else (title,)
            above = (self._title,) if self._title and self._title not in own else ()
            yield replace(block, headings=above + own)

    def _titles(self) -> dict[str, str]:
        """Each chapter's first title in the table of contents, of EPUB 3 (nav) or 2 (ncx)."""
        found: dict[str, str] = {}
        for item in self._items.values():
            path = _joined(self._folder, item.get("href") or "")
            is_nav = "nav" in (item.get("properties") or "").split()
            if not is_nav and item.get("media-type") != "application/x-dtbncx+xml":
                continue
            try:
                contents = _xml(self._book.read(path))
            except (KeyError, etree.XMLSyntaxError):
                continue  # a book can be read without
            for target, words in _links(contents, is_nav):
                found.setdefault(_joined(posixpath.dirname(path), target), words)
        return found


def _links(contents: Any, is_nav: bool) -> Iterator[tuple[str, str]]:
    if is_nav:
        for link in contents.xpath("//*[local-name()='nav']//*[local-name()='a'][@href]"):
            yield link.get("href"), " ".join("".join(link.itertext()).split())
        return
    for point in contents.xpath("//*[local-name()='navPoint']"):
        words = point.xpath("string(./*[local-name()='navLabel'])")
        yield point.xpath("string(./*[local-name()='content']/@src)"), " ".join(words.split())


def _joined(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _xml(data: bytes) -> Any:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
