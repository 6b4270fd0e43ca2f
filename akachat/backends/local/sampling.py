"""The sampling options in effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from akachat.defaults import DEFAULTS

if TYPE_CHECKING:
    from akachat.options import Options

__all__ = ["Sampling", "effective"]


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
