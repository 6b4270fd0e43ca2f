"""The journal's files: one a day, capped in size and age, written by one thread."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from akachat.journal.redactor import Redactor
from akachat.settings import Settings

__all__ = ["Writer", "journal_files"]

_log = logging.getLogger("akachat")
_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.(\d+))?\.jsonl")


class Writer:
    """The writing side; used by one thread only."""

    def __init__(self, folder: Path, settings: Callable[[], Settings]) -> None:
        self._folder = folder
        self._settings = settings
        self._handle: int | None = None
        self._open_as: tuple[str, int] | None = None
        self._complained = False

    def write(self, batch: list[Mapping[str, Any]]) -> int:
        """Writes entries; gives how many could not be."""
        try:
            settings = self._settings()
            if not settings.journal.enabled:
                return 0
            redact = Redactor(settings)
            lines = []
            failed = 0
            for entry in batch:
                try:
                    lines.append(redact(entry))
                except (TypeError, ValueError, RecursionError) as error:
                    failed += 1
                    self._complain(error)
            return failed + self._append(lines, settings)
        except Exception as error:  # whatever it is, it must not end the thread: the next entry may be well
            self._complain(error)
            return len(batch)

    def close(self) -> None:
        """Gives the file back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = self._open_as = None

    def _append(self, lines: list[bytes], settings: Settings) -> int:
        failed = 0
        pending: list[bytes] = []
        size = 0
        for line in lines:
            if len(line) > settings.journal.file_bytes:
                failed += 1
                continue
            if pending and size + len(line) > settings.journal.file_bytes:
                self._put(b"".join(pending), settings)
                pending, size = [], 0
            pending.append(line)
            size += len(line)
        if pending:
            self._put(b"".join(pending), settings)
        return failed

    def _put(self, data: bytes, settings: Settings) -> None:
        handle = self._file_for(len(data), settings)
        size = os.fstat(handle).st_size
        if os.write(handle, data) != len(data):
            with contextlib.suppress(OSError):
                os.ftruncate(handle, size)
            raise OSError(28, "No space left on device")

    def _file_for(self, more: int, settings: Settings) -> int:
        """Today's file with room for ``more`` bytes, opened when it is a new one; then old ones go."""
        today = time.strftime("%Y-%m-%d")
        if self._open_as is None or self._open_as[0] != today:
            self.close()
            number = max((number for day, number, _, _ in _found(self._folder) if day == today), default=1)
        else:
            number = self._open_as[1]
        while True:
            if self._handle is None or self._is_gone(today, number):
                self._open(today, number, settings)
            assert self._handle is not None
            size = os.fstat(self._handle).st_size
            if size == 0 or size + more <= settings.journal.file_bytes:
                return self._handle
            self.close()
            number += 1

    def _is_gone(self, day: str, number: int) -> bool:
        """Whether someone deleted or moved the open file."""
        assert self._handle is not None
        try:
            return not os.path.samestat(os.stat(self._path(day, number)), os.fstat(self._handle))
        except FileNotFoundError:
            return True

    def _path(self, day: str, number: int) -> Path:
        return self._folder / (f"{day}.jsonl" if number == 1 else f"{day}.{number}.jsonl")

    def _open(self, day: str, number: int, settings: Settings) -> None:
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        # Texts that people typed: for the owner of the workspace only.
        self._handle = os.open(self._path(day, number), flags, 0o600)
        self._open_as = (day, number)
        size = os.fstat(self._handle).st_size
        if size:
            os.lseek(self._handle, size - 1, os.SEEK_SET)
            if os.read(self._handle, 1) != b"\n":
                os.write(self._handle, b"\n")  # ends a line that a crash cut off
        self._delete_old(settings)

    def _delete_old(self, settings: Settings) -> None:
        oldest = (date.today() - timedelta(days=settings.journal.days - 1)).isoformat()
        total = 0
        for path, size in journal_files(self._folder):
            total += size
            is_open = self._open_as is not None and path == self._path(*self._open_as)
            if not is_open and (
                path.name[:10] < oldest or total + settings.journal.file_bytes > settings.journal.total_bytes
            ):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("The journal could not be written: %s", error)


def journal_files(folder: Path) -> list[tuple[Path, int]]:
    """The journal's files with their sizes, the newest first."""
    return [(path, size) for _, _, path, size in _found(folder)]


def _found(folder: Path) -> list[tuple[str, int, Path, int]]:
    found: list[tuple[str, int, Path, int]] = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            match = _FILE.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False):
                found.append((match[1], int(match[2] or 1), Path(entry.path), entry.stat().st_size))
    return sorted(found, reverse=True)
