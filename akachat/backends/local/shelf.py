"""The models in memory: loaded once, whoever asks; the one unused for longest makes room."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from akachat.backends.limits import BackendLimits
from akachat.backends.local.loader import load_weights
from akachat.backends.local.source import Front, Source, load_front
from akachat.backends.local.worker import Worker
from akachat.errors import BackendUnavailable, ModelError

__all__ = ["Shelf"]

T = TypeVar("T")


class Shelf:
    """Holds tokenizers and workers by their source.

    Everything that waits for a disk, a network or a thread runs in loading threads: one for weights, so that two
    models are never read at once into a memory that has room for one, and a few for the small files.

    Args:
        limits: how many models, and how many waiting requests each.
        kept: names that count for nothing and stay: the small models that come with the program.
    """

    def __init__(self, limits: BackendLimits, kept: frozenset[str]) -> None:
        self._limits = limits
        self._kept = kept
        self._fronts: dict[Source, Future[Front]] = {}
        self._workers: dict[Source, Future[Worker]] = {}
        self._small = ThreadPoolExecutor(4, "akachat-front")
        self._large = ThreadPoolExecutor(1, "akachat-load")
        self._closed = False

    async def front(self, source: Source) -> Front:
        """The tokenizer and configuration of a model.

        Raises:
            ModelError: why they cannot be loaded.
        """
        return await self._once(self._fronts, self._small, source, lambda: load_front(source))

    def has_front(self, source: Source) -> bool:
        """Whether the tokenizer is in memory."""
        future = self._fronts.get(source)
        return future is not None and future.done() and not future.cancelled() and future.exception() is None

    async def worker(self, source: Source) -> Worker:
        """A model, ready to answer.

        Raises:
            ModelError: why it cannot be loaded.
        """
        front = await self.front(source)
        try:
            return await self._once(self._workers, self._large, source, lambda: self._load(source, front))
        except ModelError:
            self._fronts.pop(source, None)  # the files may be mended until the next try
            raise

    def workers(self) -> list[Worker]:
        """The models in memory."""
        return [each.result() for each in list(self._workers.values()) if _ready(each)]

    async def unload(self, name: str) -> bool:
        """Frees all models of a name, after what they are answering."""
        sources = [source for source in self._workers if source.name == name]
        for source in sources:
            future = self._workers.pop(source)
            self._fronts.pop(source, None)
            await asyncio.wrap_future(self._large.submit(_close, future, False))
        return bool(sources)

    async def aclose(self) -> None:
        """Ends all threads; answers in the making end as cancelled."""
        self._closed = True
        workers = list(self._workers.values())
        self._workers.clear()
        self._fronts.clear()
        for future in workers:
            await asyncio.to_thread(_close, future, True)
        await asyncio.to_thread(self._large.shutdown)
        await asyncio.to_thread(self._small.shutdown)

    async def _once(
        self, held: dict[Source, Future[T]], pool: ThreadPoolExecutor, source: Source, load: Callable[[], T]
    ) -> T:
        """The result of a load that happens once, however many ask; a failed one is tried again by the next."""
        future = held.get(source)
        if future is None:
            if self._closed:
                raise BackendUnavailable("the models have been closed")
            future = held[source] = pool.submit(load)
        if not future.done():
            await _arrival(future)
        if future.cancelled() or future.exception() is not None:
            if held.get(source) is future:
                del held[source]
            if future.cancelled():
                raise BackendUnavailable("the models have been closed")
        return future.result()

    def _load(self, source: Source, front: Front) -> Worker:
        self._make_room(source)
        return Worker(load_weights(source, front), self._limits)

    def _make_room(self, source: Source) -> None:
        """Frees the model unused for longest, idle ones first; a busy one finishes its queue before."""
        if source.name in self._kept:
            return
        while True:
            held = [
                (future.result().busy, future.result().used, each)
                for each, future in list(self._workers.items())
                if each.name not in self._kept and _ready(future)
            ]
            if len(held) < self._limits.models:
                return
            _, _, oldest = min(held, key=lambda one: one[:2])
            _close(self._workers.pop(oldest), False)


async def _arrival(future: Future[T]) -> None:
    """Waits for a future without owning it: a caller that gives up must not take the load away from the others."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()

    def tell(_: Future[T]) -> None:
        with suppress(RuntimeError):  # that loop is closed, nobody waits there
            loop.call_soon_threadsafe(arrived.set)

    future.add_done_callback(tell)
    await arrived.wait()


def _ready(future: Future[Worker]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _close(future: Future[Worker], cancel: bool) -> None:
    """Ends a worker, and gives the memory back to the system."""
    if future.cancel() or future.exception() is not None:
        return
    future.result().close(cancel=cancel)
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
