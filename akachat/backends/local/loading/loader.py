"""Weights into memory: on which device, in which number format, and what came of it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from akachat.backends.local.loading.dtypes import Choice, best_device, choose_dtype, format_arguments
from akachat.backends.local.loading.failures import explained
from akachat.backends.local.loading.placement import free_memory, place_model
from akachat.backends.local.loading.source import Front, Source
from akachat.backends.local.loading.weights import read_stored
from akachat.errors import ModelError

__all__ = ["Loaded", "load_weights"]

#: How the model's own generation settings are named that are handled here, token by token, and not by `generate`.
_OURS = frozenset(
    {"do_sample", "temperature", "top_p", "top_k", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff",
     "repetition_penalty", "max_length", "max_new_tokens", "min_length", "min_new_tokens", "num_beams",
     "num_beam_groups", "diversity_penalty", "length_penalty", "early_stopping", "forced_bos_token_id",
     "forced_eos_token_id", "decoder_start_token_id",
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
        why: how its number format was chosen.
        packed: bytes of matrices that are no parameters.
        parameters: how many numbers the model has; 0 where it can be asked.
        varies: that answers depend on what is made beside them, which belongs into each of their traces; or empty.
    """

    source: Source
    front: Front
    model: Any
    device: str
    dtype: str
    seconds: float
    notes: list[str] = field(default_factory=list)
    why: str = ""
    packed: int = 0
    varies: str = ""
    parameters: int = 0

    def facts(self) -> dict[str, Any]:
        """JSON-ready facts for the page."""
        facts: dict[str, Any] = {
            "device": self.device,
            "dtype": self.dtype,
            "dtype_asked": self.source.dtype,
            "dtype_why": self.why,
            "quantization": self._quantization(),
            "attention": getattr(self.model.config.get_text_config(decoder=True), "_attn_implementation", None),
            "parameters": self.parameters or int(self.model.num_parameters()),
            "memory": int(self.model.get_memory_footprint()) + self.packed,
            "class": type(self.model).__name__,
            "task": self.front.task,
            "context": self.front.context,
            "load_seconds": round(self.seconds, 3),
            "notes": [*([self.varies] if self.varies else []), *self.notes],
        }
        places = getattr(self.model, "hf_device_map", None)
        if isinstance(places, Mapping) and len(set(places.values())) > 1:
            facts["device_map"] = dict(Counter(str(place) for place in places.values()))
        return facts

    def _quantization(self) -> str:
        if self.packed:
            return "int8, each row by itself"
        own = getattr(self.model.config, "quantization_config", None)
        method = own.get("quant_method") if isinstance(own, dict) else getattr(own, "quant_method", None)
        return str(getattr(method, "value", method) or "")


#: While it builds a model, transformers takes `tie_weights` away from the class of all models (its `no_tie_weights`).
#: Of two at the same time the first would lack its output layer, and the second would put back what it found: nothing.
_ONE_AT_A_TIME = threading.Lock()


def load_weights(source: Source, front: Front, *, max_memory: Mapping[int | str, int] | None = None) -> Loaded:
    """Loads the weights of a language model.

    Args:
        max_memory: bytes that it may take of each GPU, and of the rest; None: whatever is free.

    Raises:
        ModelError: why not, with the next step.
    """
    import transformers

    _quieten()
    started = monotonic()
    place, found = source.locate(source.place)
    stored = read_stored(source, place, front.config)
    device = best_device()
    choice = choose_dtype(source.dtype, device, front.config, stored.parameters if stored else None)
    formatted = format_arguments(choice, device, front.config.model_type)
    where = place_model(source.name, stored, choice.name, device, free_memory(device, max_memory))
    with explained(source.name, "weights"), _ONE_AT_A_TIME:
        model, told = getattr(transformers, front.loader).from_pretrained(
            place,
            config=front.config,
            use_safetensors=True,
            output_loading_info=True,
            **found,
            **formatted,
            **where.arguments,
        )
        _check_whole(source.name, told)
        model.eval()
        _mend_int4(model)
        parameters = int(model.num_parameters())
        packed = _made_int8(source.name, model) if (choice.name, device) == ("int8", "cpu") else 0
    own = {key: value for key, value in front.generation.items() if key not in _OURS and not key.startswith("_")}
    model.generation_config = transformers.GenerationConfig(**own)
    return Loaded(
        source,
        front,
        model,
        str(model.device),
        _shown_dtype(choice, model),
        monotonic() - started,
        [note for note in (choice.note, where.note) if note],
        choice.why,
        packed,
        choice.varies,
        parameters,
    )


def _made_int8(name: str, model: Any) -> int:
    from akachat.backends.local.loading.int8 import quantise

    try:
        packed = quantise(model)
        _try_out(model)
        return packed
    except (RuntimeError, NotImplementedError) as error:
        raise ModelError(
            f"{name!r} cannot be computed in int8 by this processor: {error}", hint="Set dtype to bf16 or fp32."
        ) from error


def _try_out(model: Any) -> None:
    """One step: some models look into their matrices by themselves, and find none."""
    import torch

    one = torch.zeros((1, 1), dtype=torch.long)
    with torch.inference_mode():
        model(input_ids=one, **({"decoder_input_ids": one} if model.config.is_encoder_decoder else {}))


def _mend_int4(model: Any) -> None:
    """Keeps layers of odd sizes from bitsandbytes' fastest way on a CPU, which takes blocks of 32 x 64 only."""
    for module in model.modules():
        if getattr(module, "support_avx512bf16_for_cpu", False):
            module.support_avx512bf16_for_cpu = module.out_features % 32 == 0 and module.in_features % 64 == 0


def _check_whole(name: str, told: Mapping[str, Any]) -> None:
    """Refuses weights that lack something: what is missing would be random numbers, and the answers nonsense."""
    missing = sorted(told.get("missing_keys") or ())
    if missing:
        raise ModelError(
            f"the weights of {name!r} lack {len(missing)} parts of a model that generates text, such as {missing[0]}",
            hint="They were made for another task, or with another configuration. Take a model that generates text.",
        )


def _quieten() -> None:
    """Keeps out of the server's log what nobody can act on: progress bars, and which kernels are chosen."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    for name in (
        "transformers.integrations.hub_kernels",
        "bitsandbytes.autograd._functions",
        "bitsandbytes.backends.cpu.ops",
    ):
        logging.getLogger(name).setLevel(logging.ERROR)


def _shown_dtype(choice: Choice, model: Any) -> str:
    if choice.name in ("int4", "int8"):
        return choice.name
    names = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
    name = str(model.dtype).removeprefix("torch.")
    return names.get(name, name)
