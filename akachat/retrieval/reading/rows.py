"""A table's row as text that makes sense by itself: each cell after its column's name."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["is_header", "row_text"]


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """``列: 値 / 列: 値``; empty cells are left out, and a cell without a column's name stands alone."""
    parts = []
    for place, cell in enumerate(cells):
        value = " ".join(cell.split())
        if value:
            name = " ".join(header[place].split()) if place < len(header) else ""
            parts.append(f"{name}: {value}" if name else value)
    return " / ".join(parts)


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row may name the columns: all cells are filled, differ, and none is a number."""
    values = [cell.strip() for cell in cells]
    return len(values) > 1 and all(values) and len(set(values)) == len(values) and not any(map(_is_number, values))


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("-", "").replace("%", "").replace("/", "").isdigit()
