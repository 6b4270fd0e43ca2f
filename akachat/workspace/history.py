"""A stored conversation, such as `log/messages.jsonl`: one message a line, appended whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

import orjson

from akachat.errors import FileError, InvalidInput
from akachat.files import (
    Signature,
    inside,
    is_settled,
    lines_backwards,
    remove_leftovers,
    signature,
    sync_folder,
    translated,
    write_atomic,
)
from akachat.locks import FolderLock
from akachat.messages import Message, parse_message

__all__ = ["MORE", "History"]

_log = logging.getLogger("akachat")

#: Stands before each line of several that were appended at once, except the last: what ends with such a line was cut
#: off by a crash. JSON allows it there, so other programs read the file as it is.
MORE = b"\t"


class History:
    """Messages in a file. Safe to use from several threads and beside other processes.

    Args:
        root: the workspace's real path.
        name: the file's path below it, with ``/``.
        lock: excludes other writers of this file.
        limit: bytes of the file that are read at most, from its end; asked anew each time.
    """

    def __init__(self, root: str, name: str, lock: FolderLock, limit: Callable[[], int]) -> None:
        self._root = root
        self._shown = name
        self._path = os.path.join(root, *name.split("/"))
        self._limit = limit
        self._lock = lock
        self._known: tuple[int, Signature, tuple[Message, ...]] | None = None

    def list(self, limit: int = 0) -> tuple[Message, ...]:
        """The newest ``limit`` messages, oldest first; all for 0.

        What a crash left unfinished at the end does not count.

        Raises:
            FileError: a line is no message; with its number.
        """
        if limit < 0:
            raise InvalidInput(f"the number of messages is {limit}", hint="Give 0 for all, or a number above it.")
        with translated(self._shown, "read"):
            state = signature(self._path)
            if state is None:
                return ()
            known = self._known
            if known is not None and known[0] == limit and known[1] == state:
                return known[2]
            now = time.time_ns()
            inside(self._root, self._path)
            found = self._newest(limit, state[2])
        if is_settled(state, now):
            self._known = (limit, state, found)
        return found

    def append(self, messages: Iterable[Message]) -> None:
        """Adds messages at the end, all of them or none.

        Raises:
            FileError: they cannot be written.
        """
        data = _lines(messages)
        if not data:
            return
        with self._lock.hold(), translated(self._shown, "write"):
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            inside(self._root, self._path)
            is_new = not os.path.exists(self._path)
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            try:
                size = self._mended(file)
                missing = b"\n" if size and _last_byte(file, size) != b"\n" else b""
                try:
                    if os.write(file, missing + data) != len(missing) + len(data):
                        raise OSError(28, "No space left on device")
                    os.fsync(file)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.ftruncate(file, size)
                    raise
            finally:
                os.close(file)
            if is_new:
                sync_folder(os.path.dirname(self._path))
            self._known = None

    def replace(self, messages: Iterable[Message]) -> None:
        """Puts these messages in the place of all; a file that cannot be read is kept beside it.

        Raises:
            FileError: they cannot be written; the old ones are unchanged.
        """
        data = _lines(messages, marked=False)
        with self._lock.hold(), translated(self._shown, "write"):
            folder = os.path.dirname(self._path)
            os.makedirs(folder, exist_ok=True)
            path = inside(self._root, self._path)
            try:
                self.list()
            except FileError:
                with open(path, "rb") as file:
                    write_atomic(f"{path}.broken-{time.strftime('%Y%m%d-%H%M%S')}", file.read())
            write_atomic(path, data)
            self._known = None

    def revise(self, change: Callable[[tuple[Message, ...]], Iterable[Message] | None]) -> bool:
        """Replaces all messages by what ``change`` makes of them, with nobody writing between; None leaves them.

        Returns:
            Whether they were replaced.

        Raises:
            FileError: they cannot be read or written; the old ones are unchanged.
        """
        with self._lock.hold():
            changed = change(self.list())
            if changed is not None:
                self.replace(changed)
            return changed is not None

    def clear(self) -> None:
        """Forgets all messages."""
        self.replace(())

    def clean(self) -> None:
        """Deletes temporary files that a crash left."""
        with self._lock.hold():
            # Not below it: others write there, under other locks.
            remove_leftovers(os.path.dirname(self._path), below=False)

    def _newest(self, limit: int, size: int) -> tuple[Message, ...]:
        found: list[Message] = []
        most = self._limit()
        for index, line in enumerate(lines_backwards(self._path, limit=most)):
            text = line.strip().removeprefix(b"\xef\xbb\xbf")
            if not text or (not found and line.startswith(MORE)):
                continue
            try:
                found.append(_message(text))
            except (ValueError, InvalidInput) as error:
                if index == 0:  # no newline after it: a write that a crash cut off, or one under way
                    continue
                self._refuse(index, error)
            if len(found) == limit:
                return tuple(reversed(found))
        if size > most:
            raise FileError(
                f"{self._shown} has {size:,} bytes, and more than {most:,} would have to be read",
                path=self._shown,
                hint="Ask for fewer messages, clear the file, or raise limits.messages_file_bytes.",
            )
        return tuple(reversed(found))

    def _refuse(self, index: int, error: ValueError | InvalidInput) -> NoReturn:
        with open(self._path, "rb") as file:
            line = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) + 1 - index
        column = error.colno if isinstance(error, orjson.JSONDecodeError) else 1
        reason = error.message if isinstance(error, InvalidInput) else str(error).partition(":")[0]
        raise FileError(
            f"{self._shown} has a line that is no message: {reason}",
            path=self._shown,
            line=line,
            column=column,
            hint='Mend it there: a line looks like {"role": "user", "content": "…"}. The file is left as it is.',
        )

    def _mended(self, file: int) -> int:
        """The file's size, after what a crash cut off has been moved to a file beside it."""
        size = os.fstat(file).st_size
        torn = _torn_bytes(lines_backwards(self._path)) if size else 0
        if not torn:
            return size
        os.lseek(file, size - torn, os.SEEK_SET)
        with open(self._path + ".torn", "ab") as beside:
            beside.write(os.read(file, torn).rstrip(b"\n") + b"\n")
            beside.flush()
            os.fsync(beside.fileno())
        os.ftruncate(file, size - torn)
        _log.warning("The end of %s was cut off by a crash; it is kept in %s.torn", self._shown, self._shown)
        return size - torn


