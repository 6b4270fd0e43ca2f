"""The GGUF models in memory: loaded once, whoever asks; the one unused for longest makes room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from akachat.backends.gguf.files import File, Source, find_adapter, find_file
from akachat.backends.gguf.worker import Worker
from akachat.backends.limits import BackendLimits
from akachat.errors import BackendUnavailable

__all__ = ["Shelf"]

T = TypeVar("T")
#: LoRA adapters beside one model; the one that was asked for first goes first.
_ADAPTERS = 8


class Shelf:
    """Holds files and workers by their source.

    Weights are read by one thread, so that two models are never read at once into a memory that has room for one.

    Args:
        limits: how many models, and how many waiting requests each.
    """

    def __init__(self, limits: BackendLimits) -> None:
        self._limits = limits
        self._files: dict[Source, Future[File]] = {}
        self._workers: dict[Source, Future[Worker]] = {}
        self._adapters: dict[Source, dict[str, Path]] = {}
        self._small = ThreadPoolExecutor(2, "akachat-gguf-file")
        self._large = ThreadPoolExecutor(1, "akachat-gguf-load")
        self._listeners: dict[Callable[[], None], None] = {}
        self._closed = False

    async def worker(self, source: Source, lora: str | None) -> Worker:
        """A model with an adapter beside it, ready to answer.

        Raises:
            ModelError: why it cannot be loaded.
        """
        while True:
            file = await self._once(self._files, self._small, source, partial(find_file, source))
            adapters = await self._with_adapter(source, file, lora)
            known = self._ready(source)
            if known is not None and not self._suits(known, lora) and self._workers.pop(source, None) is not None:
                self._large.submit(known.close, cancel=not known.is_alive)
            load = partial(self._load, source, file, adapters)
            worker = await self._once(self._workers, self._large, source, load)
            if self._suits(worker, lora):
                return worker

    def loaded(self, source: Source) -> Worker | None:
        """The model where it is in memory."""
        known = self._ready(source)
        return known if known is not None and known.is_alive else None

    def workers(self) -> list[Worker]:
        """The models in memory."""
        return [known for source in list(self._workers) if (known := self.loaded(source)) is not None]

    def loading(self) -> list[str]:
        """The names of models that are being read or fetched."""
        files = {source.name for source, future in self._files.items() if not future.done()}
        return sorted(files | {source.name for source, future in self._workers.items() if not future.done()})

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls a function, from any thread, when a model has come or gone; gives the way to end that."""
        self._listeners[listener] = None
        return lambda: self._listeners.pop(listener, None)

    def _tell(self, _: object = None) -> None:
        for listener in list(self._listeners):
            listener()

    async def unload(self, name: str) -> bool:
        """Frees all models of a name, after what they are answering."""
        sources = [source for source in self._workers if source.name == name]
        for source in sources:
            future = self._workers.pop(source)
            self._files.pop(source, None)
            self._adapters.pop(source, None)
            await asyncio.wrap_future(self._large.submit(_close, future, False))
            self._tell()
        return bool(sources)

    async def aclose(self) -> None:
        """Ends all processes and threads; answers in the making end as cancelled."""
        self._closed = True
        workers = list(self._workers.values())
        self._workers.clear()
        self._files.clear()
        for future in workers:
            await asyncio.to_thread(_close, future, True)
        await asyncio.to_thread(self._large.shutdown)
        await asyncio.to_thread(self._small.shutdown)

    def _ready(self, source: Source) -> Worker | None:
        future = self._workers.get(source)
        if future is None or not future.done() or future.cancelled() or future.exception() is not None:
            return None
        return future.result()

    def _suits(self, worker: Worker, lora: str | None) -> bool:
        return worker.is_alive and not worker.closing and (lora is None or lora in worker.adapters)

    async def _with_adapter(self, source: Source, file: File, lora: str | None) -> dict[str, Path]:
        """The adapters that were asked for beside a model, this one added; a wrong one disturbs nothing."""
        known = self._adapters.setdefault(source, {})
        if lora is not None and lora not in known:
            find = partial(find_adapter, lora, file.header, source.token)
            known[lora] = await asyncio.wrap_future(self._small.submit(find))
            while len(known) > _ADAPTERS:
                del known[next(iter(known))]
        return dict(known)

    async def _once(
        self, held: dict[Source, Future[T]], pool: ThreadPoolExecutor, source: Source, load: Callable[[], T]
    ) -> T:
        """The result of a load that happens once, however many ask; a failed one is tried again by the next."""
        future = held.get(source)
        if future is None:
            if self._closed:
                raise BackendUnavailable("the models have been closed")
            future = held[source] = pool.submit(load)
            self._tell()
            future.add_done_callback(self._tell)
        if not future.done():
            await _arrival(future)
        if future.cancelled() or future.exception() is not None:
            if held.get(source) is future:
                del held[source]
            self._files.pop(source, None)  # the file may be mended until the next try
            if future.cancelled():
                raise BackendUnavailable("the models have been closed")
        return future.result()

    def _load(self, source: Source, file: File, adapters: dict[str, Path]) -> Worker:
        self._make_room(source)
        return Worker(file, source.name, adapters, self._limits)

    def _make_room(self, source: Source) -> None:
        """Frees the model unused for longest, idle ones first; a busy one finishes its queue before."""
        while True:
            held = [
                (known.busy, known.used, each)
                for each in list(self._workers)
                if each != source and (known := self._ready(each)) is not None
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


def _close(future: Future[Worker], cancel: bool) -> None:
    if future.cancel() or future.exception() is not None:
        return
    future.result().close(cancel=cancel)
