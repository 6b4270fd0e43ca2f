"""The file of the stored messages as its lines, broken ones too: a page of them, edited in place, cleared and back."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from akachat.errors import Conflict, FileError, InvalidInput, NotFound
from akachat.files import (
    inside,
    lines_backwards,
    put_in_place,
    remove,
    signature,
    sync_folder,
    translated,
    write_atomic,
)
from akachat.locks import FolderLock
from akachat.messages import Message, parse_message
from akachat.workspace.history import MORE

__all__ = ["Kept", "Line", "Lines", "Transcript"]

_SHOWN = "log/messages.jsonl"
_KEPT = 20
_PAGE_BYTES = 2_000_000
_NAME = re.compile(r"messages-\d{8}-\d{6}-\d{3,6}\.jsonl\.cleared")
_LOOKS = 'A line looks like {"role": "user", "content": "…"}.'


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file.

    Attributes:
        number: from 1.
        text: as it stands; bytes that are no UTF-8 are replaced.
        message: what it says; None where it is broken.
        problem: why it is broken.
    """

    number: int
    text: str
    message: Message | None
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The line as a JSON object."""
        said = self.message.to_dict() if self.message else None
        return {"number": self.number, "text": self.text, "message": said, "problem": self.problem}


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of the file, the oldest first.

    Attributes:
        lines: without a gap, empty ones too, which say nothing and are no problem.
        total: how many the file has.
        bytes: its size.
    """

    lines: tuple[Line, ...]
    total: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The lines as a JSON object."""
        return {"lines": [line.to_dict() for line in self.lines], "total": self.total, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class Kept:
    """Messages that were cleared and can come back."""

    name: str
    at: float
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The kept file as a JSON object."""
        return {"name": self.name, "at": self.at, "bytes": self.bytes}


