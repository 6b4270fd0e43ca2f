"""Whose turn it is: so many answers at once as a model has places and room for, callers one after the other."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from akachat.errors import BackendUnavailable, Busy

__all__ = ["Closed", "Turns"]


class Closed(Exception):
    """The model is being unloaded; it takes no more."""


class _Waiter:
    """One who waits, in an event loop of its own."""

    def __init__(self, caller: str, size: int) -> None:
        self.caller = caller
        self.size = size
        self.granted = False
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    def tell(self) -> None:
        """Wakes it, from any thread."""
        with suppress(RuntimeError):  # its loop is closed, nobody waits there
            self._loop.call_soon_threadsafe(self._told.set)

    async def wait(self) -> None:
        await self._told.wait()


class Turns:
    """Lets answers in, for many event loops at once.

    Args:
        name: the model's, for errors.
        places: how many answers are made at once.
        room: tokens of all of them together.
        queue: how many may wait; one more is refused.
    """

    def __init__(self, name: str, places: int, room: int, queue: int) -> None:
        self._name = name
        self._places = places
        self._room = room
        self._most = queue
        self._active = 0
        self._taken = 0
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        self._closed = False
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        """Whether somebody has a turn or waits for one."""
        with self._changed:
            return self._active > 0 or bool(self._waiting)

    @asynccontextmanager
    async def turn(self, caller: str, size: int) -> AsyncIterator[None]:
        """Holds a turn.

        Args:
            caller: who asks; those with fewer waiting requests are not kept behind one with many.
            size: the most tokens that the answer and its prompt may take.

        Raises:
            Busy: too many wait already.
            Closed: the model is being unloaded.
        """
        waiter = self._enter(caller, min(size, self._room))
        try:
            await waiter.wait()
            if not waiter.granted:
                raise BackendUnavailable("the models have been closed")
            yield
        finally:
            self._leave(waiter)

    def close(self, *, cancel: bool) -> None:
        """Takes no more, and waits until those that are in have left; with ``cancel`` nobody is waited for."""
        with self._changed:
            self._closed = True
            if cancel:
                for line in self._waiting.values():
                    for waiter in line:
                        waiter.tell()
                self._waiting.clear()
                return
            while self._active or self._waiting:
                self._changed.wait()

    def _enter(self, caller: str, size: int) -> _Waiter:
        with self._changed:
            if self._closed:
                raise Closed
            if sum(map(len, self._waiting.values())) >= self._most:
                raise Busy(
                    f"{self._most} requests wait for the model {self._name!r} already",
                    hint="Try again a little later.",
                )
            waiter = _Waiter(caller, size)
            self._waiting.setdefault(caller, deque()).append(waiter)
            self._admit()
        return waiter

    def _leave(self, waiter: _Waiter) -> None:
        with self._changed:
            if waiter.granted:
                self._active -= 1
                self._taken -= waiter.size
            elif waiter in (line := self._waiting.get(waiter.caller, deque())):
                line.remove(waiter)
                if not line:
                    del self._waiting[waiter.caller]
            self._admit()
            self._changed.notify_all()

    def _admit(self) -> None:
        """Lets in whoever is next; one who needs much room is not overtaken, or it would wait for ever."""
        while self._waiting and self._active < self._places:
            caller, line = next(iter(self._waiting.items()))
            if self._active and self._taken + line[0].size > self._room:
                return
            waiter = line.popleft()
            if line:
                self._waiting.move_to_end(caller)
            else:
                del self._waiting[caller]
            waiter.granted = True
            self._active += 1
            self._taken += waiter.size
            waiter.tell()
