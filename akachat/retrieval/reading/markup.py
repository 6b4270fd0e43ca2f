"""reStructuredText and Org: plain text whose headings are known by what stands under or before them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.plain import paragraphs
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]

_STARS = re.compile(r"(\*{1,9})\s+(?:(?:TODO|DONE)\s+)?(.*)$")
_TAGS = re.compile(r":[\w@:]+:")
_LINE = re.compile(r"([=\-~^\"'`:#*+.<>_])\1*\s*$")
#: What no reader of the document sees: settings, drawers, comments, targets, the lines of a table's frame.
_UNSEEN_ORG = re.compile(
    r"\s*(#\+(?!caption)\w+(\[.*\])?:|#\+(begin|end)_|:[\w+\-]+:|# |\|[-+]+\|?\s*$)", re.IGNORECASE
)
_UNSEEN_RST = re.compile(r"\s*(\.\. _|__ |[=\-]{2,}([ ]+[=\-]{2,})+\s*$|\+[-=+]+\+\s*$)")
_TITLE = re.compile(r"#\+title:\s*(.+)", re.IGNORECASE)


def read(data: bytes, name: str, charset: str) -> Document:
    """A text with its headings."""
    text, found = decode(data, charset)
    lines = text.removeprefix("\ufeff").splitlines()
    is_org = name.lower().endswith(".org")
    headings = dict(_stars(lines) if is_org else _underlined(lines))
    unseen = _UNSEEN_ORG if is_org else _UNSEEN_RST
    shown = ["" if at not in headings and unseen.match(line) else line for at, line in enumerate(lines)]
    return Document(tuple(_blocks(shown, headings)), found)


#: Where a heading begins, how many lines it takes, its level and its words.
_Heading = tuple[int, tuple[int, int, str]]


def _stars(lines: list[str]) -> Iterator[_Heading]:
    for at, line in enumerate(lines):
        if found := _STARS.match(line):
            title, _, tags = found[2].strip().rpartition(" ")
            yield at, (1, len(found[1]), title.strip() if _TAGS.fullmatch(tags) else found[2].strip())
        elif found := _TITLE.match(line):
            yield at, (1, 0, found[1])


def _underlined(lines: list[str]) -> Iterator[_Heading]:
    """Titles by the lines under them, and mostly over them; which sign means which level shows as they come."""
    levels: list[str] = []
    at = 0
    while at + 1 < len(lines):
        over = _rule(lines[at]) if at + 2 < len(lines) else ""
        title = lines[at + 1 if over else at]
        sign = _rule(lines[at + 2]) if over else _rule(lines[at + 1])
        alone = at == 0 or not lines[at - 1].strip()
        fits = sign and title.strip() and not _rule(title) and len(lines[at + (2 if over else 1)].strip()) >= 2
        if alone and fits and (not over or over == sign) and (over or not title[0].isspace()):
            key = over + sign
            if key not in levels:
                levels.append(key)
            yield at, (3 if over else 2, levels.index(key) + 1, title.strip())
            at += 3 if over else 2
        else:
            at += 1


def _rule(line: str) -> str:
    """The sign that a line consists of."""
    found = _LINE.match(line)
    return found[1] if found else ""


def _blocks(lines: list[str], headings: dict[int, tuple[int, int, str]]) -> Iterator[Block]:
    path: list[tuple[int, str]] = []
    bare: Block | None = None
    at = 0
    while at < len(lines):
        if at in headings:
            taken, level, title = headings[at]
            if bare is not None and level <= path[-1][0]:
                yield bare
            path = [each for each in path if each[0] < level]
            if title:
                path.append((level, title))
                bare = Block(title, tuple(words for _, words in path), Place(line=at + 1))
            at += taken
            continue
        end = next((n for n in range(at, len(lines)) if n in headings), len(lines))
        for line, text in paragraphs("\n".join(lines[at:end])):
            bare = None
            yield Block(text, tuple(words for _, words in path), Place(line=at + line))
        at = end
    if bare is not None:
        yield bare
