"""Templates of the command line tool ``llm``: YAML with ``prompt``, ``system``, ``defaults``, and ``$name`` in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from akachat.importers.bounds import as_object, text_of
from akachat.importers.imported import Imported
from akachat.importers.matter import left_over, references_left
from akachat.importers.pieces import Piece, Text, Value
from akachat.importers.providers import model_options
from akachat.importers.sampling import take_options
from akachat.importers.scope import Scope
from akachat.importers.turns import Turn, draft

__all__ = ["is_llm_template", "read_llm_template"]

#: Python's ``string.Template``: ``$name``, ``${name}``, and ``$$`` for the sign itself.
_DOLLAR = re.compile(r"\$(?:(\$)|([_a-zA-Z][_a-zA-Z0-9]*)|\{([_a-zA-Z][_a-zA-Z0-9]*)\})")
_FIELDS = (
    *("name", "prompt", "system", "model", "defaults", "options", "schema_object", "functions", "tools"),
    *("extract", "extract_last", "fragments", "system_fragments", "attachments", "attachment_types"),
)


def is_llm_template(value: Mapping[str, Any]) -> bool:
    """Whether an object is one: it has a prompt or a system text, and no key that they do not have."""
    return any(isinstance(value.get(key), str) for key in ("prompt", "system")) and set(value) <= set(_FIELDS)


def read_llm_template(value: Mapping[str, Any], name: str) -> Imported:
    """A prompt from the file's value; ``name`` is what the file is called."""
    notes: list[str] = []
    options = model_options(text_of(value.get("model")), notes)
    options |= take_options(as_object(value.get("options")), notes)
    if value.get("schema_object"):
        schema = {"name": "output", "schema": as_object(value["schema_object"])}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    known = references_left(as_object(value.get("defaults")), notes)
    system, prompt = text_of(value.get("system")), text_of(value.get("prompt"))
    if prompt and not re.search(r"(?<!\$)\$(?:input\b|\{input\})", prompt):
        prompt += "\n$input"  # what is said follows the prompt

    def turns(scope: Scope) -> list[Turn]:
        return [Turn("system", _dollars(system, scope)), Turn("user", _dollars(prompt, scope))]

    made = draft(turns, notes, known=known, natural="input")
    if value.get("functions"):
        notes.append("functions was left out: code from a file is never run; write functions of your own.")
    if value.get("tools"):
        notes.append("tools was left out: what a file brings is never run; write functions of your own.")
    left_over(
        value,
        ("name", "prompt", "system", "model", "defaults", "options", "schema_object", "functions", "tools"),
        notes,
    )
    title = text_of(value.get("name")) or name
    return Imported("llm template", (made.prompt(title, options),), made.values, notes=tuple(notes))


def _dollars(text: str, scope: Scope) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    at = 0
    for found in _DOLLAR.finditer(text):
        pieces.append(Text(text[at : found.start()] + ("$" if found[1] else "")))
        if not found[1]:
            pieces.append(Value(scope.source(found[2] or found[3])))
        at = found.end()
    scope.use(scope.take())
    return (*pieces, Text(text[at:]))