class Transcript:
    """The lines of ``log/messages.jsonl``. Safe to use from several threads and beside other processes.

    Args:
        root: the workspace's real path.
        limit: the largest file that is edited, asked anew each time.
    """

    def __init__(self, root: str, limit: Callable[[], int]) -> None:
        self._root = root
        self._folder = os.path.join(root, "log")
        self._path = os.path.join(self._folder, "messages.jsonl")
        self._limit = limit
        self._lock = FolderLock(root, "messages")  # the one that those who append hold

    def newest(self, limit: int, *, before: int = 0) -> Lines:
        """The last ``limit`` lines, or the last ones before the line of that number; no message has to be whole.

        They are fewer where they are long: about 2 MB in all.

        Raises:
            FileError: the file cannot be read.
        """
        with translated(_SHOWN, "read"):
            state = signature(self._path)
            if state is None:
                return Lines((), 0, 0)
            inside(self._root, self._path)
            total = self._count()
            found: list[Line] = []
            number, size = total + 1, 0
            for index, raw in enumerate(lines_backwards(self._path)):
                if index == 0 and not raw:
                    continue  # what follows the last newline
                number -= 1
                if len(found) >= limit or size > _PAGE_BYTES:
                    break
                if not before or number < before:
                    found.append(_line(number, raw))
                    size += len(raw)
        return Lines(tuple(reversed(found)), total, state[2])

    def edit(self, first: int, old: Sequence[str], new: Sequence[str]) -> Lines:
        """Puts lines in the place of others, and gives the new ones; of no lines in place of some, these are deleted.

        Args:
            first: the number of the first line that goes; where none goes, of the line before which the new ones come.
            old: the lines that go, as they were seen.
            new: the lines that come, each a message.

        Raises:
            InvalidInput: a new line is no message; ``line`` counts from ``first``.
            Conflict: the file has changed there since.
            FileError: it cannot be written; the old content is unchanged.
        """
        fresh = [line for line in new if line.strip()]
        _check(new, first)
        with self._lock.hold(), translated(_SHOWN, "write"):
            os.makedirs(self._folder, exist_ok=True)
            path = inside(self._root, self._path)
            # Written as a whole, no line is of an append that a crash could have cut off.
            rows = [row.removeprefix(MORE) for row in self._rows(path)]
            there = [row.decode("utf-8", "replace") for row in rows[first - 1 : first - 1 + len(old)]]
            if first < 1 or first > len(rows) + 1 or there != list(old):
                raise Conflict(f"{_SHOWN} has changed since it was shown", hint="Look at it again, then edit.")
            rows[first - 1 : first - 1 + len(old)] = [line.encode("utf-8", "replace") for line in fresh]
            write_atomic(path, b"".join(row + b"\n" for row in rows))
        return Lines(
            tuple(_line(first + index, line.encode()) for index, line in enumerate(fresh)),
            len(rows),
            os.path.getsize(path),
        )

    def replace(self, messages: Iterable[Message]) -> str:
        """Puts messages in the place of all, and keeps the old file; gives the name that it is kept by, or nothing.

        Raises:
            FileError: they cannot be written; the old ones are unchanged.
        """
        try:
            data = b"".join(orjson.dumps(m.to_dict(), option=orjson.OPT_APPEND_NEWLINE) for m in messages)
        except orjson.JSONEncodeError as error:
            raise InvalidInput(f"a message cannot be written as JSON: {error}") from None
        with self._lock.hold(), translated(_SHOWN, "write"):
            os.makedirs(self._folder, exist_ok=True)
            path = inside(self._root, self._path)
            kept = ""
            if os.path.exists(path) and os.path.getsize(path):
                kept = self._free_name()
                if data:
                    with open(path, "rb") as file:
                        write_atomic(os.path.join(self._folder, kept), file.read())
                else:
                    put_in_place(path, os.path.join(self._folder, kept))
            if data or os.path.exists(path):
                write_atomic(path, data)
            sync_folder(self._folder)
            for old in self.kept()[_KEPT:]:
                remove(os.path.join(self._folder, old.name))
        return kept

    def clear(self) -> str:
        """Forgets all messages, and keeps their file beside it; gives the name that ``restore`` takes, or nothing."""
        return self.replace(())

    def kept(self) -> list[Kept]:
        """What was cleared or replaced and can come back, the newest first; the last 20 are kept."""
        found: list[Kept] = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    state = entry.stat()
                    found.append(Kept(entry.name, state.st_mtime, state.st_size))
        return sorted(found, key=lambda each: each.name, reverse=True)

    def restore(self, name: str) -> None:
        """Brings back what was cleared; what has been added since stands after it.

        Raises:
            NotFound: it is not kept any more.
            FileError: it cannot be written; all stays as it is.
        """
        source = os.path.join(self._folder, name)
        if not _NAME.fullmatch(name) or not os.path.isfile(source):
            raise NotFound("these messages are not kept any more", hint=f"The last {_KEPT} can be brought back.")
        with self._lock.hold(), translated(_SHOWN, "write"):
            path = inside(self._root, self._path)
            rows = [*self._rows(inside(self._root, source)), *self._rows(path)]
            write_atomic(path, b"".join(row + b"\n" for row in rows))
            remove(source)

    def text(self) -> str:
        """All of the file.

        Raises:
            FileError: it is larger than the limit.
        """
        with translated(_SHOWN, "read"):
            inside(self._root, self._path)
            return b"".join(row + b"\n" for row in self._rows(self._path)).decode("utf-8", "replace")

    def _rows(self, path: str) -> list[bytes]:
        try:
            size = os.path.getsize(path)
        except FileNotFoundError:
            return []
        if size > self._limit():
            raise FileError(
                f"{_SHOWN} has {size:,} bytes, too many to be edited here",
                path=_SHOWN,
                hint="Clear it, or raise limits.messages_file_bytes.",
            )
        with open(path, "rb") as file:
            rows = file.read().split(b"\n")
        return rows if rows[-1] else rows[:-1]

    def _count(self) -> int:
        lines, last = 0, b"\n"
        with open(self._path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                lines += block.count(b"\n")
                last = block[-1:]
        return lines + (last != b"\n")

    def _free_name(self) -> str:
        stamp = f"messages-{time.strftime('%Y%m%d-%H%M%S')}"
        # After the newest of this second, not in a gap that an older one left: names tell the order.
        taken = [int(each.name[len(stamp) + 1 :].split(".")[0]) for each in self.kept() if each.name.startswith(stamp)]
        return f"{stamp}-{max(taken, default=-1) + 1:03d}.jsonl.cleared"


def _line(number: int, raw: bytes) -> Line:
    text = raw.removeprefix(MORE).decode("utf-8", "replace")
    if not text.strip():
        return Line(number, text, None)
    try:
        return Line(
            number, text, parse_message(orjson.loads(raw.strip().removeprefix(b"\xef\xbb\xbf")), where="the line")
        )
    except InvalidInput as error:
        return Line(number, text, None, error.message)
    except ValueError as error:
        return Line(number, text, None, f"the line is no valid JSON: {str(error).partition(':')[0]}")


def _check(lines: Sequence[str], first: int) -> None:
    for number, text in enumerate(lines, first):
        if not text.strip():
            continue
        if "\n" in text or "\r" in text:
            raise InvalidInput(f"line {number} holds an end of line", hint=_LOOKS, line=number)
        line = _line(number, text.encode("utf-8", "replace"))
        if line.message is None:
            raise InvalidInput(f"line {number} is no message: {line.problem}", hint=_LOOKS, line=number)
