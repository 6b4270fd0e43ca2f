"""OpenDocument (LibreOffice): texts, sheets and slides out of one XML part, read from top to bottom."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from akachat.retrieval.reading.ooxml import checked, no_text, reading, xml
from akachat.retrieval.reading.rows import looks_like_header, row_text
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["read"]

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _TABLE = f"{_OASIS}text:1.0}}", f"{_OASIS}table:1.0}}"
_DRAW, _OFFICE = f"{_OASIS}drawing:1.0}}", f"{_OASIS}office:1.0}}"
_NOTES = f"{_OASIS}presentation:1.0}}notes"
_DROPPED = frozenset(
    {f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}ruby-text", f"{_TEXT}table-of-content",
     f"{_OFFICE}forms", f"{_TEXT}note-citation", f"{_TEXT}sequence-decls"}
)  # fmt: skip
#: What stands apart from the text that it is anchored in.
_APART = frozenset({f"{_DRAW}frame", f"{_DRAW}custom-shape", f"{_DRAW}text-box"})
_MOST_COLUMNS, _MOST_REPEATED = 1_024, 1_000


def read(data: bytes, name: str, charset: str) -> Document:
    """A text, a workbook or a presentation.

    Raises:
        Refused: ``encrypted``, ``broken``, ``bomb``, or ``no_text``.
    """
    if data.startswith(b"PK"):
        with reading(name), zipfile.ZipFile(checked(data, name)) as archive:
            if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise Refused(
                    "encrypted",
                    f"{name} is protected by a password",
                    hint="Save a copy without the password and add that.",
                    shown="unreadable",
                )
            data = archive.read("content.xml")
    with reading(name):
        root = xml(data)
        body = root.find(f".//{_OFFICE}body")
        blocks = tuple(_Walk().blocks(body)) if body is not None else ()
    if not blocks:
        raise no_text(name)
    return Document(blocks)


class _Walk:
    """Goes through a body; knows the headings, the sheet and the slide that it is at."""

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []
        self._bare = False
        self._place = Place()

    def blocks(self, body: Any) -> Iterator[Block]:
        yield from self._visit(body)
        yield from self._alone()

    def _visit(self, root: Any) -> Iterator[Block]:
        # By hand, not by recursion: lists nest deeper than Python's stack.
        waiting = [root]
        slides = 0
        while waiting:
            node = waiting.pop()
            if not isinstance(node.tag, str) or node.tag in _DROPPED:
                continue
            if node.tag == f"{_TEXT}h":
                yield from self._heading(int(node.get(f"{_TEXT}outline-level") or 1), _words(node))
            elif node.tag == f"{_TEXT}p":
                if text := _words(node):
                    yield self._block(text)
                waiting.extend(_apart(node))
            elif node.tag == f"{_TABLE}table":
                yield from self._table(node)
            else:
                if node.tag == f"{_DRAW}page":
                    yield from self._alone()
                    slides += 1
                    self._path, self._place = [], Place(slide=slides)
                elif node.tag == _NOTES:
                    self._place = Place(slide=slides, notes=True)
                elif _is_title(node) and (title := " ".join(filter(None, map(_words, node.iter(f"{_TEXT}p"))))):
                    yield from self._heading(1, title)
                    continue
                waiting.extend(reversed(node))

    def _heading(self, level: int, title: str) -> Iterator[Block]:
        if self._path and level <= self._path[-1][0]:
            yield from self._alone()
        self._path = [each for each in self._path if each[0] < level]
        if title:
            self._path.append((level, title))
            self._bare = True

    def _alone(self) -> Iterator[Block]:
        """A heading that nothing stands below is all there is to find."""
        if self._bare:
            yield self._block(self._path[-1][1])

    def _table(self, table: Any) -> Iterator[Block]:
        """Rows under their columns' names; a sheet's also with its name and their numbers."""
        sheet = str(table.get(f"{_TABLE}name") or "") if table.getparent().tag == f"{_OFFICE}spreadsheet" else ""
        rows = list(_rows(table))
        at = next((n for n in range(min(4, len(rows) - 1)) if _is_header(rows, n)), None)
        header = rows[at][1] if at is not None else []
        for index, (number, cells) in enumerate(rows):
            if index == at:
                continue
            if text := row_text(header if at is not None and index > at else [], cells):
                if sheet:
                    self._bare = False
                    yield Block(text, (sheet,), Place(sheet=sheet, row=number), whole=True)
                else:
                    yield self._block(text, whole=True)

    def _block(self, text: str, *, whole: bool = False) -> Block:
        self._bare = False
        return Block(text, tuple(title for _, title in self._path), self._place, whole=whole)


def _is_header(rows: Sequence[tuple[int, list[str]]], at: int) -> bool:
    return looks_like_header(rows[at][1], [cells for _, cells in rows[at + 1 : at + 21]])


def _is_title(node: Any) -> bool:
    return bool(node.tag == f"{_DRAW}frame" and node.get(f"{_OASIS}presentation:1.0}}class") == "title")


def _rows(table: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, by their numbers; one that is repeated without end is empty."""
    number = 1
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue  # of a table in a cell, whose text its cell tells
        times = int(row.get(f"{_TABLE}number-rows-repeated") or 1)
        cells: list[str] = []
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            text = " ".join(filter(None, map(_words, cell.iter(f"{_TEXT}p", f"{_TEXT}h"))))
            again = int(cell.get(f"{_TABLE}number-columns-repeated") or 1)
            cells += [text] * min(again, max(0, _MOST_COLUMNS - len(cells)))
        if any(cells):
            for at in range(min(times, _MOST_REPEATED)):
                yield number + at, cells
        number += times


def _apart(paragraph: Any) -> list[Any]:
    """The frames in a paragraph, the last one first; those in them come with them."""
    found, waiting = [], list(paragraph)
    while waiting:
        node = waiting.pop()
        if node.tag in _APART:
            found.append(node)
        elif isinstance(node.tag, str) and node.tag not in _DROPPED:
            waiting.extend(node)
    return found


def _words(paragraph: Any) -> str:
    """A paragraph's text: ruby and notes in brackets, frames left out."""
    parts: list[str] = []
    waiting: list[Any] = [paragraph]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
            continue
        inside: list[Any] = []
        if isinstance(node.tag, str) and node.tag not in _APART:
            inside = _inside(node)
        if node.tail and node is not paragraph:
            waiting.append(node.tail)
        waiting.extend(reversed(inside))
    return "".join(parts).strip()


def _inside(node: Any) -> list[Any]:
    """What a node gives, in order: text, and nodes to be looked into."""
    match node.tag.removeprefix(_TEXT):
        case "s":
            return [" " * min(int(node.get(f"{_TEXT}c") or 1), 1_000)]
        case "tab":
            return ["\t"]
        case "line-break":
            return ["\n"]
        case "ruby-text":
            return [f"({''.join(node.itertext())})"]
        case "note":
            body = node.find(f"{_TEXT}note-body")
            return [f" ({' '.join(''.join(body.itertext()).split())})"] if body is not None else []
    if node.tag in _DROPPED:
        return []
    return [" ".join(node.text.split("\n")) if node.text else "", *node]
