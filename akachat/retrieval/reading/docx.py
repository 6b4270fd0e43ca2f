"""Word documents by python-docx: the body from top to bottom, with tables, boxes, ruby and footnotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import docx

from akachat.retrieval.reading.numbering import Numbering
from akachat.retrieval.reading.ooxml import M, W, checked, no_text, reading, xml
from akachat.retrieval.reading.rows import grid_texts
from akachat.retrieval.values import Block, Document

__all__ = ["read"]

_HEADING = re.compile(r"(?:heading|見出し)\s*([1-9])", re.IGNORECASE)
_TITLE = re.compile(r"(?:title|表題)", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|目次)\s*[1-9]", re.IGNORECASE)

#: What is not part of the text: deleted text, field codes, what a reader without Office 2010 sees instead.
_SKIPPED = {
    f"{W}del", f"{W}moveFrom", f"{W}instrText", f"{W}delText", f"{W}rPr", f"{W}pPr", f"{W}sdtPr",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}  # fmt: skip
_BOX = f"{W}txbxContent"
_DEEPEST = 12


class _Body:
    """Walks a document once and collects its blocks."""

    def __init__(self, document: Any) -> None:
        self.blocks: list[Block] = []
        self._titles: list[tuple[int, str]] = []
        self._styles = _heading_levels(document)
        self._footnotes = _footnotes(document)
        self._numbering = Numbering(_related(document, "numbering"))
        self._style_lists = _style_lists(document)

    def walk(self, parent: Any, depth: int = 0) -> None:
        """Reads all paragraphs and tables in an element, in order."""
        for element in parent:
            if element.tag == f"{W}p":
                self._paragraph(element, depth)
            elif element.tag == f"{W}tbl":
                self._table(element, depth)
            elif element.tag in _SKIPPED or not isinstance(element.tag, str):
                continue
            elif depth < _DEEPEST:
                # Content controls, inserted paragraphs and custom XML hold paragraphs of their own.
                self.walk(element, depth + 1)

    def finish(self) -> tuple[Block, ...]:
        """All blocks; a title with nothing below it is a block too."""
        self._entitle(0, "")
        return tuple(self.blocks)

    def _paragraph(self, element: Any, depth: int) -> None:
        text = _tidy(_text(element))
        level = self._level(element)
        if text:
            if number := self._number(element):
                text = number + text if number.endswith("・") else f"{number} {text}"
            if level is not None:
                self._entitle(level, text)
            elif not _CONTENTS.fullmatch(self._style(element)[1]):
                self._add(text)
        for note in element.iter(f"{W}footnoteReference", f"{W}endnoteReference"):
            kind = "footnote" if note.tag.endswith("footnoteReference") else "endnote"
            if content := self._footnotes.get((kind, note.get(f"{W}id"))):
                self._add(content)
        if depth < _DEEPEST:
            for box in _boxes(element):
                self.walk(box, depth + 1)

    def _number(self, element: Any) -> str:
        """What Word counts before a paragraph; its own list goes before its style's, and list 0 is none."""
        style = element.find(f"{W}pPr/{W}pStyle")
        list_id, level = self._style_lists.get(style.get(f"{W}val") if style is not None else "", ("", "0"))
        own_list, own_level = element.find(f"{W}pPr/{W}numPr/{W}numId"), element.find(f"{W}pPr/{W}numPr/{W}ilvl")
        list_id = own_list.get(f"{W}val") if own_list is not None else list_id
        level = own_level.get(f"{W}val") if own_level is not None else level
        return self._numbering.next(list_id, int(level)) if level in "012345678" else ""

    def _table(self, element: Any, depth: int) -> None:
        rows = [_cells(row) for row in element.iter(f"{W}tr") if _nearest(row, f"{W}tbl") is element]
        for text in grid_texts(rows):
            self._add(text, whole=True)

    def _add(self, text: str, *, whole: bool = False) -> None:
        self.blocks.append(Block(text, tuple(title for _, title in self._titles), whole=whole))

    def _entitle(self, level: int, title: str) -> None:
        if self._titles and self._titles[-1][0] >= level:
            path = tuple(title for _, title in self._titles)
            if not self.blocks or self.blocks[-1].headings[: len(path)] != path:
                self.blocks.append(Block(path[-1], path[:-1]))
        while self._titles and self._titles[-1][0] >= level:
            self._titles.pop()
        if title:
            self._titles.append((level, title))

    def _style(self, element: Any) -> tuple[int | None, str]:
        style = element.find(f"{W}pPr/{W}pStyle")
        return self._styles.get(style.get(f"{W}val") if style is not None else "", (None, ""))

    def _level(self, element: Any) -> int | None:
        own = element.find(f"{W}pPr/{W}outlineLvl")
        if own is not None and (value := own.get(f"{W}val", "9")).isdigit() and int(value) < 9:
            return int(value) + 1
        return self._style(element)[0]


