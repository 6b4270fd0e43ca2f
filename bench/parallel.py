"""Four independent `llm()` calls beside one, with an upstream that takes 50 ms: they should take as long as one.

venv/bin/python -m bench.parallel
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from akachat.events import RunRequest
from akachat.playground import Playground
from bench.client import free_port, process

CALLS = {
    "one call": "{llm('part', 'a')}",
    "four calls": "{llm('part', 'a')} {llm('part', 'b')} {llm('part', 'c')} {llm('part', 'd')}",
    "four in a list": "{' '.join([llm('part', x) for x in 'abcd'])}",
}


def workspace(root: Path, upstream: str) -> None:
    """One prompt that asks the upstream, and one for each way of calling it."""
    folder = root / "prompt"
    folder.mkdir()
    for name, text in {"part": "Answer.", **CALLS}.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        options = {"location": "OpenAI", "endpoint": upstream, "model": "stub-50ms"}
        (folder / f"{name}.json").write_text(json.dumps(options), encoding="utf-8")


async def measure(root: Path, count: int) -> dict[str, float]:
    """Median seconds of a rendering, for each way; all ways in every round."""
    found: dict[str, list[float]] = {name: [] for name in CALLS}
    async with Playground(root, environ={}) as playground:
        await playground.start()
        for index in range(count + 1):
            for name in CALLS:
                began = time.perf_counter()
                await playground.render(RunRequest(name, input="x"))
                if index:  # the first round opens connections
                    found[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def main() -> None:
    """Starts the upstream, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, process("bench/stub.py", "--port", str(port), port=port):
        workspace(Path(folder), f"http://127.0.0.1:{port}/v1")
        medians = asyncio.run(measure(Path(folder), args.rounds))
    for name, seconds in medians.items():
        print(f"{name:<16} {seconds * 1000:7.1f} ms  {seconds / medians['one call']:5.2f} x one call")


if __name__ == "__main__":
    main()
