"""What an inference thread hands to the event loop that waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Channel"]

T = TypeVar("T")


class Channel(Generic[T]):
    """A queue from one thread into one event loop.

    The loop is woken once for all that has come since it last looked, so a fast model costs it one wake-up, not one
    a token.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._waking = False

    def put(self, item: T) -> bool:
        """Adds an item, from any thread; False where nobody can wait for it any more."""
        self._items.append(item)
        if self._waking:
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
        self._waking = False
        self._arrived.set()