def _torn_bytes(lines: Iterator[bytes]) -> int:
    """How many bytes of a file, whose lines come backwards, belong to something that was not written to its end."""
    last = next(lines, b"")
    torn, seen = (len(last), len(last)) if _is_torn(last) else (0, len(last))
    if last.strip() and not torn:
        return 0
    for line in lines:
        seen += len(line) + 1
        if line.startswith(MORE):
            torn = seen
        elif line.strip():
            break
    return torn


def _is_torn(line: bytes) -> bool:
    """Whether a line without its end is no whole message, or not the last of those appended with it."""
    text = line.strip().removeprefix(b"\xef\xbb\xbf")
    if not text:
        return False
    try:
        _message(text)
    except (ValueError, InvalidInput):
        return True
    return line.startswith(MORE)


def _last_byte(file: int, size: int) -> bytes:
    os.lseek(file, size - 1, os.SEEK_SET)
    return os.read(file, 1)


def _message(line: bytes) -> Message:
    return parse_message(orjson.loads(line), where="the line")


def _lines(messages: Iterable[Message], *, marked: bool = True) -> bytes:
    try:
        lines = [orjson.dumps(m.to_dict(), option=orjson.OPT_APPEND_NEWLINE) for m in messages]
    except orjson.JSONEncodeError as error:
        raise InvalidInput(f"a message cannot be written as JSON: {error}") from None
    return b"".join((MORE if marked and line is not lines[-1] else b"") + line for line in lines)
