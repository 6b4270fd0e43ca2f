"""Drives one program: answers what the sandbox asks for, and holds no process while every field waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime
from typing import Any, TypeAlias

import anyio
from pydantic_monty import (
    AsyncFunctionSnapshot,
    AsyncFutureSnapshot,
    AsyncMontySession,
    AsyncNameLookupSnapshot,
    ClassInstance,
    MontyComplete,
    MontyError,
)

from akachat.errors import AkachatError, InstructionError
from akachat.template.host import Host, Place
from akachat.template.language import HIDDEN, NAMES, unknown_name
from akachat.template.pool import Pool
from akachat.template.program import Program
from akachat.template.translation import translate
from akachat.template.values import entering

__all__ = ["Bridge"]

_Snapshot: TypeAlias = AsyncFunctionSnapshot | AsyncFutureSnapshot | AsyncNameLookupSnapshot | MontyComplete

#: A process is kept this long for calls that answer at once, unless somebody wants it: giving it back costs 1 ms.
_HOLD = 0.005
#: How long a stop waits for calls to end; a thread of a user's function may not hold up anybody.
_FAREWELL = 0.5


class Bridge:
    """One run of a program in the sandbox."""

    def __init__(self, pool: Pool, program: Program, host: Host) -> None:
        self.pool = pool
        self.program = program
        self.host = host
        reads_clock = not program.mentioned.isdisjoint(("datetime", "date"))
        self._now = (host.scope.now or datetime.now().astimezone()) if reads_clock else None
        self._session: AsyncMontySession | None = None
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._places: dict[int, Place] = {}
        self._after: dict[int, set[int]] = {}
        self._done: set[int] = set()
        self._spent = 0.0

    async def run(self) -> list[str | int]:
        """The results of all fields: texts, and indices of messages in ``host.structures``."""
        try:
            await self._open()
            snapshot = await self._turn(
                self._live.feed_start(self.program.source, inputs=self._inputs(), print_callback=_discard)
            )
            while not isinstance(snapshot, MontyComplete):
                snapshot = await self._answer(snapshot)
            output: list[str | int] = snapshot.output
            return output
        except AkachatError as error:
            raise await self._leftmost(error) from None
        finally:
            self._close()
            if self._tasks:
                with anyio.CancelScope(shield=True):
                    await self._cancel(self._tasks.values())

    def _inputs(self) -> dict[str, Any]:
        scope, mentioned = self.host.scope, self.program.mentioned
        inputs: dict[str, Any] = {f"{HIDDEN}most": self.host.limits.text_length}
        if "test" in mentioned:
            inputs[f"{HIDDEN}test"] = scope.is_test
        if "input" in mentioned:
            inputs["input"] = scope.input
        if "messages" in mentioned:
            inputs["messages"] = [entering(m.to_dict(), "A message") for m in scope.messages]
        if "var" in mentioned:
            inputs["var"] = ClassInstance(_Var(), lazy_attrs="all")
        return inputs

    # The session

    @property
    def _live(self) -> AsyncMontySession:
        assert self._session is not None
        return self._session

    async def _open(self) -> None:
        self._session = await self.pool.checkout(self._now)

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self.pool.give_back(session)

    async def _turn(self, step: Awaitable[_Snapshot]) -> _Snapshot:
        """Lets the sandbox work until it asks for something."""
        started = self.host.trace.now()
        try:
            snapshot = await step
        except MontyError as error:
            known = {*NAMES, *self.host.scope.functions}
            raise translate(error, self.program, self.host.limits, known) from None
        # A restored session begins its clock anew, so the whole is bounded here.
        self._spent += self.host.trace.now() - started
        if self._spent > self.host.limits.seconds + 1:
            raise self.host.limits.exceeded("seconds")
        return snapshot

    # Answers

    async def _answer(self, snapshot: _Snapshot) -> _Snapshot:
        if isinstance(snapshot, AsyncFunctionSnapshot):
            return await self._function(snapshot)
        if isinstance(snapshot, AsyncFutureSnapshot):
            return await self._futures(snapshot)
        assert isinstance(snapshot, AsyncNameLookupSnapshot)
        place = self._place(snapshot)
        name = snapshot.variable_name
        if snapshot.object_id is not None:
            return await self._turn(snapshot.resume(value=self.host.variable(name, place)))
        if name == f"{HIDDEN}too_long":
            raise self.host.limits.exceeded("text_length")
        raise self._unknown(name, place)

    def _unknown(self, name: str, place: Place) -> InstructionError:
        name = name.removeprefix(f"{HIDDEN}no_").removeprefix(HIDDEN)
        error = unknown_name(name, {*NAMES, *self.host.scope.functions}, *place)
        if self.host.scope.variables is not None and name in set(self.host.scope.variables):
            error.hint = f"Did you mean var.{name}?"
        return error

    def _place(self, snapshot: AsyncFunctionSnapshot | AsyncNameLookupSnapshot) -> Place:
        return self.program.place_of_byte(snapshot.position.start) or (1, 1)

    async def _function(self, snapshot: AsyncFunctionSnapshot) -> _Snapshot:
        name, host = snapshot.function_name.removeprefix(HIDDEN), self.host
        if snapshot.is_os_function:
            return await self._turn(snapshot.resume_not_handled())
        if name == "after":
            self._after[snapshot.call_id] = set(snapshot.args)
            return await self._turn(snapshot.resume({"future": ...}))
        if name == "done":
            self._done.add(snapshot.args[0])
            return await self._turn(snapshot.resume({"return_value": None}))
        place = self._place(snapshot)
        if name == "var":
            return await self._turn(snapshot.resume({"return_value": host.variable(snapshot.args[0], place)}))
        if name == "msgf":
            return await self._turn(snapshot.resume({"return_value": host.msgf(snapshot.args, snapshot.kwargs, place)}))
        function = host.scope.functions.get(name[2:]) if name[:2] in ("a_", "s_") else None
        if function is None:
            raise self._unknown(snapshot.function_name, place)
        host.count(place)
        call_id = snapshot.call_id
        self._places[call_id] = place
        self._tasks[call_id] = asyncio.ensure_future(host.call(function, snapshot.args, snapshot.kwargs, place))
        if name[:2] == "a_":
            return await self._turn(snapshot.resume({"future": ...}))
        waited = await self._wait(snapshot, [call_id])
        assert isinstance(waited, AsyncFunctionSnapshot)
        return await self._turn(waited.resume({"return_value": self._tasks.pop(call_id).result()}))

    async def _futures(self, snapshot: AsyncFutureSnapshot) -> _Snapshot:
        ready = self._ready(snapshot.pending_call_ids)
        if not ready:
            pending = snapshot.pending_call_ids
            waited = await self._wait(snapshot, [i for i in pending if i in self._tasks])
            assert isinstance(waited, AsyncFutureSnapshot)
            snapshot, ready = waited, self._ready(pending)
        return await self._turn(snapshot.resume({i: {"return_value": v} for i, v in ready.items()}))

    def _ready(self, call_ids: Iterable[int]) -> dict[int, Any]:
        """What has been answered.

        Raises:
            AkachatError: one of the calls failed; of several, the leftmost.
        """
        self._raise_leftmost()
        ready: dict[int, Any] = {}
        for call_id in sorted(call_ids):  # so that what goes on at the same time goes on in the order of the text
            if call_id in self._after and self._after[call_id] <= self._done:
                ready[call_id] = None
            elif (task := self._tasks.get(call_id)) and task.done():
                ready[call_id] = self._tasks.pop(call_id).result()
        return ready

    async def _wait(self, snapshot: _Snapshot, call_ids: list[int]) -> _Snapshot:
        """Waits until one of the calls has ended, and gives the process back meanwhile."""
        assert isinstance(snapshot, (AsyncFunctionSnapshot, AsyncFutureSnapshot))
        if not self.pool.is_wanted and await self._first(call_ids, _HOLD):
            return snapshot
        state = snapshot.dump()
        self._close()
        await self._first(call_ids, None)
        await self._open()
        return await self._turn(self._live.load_snapshot(state, print_callback=_discard))

    async def _first(self, call_ids: list[int], timeout: float | None) -> bool:
        """Waits until one of the calls has ended, or the time is over. Any call that fails ends it all."""
        while True:
            self._raise_leftmost()
            if any(self._tasks[i].done() for i in call_ids):
                return True
            live = [task for task in self._tasks.values() if not task.done()]
            done, _ = await asyncio.wait(live, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                return False

    # Errors

    def _raise_leftmost(self) -> None:
        failed = [i for i, task in self._tasks.items() if task.done() and not task.cancelled() and task.exception()]
        if failed:
            self._tasks[min(failed, key=lambda i: self._places[i])].result()

    async def _leftmost(self, error: AkachatError) -> AkachatError:
        """The error, or that of a call further left which has failed by now too."""
        for _ in range(3):  # calls that fail at once have only been started
            await asyncio.sleep(0)
        place = (error.line or 0, error.column or 0)
        if place > (0, 0):
            for call_id, task in sorted(self._tasks.items(), key=lambda entry: self._places[entry[0]]):
                if self._places[call_id] < place and task.done() and not task.cancelled():
                    earlier = task.exception()
                    if isinstance(earlier, AkachatError):
                        return earlier
        return error

    @staticmethod
    async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
        live = [task for task in tasks if not task.done()]
        for task in live:
            task.cancel()
        if live:
            await asyncio.wait(live, timeout=_FAREWELL)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # seen, so that asyncio does not report it as forgotten


class _Var:
    """Behind the name ``var`` where it is passed on as a value; the host answers its attributes."""


def _discard(stream: str, text: str) -> None:
    """What an instruction prints goes nowhere."""
