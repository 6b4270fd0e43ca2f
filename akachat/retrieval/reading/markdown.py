"""Markdown: the path of its headings, code kept whole, tables by rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.rows import row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")


def read(data: bytes, name: str, charset: str) -> Document:
    """A Markdown file."""
    text, found = decode(data, charset)
    return Document(tuple(_blocks(text.splitlines())), found)


def _blocks(lines: list[str]) -> Iterator[Block]:
    path: list[tuple[int, str]] = []
    held: list[str] = []
    begin, at = 1, 0

    def flush() -> Iterator[Block]:
        text = "\n".join(held).strip("\n")
        if text.strip():
            yield Block(text, tuple(title for _, title in path), Place(line=begin))
        held.clear()

    while at < len(lines):
        line = lines[at]
        heading, fence = _HEADING.match(line), _FENCE.match(line)
        if heading:
            yield from flush()
            level = len(heading[1])
            path[:] = [each for each in path if each[0] < level] + ([(level, heading[2])] if heading[2] else [])
        elif fence:
            yield from flush()
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip().startswith(fence[1])), len(lines))
            code = "\n".join(lines[at + 1 : end])
            if code.strip():
                yield Block(code, tuple(title for _, title in path), Place(line=at + 1), whole=True)
            at = end
        elif "|" in line and at + 1 < len(lines) and _RULE.match(lines[at + 1]):
            yield from flush()
            header = _cells(line)
            at += 2
            while at < len(lines) and "|" in lines[at]:
                row = row_text(header, _cells(lines[at]))
                if row:
                    yield Block(row, tuple(title for _, title in path), Place(line=at + 1), whole=True)
                at += 1
            continue
        elif line.strip():
            begin = begin if held else at + 1
            held.append(line)
        else:
            yield from flush()
        at += 1
    yield from flush()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
