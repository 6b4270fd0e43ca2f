"""What a model will take of the memory, what is free for models, and the room that is left to others on each GPU."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from akachat.backends.limits import BackendLimits
from akachat.backends.local.loading.dtypes import best_device, choose_dtype
from akachat.backends.local.loading.placement import SMALLER, needed_bytes
from akachat.backends.local.loading.source import Front, Source
from akachat.backends.local.loading.weights import read_stored
from akachat.errors import ModelError

__all__ = ["Memory", "Need", "check_fits", "gpu_room", "need", "weigh"]

_GB = 2**30


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory for models, in bytes.

    Attributes:
        used: by models now, those that come with the program left out.
        free: what they could take besides.
        budget: what all of them together may take; the setting ``limits.model_memory_bytes``, else used and free.
    """

    used: int
    free: int
    budget: int

    def to_dict(self) -> dict[str, int]:
        """As a JSON object."""
        return {"used": self.used, "free": self.free, "budget": self.budget}


@dataclass(frozen=True, slots=True)
class Need:
    """What a model will take.

    Attributes:
        dtype: its number format.
        bytes: in that format; 0 where nothing tells it.
        smaller: other formats that take less, with their bytes.
    """

    dtype: str
    bytes: int
    smaller: tuple[tuple[str, int], ...] = ()


def weigh(limits: BackendLimits, used: int) -> Memory:
    """How much there is for models that take ``used`` bytes now."""
    free = _free(limits)
    if limits.model_memory_bytes:
        return Memory(used, max(0, min(free, limits.model_memory_bytes - used)), limits.model_memory_bytes)
    return Memory(used, free, used + free)


def need(source: Source, front: Front) -> Need:
    """What a model will take once it is loaded, by its files or, before they are here, by what the hub tells.

    Raises:
        ModelError: it has no weights that may be read.
    """
    place, _ = source.locate(source.place)
    stored = read_stored(source, place, front.config)
    device = best_device()
    if stored is None:
        return Need(source.dtype, 0)
    dtype = choose_dtype(source.dtype, device, front.config, stored.parameters).name
    size = needed_bytes(stored, dtype, device)
    smaller = () if dtype == "stored" else ((each, needed_bytes(stored, each, device)) for each in SMALLER)
    return Need(dtype, size, tuple((each, less) for each, less in smaller if less < size))


def check_fits(name: str, need: Need, memory: Memory, freed: int) -> None:
    """Refuses a model for which there is no room, even if ``freed`` bytes of models that nobody uses made some.

    Raises:
        ModelError: what it needs, what is free, the budget, and the number format that would fit.
    """
    free = min(memory.free + freed, memory.budget)
    if need.bytes <= free:
        return
    dtype = "its own format" if need.dtype == "stored" else need.dtype
    limits = "The limit is limits.model_memory_bytes; on a GPU also limits.gpu_memory_fraction."
    hint = f"Unload another model, or take a smaller one. {limits}"
    for other, size in need.smaller:
        if size <= free:
            hint = f"Set dtype to {other}, which needs about {size / _GB:.2f} GiB, or unload another model. {limits}"
            break
    raise ModelError(
        f"{name!r} needs about {need.bytes / _GB:.2f} GiB in {dtype}, {memory.free / _GB:.2f} GiB are free, and all "
        f"models together may take {memory.budget / _GB:.2f} GiB",
        hint=hint,
    )


def gpu_room(limits: BackendLimits) -> dict[int | str, int] | None:
    """What models may take now of each GPU, as ``max_memory`` of from_pretrained; None without a CUDA GPU.

    The rest is left to others, a speech engine for example: this process is held to its share.
    """
    if not _has_gpu():
        return None
    import psutil  # type: ignore[import-untyped]
    import torch

    room: dict[int | str, int] = {}
    for index in range(torch.cuda.device_count()):
        if limits.gpu_memory_fraction < 1:
            torch.cuda.set_per_process_memory_fraction(limits.gpu_memory_fraction, index)
        room[index] = _gpu_free(torch, index, limits.gpu_memory_fraction)
    room["cpu"] = int(psutil.virtual_memory().available)
    return room


def _free(limits: BackendLimits) -> int:
    import psutil

    free = int(psutil.virtual_memory().available)
    if not _has_gpu():
        return free
    import torch

    gpus = range(torch.cuda.device_count())
    return free + sum(_gpu_free(torch, index, limits.gpu_memory_fraction) for index in gpus)


def _gpu_free(torch: Any, index: int, fraction: float) -> int:
    free, total = torch.cuda.mem_get_info(index)
    # torch keeps what it has freed for its next tensors, and the driver counts that as taken.
    kept = torch.cuda.memory_reserved(index) - torch.cuda.memory_allocated(index)
    return max(0, int(free + kept - (1 - fraction) * total))


def _has_gpu() -> bool:
    """Whether torch computes on CUDA; False as long as nobody has needed torch."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_available())
