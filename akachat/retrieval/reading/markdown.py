"""Markdown: the path of its headings, code kept whole, tables by rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.rows import row_text
from akachat.retrieval.values import Block, Document, Place

__all__ = ["blocks_of", "read"]

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*)$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_RULE = re.compile(r":?-+:?")
_BAR = re.compile(r"(?<!\\)\|")
#: Front matter ends within so many lines, or it is none.
_MOST_FRONT = 200


def read(data: bytes, name: str, charset: str) -> Document:
    """A Markdown file."""
    text, found = decode(data, charset)
    return Document(tuple(blocks_of(text.removeprefix("\ufeff").splitlines())), found)


def blocks_of(lines: list[str]) -> Iterator[Block]:
    """The blocks of a text's lines."""
    return _Walk(lines).blocks()


class _Walk:
    """Goes through a text's lines; lines gather until their paragraph ends."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._path: list[tuple[int, str]] = []
        self._held: list[str] = []
        self._begin = 0
        #: The line of the last heading as long as nothing stands below it; such a heading is all there is to find.
        self._bare: int | None = None

    def blocks(self) -> Iterator[Block]:
        yield from self._front_matter()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if heading := _HEADING.match(line):
                yield from self._flush()
                yield from self._heading(len(heading[1]), _title(heading[2]))
            elif self._held and (underline := _UNDERLINE.match(line)):
                title = self._held.pop()
                yield from self._flush()
                yield from self._heading(1 if underline[1][0] == "=" else 2, title.strip(), above=1)
            elif fence := _FENCE.match(line):
                yield from self._code(fence[1])
            elif "|" in line and (header := self._header(line)) is not None:
                yield from self._table(header)
                continue
            elif line.strip():
                self._begin = self._begin if self._held else self._at
                self._held.append(line)
            else:
                yield from self._flush()
            self._at += 1
        yield from self._flush()
        yield from self._alone()

    def _front_matter(self) -> Iterator[Block]:
        """The lines between ``---`` at the very beginning: `key: value` as they are."""
        if self._lines and self._lines[0].rstrip() == "---":
            ends = (
                n for n in range(1, min(_MOST_FRONT, len(self._lines))) if self._lines[n].rstrip() in ("---", "...")
            )
            end = next(ends, 0)
            front = "\n".join(self._lines[1:end])
            if front.strip():
                yield self._block(front, 1, whole=True)
                self._at = end + 1

    def _heading(self, level: int, title: str, above: int = 0) -> Iterator[Block]:
        if self._path and level <= self._path[-1][0]:
            yield from self._alone()
        self._path = [each for each in self._path if each[0] < level]
        if title:
            self._path.append((level, title))
            self._bare = self._at - above

    def _alone(self) -> Iterator[Block]:
        if self._bare is not None:
            yield self._block(self._path[-1][1], self._bare)

    def _code(self, mark: str) -> Iterator[Block]:
        yield from self._flush()
        rest = range(self._at + 1, len(self._lines))
        end = next((n for n in rest if self._lines[n].strip().startswith(mark)), len(self._lines))
        code = "\n".join(self._lines[self._at + 1 : end])
        if code.strip():
            yield self._block(code, self._at, whole=True)
        self._at = end

    def _header(self, line: str) -> list[str] | None:
        """The columns' names where a table begins here: none where its rule is its first line."""
        if _is_rule(line):
            return []
        below = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        if not _is_rule(below) or ("|" not in below and len(_cells(line)) != 1):
            return None  # what a line of dashes alone stands under is a heading
        return _cells(line)

    def _table(self, header: list[str]) -> Iterator[Block]:
        yield from self._flush()
        self._at += 2 if header else 1
        while self._at < len(self._lines) and "|" in self._lines[self._at]:
            if row := row_text(header, _cells(self._lines[self._at])):
                yield self._block(row, self._at, whole=True)
            self._at += 1

    def _flush(self) -> Iterator[Block]:
        text = "\n".join(self._held).strip("\n")
        self._held = []
        if text.strip():
            yield self._block(text, self._begin)

    def _block(self, text: str, at: int, *, whole: bool = False) -> Block:
        self._bare = None
        return Block(text, tuple(title for _, title in self._path), Place(line=at + 1), whole=whole)


def _title(text: str) -> str:
    """A heading's words without the signs that may close it."""
    words = text.strip()
    open_ended = words.rstrip("#")
    return open_ended.rstrip() if not open_ended or open_ended[-1].isspace() else words


def _is_rule(line: str) -> bool:
    """Whether it is the line below a table's header. No pattern for all of it: a line may have a million spaces."""
    return "-" in line and all(_RULE.fullmatch(cell) for cell in _cells(line))


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.replace("\\|", "|").strip() for cell in _BAR.split(inner)]
