"""What ran: one JSON line for every run, a file a day, written by a thread of its own so that no run waits for it."""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from akachat.files import lines_backwards, translated
from akachat.journal.query import Query
from akachat.journal.redactor import Redactor
from akachat.journal.search import Page, parsed, read_at, search
from akachat.journal.writer import Writer, journal_files
from akachat.settings import Settings

__all__ = ["Journal"]

#: Seconds that entries are gathered before they are written together. Waking the thread for each one made it take the
#: interpreter away from the very run that had just ended, before that could answer.
_GATHER = 0.05


class Journal:
    """The journal of one workspace, ``log/runs/YYYY-MM-DD.jsonl`` (a full file is followed by ``….2.jsonl``).

    Args:
        log_dir: the workspace's log folder.
        settings: the current settings: whether and how much is kept, and the secrets that must not be.

    Attributes:
        dropped: entries that were not written: the queue was full, the disk was, or the entry was too large.
    """

    def __init__(self, log_dir: Path | str, settings: Callable[[], Settings]) -> None:
        self._folder = Path(log_dir) / "runs"
        self._settings = settings
        self._queue: queue.SimpleQueue[Mapping[str, Any] | threading.Event | None] = queue.SimpleQueue()
        self._most = settings().journal.queue
        self._hurry = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._writer = Writer(self._folder, settings)
        self.dropped = 0

    def record(self, entry: Mapping[str, Any]) -> None:
        """Hands an entry over to be written; never waits and never fails. The entry must not be changed afterwards."""
        if self._closed or self._queue.qsize() >= self._most:
            self.dropped += 1
            return
        if self._thread is None:
            self._start()
        self._queue.put(entry)

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until what was recorded so far is written; False where that took too long."""
        if self._thread is None or not self._thread.is_alive():
            return True
        done = threading.Event()
        self._queue.put(done)
        self._hurry.set()
        return done.wait(timeout)

    def close(self) -> None:
        """Writes what is left and ends the thread; what is recorded later is dropped."""
        with self._starting:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            atexit.unregister(self.close)
            self._queue.put(None)
            self._hurry.set()
            thread.join(10.0)

    def read(self, limit: int = 50, *, prompt: str | None = None) -> list[dict[str, Any]]:
        """The newest entries, newest first; only those of one prompt where it is given."""
        found: list[dict[str, Any]] = []
        for line in self._lines(None):
            if len(found) >= limit:
                break
            entry = parsed(line)
            if entry is not None and (prompt is None or entry.get("prompt") == prompt):
                found.append(entry)
        return [self._shown(entry) for entry in found]

    def find(self, id: str, at: str = "") -> dict[str, Any] | None:
        """The newest entry of a run, or None; ``at`` is where a search found it, however long ago that was.

        Raises:
            InvalidInput: ``at`` is no place.
        """
        if at:
            entry = read_at(self._folder, at)
            if entry is not None and entry.get("id") == id:
                return self._shown(entry)
        for line in self._lines(orjson.dumps(id)):
            entry = parsed(line)
            if entry is not None and entry.get("id") == id:
                return self._shown(entry)
        return None

    def search(self, query: Query, limit: int = 50, *, cursor: str = "") -> Page:
        """The newest entries that a query asks for, from ``cursor`` backwards.

        No more is read than ``limits.journal_scan_bytes``; the page's own cursor goes on from there.

        Raises:
            InvalidInput: the query or the cursor cannot be used.
        """
        self.flush(2.0)
        page = search(self._folder, query, limit, cursor, self._settings().limits.journal_scan_bytes)
        found = tuple(replace(each, entry=self._shown(each.entry)) for each in page.found)
        return replace(page, found=found)

    def days(self) -> dict[str, int]:
        """The days of which something is kept, the newest first, each with its bytes."""
        self.flush(2.0)
        days: dict[str, int] = {}
        for path, size in journal_files(self._folder):
            days[path.name[:10]] = days.get(path.name[:10], 0) + size
        return days

    def delete(self, day: str = "") -> int:
        """Deletes what is kept of a day, or all of it; gives the bytes that went.

        Raises:
            FileError: it cannot be deleted.
        """
        self.flush(2.0)
        gone = 0
        for path, size in journal_files(self._folder):
            if not day or path.name.startswith(day + "."):
                with translated(f"log/runs/{path.name}", "delete"), contextlib.suppress(FileNotFoundError):
                    path.unlink()
                    gone += size
        return gone

    def _shown(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry without the secrets of now: what was typed may have become one since it was written."""
        return Redactor(self._settings()).cleaned(entry)

    def _lines(self, needle: bytes | None) -> Iterator[bytes]:
        """Lines from the newest to the oldest, as many as the settings let one search read."""
        self.flush(2.0)
        left = self._settings().limits.journal_scan_bytes
        for path, _ in journal_files(self._folder):
            if left <= 0:
                return
            with contextlib.suppress(FileNotFoundError):
                for line in lines_backwards(path, limit=left):
                    left -= len(line) + 1
                    if line and (needle is None or needle in line):
                        yield line

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="akachat journal", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _work(self) -> None:
        while True:
            batch: list[Mapping[str, Any]] = []
            waiting: list[threading.Event] = []
            item = self._queue.get()
            if isinstance(item, Mapping):
                self._hurry.wait(_GATHER)
            self._hurry.clear()
            while isinstance(item, Mapping):
                batch.append(item)
                if len(batch) >= 100:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            if isinstance(item, threading.Event):
                waiting.append(item)
            if batch:
                self.dropped += self._writer.write(batch)
            for event in waiting:
                event.set()
            if item is None:
                self._writer.close()
                return
