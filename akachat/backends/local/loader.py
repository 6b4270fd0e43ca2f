"""Weights into memory: on which device, in which number format, and whether they fit."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from akachat.backends.local.failures import explained
from akachat.backends.local.source import Front, Source
from akachat.errors import ModelError

__all__ = ["Loaded", "load_weights"]

#: Bytes a parameter; int4 and int8 with what bitsandbytes keeps beside them.
_BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.1, "int4": 0.6}
_STORED = {"float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float64": 8}
#: Room for the attention cache and for what a forward pass holds.
_ROOM = 1.15
#: How the model's own generation settings are named that are handled here, token by token, and not by `generate`.
_OURS = frozenset(
    {"do_sample", "temperature", "top_p", "top_k", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff",
     "repetition_penalty", "max_length", "max_new_tokens", "min_length", "min_new_tokens", "num_beams",
     "penalty_alpha", "stop_strings", "cache_implementation", "max_time", "num_return_sequences",
     "return_dict_in_generate", "output_scores", "output_logits", "output_attentions", "output_hidden_states",
     "prompt_lookup_num_tokens", "transformers_version"}
)  # fmt: skip


@dataclass(slots=True)
class Loaded:
    """A model in memory.

    Attributes:
        source, front: what it was loaded from.
        model: of transformers.
        device, dtype: where it runs and in which number format, as they turned out.
        seconds: how long loading took.
        notes: what a user should know of how it runs, one sentence each.
    """

    source: Source
    front: Front
    model: Any
    device: str
    dtype: str
    seconds: float
    notes: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """JSON-ready facts for the page."""
        return {
            "device": self.device,
            "dtype": self.dtype,
            "parameters": int(self.model.num_parameters()),
            "memory": int(self.model.get_memory_footprint()),
            "class": type(self.model).__name__,
            "context": self.front.context,
            "load_seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


def load_weights(source: Source, front: Front, *, max_memory: Mapping[int | str, int] | None = None) -> Loaded:
    """Loads the weights of a causal language model.

    Args:
        max_memory: bytes that it may take of each GPU, and of the rest; None: whatever is free.

    Raises:
        ModelError: why not, with the next step.
    """
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    _quieten()
    started = monotonic()
    device = _device(torch)
    dtype = source.dtype or _best_dtype(torch, device)
    place, found = source.locate(source.place)
    arguments = {**found, **_number_format(torch, dtype, source, device)}
    if device == "cuda":
        arguments |= {"device_map": "auto", **({"max_memory": dict(max_memory)} if max_memory else {})}
    elif device == "mps":
        arguments["device_map"] = {"": "mps"}
    _check_memory(source, place, front, dtype, device)
    with explained(source.name, "weights"):
        model = AutoModelForCausalLM.from_pretrained(place, config=front.config, use_safetensors=True, **arguments)
        model.eval()
    own = {key: value for key, value in front.generation.items() if key not in _OURS and not key.startswith("_")}
    model.generation_config = GenerationConfig(**own)
    shown = dtype if dtype in ("int4", "int8") else _short(str(model.dtype))
    return Loaded(source, front, model, str(model.device), shown, monotonic() - started)


def _quieten() -> None:
    """Keeps out of the server's log what nobody can act on: progress bars, and which kernels are chosen."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    for name in ("transformers.integrations.hub_kernels", "bitsandbytes.autograd._functions"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    mps = getattr(torch.backends, "mps", None)
    return "mps" if mps is not None and mps.is_available() else "cpu"


def _best_dtype(torch: Any, device: str) -> str:
    """bf16 on a GPU that computes in it, fp16 on an older one and on Apple's; on a CPU fp32.

    A CPU is a third faster in bf16 (38 against 28 tokens/s), but then an answer depends on what else is in its batch.
    """
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "fp16" if device == "mps" else "fp32"


def _number_format(torch: Any, dtype: str, source: Source, device: str) -> dict[str, Any]:
    if dtype not in ("int4", "int8"):
        return {"dtype": {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[dtype]}
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            f"{dtype} needs the package bitsandbytes, which is not installed",
            hint="Install it by: venv/bin/pip install bitsandbytes — or leave dtype empty.",
        )
    from transformers import BitsAndBytesConfig

    compute = torch.bfloat16 if _best_dtype(torch, device) == "bf16" else torch.float32
    if dtype == "int8":
        quantized = BitsAndBytesConfig(load_in_8bit=True)
    else:
        quantized = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute, bnb_4bit_use_double_quant=True
        )
    return {"quantization_config": quantized, "dtype": compute}


def _check_memory(source: Source, place: str, front: Front, dtype: str, device: str) -> None:
    """Refuses a model that cannot fit, before anything is read: a full memory takes other programs with it."""
    stored = _stored_bytes(source, place)
    if stored is None:
        return
    per = _STORED.get(_short_name(front.config), 2)
    needed = stored / per * _BYTES[dtype] * _ROOM
    free = _free_bytes(device)
    if needed > free:
        others = ", ".join(name for name in ("bf16", "int8", "int4") if _BYTES[name] < _BYTES[dtype])
        raise ModelError(
            f"{source.name!r} needs about {needed / 2**30:.1f} GiB in {dtype}, and {free / 2**30:.1f} GiB are free",
            hint=f"Unload another model or take a smaller one{f', or set dtype to {others}' if others else ''}.",
        )


def _stored_bytes(source: Source, place: str) -> int | None:
    """Size of the weights: of the folder, of what has been downloaded, or as the hub tells; None where unknown."""
    if Path(place).is_dir():
        return _size(Path(place))
    from huggingface_hub import HfApi, snapshot_download

    with suppress(Exception):  # nothing of it has been downloaded
        known = _size(Path(snapshot_download(place, revision=source.revision, local_files_only=True)))
        if known is not None:
            return known
    try:
        api = HfApi(token=source.token)
        info = api.model_info(place, revision=source.revision, files_metadata=True, timeout=10)
    except Exception:  # a mirror without this; loading itself tells what is wrong
        return None
    files = [file for file in info.siblings or () if file.rfilename.endswith(".safetensors")]
    return sum(file.size or 0 for file in files if "/" not in file.rfilename) or None


def _size(folder: Path) -> int | None:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) or None


def _free_bytes(device: str) -> float:
    import psutil  # type: ignore[import-untyped]

    free = float(psutil.virtual_memory().available)
    if device != "cuda":
        return free
    import torch

    return free + sum(torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count()))


def _short_name(config: Any) -> str:
    return str(getattr(config, "dtype", None) or "bfloat16").removeprefix("torch.")


def _short(dtype: str) -> str:
    names: Mapping[str, str] = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
    name = dtype.removeprefix("torch.")
    return names.get(name, name)