def read(data: bytes, name: str, charset: str) -> Document:
    """Reads a Word document.

    Raises:
        Refused: ``encrypted``, ``broken``, ``bomb``, or ``no_text`` where nothing is written in it.
    """
    file = checked(data, name)
    with reading(name):
        document = docx.Document(file)
        body = _Body(document)
        body.walk(document.element.body)
        blocks = body.finish()
    if not blocks:
        raise no_text(name)
    return Document(blocks)


def _heading_levels(document: Any) -> dict[str, tuple[int | None, str]]:
    """Each paragraph style's heading level, by its name, its outline level or those of the style it is based on."""
    elements = {style.get(f"{W}styleId"): style for style in document.styles.element.iter(f"{W}style")}
    levels: dict[str, tuple[int | None, str]] = {}
    for id in elements:
        level, own, at = None, "", id
        for _ in range(10):
            style = elements.get(at)
            if style is None:
                break
            label = style.find(f"{W}name")
            title = label.get(f"{W}val", "") if label is not None else ""
            own = own or title
            outline = style.find(f"{W}pPr/{W}outlineLvl")
            if found := _HEADING.match(title):
                level = int(found[1])
            elif _TITLE.fullmatch(title):
                level = 0
            elif outline is not None and outline.get(f"{W}val", "9") in "012345678":
                level = int(outline.get(f"{W}val")) + 1
            based = style.find(f"{W}basedOn")
            if level is not None or based is None:
                break
            at = based.get(f"{W}val")
        levels[id] = (level, own)
    return levels


def _style_lists(document: Any) -> dict[str, tuple[str, str]]:
    """The list and its level that a paragraph style brings along, by itself or by the one that it is based on."""
    own: dict[str, tuple[str, str]] = {}
    based: dict[str, str] = {}
    for style in document.styles.element.iter(f"{W}style"):
        id = style.get(f"{W}styleId")
        list_id, level = style.find(f"{W}pPr/{W}numPr/{W}numId"), style.find(f"{W}pPr/{W}numPr/{W}ilvl")
        if list_id is not None:
            own[id] = list_id.get(f"{W}val"), level.get(f"{W}val") if level is not None else "0"
        parent = style.find(f"{W}basedOn")
        if parent is not None:
            based[id] = parent.get(f"{W}val")
    for id in based:
        at = id
        for _ in range(10):
            if at in own or at not in based:
                break
            at = based[at]
        if at in own:
            own[id] = own[at]
    return own


def _related(document: Any, kind: str) -> Any:
    """The XML of the document's part of a kind, None where it has none."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
            return xml(relation.target_part.blob)
    return None


def _footnotes(document: Any) -> dict[tuple[str, str], str]:
    found = {}
    for kind in ("footnote", "endnote"):
        notes = _related(document, f"{kind}s")
        for note in notes if notes is not None else ():
            if note.get(f"{W}type") in (None, "normal"):
                text = _tidy("\n".join(_text(paragraph) for paragraph in note.iter(f"{W}p")))
                found[kind, note.get(f"{W}id")] = text
    return found


def _text(element: Any) -> str:
    """A paragraph's text without that of the boxes anchored in it."""
    return "".join(_pieces(element))


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        tag = child.tag
        if tag in _SKIPPED or tag == _BOX or not isinstance(tag, str):
            continue
        if tag in (f"{W}t", f"{M}t"):
            yield child.text or ""
        elif tag == f"{W}tab":
            yield "\t"
        elif tag in (f"{W}br", f"{W}cr"):
            yield "" if child.get(f"{W}type") in ("page", "column") else "\n"
        elif tag == f"{W}noBreakHyphen":
            yield "-"
        elif tag == f"{W}ruby":
            base, reading = child.find(f"{W}rubyBase"), child.find(f"{W}rt")
            yield _text(base) if base is not None else ""
            if reading is not None and (small := _text(reading).strip()):
                yield f"({small})"
        else:
            yield from _pieces(child)


def _boxes(element: Any) -> Iterator[Any]:
    """The text boxes anchored in a paragraph, each once: the old form of one is kept beside the new."""
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == _BOX:
            yield child
        else:
            yield from _boxes(child)


def _nearest(element: Any, tag: str) -> Any:
    return next(element.iterancestors(tag), None)


def _cells(row: Any) -> list[str]:
    """A row's cells; one that is merged over columns is said once, one merged from above is left empty."""
    cells = []
    for cell in row.iter(f"{W}tc"):
        if _nearest(cell, f"{W}tr") is not row:
            continue
        merged = cell.find(f"{W}tcPr/{W}vMerge")
        goes_on = merged is not None and merged.get(f"{W}val") != "restart"
        paragraphs = [] if goes_on else [_text(paragraph) for paragraph in cell.iter(f"{W}p")]
        cells.append(_tidy(" ".join(filter(None, paragraphs))))
        span = cell.find(f"{W}tcPr/{W}gridSpan")
        width = span.get(f"{W}val", "1") if span is not None else "1"
        cells += [""] * (min(int(width), 64) - 1 if width.isdigit() else 0)
    return cells


def _tidy(text: str) -> str:
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in unicodedata.normalize("NFC", text).split("\n"))
    return "\n".join(filter(None, lines))
