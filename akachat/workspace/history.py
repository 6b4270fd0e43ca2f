"""The stored conversation, `log/messages.jsonl`: one message a line, appended whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
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

__all__ = ["History"]

_log = logging.getLogger("akachat")
_SHOWN = "log/messages.jsonl"


class History:
    """The messages that `msg()` gives. Safe to use from several threads and beside other processes.

    Args:
        root: the workspace's real path.
        limit: bytes of the file that are read at most, from its end; asked anew each time.
    """

    def __init__(self, root: str, limit: Callable[[], int]) -> None:
        self._root = root
        self._path = os.path.join(root, "log", "messages.jsonl")
        self._limit = limit
        self._lock = FolderLock(root, "messages")
        self._known: tuple[int, Signature, tuple[Message, ...]] | None = None
        self._changing = threading.Lock()

    def list(self, limit: int = 0) -> tuple[Message, ...]:
        """The newest ``limit`` messages, oldest first; all for 0.

        A last line that a crash left unfinished does not count.

        Raises:
            FileError: a line is no message; with its number.
        """
        if limit < 0:
            raise InvalidInput(f"the number of messages is {limit}", hint="Give 0 for all, or a number above it.")
        with translated(_SHOWN, "read"):
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
        with self._lock.hold(), translated(_SHOWN, "write"):
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
        data = _lines(messages)
        with self._lock.hold(), translated(_SHOWN, "write"):
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
            if not text:
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
                f"{_SHOWN} has {size:,} bytes, and more than {most:,} would have to be read",
                path=_SHOWN,
                hint="Ask for fewer messages, clear the file, or raise limits.messages_file_bytes.",
            )
        return tuple(reversed(found))

    def _refuse(self, index: int, error: ValueError | InvalidInput) -> NoReturn:
        with open(self._path, "rb") as file:
            line = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) + 1 - index
        column = error.colno if isinstance(error, orjson.JSONDecodeError) else 1
        reason = error.message if isinstance(error, InvalidInput) else str(error).partition(":")[0]
        raise FileError(
            f"{_SHOWN} has a line that is no message: {reason}",
            path=_SHOWN,
            line=line,
            column=column,
            hint='Mend it there: a line looks like {"role": "user", "content": "…"}. The file is left as it is.',
        )

    def _mended(self, file: int) -> int:
        """The file's size, after a last line that a crash cut off has been moved to a file beside it."""
        size = os.fstat(file).st_size
        if size == 0:
            return 0
        last = next(lines_backwards(self._path), b"")
        text = last.strip().removeprefix(b"\xef\xbb\xbf")
        if not text:
            return size
        try:
            _message(text)
        except (ValueError, InvalidInput):
            torn = self._path + ".torn"
            with open(torn, "ab") as beside:
                beside.write(last + b"\n")
                beside.flush()
                os.fsync(beside.fileno())
            os.ftruncate(file, size - len(last))
            _log.warning("A line of %s was cut off by a crash; it is kept in %s.torn", _SHOWN, _SHOWN)
            return size - len(last)
        return size


def _last_byte(file: int, size: int) -> bytes:
    os.lseek(file, size - 1, os.SEEK_SET)
    return os.read(file, 1)


def _message(line: bytes) -> Message:
    return parse_message(orjson.loads(line), where="the line")


def _lines(messages: Iterable[Message]) -> bytes:
    try:
        return b"".join(orjson.dumps(m.to_dict(), option=orjson.OPT_APPEND_NEWLINE) for m in messages)
    except orjson.JSONEncodeError as error:
        raise InvalidInput(f"a message cannot be written as JSON: {error}") from None
