"""EPUB: a book's chapters in the order of its spine."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from akachat.retrieval.reading.html import blocks_of
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["read"]

_MOST = 200 * 1024**2
_RATIO = 200


def read(data: bytes, name: str, charset: str) -> Document:
    """A book."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        _check(book)
        container = _xml(book.read("META-INF/container.xml"))
        package_path = container.xpath("string(//*[local-name()='rootfile']/@full-path)")
        package = _xml(book.read(package_path))
        return Document(tuple(_chapters(book, package, posixpath.dirname(package_path))))


def _check(book: zipfile.ZipFile) -> None:
    sizes = [(info.file_size, info.compress_size) for info in book.infolist()]
    if sum(size for size, _ in sizes) > _MOST or any(size > 2**20 and size > _RATIO * max(1, c) for size, c in sizes):
        raise Refused("bomb", "it comes out far larger than it is stored", hint="Save it again.", shown="unreadable")
    if "META-INF/encryption.xml" in book.namelist() and b"obfuscation" not in book.read("META-INF/encryption.xml"):
        raise Refused("encrypted", "it is encrypted (DRM)", hint="Add a copy without.", shown="unreadable")


def _chapters(book: zipfile.ZipFile, package: etree._Element, folder: str) -> Iterator[Block]:
    items = {item.get("id"): item.get("href") for item in package.xpath("//*[local-name()='manifest']/*")}
    title = package.xpath("string(//*[local-name()='title'])").strip()
    for reference in package.xpath("//*[local-name()='spine']/*/@idref"):
        path = posixpath.normpath(posixpath.join(folder, unquote(items.get(reference) or "")))
        try:
            text = book.read(path).decode("utf-8", "replace")
        except KeyError:
            continue
        for block in blocks_of(text, Place(path=posixpath.basename(path))):
            headings = block.headings if title in block.headings or not title else (title, *block.headings)
            yield Block(block.text, headings, block.place, block.lead, block.whole)


def _xml(data: bytes) -> etree._Element:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
