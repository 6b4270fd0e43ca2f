"""The sampling options in effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from akachat.defaults import DEFAULTS

if TYPE_CHECKING:
    from akachat.options import Options

__all__ = ["Sampling", "effective", "unused"]

#: Generation settings of a model that mean another way of decoding, with the value that asks for nothing.
_OTHER_WAYS = {
    "num_beams": 1,
    "num_beam_groups": 1,
    "penalty_alpha": 0,
    "prompt_lookup_num_tokens": 0,
    "min_length": 0,
    "min_new_tokens": 0,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "top_h": 0,
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling options in effect, none of them unset but the seed."""

    max_new_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    frequency_penalty: float
    presence_penalty: float
    seed: int | None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object; an unset seed is left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        if self.seed is None:
            del values["seed"]
        return values


def effective(options: Options, own: Mapping[str, Any], most: int) -> Sampling:
    """The prompt's options, else the model's own (its generation_config), else the defaults.

    Args:
        options: the prompt's.
        own: the model's generation_config as a dictionary; ``do_sample: false`` in it means greedy.
        most: no answer is longer than this many tokens, whatever is asked.
    """
    values: dict[str, Any] = {}
    for name, default in DEFAULTS.items():
        if name == "timeout":
            continue
        value = getattr(options, name)
        if value is None:
            value = own.get(name)
            if name == "temperature" and value is None and own.get("do_sample") is False:
                value = 0.0
        values[name] = type(default)(default if value is None else value)
    values["max_new_tokens"] = max(1, min(values["max_new_tokens"], most))
    return Sampling(**values, seed=options.seed)


def unused(own: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a model's own generation_config is not followed, one sentence each."""
    found = [f"{name} {own[name]}" for name, plain in _OTHER_WAYS.items() if own.get(name) not in (None, plain)]
    if not found:
        return ()
    return (f"the model's own {', '.join(found)} was not used: answers are written one token after another.",)
