"""Number formats: which one a machine does best, and what has to be given to transformers for each."""

from __future__ import annotations

import importlib.util
import threading
from dataclasses import dataclass
from functools import lru_cache
from time import thread_time
from typing import Any

from akachat.errors import ModelError

__all__ = ["Choice", "best_device", "choose_dtype", "cpu_bf16_gain", "format_arguments"]

#: Below this many parameters bf16 gains nothing on a CPU: the matrices are in its cache in either format.
_SMALL = 50_000_000
#: A gain under this is not worth answers that depend on what else is in the batch.
_WORTH = 1.15
#: Families that overflow in fp16.
_NEEDS_RANGE = frozenset({"t5", "mt5", "umt5", "longt5", "gemma2", "gemma3", "gemma3_text", "t5gemma"})
_VARIES = "in {dtype} an answer may differ from what it would be alone when others are made beside it."


@dataclass(frozen=True, slots=True)
class Choice:
    """A number format.

    Attributes:
        name: as the option has it; ``stored`` for weights that are quantised in their files.
        why: how it came to be, one sentence.
        note: what a user should know of it; often empty.
        varies: that answers depend on what is made beside them; empty where they do not.
    """

    name: str
    why: str
    note: str = ""
    varies: str = ""


def best_device() -> str:
    """``cuda``, ``mps`` or ``cpu``."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    mps = getattr(torch.backends, "mps", None)
    return "mps" if mps is not None and mps.is_available() else "cpu"


def choose_dtype(asked: str, device: str, config: Any, parameters: int | None) -> Choice:
    """The format for a model: the one asked for, else what the machine does best.

    Args:
        asked: the option dtype; may be empty.
        device: as ``best_device`` says.
        config: of transformers.
        parameters: how many the model has, None where unknown.
    """
    own = getattr(config, "quantization_config", None)
    if own is not None:
        method = own.get("quant_method") if isinstance(own, dict) else getattr(own, "quant_method", None)
        shown = str(getattr(method, "value", method) or "quantised")
        note = f"dtype {asked} was not used: its weights are quantised in their files ({shown})." if asked else ""
        return Choice("stored", f"its weights are quantised in their files ({shown})", note)
    if asked:
        return Choice(asked, "the option dtype asks for it", varies=_varies(asked, device))
    name, why = _best(device, config.model_type, parameters)
    return Choice(name, why, varies=_varies(name, device))


def _best(device: str, family: str, parameters: int | None) -> tuple[str, str]:
    import torch

    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "the GPU computes in it"
        if family in _NEEDS_RANGE:
            return "fp32", f"the GPU has no bf16, and {family} overflows in fp16"
        return "fp16", "the GPU has no bf16"
    if device == "mps":
        return (
            ("fp32", f"{family} overflows in fp16") if family in _NEEDS_RANGE else ("fp16", "Apple's GPU is fast in it")
        )
    if parameters is not None and parameters < _SMALL:
        return "fp32", "a model this small gains nothing from a smaller one"
    gain = cpu_bf16_gain()
    if gain >= _WORTH:
        return "bf16", f"this processor was measured to be {gain:.1f} times as fast in it as in fp32"
    return "fp32", "this processor is not faster in bf16"


def _varies(dtype: str, device: str) -> str:
    """On a CPU fp32 and our int8 gave the same text alone and among others in every case that was measured."""
    if dtype == "fp32" or (dtype == "int8" and device == "cpu"):
        return ""
    return _VARIES.format(dtype=dtype)


@lru_cache(maxsize=1)
def cpu_bf16_gain() -> float:
    """How many times as fast this processor is in bf16 as in fp32, on matrices too large for its caches.

    It takes less than half a second, once. Where the processor has no bf16, torch computes in fp32 with conversions
    around it, which measures as less than 1. One core measures, by its own time: with two on a machine that had other
    work, the ratio came out between 0.1 and 3.7; this way it stayed between 1.16 and 1.32.
    """
    import torch

    usual = torch.get_num_threads()
    gains: list[float] = []
    # torch keeps the number of cores for each thread, and notes the last one said for threads that begin later.
    for work in (lambda: gains.append(_measured_gain()), lambda: torch.set_num_threads(usual)):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    return gains[0] if gains else 0.0


def _measured_gain() -> float:
    import torch

    def seconds(dtype: Any) -> float:
        start = thread_time()
        for matrix in matrices[dtype]:
            torch.nn.functional.linear(rows[dtype], matrix)
        return thread_time() - start

    torch.set_num_threads(1)
    dtypes = (torch.float32, torch.bfloat16)
    with torch.inference_mode():
        matrices = {dtype: [torch.full((2048, 2048), 0.01, dtype=dtype) for _ in range(4)] for dtype in dtypes}
        rows = {dtype: torch.full((1, 2048), 0.5, dtype=dtype) for dtype in dtypes}
        # In turns, and the best of each: what else the machine does at the time only ever makes it slower.
        best = dict.fromkeys(dtypes, float("inf"))
        for _ in range(10):
            for dtype in dtypes:
                best[dtype] = min(best[dtype], seconds(dtype))
    return best[torch.float32] / max(best[torch.bfloat16], 1e-9)


def format_arguments(choice: Choice, device: str, family: str) -> dict[str, Any]:
    """What ``from_pretrained`` takes for a format; int8 on a CPU is made afterwards, from what is stored.

    Raises:
        ModelError: it needs a package that is not installed.
    """
    import torch

    plain = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    if choice.name in plain:
        return {"dtype": plain[choice.name]}
    if choice.name == "stored" or (choice.name == "int8" and device == "cpu"):
        return {"dtype": "auto"}
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            f"{choice.name} needs the package bitsandbytes, which is not installed",
            hint="Install it by: venv/bin/pip install -c constraints.txt bitsandbytes — or leave dtype empty.",
        )
    from transformers import BitsAndBytesConfig

    fast = device != "cpu" or cpu_bf16_gain() >= _WORTH
    compute = plain[_best(device, family, None)[0] if fast else "fp32"]
    if choice.name == "int8":
        return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True), "dtype": compute}
    quantized = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute, bnb_4bit_use_double_quant=True
    )
    return {"quantization_config": quantized, "dtype": compute}
