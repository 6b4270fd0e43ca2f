"""Servers as processes, and a client that costs little beside them."""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httptools
import orjson

ROOT = Path(__file__).resolve().parents[1]

__all__ = ["ROOT", "Measured", "Target", "free_port", "load", "process", "rounds"]


@dataclass(frozen=True)
class Target:
    """Where requests go, and what they are."""

    name: str
    port: int
    path: str
    body: object


@dataclass(frozen=True)
class Measured:
    """One round of one target: median milliseconds a call, calls a second, failed calls."""

    ms: float
    per_second: float
    bad: int


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    waiter: asyncio.Future[int]
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.waiter.done():
            self.waiter.set_exception(error or ConnectionError("closed by the server"))

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.waiter.set_result(self.parser.get_status_code())

    async def call(self, raw: bytes) -> int:
        self.parser = httptools.HttpResponseParser(self)
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(raw)
        return await asyncio.wait_for(self.waiter, 30)


async def load(target: Target, callers: int, calls: int) -> Measured:
    """Sends ``calls`` requests from ``callers`` at once."""
    body = orjson.dumps(target.body)
    raw = (
        f"POST {target.path} HTTP/1.1\r\nhost: 127.0.0.1:{target.port}\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer sk-test\r\naccept: */*\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body
    left, bad = calls, 0
    times: list[float] = []

    async def caller() -> None:
        nonlocal left, bad
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", target.port)
        connection.waiter = asyncio.get_running_loop().create_future()
        while left > 0:
            left -= 1
            began = time.perf_counter()
            status = await connection.call(raw)
            times.append(time.perf_counter() - began)
            bad += status != 200
        connection.transport.close()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return Measured(statistics.median(times) * 1000, len(times) / (time.perf_counter() - began), bad)


async def rounds(targets: Sequence[Target], callers: int, calls: int, count: int) -> dict[str, list[Measured]]:
    """Every target once a round, in rotating order, so that the machine's moods reach all alike."""
    found: dict[str, list[Measured]] = {target.name: [] for target in targets}
    for index in range(count):
        turn = index % len(targets)
        for target in [*targets[turn:], *targets[:turn]]:
            found[target.name].append(await load(target, callers, calls))
    return found


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def process(*command: str, port: int, seconds: float = 20) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that listens on ``port`` by the time the block begins, and is ended after it."""
    started = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if started.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} does not start") from None
                time.sleep(0.02)
        yield started
    finally:
        started.terminate()
        started.wait(10)
