"""Picoschema, dotprompt's short way to write a JSON Schema, written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from akachat.importers.bounds import as_object, text_of

__all__ = ["json_schema"]

_SCALARS = {"string", "number", "integer", "boolean", "null"}
_KEY = re.compile(r"([^?()]+?)(\?)?(?:\(\s*(\w+)\s*(?:,\s*(.*?)\s*)?\))?(\?)?\s*")


def json_schema(value: object) -> dict[str, Any] | None:
    """The JSON Schema that it means; None where it names a schema that is elsewhere.

    A schema that is written out already stays as it is.
    """
    if isinstance(value, Mapping):
        given = as_object(value)
        if isinstance(given.get("type"), str) and given["type"] in {"object", "array", *_SCALARS}:
            return given
        return _object(given)
    return _scalar(value)


def _scalar(value: object) -> dict[str, Any] | None:
    kind, _, about = text_of(value).partition(",")
    kind = kind.strip()
    if kind not in _SCALARS and kind != "any":
        return None
    schema: dict[str, Any] = {} if kind == "any" else {"type": kind}
    return {**schema, "description": about.strip()} if about.strip() else schema


def _object(given: Mapping[str, Any]) -> dict[str, Any] | None:
    properties: dict[str, Any] = {}
    required = []
    for key, value in given.items():
        found = _KEY.fullmatch(key)
        if found is None:
            return None
        name, kind, about = found[1].strip(), found[3], found[4]
        schema = _value(kind, value)
        if schema is None or name == "" or name == "*":
            return None
        properties[name] = {**schema, "description": about} if about else schema
        if not (found[2] or found[5]):
            required.append(name)
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _value(kind: str | None, value: object) -> dict[str, Any] | None:
    if kind == "enum":
        return {"enum": list(value)} if isinstance(value, list) else None
    inner = json_schema(value)
    if kind == "array":
        return None if inner is None else {"type": "array", "items": inner}
    return inner if kind in (None, "object") else None
