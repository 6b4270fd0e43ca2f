"""Settings from the environment: `AKACHAT_…` over the file, and the usual names where nothing else is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from akachat.errors import InvalidInput

__all__ = ["Overrides", "read_environment"]

_PREFIX = "AKACHAT_"
#: Read by the command line, not settings.
_OTHERS = ("AKACHAT_WORKSPACE",)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the environment says.

    Attributes:
        values: settings by their place, e.g. ``("limits", "render_seconds")``; an endpoint is one place.
        variables: the variable's name for each place.
        unknown: variables that look like ours but are not.
    """

    values: dict[tuple[str, ...], Any] = field(default_factory=dict)
    variables: dict[tuple[str, ...], str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def read_environment(environ: Mapping[str, str], model: type[BaseModel], raw: Mapping[str, Any]) -> Overrides:
    """Collects the variables that set a field of ``model``; an empty one counts as not given.

    ``__`` goes one level down: ``AKACHAT_LIMITS__RENDER_SECONDS``. Lists are JSON or separated by commas, objects
    are JSON. ``OPENAI_API_KEY``, ``OPENAI_BASE_URL`` and ``HF_TOKEN`` fill what neither these nor the file (``raw``)
    say.

    Raises:
        InvalidInput: which variable is no JSON; never its value.
    """
    values: dict[tuple[str, ...], Any] = {}
    variables: dict[tuple[str, ...], str] = {}
    unknown: list[str] = []
    for variable in sorted(environ):
        text = environ[variable]
        if not variable.startswith(_PREFIX) or variable in _OTHERS or not text.strip():
            continue
        path = tuple(variable[len(_PREFIX) :].lower().split("__"))
        info = model.model_fields.get(path[0])
        if info is None:
            unknown.append(variable)
            continue
        default = info.get_default(call_default_factory=True)
        if len(path) > 1 and not isinstance(default, (dict, BaseModel)):
            unknown.append(variable)
            continue
        for place, value in _places(path, _value(variable, text, default, len(path)), default):
            if isinstance(value, dict) and isinstance(values.get(place), dict):
                values[place] = {**values[place], **value}
            else:
                values[place] = value
            variables[place] = variable
    for place, variable, value in _usual(environ, raw, values):
        values[place] = value
        variables[place] = variable
    return Overrides(values, variables, tuple(unknown))


def _usual(
    environ: Mapping[str, str], raw: Mapping[str, Any], values: Mapping[tuple[str, ...], Any]
) -> list[tuple[tuple[str, ...], str, Any]]:
    """The variables that other programs use too; they never replace what was set for this one."""
    found: list[tuple[tuple[str, ...], str, Any]] = []
    base, key = environ.get("OPENAI_BASE_URL", "").strip(), environ.get("OPENAI_API_KEY", "").strip()
    if base and not base.startswith("https://api.openai.com/"):
        # The two belong together: the key of another server must not be sent to OpenAI.
        place = ("endpoints", "openai")
        endpoints = raw.get("endpoints")
        if place not in values and not (isinstance(endpoints, Mapping) and "openai" in endpoints):
            found.append((place, "OPENAI_BASE_URL", {"url": base, "key": key or None}))
    elif key and not raw.get("openai_key") and ("openai_key",) not in values:
        found.append((("openai_key",), "OPENAI_API_KEY", key))
    token = environ.get("HF_TOKEN", "").strip()
    if token and not raw.get("hf_token") and ("hf_token",) not in values:
        found.append((("hf_token",), "HF_TOKEN", token))
    return found


def _value(variable: str, text: str, default: Any, depth: int) -> Any:
    if depth > 1:
        return text
    if isinstance(default, tuple) and not text.lstrip().startswith("["):
        return [each.strip() for each in text.split(",") if each.strip()]
    if not isinstance(default, (tuple, dict, BaseModel)):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise InvalidInput(f"the environment variable {variable} is not valid JSON", hint="Mend or unset it.") from None


def _places(path: tuple[str, ...], value: Any, default: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Splits an object into the places that can be set by themselves."""
    if isinstance(default, dict) and len(path) > 2:
        # An endpoint is replaced as a whole: its key must never meet another source's URL.
        return [(path[:2], {path[2]: value})]
    if isinstance(default, (dict, BaseModel)) and len(path) == 1 and isinstance(value, dict):
        return [((path[0], str(key)), each) for key, each in value.items()]
    return [(path, value)]
