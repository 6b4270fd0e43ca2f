"""A prompt as Microsoft's Prompty, in the first form, whose template its second form reads too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from akachat.exporters.conversation import Conversion, convert
from akachat.exporters.exported import Exported
from akachat.options import Options
from akachat.workspace import Prompt

__all__ = ["to_prompty"]

_ROLE = re.compile(r"^\s*#?\s*(assistant|developer|function|system|tool|user)(\[.*\])?\s*:\s*$", re.IGNORECASE)
#: What the server of OpenAI's API takes under the same or another name.
_PARAMETERS = {
    "max_new_tokens": "max_tokens",
    **{name: name for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop")},
    "response_format": "response_format",
}
_MODEL = ("location", "model", "endpoint")


def to_prompty(prompt: Prompt, variables: Mapping[str, str], base_url: str) -> Exported:
    """The file. What has no equal there is a comment in it, and a note.

    Args:
        variables: values of the variables that the prompt reads; they become the file's samples.
        base_url: where this program serves OpenAI's API, for models of this machine.

    Raises:
        InstructionError: the instruction cannot be read.
    """
    made = convert(prompt.instruction)
    head: dict[str, Any] = {"name": prompt.name, "model": _model(prompt.options, base_url, made.notes)}
    sample = {key: variables[key] for key in made.variables if key in variables}
    if missing := [key for key in made.variables if key not in sample]:
        made.notes.append(f"nobody has set {', '.join(missing)}: give values there.")
    if sample:
        head["sample"] = sample
    text = f"---\n{_yaml(head, made.notes)}---\n{_body(made)}"
    name = prompt.name.rpartition("/")[2]
    return Exported(f"{name}.prompty", text.encode(), "text/markdown", tuple(made.notes))


def _body(made: Conversion) -> str:
    blocks = []
    for role, template in [*made.turns, ("user", "{{input}}")]:
        if any(_ROLE.match(line) for line in template.split("\n")):
            made.notes.append("a line of the text names a role by itself: a Prompty takes what follows as its turn.")
        blocks.append(f"{role}:\n{template}\n")
    return "\n".join(blocks)


def _model(options: Options, base_url: str, notes: list[str]) -> dict[str, Any]:
    given = options.to_dict()
    configuration: dict[str, Any] = {"type": "openai", "name": options.model}
    endpoint = options.endpoint or ""
    if options.location == "Local":
        configuration["base_url"] = base_url
        notes.append(f"the model {options.model} runs on this machine: other programs reach it at {base_url}.")
    elif urlsplit(endpoint).scheme in ("http", "https"):
        configuration["base_url"] = endpoint
    elif endpoint:
        notes.append(f"the endpoint {endpoint} was left out: it is a name of your settings.")
    parameters = {theirs: given[ours] for ours, theirs in _PARAMETERS.items() if ours in given}
    left = [name for name in given if name not in _PARAMETERS and name not in _MODEL]
    if left:
        notes.append(f"options that a Prompty has no place for were left out: {', '.join(left)}.")
    return {"api": "chat", "configuration": configuration, **({"parameters": parameters} if parameters else {})}


def _yaml(head: dict[str, Any], notes: list[str]) -> str:
    """The head. Its readers take three minus signs in a row, wherever they are, for its end."""
    text = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10_000)
    while (at := max(text.find("---"), text.find("+++"))) >= 0 and "sample" in head:
        odd = [key for key, value in head["sample"].items() if "---" in value or "+++" in value]
        if not odd:
            break
        for key in odd:
            del head["sample"][key]
            notes.append(f"the value of {key} was left out: it has --- or +++ in it.")
        text = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10_000)
    if at >= 0:
        notes.append("the head has --- or +++ in it: a Prompty's readers take that for its end.")
    return text
