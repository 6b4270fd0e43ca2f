"""CSV and TSV: each row a text of its own, after the columns' names."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.rows import looks_like_header, row_text
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
    rows: list[tuple[int, list[str]]] = []
    line = 1
    for cells in reader:
        rows.append((line, cells))
        line = reader.line_num + 1
    some = [cells for _, cells in rows[1:50]]
    header = rows[0][1] if rows and looks_like_header(rows[0][1], some) else []
    for line, cells in rows[1:] if header else rows:
        if row := row_text(header, cells):
            yield Block(row, (), Place(row=line), whole=True)
