"""What an inference thread hands to the event loop that waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Channel"]

T = TypeVar("T")

#: Fifty pieces a second look like a flow. Woken for each token, the loop took 10 % of the embedded model's speed
#: (3 ms a token); so it takes up to 4 %.
_PAUSE = 0.02


class Channel(Generic[T]):
    """A queue from one thread into one event loop.

    The loop is woken at once for the first item and for an urgent one, else at most every ``_PAUSE`` seconds for all
    that has come: woken for each token, it would take a share of the processor from the model that makes them.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._waking = False

    def put(self, item: T, *, urgent: bool = False) -> bool:
        """Adds an item, from any thread; False where nobody can wait for it any more."""
        self._items.append(item)
        if self._waking and not urgent:
            return True
        self._waking = True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop is closed
            return False
        return True

    async def get(self) -> T:
        """The next item, in order."""
        while not self._items:
            self._arrived.clear()
            await self._arrived.wait()
        return self._items.popleft()

    def _wake(self) -> None:
        self._arrived.set()
        self._loop.call_later(_PAUSE, self._look_again)

    def _look_again(self) -> None:
        self._waking = False  # before the look: what comes after it wakes the loop itself
        if self._items:
            self._waking = True
            self._wake()
