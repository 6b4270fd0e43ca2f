"""CSV and TSV: each row a text of its own, after the columns' names."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.rows import is_header, row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]


def read(data: bytes, name: str, charset: str) -> Document:
    """A table."""
    text, found = decode(data, charset)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    delimiter = "\t" if name.lower().endswith((".tsv", ".tab")) else _delimiter(text)
    return Document(tuple(_rows(text, delimiter)), found)


def _delimiter(text: str) -> str:
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:20]
    counts = {mark: min((line.count(mark) for line in lines), default=0) for mark in (",", "\t", ";")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _rows(text: str, delimiter: str) -> Iterator[Block]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    line = 1
    for number, cells in enumerate(reader):
        if number == 0 and is_header(cells):
            header = cells
        elif row := row_text(header, cells):
            yield Block(row, (), Place(row=line), whole=True)
        line = reader.line_num + 1
