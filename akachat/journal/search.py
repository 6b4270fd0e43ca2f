"""Searching the journal from its end, a bounded piece at a time; a cursor says where the next piece goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from akachat.errors import InvalidInput
from akachat.files import lines_backwards
from akachat.journal.query import Query
from akachat.journal.writer import journal_files

__all__ = ["Found", "Page", "parsed", "read_at", "search"]

_CURSOR = re.compile(r"(\d{4}-\d{2}-\d{2}(?:\.\d{1,9})?\.jsonl):(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and where its line begins, as ``file:byte``."""

    entry: dict[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a search.

    Attributes:
        found: the entries, the newest first.
        cursor: where to go on; empty where the journal's beginning was reached.
        scanned: bytes that were read for this piece.
        reached: the time of the oldest entry that was looked at; empty for none.
    """

    found: tuple[Found, ...]
    cursor: str
    scanned: int
    reached: str


def search(folder: Path, query: Query, limit: int, cursor: str, most: int) -> Page:
    """The newest entries that a query asks for.

    Args:
        folder: where the journal's files are.
        query: what is asked for.
        limit: how many entries at most.
        cursor: where an earlier piece ended; empty to begin at the newest.
        most: bytes that are read at most.

    Raises:
        InvalidInput: the query or the cursor cannot be used.
    """
    query.check()
    found: list[Found] = []
    scanned, reached, at = 0, "", cursor
    for at, line in _lines(folder, cursor, most, query):
        scanned += len(line) + 1
        if not line:
            continue
        if not query.may_match(line):
            reached = _time(line) or reached
            continue
        entry = parsed(line)
        if entry is None:
            continue
        reached = str(entry.get("time") or reached)
        if query.matches(entry):
            found.append(Found(entry, at))
            if len(found) >= limit:
                break
    return Page(tuple(found), "" if _is_beginning(folder, at, query) else at, scanned, reached[:19])


def _lines(folder: Path, cursor: str, most: int, query: Query) -> Iterator[tuple[str, bytes]]:
    """Each line with its place, from the cursor backwards; what a line longer than ``most`` leaves is passed over."""
    name, end = _place(cursor)
    left = most
    for path, _ in journal_files(folder):
        if (name and _order(path.name) > _order(name)) or (query.until and path.name[:10] > query.until):
            continue
        if query.since and path.name[:10] < query.since:
            return
        if left <= 0:
            return
        try:
            size = path.stat().st_size
            start = min(end, size) if path.name == name else size
            position = start
            for index, line in enumerate(lines_backwards(path, limit=left, end=start)):
                # What follows the last newline: nothing, or what another search or a crash cut off.
                position -= len(line) + (1 if index else 0)
                left -= len(line) + 1
                yield f"{path.name}:{position}", line if index or path.name != name else b""
            if position == start and position > 0:
                # A line longer than what may still be read: the next piece has all of the bound for it, or leaves it.
                yield f"{path.name}:{start if left < most - 1 else max(0, start - most)}", b""
            if position > 0:
                return
        except FileNotFoundError:
            continue


def read_at(folder: Path, at: str) -> dict[str, Any] | None:
    """The entry whose line begins at a place; None where there is none any more.

    Raises:
        InvalidInput: it is no place.
    """
    name, position = _place(at)
    try:
        with open(folder / name, "rb") as file:
            if position:
                file.seek(position - 1)
                if file.read(1) != b"\n":
                    return None
            return parsed(file.readline().rstrip(b"\n"))
    except OSError:
        return None


def parsed(line: bytes) -> dict[str, Any] | None:
    """A line's entry; None for one that a crash cut off."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _place(cursor: str) -> tuple[str, int]:
    if not cursor:
        return "", 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInput(f"{cursor[:80]!r} is no place in the log", hint="Take it as a search gave it.")
    return match[1], int(match[2])


def _is_beginning(folder: Path, at: str, query: Query) -> bool:
    """Whether nothing that the query may ask for stands before a place."""
    name, position = _place(at)
    if position > 0:
        return False
    older = [path.name for path, _ in journal_files(folder) if not name or _order(path.name) < _order(name)]
    if not name:
        return True  # nothing was read: there is nothing, or all of it is outside the days
    return not any(not query.since or each[:10] >= query.since for each in older)


def _order(name: str) -> tuple[str, int]:
    parts = name.split(".")
    return parts[0], int(parts[1]) if len(parts) == 3 else 1


def _time(line: bytes) -> str:
    """The time of an entry that nobody reads: it stands at the beginning of its line."""
    return line[9:28].decode("ascii", "replace") if line.startswith(b'{"time":"') else ""
