"""Work on a library that goes on in the background: what it is at, how far it is, how it ended."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Literal

from akachat.errors import AkachatError, Cancelled
from akachat.retrieval.values import FileStatus

__all__ = ["Job", "State"]

_LOG = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "failed", "cancelled"]


class Job:
    """One piece of work. It is watched, waited for and cancelled from the event loop that began it.

    Attributes:
        id, library: its name, and the library it works on.
        state: where it stands.
        stage: what it does now: ``fetch``, ``unpack``, ``read``, ``index``, ``load``, ``embed``; empty when over.
        done, total, unit: how far that is; ``total`` is 0 where it is not known.
        file: what it is at.
        files: how each file fared, in the order in which that was settled.
        notes: what else is worth saying, one sentence each.
        error: why it failed; None otherwise.
        unwanted: whether it was cancelled and has to end soon.
        collected: set when what was given lies in the library's folder, so that its giver may take it away.
        started, finished: seconds since 1970; 0 before.
    """

    def __init__(self, library: str) -> None:
        self.id = secrets.token_hex(8)
        self.library = library
        self.state: State = "waiting"
        self.stage = ""
        self.done = 0
        self.total = 0
        self.unit = ""
        self.file = ""
        self.files: list[FileStatus] = []
        self.notes: list[str] = []
        self.error: AkachatError | None = None
        self.started = 0.0
        self.finished = 0.0
        self.unwanted = False
        self.collected = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(
        self, work: Callable[[Job], Coroutine[Any, Any, None]], ended: Callable[[Job], None] | None = None
    ) -> None:
        """Starts ``work``; whatever it raises becomes the job's error."""

        async def go() -> None:
            self.state, self.started = "running", time.time()
            self.tell()
            try:
                await work(self)
            except asyncio.CancelledError:
                self.state = "cancelled"
            except AkachatError as error:
                self.state, self.error = "failed", error
            except Exception as error:
                _LOG.exception("work on the library %r failed", self.library)
                self.state = "failed"
                self.error = AkachatError(f"akachat itself went wrong: {type(error).__name__}: {error}")
            else:
                self.state = "done"
            finally:
                self.stage, self.file, self.finished = "", "", time.time()
                self.collected.set()
                self.tell()
                if ended is not None:
                    ended(self)

        self._task = asyncio.create_task(go())

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return self.state in ("done", "failed", "cancelled")

    def at(self, stage: str, done: int = 0, total: int = 0, unit: str = "", file: str = "") -> None:
        """Says what it does now."""
        self.stage, self.done, self.total, self.unit, self.file = stage, done, total, unit, file
        self.tell()

    def settle(self, *files: FileStatus) -> None:
        """Says how files fared."""
        self.files.extend(files)
        self.tell()

    def tell(self) -> None:
        """Wakes those who watch."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def cancel(self) -> bool:
        """Ends it; what was committed stays. False where it is over already."""
        if self.is_over or self._task is None:
            return False
        self.unwanted = True
        self._task.cancel()
        return True

    async def wait(self) -> Job:
        """Waits for its end; the one who waits may leave without ending it.

        Raises:
            AkachatError: why it failed.
            Cancelled: somebody cancelled it.
        """
        await self.over()
        if self.error is not None:
            raise self.error
        if self.state == "cancelled":
            raise Cancelled(f"the work on the library {self.library!r} was cancelled", hint="Start it again.")
        return self

    async def over(self) -> None:
        """Waits for its end, however it ends."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def watch(self, interval: float = 0.1) -> AsyncIterator[Job]:
        """The job now, and whenever it has changed, at most every ``interval`` seconds; the last one is its end."""
        while True:
            changed = self._changed
            yield self
            if self.is_over:
                return
            await changed.wait()
            if not self.is_over:
                await asyncio.sleep(interval)

    def to_dict(self, *, files: bool = True) -> dict[str, Any]:
        """The job as a JSON object; with ``files`` also how each fared."""
        seen: dict[str, Any] = {
            "id": self.id,
            "library": self.library,
            "state": self.state,
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "unit": self.unit,
            "file": self.file,
            "notes": list(self.notes),
            "error": self.error.to_dict() if self.error else None,
            "started": self.started,
            "finished": self.finished,
        }
        if files:
            seen["files"] = [file.to_dict() for file in self.files]
        return seen
