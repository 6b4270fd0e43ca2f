"""One model on its way into memory, in it, or on its way out; and a caller's hold on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Literal

from akachat.backends.base import Progress
from akachat.backends.local.keeping.memory import Need
from akachat.backends.local.loading.source import Front, Source
from akachat.backends.local.progress import Reporter
from akachat.backends.local.worker import Worker

__all__ = ["Claim", "Entry", "State"]

#: ``opening`` (tokenizer, download) → ``waiting`` (for a place) → ``loading`` → ``loaded`` → ``leaving`` (answers what
#: it was asked) → ``closing`` → ``gone``. ``dropped``: given up on the way in, while its thread has not noticed yet.
State = Literal["opening", "waiting", "loading", "loaded", "leaving", "closing", "dropped", "gone"]

#: Seconds between two pieces of news for one caller.
_INTERVAL = 0.1


class Entry:
    """One model; its fields change under the shelf's lock only.

    Args:
        source: what it is loaded from.
        changed: is told of every change, from any thread.

    Attributes:
        users: callers that hold it or wait for it.
        pinned: whether it is loaded also if nobody waits for it.
        front, need: what is known once it has been opened.
        since, loaded_at, quiet: when it began to wait for a place, was loaded, and was last used.
        cost: seconds that loading it took.
        size: its memory in bytes.
        future: the worker, once it is loaded, or why it is not.
        gone: is set once its memory is free again.
    """

    def __init__(self, source: Source, changed: Callable[[], None]) -> None:
        self.source = source
        self.state: State = "opening"
        self.users = 0
        self.pinned = False
        self.front: Front | None = None
        self.need = Need("", 0)
        self.since = self.loaded_at = self.quiet = monotonic()
        self.cost = 0.0
        self.size = 0
        self.future: Future[Worker] = Future()
        self.gone: Future[None] = Future()
        self.listeners: set[Callable[[], None]] = set()
        self._changed = changed
        self.reporter = Reporter(source.name, "open", self.changed)

    @property
    def memory(self) -> int:
        """The bytes that it holds now: weights, and what it keeps of earlier prompts."""
        caches = self.future.result().memory if self.state in ("loaded", "leaving", "closing") else 0
        return self.size + int(caches)

    @property
    def idle(self) -> float:
        """Seconds for which nobody has asked it."""
        return 0.0 if self.users else monotonic() - self.quiet

    def changed(self) -> None:
        """Tells everybody who watches that there is something new."""
        for listener in list(self.listeners):
            listener()
        self._changed()


class Claim:
    """A caller's hold on a model: as long as the block lasts, it is not taken away.

    Args:
        entry: the model.
        release: is told the end.

    Attributes:
        entry: the model.
    """

    def __init__(self, entry: Entry, release: Callable[[Entry], None]) -> None:
        self.entry = entry
        self._release = release
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._told: Progress | None = None
        self._next = 0.0

    async def __aenter__(self) -> Claim:
        self.entry.listeners.add(self._wake)
        self.entry.future.add_done_callback(lambda _: self._wake())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.entry.listeners.discard(self._wake)
        self._release(self.entry)

    @property
    def worker(self) -> Worker:
        """The model; once ``news`` has given None."""
        return self.entry.future.result()

    async def news(self) -> Progress | None:
        """Waits until the load has come further, and says how far; None once the model is there.

        Raises:
            AkachatError: why it cannot be loaded.
        """
        entry = self.entry
        while not entry.future.done():
            self._news.clear()
            wait: float | None = None
            now = entry.reporter.now
            if now != self._told:
                wait = self._next - self._loop.time()
                if wait <= 0:
                    self._told, self._next = now, self._loop.time() + _INTERVAL
                    return now
            if not entry.future.done():
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._news.wait()
        entry.future.result()
        return None

    async def arrival(self) -> Worker:
        """Waits for the model.

        Raises:
            AkachatError: why it cannot be loaded.
        """
        while await self.news() is not None:
            pass
        return self.worker

    def _wake(self) -> None:
        with suppress(RuntimeError):  # that loop is closed, nobody waits there
            self._loop.call_soon_threadsafe(self._news.set)
