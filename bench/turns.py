"""Two models in a memory that has room for one, each asked by its own caller, one request after another.

::

    venv/bin/python -m bench.turns

Prints how many loads it takes and how long, with turns (`limits.model_turn_seconds`) beside loading whichever model
the next request needs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import tempfile
import time
from pathlib import Path

from akachat.backends.base import Request
from akachat.backends.embedded import folder
from akachat.backends.limits import BackendLimits
from akachat.backends.local import LocalBackend
from akachat.messages import Message
from akachat.options import Options

_LOG = "akachat.backends.local.keeping.keeper"


class _Loads(logging.Handler):
    """Counts what the keeper says of loads."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """One more, if it is one."""
        self.count += record.getMessage().startswith("loaded ")


async def _measure(models: list[Path], requests: int, turn: float, loads: _Loads) -> tuple[int, float]:
    backend = LocalBackend(limits=BackendLimits(models=1, model_turn_seconds=turn))

    async def caller(model: Path) -> None:
        options = Options(model=str(model), max_new_tokens=4)
        for _ in range(requests):
            async for _ in backend.generate(Request("bench", (Message("user", "hi"),), options)):
                pass

    try:
        loads.count, began = 0, time.perf_counter()
        await asyncio.gather(*(caller(model) for model in models))
        return loads.count, time.perf_counter() - began
    finally:
        await backend.aclose()


def main() -> None:
    """Prints both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10, help="of each caller (default: %(default)s)")
    requests = parser.parse_args().requests
    loads = _Loads()
    logging.getLogger(_LOG).addHandler(loads)
    logging.getLogger(_LOG).setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="akachat-") as place:
        models = [Path(shutil.copytree(folder(), Path(place) / name)) for name in ("one", "other")]
        asyncio.run(_measure(models, 1, 0, loads))  # what is imported once must not count for either
        at_once = asyncio.run(_measure(models, requests, 0, loads))
        turns = asyncio.run(_measure(models, requests, BackendLimits().model_turn_seconds, loads))
    for name, (count, seconds) in (("whichever is next", at_once), ("by turns", turns)):
        print(f"{name:<18} {count:>4} loads for {2 * requests} requests, {seconds:6.2f} s")
    print(
        f"ratio              {at_once[0] / turns[0]:>4.1f} times fewer loads, {at_once[1] / turns[1]:.1f} times faster"
    )


if __name__ == "__main__":
    main()
