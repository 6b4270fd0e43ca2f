"""A table's row as one line of text that can be understood without the table: ``品名: 机 / 数量: 4``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

__all__ = ["grid_texts", "looks_like_header", "row_text"]

_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """The cells with their columns' names; empty cells are left out, a cell without a name stands alone."""
    parts = []
    for at, cell in enumerate(cells):
        value = " ".join(cell.split())
        if not value:
            continue
        name = " ".join(header[at].split()) if at < len(header) else ""
        parts.append(f"{name}: {value}" if name and name != value else value)
    return " / ".join(parts)


def looks_like_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row names the columns: two or more different short words, no numbers, and rows to name below it."""
    words = [cell.strip() for cell in row if cell.strip()]
    if len(words) < 2 or not below or len(set(words)) < len(words):
        return False
    filled = max((sum(bool(cell.strip()) for cell in one) for one in below), default=0)
    names = sum((not _is_number(word) or bool(_YEAR.fullmatch(word))) and len(word) <= 40 for word in words)
    if names < 0.8 * len(words) or len(words) < 0.6 * filled:
        return False
    return filled != 2 or _heads_two(row, below)


def _heads_two(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a table of two columns has a header, or is a form: a label and what was filled in on every row.

    A form's first row is of the same kind as the others; a header's second cell is a word above numbers or sentences.
    """
    columns = [at for at, cell in enumerate(row) if cell.strip()]
    if len(columns) != 2:
        return False
    values = [one[columns[1]].strip() for one in below if columns[1] < len(one) and one[columns[1]].strip()]
    if not values:
        return False
    numbers = sum(map(_is_number, values))
    return numbers >= 0.5 * len(values) or len(row[columns[1]].strip()) < 0.6 * median(map(len, values))


def grid_texts(rows: Sequence[Sequence[str]]) -> list[str]:
    """A small table's rows as texts; the first is the header where it looks like one and rows follow."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return []
    if looks_like_header(filled[0], filled[1:]):
        return [row_text(filled[0], row) for row in filled[1:]]
    return [row_text((), row) for row in filled]


def _is_number(word: str) -> bool:
    return not any(char.isalpha() for char in word)
