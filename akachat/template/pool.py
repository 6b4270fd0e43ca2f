"""The sandbox processes: started when first needed, lent for moments, given back while a run waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import datetime
from typing import Any

import anyio
from pydantic_monty import AsyncMonty, AsyncMontySession, MontyCrashedError, OSPolicy, ResourceLimits

from akachat.errors import Busy
from akachat.template.limits import RenderLimits

__all__ = ["Pool"]

#: The interpreter stops by itself at its limits; a process that does not is killed this much later.
_GRACE = 2.0
#: Processes are replaced after this many sessions, so that no leak of theirs can grow for ever.
_SESSIONS = 20_000


class Pool:
    """A pool of sandbox processes.

    Args:
        limits: what one session may use.
        workers: how many processes at most; None for as many as cores, at most 4.
    """

    def __init__(self, limits: RenderLimits, workers: int | None) -> None:
        self.limits = limits
        self.workers = workers or min(os.cpu_count() or 1, 4)
        self._monty: AsyncMonty | None = None
        self._starting: asyncio.Task[AsyncMonty] | None = None
        self._waiting = 0
        self._returning: set[asyncio.Future[None]] = set()
        self._limits: ResourceLimits = {
            "max_feed_duration_secs": limits.seconds,
            "max_memory": limits.memory,
            "max_recursion_depth": limits.recursion,
            # The bridge counts calls and names the limit; this only backs it up.
            "max_suspensions": limits.host_calls * 4 + 100,
        }

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for a process."""
        return self._waiting > 0

    async def start(self) -> AsyncMonty:
        """Starts the processes; calling it again is free."""
        if self._monty is not None:
            return self._monty
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        starting = self._starting
        try:
            return await asyncio.shield(starting)
        finally:
            if starting.done() and self._starting is starting:
                self._starting = None

    async def _start(self) -> AsyncMonty:
        monty = AsyncMonty(
            min_processes=1,
            max_processes=self.workers,
            checkout_timeout=self.limits.checkout_seconds,
            request_timeout=self.limits.seconds + _GRACE,
            max_checkouts_per_worker=_SESSIONS,
        )
        await monty.__aenter__()
        self._monty = monty
        return monty

    async def aclose(self) -> None:
        """Ends the processes; a later checkout starts them again."""
        with anyio.CancelScope(shield=True):
            if self._starting is not None:
                await asyncio.wait([self._starting])
            if self._returning:
                await asyncio.wait(self._returning)
            monty, self._monty = self._monty, None
            if monty is not None:
                await monty.__aexit__(None, None, None)
                # Without this pause, 2 of 60 interpreters aborted at exit: threads of the library still ended.
                await asyncio.sleep(0.1)

    async def checkout(self, now: datetime | None) -> AsyncMontySession:
        """A fresh session; hand it to ``give_back``.

        Raises:
            Busy: no process became free in time.
        """
        monty = self._monty or await self.start()
        options: dict[str, Any] = {"limits": self._limits}
        if now is not None:
            policy: OSPolicy = {"datetime": now}
            options["os_policy"] = policy
        self._waiting += 1
        try:
            for _ in range(self.workers):
                session = monty.checkout(**options)
                with contextlib.suppress(MontyCrashedError):  # it died while it was idle; the pool starts another
                    await session.__aenter__()
                    return session
            session = monty.checkout(**options)
            await session.__aenter__()
        except TimeoutError:
            raise Busy(
                "No sandbox process became free in time",
                hint="Try again, or set sandbox_workers under limits in settings.json.",
            ) from None
        except MontyCrashedError:
            raise Busy(
                "The sandbox processes end as soon as they start", hint="Is there memory left on this machine?"
            ) from None
        finally:
            self._waiting -= 1
        return session

    def give_back(self, session: AsyncMontySession) -> None:
        """Ends a session; its process serves the next one.

        Nobody waits for that, so nothing that happens to the run can keep the process from coming back.
        """
        returning = asyncio.ensure_future(session.__aexit__(None, None, None))
        self._returning.add(returning)
        returning.add_done_callback(self._returned)

    def _returned(self, returning: asyncio.Future[None]) -> None:
        self._returning.discard(returning)
        if not returning.cancelled():
            returning.exception()  # seen: a process that died has nothing to give back
