"""PowerPoint presentations by python-pptx: slide by slide, shapes by where they stand, notes as blocks of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pptx

from akachat.retrieval.reading.ooxml import A, M, checked, no_text, reading, xml
from akachat.retrieval.reading.rows import grid_texts, row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
#: Placeholders that hold the date, the footer, the header and the slide's number.
_AROUND = {"dt", "ftr", "hdr", "sldNum"}
#: Shapes whose tops are within this many EMU (5 mm) of each other stand side by side.
_BAND = 180_000
_DEEPEST = 12
_TEXTS = (f"{A}t", f"{A}br", f"{M}t")


@dataclass(slots=True)
class _Slide:
    """What is collected of one slide: texts with whether each must stay whole."""

    title: str = ""
    texts: list[tuple[str, bool]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(data: bytes, name: str, charset: str) -> Document:
    """Reads a presentation.

    Raises:
        Refused: ``encrypted``, ``broken``, ``bomb``, or ``no_text`` where nothing is written in it.
    """
    file = checked(data, name)
    blocks: list[Block] = []
    hidden: list[int] = []
    with reading(name):
        for number, slide in enumerate(pptx.Presentation(file).slides, 1):
            if slide.element.get("show") in ("0", "false"):
                hidden.append(number)
            blocks += _blocks(_read_slide(slide), number)
    if not blocks:
        raise no_text(name)
    return Document(tuple(blocks), notes=_hidden_note(hidden))


def _hidden_note(hidden: list[int]) -> tuple[str, ...]:
    if not hidden:
        return ()
    numbers = ", ".join(map(str, hidden[:20])) + (" and more" if len(hidden) > 20 else "")
    return (f"hidden slides are included: {numbers}",)


def _blocks(slide: _Slide, number: int) -> Iterator[Block]:
    headings = (slide.title,) if slide.title else ()
    for text, whole in slide.texts:
        yield Block(text, headings, Place(slide=number), whole=whole)
    if slide.title and not slide.texts:
        yield Block(slide.title, (), Place(slide=number))
    for note in slide.notes:
        yield Block(note, headings, Place(slide=number, notes=True))


def _read_slide(slide: Any) -> _Slide:
    found = _Slide()
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        found.title = _tidy(" ".join(_paragraphs(title.element)))
    skipped = title.shape_id if title is not None else None
    for shape in _in_order(slide.shapes):
        if shape.shape_id != skipped:
            _read_shape(shape, found, 0)
    if slide.has_notes_slide:
        frame = slide.notes_slide.notes_text_frame
        if frame is not None:
            found.notes += filter(None, map(_tidy, _paragraphs(frame._txBody)))
    return found


def _in_order(shapes: Iterable[Any]) -> list[Any]:
    """From top to bottom; what begins at about the same height from left to right."""
    placed = sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    bands: list[list[Any]] = []
    for shape in placed:
        if bands and (shape.top or 0) - (bands[-1][0].top or 0) < _BAND:
            bands[-1].append(shape)
        else:
            bands.append([shape])
    return [shape for band in bands for shape in sorted(band, key=lambda shape: shape.left or 0)]


def _read_shape(shape: Any, found: _Slide, depth: int) -> None:
    if shape.is_placeholder:
        holder = shape.element.find(f".//{_P}ph")
        if holder is not None and holder.get("type") in _AROUND:
            return
    tag = shape.element.tag
    if tag == f"{_P}grpSp":
        if depth < _DEEPEST:
            for inner in _in_order(shape.shapes):
                _read_shape(inner, found, depth + 1)
    elif tag == f"{_P}graphicFrame":
        _read_frame(shape, found)
    elif tag == f"{_P}sp":
        found.texts += ((text, False) for text in map(_tidy, _paragraphs(shape.element)) if text)


def _read_frame(shape: Any, found: _Slide) -> None:
    if shape.has_table:
        rows = [[_cell(cell) for cell in row.iter(f"{A}tc")] for row in shape.table._tbl.iter(f"{A}tr")]
        found.texts += ((text, True) for text in grid_texts(rows))
    elif shape.has_chart:
        found.texts += ((text, True) for text in _chart(shape.chart))
    else:
        ids = shape.element.find(f".//{_DIAGRAM}relIds")
        if ids is not None:
            data = xml(shape.part.related_part(ids.get(_relation("dm"))).blob)
            points = data.iter(f"{_DIAGRAM}pt")
            found.texts += ((text, False) for point in points for text in map(_tidy, _paragraphs(point)) if text)


def _relation(name: str) -> str:
    return f"{{http://schemas.openxmlformats.org/officeDocument/2006/relationships}}{name}"


def _chart(chart: Any) -> Iterator[str]:
    """The title, then one line for each category with the series' values, as a table's rows."""
    if chart.has_title and (title := _tidy(chart.chart_title.text_frame.text)):
        yield title
    for plot in chart.plots:
        series = list(plot.series)
        header = ["", *(str(one.name or "") for one in series)]
        values = [list(one.values) for one in series]
        for at, category in enumerate(plot.categories):
            row = [f"{one[at]:g}" if at < len(one) and one[at] is not None else "" for one in values]
            if text := _tidy(row_text(header, [str(category), *row])):
                yield text


def _cell(cell: Any) -> str:
    """A cell's text; a cell that another one is merged over has none."""
    if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
        return ""
    return _tidy(" ".join(_paragraphs(cell)))


def _paragraphs(element: Any) -> Iterator[str]:
    for paragraph in element.iter(f"{A}p"):
        parts = ("\n" if child.tag == f"{A}br" else child.text or "" for child in paragraph.iter(*_TEXTS))
        yield "".join(parts)


def _tidy(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("\v", "\n")
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n"))
    return "\n".join(filter(None, lines))
