"""One lock between threads and processes, kept as a hidden file beside what it guards."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from akachat.errors import Busy
from akachat.files import translated

__all__ = ["HIDDEN", "FolderLock"]

#: The workspace's own folder for locks and unfinished writes.
HIDDEN = ".akachat"


class FolderLock:
    """Excludes other threads, and other processes that use the same folder; a crash releases it.

    Args:
        folder: whose hidden folder holds the lock file.
        name: the lock's name; each guards its own things.
        timeout: seconds to wait for another process.
    """

    def __init__(self, folder: str | Path, name: str, *, timeout: float = 15.0) -> None:
        self._hidden = Path(folder) / HIDDEN
        self._path = str(self._hidden / f"{name}.lock")
        self._timeout = timeout
        self._threads = threading.RLock()
        self._depth = 0
        self._file: FileLock | None = None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Holds the lock; a thread that has it may take it again.

        Raises:
            Busy: another process kept it for too long.
            FileError: the lock file cannot be made, e.g. on a read-only disk.
        """
        if not self._threads.acquire(timeout=self._timeout):
            raise self._busy()
        try:
            self._enter()
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0 and self._file is not None:
                    self._file.release()
        finally:
            self._threads.release()

    def _enter(self) -> None:
        if self._depth == 0:
            with translated(self._path, "lock"):
                self._make_hidden()
                if self._file is None:
                    # The lock above already keeps threads apart, so the file lock belongs to all of them.
                    self._file = FileLock(self._path, timeout=self._timeout, poll_interval=0.003, thread_local=False)
                try:
                    self._file.acquire()
                except Timeout:
                    raise self._busy() from None
        self._depth += 1

    def _make_hidden(self) -> None:
        ignore = self._hidden / ".gitignore"
        if not ignore.exists():  # also when someone cleared the folder while we ran
            self._hidden.mkdir(parents=True, exist_ok=True)
            ignore.write_text("*\n", encoding="utf-8")

    def _busy(self) -> Busy:
        return Busy(
            f"another writer has held {os.path.basename(self._path)} for {self._timeout:g} seconds",
            hint="Try again; if it stays so, end the other program that uses this workspace.",
        )
