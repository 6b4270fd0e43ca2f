"""What is known of one model, and reading it from an entry of a ``models.json``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from akachat.backends.prompt_types import prompt_types
from akachat.errors import InvalidInput
from akachat.options import Options

__all__ = ["Preset", "Size", "build_preset", "checked_entry"]

#: How large a model is, by what it takes to run it: see ``Preset.group``.
Size = Literal["", "tiny", "small", "medium", "large", "huge"]

_GROUPS: tuple[tuple[float, Size], ...] = ((1.5, "tiny"), (4.5, "small"), (10, "medium"), (36, "large"))


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one model beyond its own files. An empty field leaves the choice to the model's own files.

    Attributes:
        name: a Hugging Face name, a folder, or the name that an endpoint knows.
        size: billions of parameters, all experts counted; 0 where unknown.
        task: what it does.
        japanese: whether it was made for Japanese (``yes``), copes with it (``some``), or not (``no``).
        needs_token: whether its files are given only to an accepted account (a gated model).
        type: the prompt type that it was trained with; empty: its tokenizer's own chat template.
        loader: forces the loading class: ``causal`` or ``seq2seq``.
        tokenizer: forces the tokenizer's kind: ``fast`` or ``slow``.
        newline: what stands for a line break in what it reads and writes, such as rinna's ``<NL>``.
        base: the model under it, where this is a LoRA adapter.
        options: options that suit it.
        note: what a user should know, in one sentence.
    """

    name: str
    size: float = 0
    task: Literal["", "causal", "seq2seq", "translation"] = ""
    japanese: Literal["", "yes", "some", "no"] = ""
    needs_token: bool = False
    type: str = ""
    loader: Literal["", "causal", "seq2seq"] = ""
    tokenizer: Literal["", "fast", "slow"] = ""
    newline: str = ""
    base: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def group(self) -> Size:
        """Who can run it.

        ``tiny``: any PC. ``small``: a PC with 16 GB, or a GPU with 8 GB. ``medium``: a GPU with 8 GB in int4, 24 GB in
        bf16. ``large``: a GPU with 24 GB in int4. ``huge``: more than one, or an endpoint.
        """
        if not self.size:
            return ""
        return next((group for most, group in _GROUPS if self.size <= most), "huge")

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object, with the group."""
        return {**asdict(self), "options": dict(self.options), "group": self.group}


_FIELDS = tuple(each.name for each in fields(Preset) if each.name != "name")
_ADAPTER: TypeAdapter[Preset] = TypeAdapter(Preset)
#: Where a model is says the prompt; an entry says only how it is best used there.
_NOT_OPTIONS = ("location", "endpoint", "model", "lora")


def checked_entry(name: str, entry: object) -> tuple[dict[str, Any], list[str]]:
    """An entry of the file: its fields, and what is to be said of those that no model has. A null takes a field back.

    Raises:
        InvalidInput: it is no object.
    """
    if not isinstance(entry, Mapping):
        raise InvalidInput(f"the entry of {name!r} is no JSON object", hint='It looks like {"type": "chatml"}.')
    told = []
    for key in entry:
        if key not in _FIELDS:
            near = difflib.get_close_matches(key, _FIELDS, n=1)
            told.append(f"{name!r} has no field {key}" + (f" (did you mean {near[0]}?)" if near else ""))
    return {key: value for key, value in entry.items() if key in _FIELDS}, told


def build_preset(values: Mapping[str, Any], name: str) -> Preset:
    """A preset from its entry.

    Raises:
        InvalidInput: which field is wrong.
    """
    given = {key: value for key, value in values.items() if value is not None}
    try:
        preset = _ADAPTER.validate_python({**given, "name": name})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{place} of {name!r}: {first['msg']}", hint="Mend it there.") from None
    if preset.type and preset.type not in prompt_types():
        near = difflib.get_close_matches(preset.type, prompt_types(), n=1)
        raise InvalidInput(
            f"type of {name!r}: there is no prompt type {preset.type!r}",
            hint=f"Did you mean {near[0]}?" if near else f"There are {', '.join(prompt_types())}.",
        )
    wrong = [key for key in _NOT_OPTIONS if key in preset.options]
    if wrong:
        raise InvalidInput(f"options of {name!r}: {wrong[0]} is for the prompt to say", hint="Take it out.")
    Options.parse(preset.options)
    return preset
