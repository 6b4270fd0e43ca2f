"""Hugging Face's GenerationConfig, as JSON or YAML, as options of a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akachat.errors import InvalidInput
from akachat.importers.imported import Imported, ImportedPrompt
from akachat.options import Options

__all__ = ["is_generation_config", "read_generation_config"]

#: Its names, and ours.
_SAME = {
    "max_new_tokens": "max_new_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "stop_strings": "stop",
    "max_time": "timeout",
}
_SAMPLING = ("temperature", "top_p", "top_k", "min_p")
_BEAMS = "answers are written one token after another, as they come"
_MODELS = "it belongs to the model and is taken from there"
_NONE = "there is no such option"
#: Why others are left, each with the value that asks for nothing.
_LEFT: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(("num_beams", "num_beam_groups", "num_return_sequences", "length_penalty"), (_BEAMS, 1)),
    **dict.fromkeys(("early_stopping", "diversity_penalty", "penalty_alpha", "assistant_early_exit"), (_BEAMS, 0)),
    **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"), (_MODELS, None)),
    **dict.fromkeys(("forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens"), (_MODELS, None)),
    "forced_bos_token_id": ("set target_language instead", None),
    "max_length": ("it counts the prompt too; max_new_tokens counts the answer alone", 20),
    **dict.fromkeys(
        ("min_length", "min_new_tokens", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size"), (_NONE, 0)
    ),
    **dict.fromkeys(("typical_p", "encoder_repetition_penalty", "guidance_scale"), (_NONE, 1)),
    **dict.fromkeys(("epsilon_cutoff", "eta_cutoff", "top_h"), (_NONE, 0)),
    "bad_words_ids": (_NONE, None),
}
#: What says nothing about the answer.
_SILENT = frozenset(
    {"do_sample", "use_cache", "transformers_version", "_from_model_config", "cache_implementation", "output_scores",
     "output_attentions", "output_hidden_states", "output_logits", "return_dict_in_generate", "trust_remote_code",
     "remove_invalid_values", "renormalize_logits"}
)  # fmt: skip


def is_generation_config(value: Mapping[str, Any]) -> bool:
    """Whether an object is one, or holds one as ``generation_config``."""
    inner = value.get("generation_config")
    keys = set(inner if isinstance(inner, Mapping) else value)
    # An options file of ours has names of its own besides those that both have.
    return bool(keys & {*_SAME, *_LEFT, "do_sample"}) and not keys & {"location", "model", "endpoint", "messages"}


def read_generation_config(value: Mapping[str, Any], name: str = "") -> Imported:
    """The options that it means; what it says besides is told in the notes."""
    inner = value.get("generation_config")
    config = {str(key): each for key, each in (inner if isinstance(inner, Mapping) else value).items()}
    options: dict[str, Any] = {}
    notes: list[str] = []
    greedy = config.get("do_sample") is False
    for name, given in config.items():
        if given is None or name in _SILENT:
            continue
        if name in _SAME:
            if not (greedy and name in _SAMPLING):
                _take(options, notes, name, given)
        elif name not in _LEFT:
            notes.append(f"{name} was left out: {_NONE}.")
        elif not _asks_nothing(given, _LEFT[name][1]):
            notes.append(f"{name} was left out: {_LEFT[name][0]}.")
    if greedy:
        options["temperature"] = 0
        unused = [name for name in _SAMPLING if config.get(name) is not None]
        notes.append(
            "do_sample is false: temperature is 0"
            + (f", and {', '.join(unused)} mean nothing then." if unused else ".")
        )
    return Imported("GenerationConfig", (ImportedPrompt(name, None, options),), notes=tuple(notes))


def _take(options: dict[str, Any], notes: list[str], name: str, given: Any) -> None:
    own = _SAME[name]
    try:
        options[own] = Options.parse({own: given}).to_dict()[own]
    except InvalidInput as error:
        notes.append(f"{name} was left out: {error.message}.")


def _asks_nothing(given: Any, plain: Any) -> bool:
    return plain is not None and bool(given == plain)
