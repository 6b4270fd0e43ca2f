"""What streaming costs, and how many tokens requests that come one after another get, beside plain `generate`.

    venv/bin/python -m bench.streaming [--tokens 256]

For the embedded model and a made-up one of about 100M parameters: tokens/s of one answer by the engine, read by an
event loop piece by piece, beside the library's `generate` that nobody reads, in turns; the same request with nobody
reading; and 16 requests that arrive 20 ms apart.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from akachat.backends.base import Chunk, End
from akachat.backends.local.channel import Channel
from akachat.backends.local.generation import Given, Job
from akachat.backends.local.prompt import Prompt
from akachat.backends.local.worker import Worker
from bench.made import Model, embedded, hundred_million, measured, one_core, plain, sampling, serve, working

ROUNDS = 5


async def streamed(worker: Worker, ids: list[int], tokens: int) -> int:
    """One answer as the Web API reads it; how many pieces came."""
    channel: Channel[Chunk | End | Exception] = Channel()

    def put(item: Chunk | End | Exception) -> bool:
        return channel.put(item, urgent=not isinstance(item, Chunk))

    job = Job(Given(Prompt("", tuple(ids), ()), sampling(tokens=tokens), (), time.monotonic()), put)
    worker.submit(job)
    pieces = 0
    while not isinstance(item := await channel.get(), End):
        if isinstance(item, Exception):
            raise item
        pieces += 1
    return pieces


async def arriving(worker: Worker, model: Model, tokens: int) -> None:
    """Sixteen requests of different lengths, 20 ms apart."""

    async def one(number: int) -> None:
        await asyncio.sleep(0.02 * number)
        await streamed(worker, model.prompt(20 + 7 * number, seed=number), tokens)

    await asyncio.gather(*(one(number) for number in range(16)))


def compare(model: Model, tokens: int) -> float:
    """Measures one model; the share of the plain loop's speed that a streamed answer has."""
    ids = model.prompt(32, seed=1)
    reference, unread, read = [], [], []
    for _ in range(ROUNDS):
        reference.append(measured(lambda: plain(model, ids, tokens)).cpu)
        with working(model, cache=0) as worker:
            unread.append(measured(lambda w=worker: serve(w, [(ids, sampling(tokens=tokens))])).cpu)  # type: ignore[misc]
            read.append(measured(lambda w=worker: asyncio.run(streamed(w, ids, tokens))).cpu)  # type: ignore[misc]
    with working(model, cache=0) as worker:
        crowd = measured(lambda: asyncio.run(arriving(worker, model, tokens // 4)))
    lonely = measured(lambda: [plain(model, model.prompt(20 + 7 * n, seed=n), tokens // 4) for n in range(4)])
    own, alone, streaming = (statistics.median(each) for each in (reference, unread, read))
    print(
        f"{model.name}, {tokens} tokens: generate {tokens / own:.0f} tokens a second of processor time, engine "
        f"{own / alone:.2f} ×, streamed {own / streaming:.2f} × "
        f"(streaming costs {100 * (streaming / alone - 1):.1f} %); "
        f"16 requests 20 ms apart: {4 * lonely.cpu / crowd.cpu:.1f} × the plain loop",
        flush=True,
    )
    return own / streaming


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=256, help="length of an answer (default: %(default)s)")
    args = parser.parse_args()
    for model, tokens in ((embedded(), args.tokens), (hundred_million(), args.tokens // 4)):
        one_core(model)
        compare(model, tokens)


if __name__ == "__main__":
    main()
