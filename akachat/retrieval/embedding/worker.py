"""A thread of one model: one thing after another, what is urgent first."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Worker"]


class Worker:
    """Its methods are called from one event loop."""

    def __init__(self) -> None:
        self._jobs: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._waiting = 0
        threading.Thread(target=self._work, name="embedding", daemon=True).start()

    async def run(self, work: Callable[[], tuple[Any, int]], urgent: bool) -> tuple[Any, int]:
        """What the work returns or raises; cancelled before its turn, it is not done."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Any, int]] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if not future.done():
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

        def go() -> None:
            if future.cancelled():
                return
            result, failed = None, None
            try:
                result = work()
            except Exception as error:
                failed = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, failed)

        self._jobs.put((0 if urgent else 1, next(self._numbers), go))
        self._waiting += 1
        try:
            return await future
        finally:
            self._waiting -= 1

    @property
    def busy(self) -> bool:
        """Whether someone waits for it."""
        return self._waiting > 0

    def stop(self) -> None:
        """Ends the thread after what it was given."""
        self._jobs.put((2, next(self._numbers), None))

    def _work(self) -> None:
        while (job := self._jobs.get()[2]) is not None:
            job()
