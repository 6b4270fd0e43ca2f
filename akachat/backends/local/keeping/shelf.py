"""The models in memory: loaded once, whoever asks; the one unused for longest makes room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from akachat.backends.limits import BackendLimits
from akachat.backends.local.keeping.entry import Claim, Entry
from akachat.backends.local.keeping.fetch import Fetcher, Wanted
from akachat.backends.local.keeping.keeper import Keeper, closed
from akachat.backends.local.keeping.memory import Memory
from akachat.backends.local.loading.source import Front, Source, load_front
from akachat.backends.local.progress import Reporter
from akachat.backends.local.worker import Worker
from akachat.errors import AkachatError, Cancelled, ModelError

__all__ = ["Shelf"]

#: How many failures are remembered for whoever did not wait for the load.
_FAILURES = 20


class Shelf:
    """Holds tokenizers and models by their source: different number formats or revisions of one are several.

    Args:
        limits: how many models, how much memory, and how long they stay.
        kept: names that count for nothing and stay: the small models that come with the program.
    """

    def __init__(self, limits: BackendLimits, kept: frozenset[str]) -> None:
        self._fronts: dict[Source, Future[Front]] = {}
        self._downloads: list[Reporter] = []
        self._failures: dict[str, AkachatError] = {}
        self._listeners: set[Callable[[], None]] = set()
        self._fetcher = Fetcher()
        self._small = ThreadPoolExecutor(4, "akachat-front")
        self._keeper = Keeper(limits, kept, self._fetcher, self._front, self._changed)

    # tokenizers

    async def front(self, source: Source) -> Front:
        """The tokenizer and configuration of a model.

        Raises:
            ModelError: why they cannot be loaded.
        """
        future = self._front(source)
        if not future.done():
            await _arrival(future)
        if future.cancelled():
            raise closed()
        return future.result()

    def has_front(self, source: Source) -> bool:
        """Whether the tokenizer is in memory."""
        return _succeeded(self._fronts.get(source))

    def _front(self, source: Source) -> Future[Front]:
        """The load of a tokenizer, which happens once however many ask; a failed one is tried again by the next."""
        with self._keeper.lock:
            future = self._fronts.get(source)
            if future is None or (future.done() and not _succeeded(future)):
                if self._keeper.ended:
                    raise closed()
                future = self._fronts[source] = self._small.submit(load_front, source)
            return future

    # models

    def claim(self, source: Source) -> Claim:
        """A hold on a model, which begins to be loaded if it is not there; an ``async with`` block.

        Raises:
            BackendUnavailable: the models have been closed.
        """
        return Claim(self._entered(source), self._keeper.leave)

    def start(self, source: Source) -> None:
        """Begins to load a model that nobody waits for; why it failed is in ``failures``."""
        self._keeper.leave(self._entered(source, pinned=True))

    def entries(self) -> list[Entry]:
        """The models in memory, and those on their way in or out."""
        return [entry for entry in list(self._keeper.entries) if entry.state not in ("dropped", "gone")]

    def workers(self, source: Source) -> list[Worker]:
        """The model of that source, if it is in memory."""
        return [each.future.result() for each in self.entries() if each.source == source and each.state == "loaded"]

    def downloads(self) -> list[Reporter]:
        """What is being downloaded by itself, not for a load."""
        return list(self._downloads)

    def failures(self) -> dict[str, AkachatError]:
        """Why the last load or download of a model failed, by name, until it is tried again."""
        return dict(self._failures)

    def memory(self) -> Memory:
        """What models take of the memory, and could take."""
        return self._keeper.memory()

    async def download(self, wanted: Wanted) -> Path:
        """Fetches a model's files without loading it.

        Raises:
            ModelError: why it cannot be fetched.
            Cancelled: it was unloaded meanwhile.
        """
        if self._keeper.ended:
            raise closed()
        reporter = Reporter(wanted.name, "download", self._changed)
        self._downloads.append(reporter)
        self._failures.pop(wanted.name, None)
        try:
            fetched = self._fetcher.fetch(wanted, reporter)
            # Whoever waits is told at once that it is given up; the thread notices it with the next piece.
            await _arrival(fetched, reporter.given_up)
            reporter.check()
            return fetched.result()
        except ModelError as error:
            self._note(wanted.name, error)
            raise
        finally:
            reporter.cancel()
            if reporter in self._downloads:  # else it was given up
                self._downloads.remove(reporter)
            self._changed()

    async def unload(self, name: str) -> bool:
        """Frees all models of a name, after what they are answering; gives up a load or a download of that name."""
        entries = [entry for entry in self.entries() if entry.source.name == name]
        downloads = [reporter for reporter in self._downloads if reporter.name == name]
        for entry in entries:
            self._fronts.pop(entry.source, None)
            self._keeper.remove(entry)
        for reporter in downloads:
            reporter.cancel()
            self._downloads.remove(reporter)
        failed = self._failures.pop(name, None)
        self._changed()
        for entry in entries:
            if entry.state != "dropped":  # that one tells nobody any more when it ends
                await asyncio.wrap_future(entry.gone)
        return bool(entries or downloads or failed)

    async def aclose(self) -> None:
        """Ends all threads; answers in the making end as cancelled."""
        self._keeper.ended = True
        for reporter in [*self._downloads, *(entry.reporter for entry in self.entries())]:
            reporter.cancel()
        await asyncio.to_thread(self._fetcher.close)
        await asyncio.to_thread(self._keeper.close)
        await asyncio.to_thread(self._small.shutdown)
        self._fronts.clear()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls a function, from any thread, whenever a model has come, gone, or come further; gives its end."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def _entered(self, source: Source, *, pinned: bool = False) -> Entry:
        entry = self._keeper.enter(source, pinned=pinned)
        if entry.state == "opening":
            self._failures.pop(source.name, None)
            entry.future.add_done_callback(lambda future: self._ended(entry, future))
        return entry

    def _ended(self, entry: Entry, future: Future[Any]) -> None:
        error = future.exception()
        if isinstance(error, AkachatError) and not isinstance(error, Cancelled):
            self._note(entry.source.name, error)
            self._fronts.pop(entry.source, None)  # the files may be mended until the next try

    def _note(self, name: str, error: AkachatError) -> None:
        self._failures[name] = error
        for oldest in list(self._failures)[:-_FAILURES]:
            del self._failures[oldest]

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()


async def _arrival(*futures: Future[Any]) -> None:
    """Waits for one of them without owning it: a caller that gives up must not take the load away from the others."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()

    def tell(_: Future[Any]) -> None:
        with suppress(RuntimeError):  # that loop is closed, nobody waits there
            loop.call_soon_threadsafe(arrived.set)

    for future in futures:
        future.add_done_callback(tell)
    await arrived.wait()


def _succeeded(future: Future[Any] | None) -> bool:
    return future is not None and future.done() and not future.cancelled() and future.exception() is None
