"""One instruction, 4 inputs × 8 temperatures: the engine's one pass beside the plain loop of `generate`.

    venv/bin/python -m bench.grid [--calls 4]

For an instruction of 64 and of 1,500 tokens, on the embedded model and on a made-up one of about 100M parameters: how
many times faster the grid of 32 answers of 64 tokens is. The plain loop is long: `--calls` of its 32 calls are
measured, in turns with the grid, and counted up.
"""

from __future__ import annotations

import argparse
from functools import partial

from bench.made import Answer, Model, embedded, hundred_million, measured, one_core, plain, sampling, serve, working

TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.2)
INPUTS, TOKENS = 4, 64


def compare(model: Model, instruction: int, calls: int) -> tuple[float, float]:
    """How many times faster the grid is, by the clock and in processor time; the greedy answers are compared, too."""
    start = model.prompt(instruction, seed=1)
    prompts = [start + model.prompt(16 + 4 * number, seed=2 + number) for number in range(INPUTS)]
    grid = [(ids, sampling(tokens=TOKENS, temperature=t, seed=7)) for ids in prompts for t in TEMPERATURES]
    plain(model, start[:8], 4)
    wall = cpu = 0.0
    told: list[list[int]] = []
    for number in range(calls):
        ids = prompts[number % INPUTS]
        temperature = TEMPERATURES[number % len(TEMPERATURES)]
        cost = measured(partial(plain, model, ids, TOKENS, temperature), told)
        wall, cpu = wall + cost.wall, cpu + cost.cpu
    scale = len(grid) / calls
    with working(model, cache=0) as worker:
        serve(worker, [(start[:8], sampling(tokens=4))])
        jobs: list[list[Answer]] = []
        cost = measured(partial(serve, worker, grid), jobs)
    equal = jobs[0][0].said == told[0]
    print(
        f"{model.name}, {instruction:,} + {INPUTS} inputs × {len(TEMPERATURES)} temperatures × {TOKENS} tokens: "
        f"plain {wall * scale:.1f} s ({calls} of {len(grid)} calls measured), grid {cost.wall:.2f} s; "
        f"{wall * scale / cost.wall:.1f} × by the clock, {cpu * scale / cost.cpu:.1f} × in processor time; "
        f"greedy text {'equal' if equal else 'NOT EQUAL'}",
        flush=True,
    )
    return wall * scale / cost.wall, cpu * scale / cost.cpu


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=4, help="calls of the plain loop (default: %(default)s)")
    args = parser.parse_args()
    for model in (embedded(), hundred_million()):
        one_core(model)
        for instruction in (64, 1500):
            compare(model, instruction, args.calls)


if __name__ == "__main__":
    main()
