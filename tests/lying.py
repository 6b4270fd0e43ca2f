"""Upstreams that say exactly what a test gives them, and the backend that asks them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from akachat.backends.base import Chunk, End, Request
from akachat.backends.limits import BackendLimits
from akachat.backends.openai import OpenAIBackend
from akachat.messages import Message
from akachat.options import Options
from akachat.settings import Secret

KEY = "sk-secret-1234567890abcdef"
SAID = (Message("system", "You are terse."), Message("user", "こんにちは hello"))
FAST = BackendLimits(
    connect_timeout=2, read_timeout=1, retries=2, retry_wait=1, line_bytes=100_000, answer_bytes=300_000
)


def ask(url: str, model: str = "stub-0ms", *, stream: bool = True, messages=SAID, **options: Any) -> Request:
    return Request(
        "run", messages, Options.parse({"location": "OpenAI", "endpoint": url, "model": model, **options}), stream
    )


@asynccontextmanager
async def backend(limits: BackendLimits = FAST, key: str | None = KEY) -> AsyncIterator[OpenAIBackend]:
    made = OpenAIBackend(lambda name: (name or "", Secret(key) if key else None), limits)
    try:
        yield made
    finally:
        await made.aclose()


async def answer(made: OpenAIBackend, request: Request) -> tuple[list[Chunk], End]:
    items = [item async for item in made.generate(request)]
    end = items.pop()
    assert isinstance(end, End)
    chunks = [item for item in items if isinstance(item, Chunk)]
    assert len(chunks) == len(items), "one End, and it is the last"
    return chunks, end


def text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> tuple[str, bytes] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    size = next(
        (int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length")), 0
    )
    return head, await reader.readexactly(size)


@asynccontextmanager
async def lying(serve: Serve) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await serve(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def plain(status: int, body: bytes, headers: str = "", kind: str = "application/json") -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body
    )


def stream_head() -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def piece(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(said: str, finish: str | None = None, **delta: Any) -> bytes:
    choice = {"index": 0, "delta": {**({"content": said} if said else {}), **delta}, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c1", "model": "up", "choices": [choice]}) + b"\n\n"


@dataclass
class Script:
    """Answers the n-th request with the n-th text, the last one ever after, and keeps what was asked."""

    answers: list[bytes]
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_request(reader)) is not None:
            self.times.append(time.perf_counter())
            self.seen.append((request[0], json.loads(request[1])))
            writer.write(self.answers[min(len(self.seen), len(self.answers)) - 1])
            await writer.drain()


GOOD = stream_head() + piece(event("yes") + event("", "stop") + b"data: [DONE]\n\n") + b"0\r\n\r\n"
