"""The sampling options in effect, and how llama.cpp is told them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from akachat.backends.gguf.header import Header
from akachat.errors import ModelError
from akachat.options import DEFAULTS, Options

__all__ = ["effective", "form_request", "sampling_request"]

#: Where a file may hold its maker's own values.
_OWN = {
    "temperature": "general.sampling.temp",
    "top_p": "general.sampling.top_p",
    "top_k": "general.sampling.top_k",
    "min_p": "general.sampling.min_p",
    "repetition_penalty": "general.sampling.penalty_repeat",
}
#: The order of our other local models: the nucleus is cut from the tempered weights.
_ORDER = ["penalties", "top_k", "temperature", "top_p", "min_p"]
#: The library's seeds have 32 bits, and its largest means "any".
_SEEDS = 2**32 - 1


def effective(options: Options, header: Header, most: int) -> dict[str, Any]:
    """The prompt's options, else the file's own, else the defaults; an unset seed is left out.

    Args:
        options: the prompt's.
        header: the model's.
        most: no answer is longer than this many tokens, whatever is asked.
    """
    values: dict[str, Any] = {}
    for name, default in DEFAULTS.items():
        if name == "timeout":
            continue
        value = getattr(options, name)
        if value is None and name in _OWN:
            value = header.own_number(_OWN[name])
        values[name] = type(default)(default if value is None else value)
    values["max_new_tokens"] = max(1, min(values["max_new_tokens"], most))
    if options.seed is not None:
        values["seed"] = options.seed
    return values


def sampling_request(values: Mapping[str, Any], context: int) -> dict[str, Any]:
    """The options as the fields of a request; a repetition counts over the whole context."""
    return {
        "samplers": _ORDER,
        "n_predict": values["max_new_tokens"],
        "temperature": values["temperature"],
        "top_p": values["top_p"],
        "top_k": values["top_k"],
        "min_p": values["min_p"],
        "repeat_penalty": values["repetition_penalty"],
        "repeat_last_n": context,
        "frequency_penalty": values["frequency_penalty"],
        "presence_penalty": values["presence_penalty"],
        **({"seed": values["seed"] % _SEEDS} if "seed" in values else {}),
    }


def form_request(form: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer's form as the fields of a request.

    Raises:
        ModelError: it is none that can be held.
    """
    kind = None if form is None else form.get("type")
    if form is None or kind == "text":
        return {}
    schema: Any = {"type": "object"}
    if kind == "json_schema":
        inner = form.get("json_schema")
        schema = inner.get("schema") if isinstance(inner, Mapping) else None
    elif kind == "json_object":
        schema = form.get("schema", schema)
    else:
        schema = None
    if not isinstance(schema, Mapping):
        raise ModelError(
            "the option response_format holds no JSON schema",
            hint='Write {"type": "json_schema", "json_schema": {"schema": {…}}} or {"type": "json_object"}.',
        )
    return {"json_schema": dict(schema)}
