"""CSV and TSV: each row a text of its own, after the columns' names."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.rows import looks_like_header, row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_DELIMITERS = (",", "\t", ";", "|")
#: So many rows tell the delimiter and whether there is a header.
_LOOKED_AT = 50
#: Titles and remarks stand in no more rows than this above a header.
_MOST_ABOVE = 5


def read(data: bytes, name: str, charset: str) -> Document:
    """A table."""
    text, found = decode(data, charset)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    delimiter = "\t" if name.lower().endswith((".tsv", ".tab")) else _delimiter(text)
    return Document(tuple(_blocks(_rows(text, delimiter))), found)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows; a quotation mark that nothing closes is a mark like others, or all the rest would be one cell."""
    held: list[str] = []
    ended = False

    def lines() -> Iterator[str]:
        nonlocal ended
        for line in io.StringIO(text, newline=""):
            held.append(line)
            yield line
        ended = True

    for row in csv.reader(lines(), delimiter=delimiter):
        if ended:  # it asked for more than there is
            yield from csv.reader(held, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            return
        held.clear()
        yield row


def _delimiter(text: str) -> str:
    """The one that makes most rows as wide as each other; quoted cells may hold the others, and lines' ends."""
    best, most = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in islice(_sampled(text, delimiter), _LOOKED_AT) if row)
        width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0))
        if width > 1 and (rows / widths.total(), width) > most:
            best, most = delimiter, (rows / widths.total(), width)
    return best


def _sampled(text: str, delimiter: str) -> Iterator[list[str]]:
    """The first rows as they are: what is cut off in the middle of a cell has no end to its quotation."""
    return csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter)


def _blocks(rows: Iterator[list[str]]) -> Iterator[Block]:
    first = list(islice(rows, _LOOKED_AT))
    at = _header_at(first)
    header = first[at] if at is not None else []
    for number, cells in enumerate(chain(first, rows)):
        if number == at:
            continue
        named = header if at is not None and number > at else []
        if row := row_text(named, cells):
            yield Block(row, (), Place(row=number + 1), whole=True)


def _header_at(rows: list[list[str]]) -> int | None:
    """Which row names the columns: the first, or the first wide one below a title."""
    for number, row in enumerate(rows[: _MOST_ABOVE + 1]):
        if sum(bool(cell.strip()) for cell in row) > 1:
            below = rows[number + 1 :]
            return number if looks_like_header(row, below) or _names_columns(row, below) else None
    return None


def _names_columns(row: list[str], below: list[list[str]]) -> bool:
    """Whether the first row of words only names columns, as a CSV's does by custom: each short, none seen again."""
    words = [cell.strip() for cell in row]
    values = {cell.strip() for each in below for cell in each}
    return bool(below) and all(
        0 < len(word) <= 20 and not any(char.isdigit() for char in word) and word not in values for word in words
    )
