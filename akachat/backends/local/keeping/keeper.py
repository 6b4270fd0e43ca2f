"""Brings models into memory and out of it, one after another, as their turns come."""

from __future__ import annotations

import gc
import logging
import math
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic

from akachat.backends.base import Progress
from akachat.backends.limits import BackendLimits
from akachat.backends.local.keeping.entry import Entry, State
from akachat.backends.local.keeping.fetch import Fetcher, Wanted
from akachat.backends.local.keeping.memory import Memory, check_fits, gpu_room, need, weigh
from akachat.backends.local.keeping.turns import next_step
from akachat.backends.local.loading.loader import load_weights
from akachat.backends.local.loading.source import Front, Source
from akachat.backends.local.progress import follow_transformers, report, reporting
from akachat.backends.local.worker import Worker
from akachat.errors import BackendUnavailable, Cancelled

__all__ = ["Keeper", "closed"]

_log = logging.getLogger(__name__)

_IN_MEMORY = ("loaded", "leaving", "closing")
_ON_THE_WAY = ("opening", "waiting", "loading")
_BECOMES: dict[str, State] = {"load": "loading", "leave": "leaving", "close": "closing"}


def closed() -> BackendUnavailable:
    """The error for whoever comes after the end."""
    return BackendUnavailable("the models have been closed")


