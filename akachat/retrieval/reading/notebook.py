"""Jupyter's notebooks: what is written and what is programmed in each cell, and what came out of it as text."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from akachat.retrieval.reading import markdown
from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["read"]

#: So much of a program and of what it put out is told; a training's log may have a million lines.
_MOST = 20_000
#: No program has a line of these.
_FENCE = "~" * 40


def read(data: bytes, name: str, charset: str) -> Document:
    """A notebook."""
    text, found = decode(data, charset)
    try:
        notebook = json.loads(text)
        cells = notebook.get("cells") or notebook["worksheets"][0]["cells"]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Refused(
            "broken", "it is no notebook that can be read", hint="Save it again in Jupyter.", shown="unreadable"
        ) from None
    return Document(tuple(_blocks(cells)), found)


def _blocks(cells: list[dict[str, Any]]) -> Iterator[Block]:
    """All cells as one Markdown text, so that a heading holds on in the cells below it."""
    lines: list[str] = []
    begins: list[int] = []
    for cell in cells:
        begins.append(len(lines))
        source = _joined(cell.get("source", cell.get("input", "")))
        if cell.get("cell_type") != "code":
            lines += [*source.splitlines(), ""]
            continue
        said = (
            _joined(output.get("text") or output.get("data", {}).get("text/plain") or "")
            for output in cell.get("outputs", ())
        )
        for text in (source, *said):
            lines += [_FENCE, *text[:_MOST].splitlines(), _FENCE]
    for block in markdown.blocks_of(lines):
        number = bisect_right(begins, (block.place.line or 1) - 1)
        yield replace(block, place=Place(path=f"cell {number}"))


def _joined(lines: Any) -> str:
    return lines if isinstance(lines, str) else "".join(map(str, lines))
