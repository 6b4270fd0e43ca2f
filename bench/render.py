"""What rendering costs, beside the bare sandbox evaluating the same f-string, in turns.

    venv/bin/python -m bench.render

It prints, for each kind of instruction, microseconds of time and of this process's CPU a call, and the ratios of both.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_monty import AsyncMonty

from akachat.template import HostFunction, Sandbox, Scope
from bench.bare import LIMITS

INPUT = "Summarise the following text in one sentence. " * 8
WORKERS = 2
BLOCK = 20


class Store:
    """The variables."""

    def get(self, key: str) -> str:
        """Every key has the same value."""
        return "Aka"

    def __iter__(self) -> Iterator[str]:
        return iter(["name"])


async def _rag(*args: object, **kwargs: object) -> str:
    return "A passage."


FUNCTIONS = {"rag": HostFunction("rag", _rag, "rag", parallel=True)}
SCOPE = Scope(input=INPUT, variables=Store(), functions=FUNCTIONS, now=datetime.now(UTC))


@dataclass(frozen=True)
class Case:
    """An instruction, and the same as the bare sandbox would be given it by hand."""

    name: str
    instruction: str
    code: str
    inputs: Mapping[str, str] = field(default_factory=lambda: {"input": INPUT})
    external: Mapping[str, Any] | None = None


_LOOKS = "a careful assistant. Today's topic has {len(input)} characters: {input[:20]!r}"
#: A multiplication is left to the sandbox.
_TAIL = _LOOKS.replace("len(input)", "len(input) * 1")
CASES = [
    Case("no fields", "You are Aka, a careful assistant.", "f'You are Aka, a careful assistant.'"),
    Case("plain fields", "You are {var.name}: {input}", "f'You are {name}: {input}'", {"name": "Aka", "input": INPUT}),
    Case("looks at the input", f"You are Aka, {_LOOKS}", f"f{f'You are Aka, {_LOOKS}'!r}"),
    Case("computing fields", f"You are Aka, {_TAIL}", f"f{f'You are Aka, {_TAIL}'!r}"),
    Case(
        "computing and plain",
        f"You are {{var.name}}, {_TAIL}",
        f"f{f'You are {{name}}, {_TAIL}'!r}",
        {"name": "Aka", "input": INPUT},
    ),
    Case(
        "an awaited host call", "Context: {rag('docs', input)}", "f\"Context: {await rag('docs', input)}\"",
        external={"rag": _rag},
    ),
]  # fmt: skip

Call = Callable[[], Awaitable[object]]


async def _block(call: Call) -> tuple[float, float]:
    """Microseconds, and those of this process's CPU, of one call among many: what is left to do falls on the next."""
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(BLOCK):
        await call()
    return (time.perf_counter() - began) / BLOCK * 1e6, (time.process_time() - cpu) / BLOCK * 1e6


async def _pairs(first: Call, second: Call, count: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Blocks of both in turns, each as often before the other as after it."""
    found: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for index in range(count):
        for which in (0, 1) if index % 2 else (1, 0):
            found[which].append(await _block((first, second)[which]))
    return found


async def measure(blocks: int) -> None:
    """Prints one line a case."""
    async with (
        AsyncMonty(min_processes=WORKERS, max_processes=WORKERS) as pool,
        Sandbox(workers=WORKERS) as sandbox,
    ):
        await sandbox.start()
        for case in CASES:
            inputs, external = dict(case.inputs), dict(case.external) if case.external else None

            async def bare(case: Case = case, inputs: Any = inputs, external: Any = external) -> object:
                async with pool.checkout(limits=LIMITS) as session:
                    return await session.feed_run(case.code, inputs=inputs, external_lookup=external)

            async def ours(case: Case = case) -> str:
                return (await sandbox.render(case.instruction, SCOPE)).text

            assert await bare() == await ours(), case.name
            await _pairs(bare, ours, 4)
            pairs = await _pairs(bare, ours, blocks)
            wall = [statistics.median(w for w, _ in found) for found in pairs]
            cpu = [statistics.median(c for _, c in found) for found in pairs]
            times, more = (
                statistics.median(own[i] / theirs[i] for theirs, own in zip(*pairs, strict=True)) for i in (0, 1)
            )
            print(
                f"{case.name:<22} bare {wall[0]:6.0f} us ({cpu[0]:6.0f} CPU)   render {wall[1]:6.0f} us "
                f"({cpu[1]:6.0f} CPU)   x {times:5.2f} (x {more:5.2f} CPU)",
                flush=True,
            )
    await asyncio.sleep(0.1)


def main() -> None:
    """Reads how many calls are wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=100, help=f"of {BLOCK} calls of each kind on each side")
    asyncio.run(measure(parser.parse_args().blocks))


if __name__ == "__main__":
    main()