class Keeper:
    """The models and the thread that loads and closes them.

    Tokenizers and downloads have threads of their own. The keeper's loads one model at a time, so that two are never
    read at once into a memory that has room for one; it lives only while a model waits, leaves, or may have to leave
    for being unused.

    Args:
        limits: how many models, how much memory, and how long they stay.
        kept: names that count for nothing and stay: the small models that come with the program.
        fetcher: downloads what is not here.
        front: begins to load a tokenizer.
        changed: is told, from any thread, that a model has come, gone, or come further.

    Attributes:
        lock: guards the entries and their fields.
        entries: the models.
        ended: whether no model may be loaded any more.
    """

    def __init__(
        self,
        limits: BackendLimits,
        kept: frozenset[str],
        fetcher: Fetcher,
        front: Callable[[Source], Future[Front]],
        changed: Callable[[], None],
    ) -> None:
        self._limits = limits
        self._kept = kept
        self._fetcher = fetcher
        self._front = front
        self._changed = changed
        self._opening = ThreadPoolExecutor(16, "akachat-open")
        self._thread: threading.Thread | None = None
        self._news = False
        self.lock = threading.Condition()
        self.entries: list[Entry] = []
        self.ended = False

    def enter(self, source: Source, *, pinned: bool) -> Entry:
        """The model's entry with one more user; it begins to be loaded if it is not there.

        Raises:
            BackendUnavailable: all has been closed.
        """
        with self.lock:
            if self.ended:
                raise closed()
            usable = (*_ON_THE_WAY, "loaded")
            entry = next((each for each in self.entries if each.source == source and each.state in usable), None)
            if entry is None:
                entry = Entry(source, self._changed)
                self.entries.append(entry)
                self._opening.submit(self._open, entry)
            entry.users += 1
            entry.pinned |= pinned
        return entry

    def leave(self, entry: Entry) -> None:
        """A user has what it wanted."""
        with self.lock:
            entry.users -= 1
            entry.quiet = monotonic()
            self._wake()

    def remove(self, entry: Entry) -> None:
        """Frees a model, after what it is answering; gives up one that is on its way in."""
        with self.lock:
            if entry.state == "loaded":
                entry.state = "leaving"
            elif entry.state in _ON_THE_WAY:
                entry.reporter.cancel()
                if entry.state == "waiting":
                    self._finish(entry, entry.reporter.stopped())
                else:
                    entry.state = "dropped"  # its thread finds out; whoever waits is told now
                    entry.future.set_exception(entry.reporter.stopped())
            self._wake()
        entry.changed()

    def memory(self) -> Memory:
        """What models take of the memory, and could take; the ones that stay count for nothing."""
        return weigh(self._limits, sum(entry.memory for entry in self._counted()))

    def _counted(self) -> list[Entry]:
        return [entry for entry in list(self.entries) if entry.source.name not in self._kept]

    def close(self) -> None:
        """Ends all threads; answers in the making end as cancelled. Waits, so not for the loop."""
        with self.lock:
            self.ended = True
            entries = list(self.entries)
            workers = [entry.future.result() for entry in entries if entry.state in _IN_MEMORY]
            for entry in entries:
                entry.reporter.cancel()
            self._wake()
        for worker in workers:
            worker.close(cancel=True)
        self._opening.shutdown()
        if self._thread is not None:
            self._thread.join()
        for entry in entries:
            self._finish(entry, closed())

    # the way in, in a thread of `_opening`

    def _open(self, entry: Entry) -> None:
        source = entry.source
        try:
            with reporting(entry.reporter):
                entry.front = self._front(source).result()
                entry.reporter.check()
                if source.name in self._kept:
                    self._load(entry)
                    return
                entry.need = need(source, entry.front)
                freed = sum(each.memory for each in self._counted())
                check_fits(source.name, entry.need, self.memory(), freed)
                self._fetch(source, entry)
        except Exception as error:
            self._finish(entry, error)
            return
        with self.lock:
            if entry.state == "opening":
                entry.state, entry.since = "waiting", monotonic()
                self._wake()
                return
        self._finish(entry, entry.reporter.stopped())

    def _fetch(self, source: Source, entry: Entry) -> None:
        """Gets the files of the weights where they are not here."""
        place, _ = source.locate(source.place)
        if not Path(place).is_dir():
            wanted = Wanted(place, source.revision, source.token, source.trusted)
            self._fetcher.fetch(wanted, entry.reporter).result()

    def _load(self, entry: Entry) -> None:
        assert entry.front is not None, "a model is opened before it is loaded"
        follow_transformers()
        report("quantise" if entry.source.dtype in ("int4", "int8") else "read")
        loaded = load_weights(entry.source, entry.front, max_memory=gpu_room(self._limits))
        worker = Worker(loaded, self._limits)
        with self.lock:
            wanted = entry.state != "dropped" and not self.ended
            if wanted:
                entry.loaded_at = entry.quiet = monotonic()
                entry.cost, entry.size = loaded.seconds, int(loaded.facts()["memory"])
                entry.state, entry.pinned = "loaded", False
                entry.future.set_result(worker)
                self._wake()
        if not wanted:
            worker.close(cancel=True)
            raise entry.reporter.stopped()
        _log.info("loaded %r in %.2f s", entry.source.name, loaded.seconds)
        entry.changed()

    # the keeper's thread

    def _wake(self) -> None:
        """Has the keeper look what is to be done, if there may be something; the lock is held."""
        self._news = True
        busy = any(entry.state in ("waiting", "leaving") for entry in self.entries)
        if self._thread is None and not self.ended and (busy or self._limits.model_idle_seconds):
            self._thread = threading.Thread(target=self._keep, name="akachat-keeper", daemon=True)
            self._thread.start()
        self.lock.notify_all()

    def _keep(self) -> None:
        while True:
            with self.lock:
                self._news = False
                # The ones that stay count for nothing, unless somebody wants them to leave.
                entries = [e for e in self.entries if e.source.name not in self._kept or e.state in _IN_MEMORY[1:]]
                step = next_step(
                    entries,
                    monotonic(),
                    most=self._limits.models,
                    idle=self._limits.model_idle_seconds,
                    turn=self._limits.model_turn_seconds,
                    fits=lambda entry: entry.need.bytes <= self.memory().free,
                )
                entry = step.entry
                if entry is not None and step.do in _BECOMES:
                    entry.state = _BECOMES[step.do]
                waits = [each for each in entries if each.state == "waiting" and each is not entry]
                nothing = entry is None and math.isinf(step.seconds) and not waits
                if self.ended or (nothing and not any(each.state == "leaving" for each in entries)):
                    self._thread = None if not self.ended else self._thread
                    return
            for each in waits:
                with suppress(Cancelled):
                    each.reporter.tell(Progress("wait"))
            if entry is not None:
                self._act(step.do, entry)
                continue
            with self.lock:
                if not self._news:
                    self.lock.wait(None if math.isinf(step.seconds) else step.seconds)

    def _act(self, what: str, entry: Entry) -> None:
        try:
            if what == "load":
                with reporting(entry.reporter):
                    self._load(entry)
            elif what == "close":
                entry.future.result().close(cancel=False)
                self._finish(entry, closed())
                _give_back()
                _log.info("unloaded %r", entry.source.name)
            elif what == "drop":
                self._finish(entry, entry.reporter.stopped())
            elif what == "refuse":
                check_fits(entry.source.name, entry.need, self.memory(), 0)
        except Exception as error:
            self._finish(entry, error)

    def _finish(self, entry: Entry, error: Exception) -> None:
        """The entry's end: whoever still waits is told why."""
        with self.lock:
            if entry.state == "gone":
                return
            entry.state = "gone"
            self.entries.remove(entry)
            if not entry.future.done():
                entry.future.set_exception(error)
            entry.gone.set_result(None)
            self._wake()
        entry.changed()


def _give_back() -> None:
    """Gives the memory of a closed model back to the system."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
