"""Excel workbooks by openpyxl: every row is a block that names its columns, as ``品名: 机 / 数量: 4``."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl

from akachat.retrieval.reading.ooxml import checked, no_text, reading
from akachat.retrieval.reading.rows import looks_like_header, row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

#: A row number and its cells as they are shown.
_Row = tuple[int, list[str]]

_MOST_COLUMNS = 1_024
#: After so many empty rows in a row a sheet counts as over: some say they have a million and have none.
_MOST_EMPTY = 20_000
_LITERALS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')


def read(data: bytes, name: str, charset: str) -> Document:
    """Reads a workbook.

    Raises:
        Refused: ``encrypted``, ``broken``, ``bomb``, or ``no_text`` where all its sheets are empty.
    """
    file = checked(data, name)
    blocks: list[Block] = []
    notes: list[str] = []
    with reading(name), warnings.catch_warnings():
        # What openpyxl does not know (a data bar, a printer's margin) has no text.
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                found = list(_sheet(sheet))
                blocks += found
                if found and sheet.sheet_state != "visible":
                    notes.append(f"the hidden sheet {sheet.title} is included")
        finally:
            book.close()
    if not blocks:
        raise no_text(name)
    return Document(tuple(blocks), notes=tuple(notes))


def _sheet(sheet: Any) -> Iterator[Block]:
    # A sheet's word for its size is what makes some of them endless.
    sheet.reset_dimensions()
    for rows in _tables(_rows(sheet)):
        yield from _table(rows, sheet.title)


def _rows(sheet: Any) -> Iterator[_Row]:
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        shown = [_shown(cell) for cell in cells[:_MOST_COLUMNS]]
        if any(shown):
            empty = 0
            yield number, shown
        else:
            empty += 1
            if empty > _MOST_EMPTY:
                return


def _tables(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Rows without an empty one between them."""
    table: list[_Row] = []
    for row in rows:
        if table and row[0] != table[-1][0] + 1:
            yield table
            table = []
        table.append(row)
    if table:
        yield table


def _table(rows: Sequence[_Row], title: str) -> Iterator[Block]:
    """A table's blocks: what stands above its header is a caption that leads every row of it."""
    at = _header(rows)
    captions = [" ".join(dict.fromkeys(filter(None, cells))) for _, cells in rows[:at]] if at is not None else []
    lead = " ".join(captions) if len(captions) == 1 and len(captions[0]) <= 60 else ""
    if not lead:
        for caption, (number, _) in zip(captions, rows, strict=False):
            yield Block(caption, (title,), Place(sheet=title, row=number), whole=True)
    header = rows[at][1] if at is not None else []
    for number, cells in rows[at + 1 if at is not None else 0 :]:
        if text := row_text(header, cells):
            yield Block(text, (title,), Place(sheet=title, row=number), lead=lead, whole=True)


def _header(rows: Sequence[_Row]) -> int | None:
    """Where the header is: the first of the first rows whose cells are mostly words, with rows to name below it."""
    for at in range(min(4, len(rows) - 1)):
        if looks_like_header(rows[at][1], [cells for _, cells in rows[at + 1 : at + 21]]):
            return at
    return None


def _shown(cell: Any) -> str:
    """A cell's value about as its sheet shows it: dates in ISO form, percentages, thousands."""
    value = cell.value
    # What a formula could not calculate (#N/A) is no text.
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value.replace("_x000D_", "")).strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        # A date is a time at midnight there; its format says which of the two is meant.
        timed = value.time() != dt.time() or "h" in _LITERALS.sub("", cell.number_format or "").lower()
        return value.isoformat(sep=" ", timespec="minutes") if timed else value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    return str(value)


def _number(value: float, form: str) -> str:
    form = _LITERALS.sub("", form.split(";")[0])
    places = len(found[1]) if (found := re.search(r"\.(0+)", form)) else 0
    if "%" in form:
        return f"{value * 100:.{places}f}%"
    comma = "," if "#,##0" in form or "0,0" in form else ""
    if isinstance(value, int) or value.is_integer():
        return f"{value:{comma}.{places}f}" if abs(value) < 1e15 else f"{value:g}"
    return f"{value:{comma}.{places}f}" if places or form in ("0", "#,##0") else f"{value:{comma}.12g}"
