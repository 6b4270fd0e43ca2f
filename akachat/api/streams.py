"""Answers that come in pieces, and runs that end when nobody waits for them any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from akachat.api.replies import defect, json_bytes
from akachat.errors import AkachatError

__all__ = ["EventStream", "sse", "stopping"]

#: Seconds of silence after which a comment is sent, so that proxies and clients do not give up.
KEEP_ALIVE = 15.0

#: Seconds after which a run that goes on is worth a task that looks for its caller; most have ended by then.
_PATIENCE = 0.05

_HEADERS = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}


def sse(data: object, event: str = "") -> bytes:
    """One server-sent event with a JSON object."""
    name = b"event: " + event.encode() + b"\n" if event else b""
    return name + b"data: " + json_bytes(data) + b"\n\n"


@asynccontextmanager
async def stopping(request: Request, stop: Callable[[], bool]) -> AsyncIterator[None]:
    """Calls ``stop`` when the caller leaves before the block ends. The request's body must have been read."""
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    later = loop.call_later(_PATIENCE, lambda: tasks.append(loop.create_task(_when_gone(request.receive, stop))))
    try:
        yield
    finally:
        later.cancel()
        for task in tasks:
            task.cancel()


async def _when_gone(receive: Receive, stop: Callable[[], bool]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    while not stop():  # noqa: ASYNC110 - a run that has not begun yet tells nobody when it does
        await asyncio.sleep(0.05)


class EventStream(Response):
    """Server-sent events.

    An error before the first piece is raised, so that it becomes a proper HTTP error; the head is sent with the first
    piece, or with the first comment that keeps the connection alive.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        stop: Callable[[], bool],
        failed: Callable[[AkachatError], bytes],
        *,
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        """Args:
        pieces: the events, ready to be sent.
        stop: ends what makes them; called when the caller leaves.
        failed: the last event where ``pieces`` raises after the first one.
        """
        super().__init__(None, 200, _HEADERS)
        del self.headers["content-length"]
        self._pieces = pieces
        self._stop = stop
        self._left = False
        self._failed = failed
        self._keep_alive = keep_alive
        self._lock = asyncio.Lock()
        self._sent_at: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends all pieces; ends what makes them if the caller leaves."""
        watch = asyncio.ensure_future(_when_gone(receive, self._leave))
        comments = asyncio.ensure_future(self._comment(send))
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    await self._send(send, piece)
                    if self._left:
                        break  # closing the pieces ends whatever else would make some
        except AkachatError as error:
            if self._sent_at is None:
                raise
            await self._send(send, self._failed(error))
        except Exception:
            if self._sent_at is None:
                raise
            await self._send(send, self._failed(defect(scope["method"], scope["path"])))
        finally:
            watch.cancel()
            comments.cancel()
            with suppress(asyncio.CancelledError):
                await comments  # no comment may follow the end
        await self._send(send, b"", more=False)

    def _leave(self) -> bool:
        self._left = True
        return self._stop()

    async def _comment(self, send: Send) -> None:
        wait = self._keep_alive
        while True:
            await asyncio.sleep(wait)
            silent = self._keep_alive if self._sent_at is None else time.monotonic() - self._sent_at
            wait = self._keep_alive - silent
            if wait <= 0:
                await self._send(send, b": still here\n\n")
                wait = self._keep_alive

    async def _send(self, send: Send, piece: bytes, *, more: bool = True) -> None:
        async with self._lock:
            begins, self._sent_at = self._sent_at is None, time.monotonic()
            if begins:
                start: Message = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(start)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
