"""Whether a model fits, before anything is read: a full memory takes other programs with it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akachat.backends.local.loading.weights import Stored
from akachat.errors import ModelError

__all__ = ["SMALLER", "Free", "Place", "free_memory", "needed_bytes", "place_model"]

#: Bytes a number in the matrices and outside of them, by format and device; with what is kept beside quantised ones.
_BYTES = {
    ("fp32", "cpu"): (4.0, 4.0), ("bf16", "cpu"): (2.0, 2.0), ("fp16", "cpu"): (2.0, 2.0),
    ("int8", "cpu"): (1.1, 4.0), ("int4", "cpu"): (0.6, 4.0),
    ("int8", "cuda"): (1.1, 2.0), ("int4", "cuda"): (0.6, 2.0),
}  # fmt: skip
#: Room for the attention cache and for what a forward pass holds.
_ROOM = 1.15
#: Formats that take less, the one that changes answers least first.
SMALLER = ("bf16", "int8", "int4")
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Free:
    """Free bytes: of each GPU, and of the machine."""

    host: int
    gpus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model goes.

    Attributes:
        arguments: for ``from_pretrained``.
        note: what a user should know of it; often empty.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def needed_bytes(stored: Stored, dtype: str, device: str) -> int:
    """How much memory a model takes in a format; ``stored`` for weights that are quantised already."""
    if dtype == "stored":
        return int(stored.bytes * _ROOM)
    inner, outer = _BYTES.get((dtype, device)) or _BYTES[dtype, "cpu"]
    size = stored.matrices * inner + (stored.parameters - stored.matrices) * outer
    if (dtype, device) == ("int8", "cpu"):
        size = max(size, stored.bytes)  # it is read whole and made smaller then
    return int(size * _ROOM)


def free_memory(device: str, most: Mapping[int | str, int] | None = None) -> Free:
    """What is free now, of each GPU where there are any.

    Args:
        most: what models may take of each GPU by its number, so that other programs keep their room.
    """
    host = _host()
    if device != "cuda":
        return Free(host)
    import torch

    gpus = []
    for index in range(torch.cuda.device_count()):
        # What torch holds and does not use is free for it, though not for the driver.
        unused = torch.cuda.memory_reserved(index) - torch.cuda.memory_allocated(index)
        free = torch.cuda.mem_get_info(index)[0] + unused
        gpus.append(max(0, min(free, (most or {}).get(index, free))))
    return Free(host, tuple(gpus))


def place_model(name: str, stored: Stored | None, dtype: str, device: str, free: Free) -> Place:
    """Where a model goes: on one GPU, over several, or in part into the machine's own memory.

    Raises:
        ModelError: it does not fit: how much it needs, how much is free, and in which format it would fit.
    """
    needed = needed_bytes(stored, dtype, device) if stored is not None else 0
    if device == "mps":
        _check(name, stored, dtype, device, needed, free.host)
        return Place({"device_map": {"": "mps"}})
    if device != "cuda":
        _check(name, stored, dtype, device, needed, free.host)
        return Place()
    largest = max(range(len(free.gpus)), key=lambda index: free.gpus[index])
    if needed <= free.gpus[largest]:
        return Place({"device_map": {"": f"cuda:{largest}"}})
    limits: dict[int | str, int] = {index: int(size / _ROOM) for index, size in enumerate(free.gpus)}
    if needed <= sum(free.gpus):
        limits["cpu"] = 0
        return Place({"device_map": "auto", "max_memory": limits}, f"it is spread over {len(free.gpus)} GPUs.")
    quantised = dtype in ("int4", "int8", "stored")
    _check(name, stored, dtype, device, needed, sum(free.gpus) + (0 if quantised else free.host))
    limits["cpu"] = int(free.host / _ROOM)
    return Place(
        {"device_map": "auto", "max_memory": limits},
        f"a part of it is in the machine's own memory, which is slow: it needs {_gib(needed)}, and the GPU has "
        f"{_gib(sum(free.gpus))} free; set dtype to int4, or take a smaller model.",
    )


def _check(name: str, stored: Stored | None, dtype: str, device: str, needed: int, free: int) -> None:
    if needed <= free or stored is None:
        return
    fitting = [
        (other, size)
        for other in (() if dtype == "stored" else SMALLER)
        if (size := needed_bytes(stored, other, device)) < needed and size <= free
    ]
    hint = "Unload another model, or take a smaller one."
    if fitting:
        hint = f"Set dtype to {fitting[0][0]}, which needs about {_gib(fitting[0][1])}, or unload another model."
    shown = "its own format" if dtype == "stored" else dtype
    raise ModelError(f"{name!r} needs about {_gib(needed)} in {shown}, and {_gib(free)} are free", hint=hint)


def _gib(size: float) -> str:
    return f"{size / _GIB:.1f} GiB"


def _host() -> int:
    """Free memory of the machine, or of the container that this runs in."""
    import psutil  # type: ignore[import-untyped]

    free = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        most = int((group / "memory.max").read_text())  # "max" where there is no limit
        used = int((group / "memory.current").read_text())
        cached = next(
            (
                int(line.split()[1])
                for line in (group / "memory.stat").read_text().splitlines()
                if line.startswith("inactive_file ")
            ),
            0,
        )
        free = min(free, max(0, most - used + cached))
    return free
