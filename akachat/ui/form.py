"""The options' form, read off the options' own schema: a field added there appears on the page by itself."""

from __future__ import annotations

from typing import Any

from akachat.options import DEFAULTS, Options

__all__ = ["form_fields"]

#: Texts that are usually longer than a line.
_LONG = {"template"}


def form_fields() -> list[dict[str, Any]]:
    """One entry a field, in the order of the schema.

    Each has ``name``, ``group``, ``kind`` (``text``, ``long``, ``number``, ``integer``, ``choice``, ``boolean``,
    ``lines`` or ``json``), ``help`` (English), ``required``, and where they apply ``choices``, ``min``, ``max`` and
    ``default`` (what an unset field falls back to where the model says nothing).
    """
    schema = Options.model_json_schema()
    return [_field(name, part) for name, part in schema["properties"].items()]


def _field(name: str, part: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in part.get("anyOf", [part]) if kind.get("type") != "null"]
    kind = kinds[0]
    field: dict[str, Any] = {
        "name": name,
        "group": part.get("group", "other"),
        "kind": _kind(name, kind),
        "help": part.get("description", ""),
        "required": part.get("default") is not None,
    }
    if "enum" in kind:
        field["choices"] = [choice for choice in kind["enum"] if choice]
    for key, bounds in (("min", ("minimum", "exclusiveMinimum")), ("max", ("maximum", "exclusiveMaximum"))):
        found = [kind[bound] for bound in bounds if bound in kind]
        if found:
            field[key] = found[0]
    default = DEFAULTS.get(name, part.get("default"))
    if default is not None:
        field["default"] = default
    return field


def _kind(name: str, kind: dict[str, Any]) -> str:
    match kind.get("type"):
        case "string" if "enum" in kind:
            return "choice"
        case "string":
            return "long" if name in _LONG else "text"
        case "integer" | "number" | "boolean" as simple:
            return str(simple)
        case "array" if kind.get("items", {}).get("type") == "string":
            return "lines"
        case _:
            return "json"
