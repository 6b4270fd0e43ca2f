"""What a model will take of the memory, what is free for models, and the room that is left to others on each GPU."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akachat.backends.limits import BackendLimits
from akachat.backends.local.source import Front, Source
from akachat.errors import ModelError

__all__ = ["Memory", "check_fits", "estimate", "gpu_room", "weigh"]

_GB = 2**30
#: Bytes a parameter; int4 and int8 with what bitsandbytes keeps beside them.
_BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.1, "int4": 0.6}
_STORED = {"float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float64": 8}
#: Beside the weights: what the context and a forward pass hold.
_ROOM = 1.15


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


def weigh(limits: BackendLimits, used: int) -> Memory:
    """How much there is for models that take ``used`` bytes now."""
    free = _free(limits)
    if limits.model_memory_bytes:
        return Memory(used, max(0, min(free, limits.model_memory_bytes - used)), limits.model_memory_bytes)
    return Memory(used, free, used + free)


def estimate(source: Source, front: Front, folder: Path | None) -> int:
    """About what a model will take once it is loaded, by the size of its files; 0 where nothing tells it."""
    stored = sum(file.stat().st_size for file in folder.glob("*.safetensors")) if folder else 0
    kept = _STORED.get(str(getattr(front.config, "dtype", None) or "bfloat16").removeprefix("torch."), 2)
    # What an empty dtype becomes is decided by what the machine has; on a CPU it may be fp32.
    wanted = source.dtype or ("fp16" if _has_gpu() else "fp32")
    return int(stored / kept * _BYTES[wanted] * _ROOM)


def check_fits(name: str, dtype: str, needed: int, memory: Memory, freed: int) -> None:
    """Refuses a model for which there is no room, even if ``freed`` bytes of models that nobody uses made some.

    Raises:
        ModelError: what it needs, what is free, and the budget.
    """
    if needed <= min(memory.free + freed, memory.budget):
        return
    others = ", ".join(each for each in ("bf16", "int8", "int4") if _BYTES[each] < _BYTES.get(dtype, 4.0))
    raise ModelError(
        f"{name!r} needs about {needed / _GB:.2f} GiB{f' in {dtype}' if dtype else ''}, {memory.free / _GB:.2f} GiB "
        f"are free, and all models together may take {memory.budget / _GB:.2f} GiB",
        hint=f"Unload another model or take a smaller one{f', or set dtype to {others}' if others else ''}. The limit "
        "is limits.model_memory_bytes; on a GPU also limits.gpu_memory_fraction.",
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
