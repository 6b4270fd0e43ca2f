"""How many calls a second each HTTP client makes to the same upstream, and what our backend adds to the fastest.

    venv/bin/python bench/transports.py [--rounds 5] [--calls 1000] [--callers 1 8 64]

Starts ``bench/stub.py`` (an upstream that answers at once) and asks it by aiohttp, by our backend on aiohttp (whole
and streamed), by httpx and by the openai SDK. The clients take turns within each round, so that what else the machine
does meets all of them; the figures are medians over the rounds, and the ratios are to aiohttp within the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpx
import openai
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, from anywhere

from akachat.backends.base import Request
from akachat.backends.openai import OpenAIBackend
from akachat.messages import Message
from akachat.options import Options

Call = Callable[[], Awaitable[None]]
MODEL = "stub-0ms"
SAID = [{"role": "system", "content": "You are careful. " * 8}, {"role": "user", "content": "Summarise this. " * 8}]


async def clients(url: str, stack: AsyncExitStack, most: int) -> dict[str, Call]:
    """One call by each client, all with pools that hold every caller."""
    body = orjson.dumps({"model": MODEL, "messages": SAID})
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most)))
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
    plain = await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=30))
    sdk = await stack.enter_async_context(openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0))
    ours = OpenAIBackend(lambda name: (name or url, None))
    stack.push_async_callback(ours.aclose)
    messages = tuple(Message(m["role"], m["content"]) for m in SAID)
    options = Options(location="OpenAI", endpoint=url, model=MODEL)

    async def by_aiohttp() -> None:
        async with session.post(url + "/chat/completions", data=body, headers=headers) as response:
            assert orjson.loads(await response.read())["choices"]

    async def by_httpx() -> None:
        response = await plain.post(url + "/chat/completions", content=body, headers=headers)
        assert orjson.loads(response.content)["choices"]

    async def by_sdk() -> None:
        answer = await sdk.chat.completions.create(model=MODEL, messages=SAID)  # type: ignore[arg-type]
        assert answer.choices

    async def whole() -> None:
        request = Request("bench", messages, options, stream=False)
        await ours.prepare(request)
        async for _ in ours.generate(request):
            pass

    async def streamed() -> None:
        request = Request("bench", messages, options)
        await ours.prepare(request)
        async for _ in ours.generate(request):
            pass

    return {
        "aiohttp": by_aiohttp,
        "akachat, whole": whole,
        "akachat, streamed": streamed,
        "httpx": by_httpx,
        "openai SDK": by_sdk,
    }


async def measure(call: Call, callers: int, calls: int) -> float:
    """Calls a second with this many callers at once."""
    left = calls

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return calls / (time.perf_counter() - started)


async def compare(url: str, rounds: int, calls: int, callers: list[int]) -> None:
    """Prints one line for each client and number of callers."""
    async with AsyncExitStack() as stack:
        by = await clients(url, stack, max(callers))
        for call in by.values():
            await measure(call, 4, 40)
        for number in callers:
            found: dict[str, list[float]] = {name: [] for name in by}
            for turn in range(rounds):
                names = list(by)
                for name in names[turn % len(names) :] + names[: turn % len(names)]:
                    found[name].append(await measure(by[name], number, calls))
            for name, figures in found.items():
                ratio = statistics.median(a / b for a, b in zip(figures, found["aiohttp"], strict=True))
                rate = statistics.median(figures)
                print(f"{number:>3} callers  {name:<18} {rate:>8.0f} calls/s  {ratio:>5.2f} of aiohttp", flush=True)


def main() -> None:
    """Reads the arguments and holds the upstream."""
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--rounds", type=int, default=5)
    cli.add_argument("--calls", type=int, default=1000, help="per client and round")
    cli.add_argument("--callers", type=int, nargs="+", default=[1, 8, 64])
    given = cli.parse_args()
    command = [sys.executable, str(Path(__file__).with_name("stub.py")), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stub:
        try:
            assert stub.stdout is not None
            url = stub.stdout.readline().split()[-1]
            asyncio.run(compare(url, given.rounds, given.calls, given.callers))
        finally:
            stub.terminate()


if __name__ == "__main__":
    main()
