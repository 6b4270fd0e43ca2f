"""What akachat adds to a call, beside a bare route that only renders and forwards, in the same run.

    venv/bin/python -m bench.overhead

It starts an upstream that answers at once, the bare route and akachat, and prints for 1, 8 and 64 callers the added
milliseconds over the upstream itself and the calls a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from bench.bare import INSTRUCTION
from bench.client import Measured, Target, free_port, process, rounds

INPUT = "Summarise the following text in one sentence. " * 8


def workspace(root: Path, upstream: str) -> None:
    """A workspace with the prompts that are called: the host can answer one alone, the other takes the sandbox."""
    options = {"location": "OpenAI", "endpoint": "stub", "model": "stub-0ms"}
    (root / "prompt").mkdir()
    (root / "prompt" / "bench.txt").write_text(INSTRUCTION, encoding="utf-8")
    (root / "prompt" / "bench.json").write_text(json.dumps(options), encoding="utf-8")
    # The same with a multiplication, which the host leaves to the sandbox.
    computing = INSTRUCTION.replace("len(input)", "len(input) * 1")
    (root / "prompt" / "sandbox.txt").write_text(computing, encoding="utf-8")
    (root / "prompt" / "sandbox.json").write_text(json.dumps(options), encoding="utf-8")
    settings = {"endpoints": {"stub": {"url": upstream}}}
    (root / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def row(
    name: str, callers: int, found: Sequence[Measured], direct: Sequence[Measured], bare: Sequence[Measured]
) -> None:
    """Prints one line; ratios and differences are taken within each round."""
    added = statistics.median(m.ms - d.ms for m, d in zip(found, direct, strict=True))
    bare_added = statistics.median(b.ms - d.ms for b, d in zip(bare, direct, strict=True))
    speed = statistics.median(m.per_second for m in found)
    share = statistics.median(m.per_second / b.per_second for m, b in zip(found, bare, strict=True))
    bad = sum(m.bad for m in found)
    print(
        f"{callers:>3} callers  {name:<24} {statistics.median(m.ms for m in found):7.2f} ms  added {added:6.2f} ms "
        f"({added / bare_added:5.2f} x bare)  {speed:8.0f} calls/s ({share:5.2f} x bare)  failed {bad}",
        flush=True,
    )


async def measure(targets: Sequence[Target], callers: Sequence[int], calls: int, count: int) -> None:
    """Warms all targets, then measures them for each number of callers."""
    await rounds(targets, 4, 200, 1)
    for number in callers:
        found = await rounds(targets, number, max(calls, number * 20), count)
        for target in targets:
            row(target.name, number, found[target.name], found["upstream itself"], found["bare route"])


def main() -> None:
    """Starts everything, measures, and ends everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--calls", type=int, default=500, help="requests a target and round")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    stub, bare, ours = free_port(), free_port(), free_port()
    upstream = f"http://127.0.0.1:{stub}/v1"
    chat = {"messages": [{"role": "user", "content": INPUT}]}
    targets = [
        Target("upstream itself", stub, "/v1/chat/completions", {"model": "stub-0ms", **chat}),
        Target("bare route", bare, "/run", {"input": INPUT}),
        Target("/api/llm/main", ours, "/api/llm/main", {"dir": "bench", "input": INPUT}),
        Target("/v1/chat/completions", ours, "/v1/chat/completions", {"model": "bench", **chat}),
        Target("main, by the sandbox", ours, "/api/llm/main", {"dir": "sandbox", "input": INPUT}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        workspace(Path(folder), upstream)
        serving = ("-m", "akachat", "--workspace", folder, "serve", "--no-ui", "--port", str(ours))
        with (
            process("bench/stub.py", "--port", str(stub), port=stub),
            process("-m", "bench.bare", upstream, str(bare), port=bare),
            process(*serving, port=ours),
        ):
            run(measure(targets, args.callers, args.calls, args.rounds))


def run(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop where it is installed: the client must cost less than what it measures."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    main()
