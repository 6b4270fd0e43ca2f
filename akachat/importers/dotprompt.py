"""Google's dotprompt (``.prompt``): a head of YAML, and a Handlebars template with ``{{role "…"}}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from akachat.importers.bounds import as_object, text_of
from akachat.importers.handlebars import handlebars
from akachat.importers.imported import Imported
from akachat.importers.matter import examples_of, front_matter, left_over, references_left
from akachat.importers.picoschema import json_schema
from akachat.importers.providers import model_options
from akachat.importers.sampling import take_options
from akachat.importers.scope import Scope
from akachat.importers.turns import Turn, draft

__all__ = ["is_dotprompt", "read_dotprompt"]

_ROLE = re.compile(r"""\{\{~?\s*role\s+["'](\w+)["']\s*~?\}\}""")
#: Where the conversation so far stands; here it follows the instruction by itself.
_HISTORY = re.compile(r"\{\{~?\s*history\s*~?\}\}")
_HEAD = ("name", "description", "model", "config", "input", "output", "tools", "variant")


def is_dotprompt(head: Mapping[str, Any], body: str) -> bool:
    """Whether a file with a head is one."""
    has_schema = isinstance(head.get("input"), Mapping) or isinstance(head.get("output"), Mapping)
    return has_schema or isinstance(head.get("config"), Mapping) or _ROLE.search(body) is not None


def read_dotprompt(text: str, name: str) -> Imported:
    """A prompt from the file's text; ``name`` is what the file is called.

    Raises:
        InvalidInput: its head is no YAML, or its template is nested too deeply.
    """
    head, body = front_matter(text) or ({}, text)
    notes: list[str] = []
    options = model_options(text_of(head.get("model")), notes)
    options |= take_options(as_object(head.get("config")), notes, ignore=("version", "n"))
    options |= _output(as_object(head.get("output")), notes)
    input = as_object(head.get("input"))
    known = references_left(as_object(input.get("default")), notes)
    made = draft(lambda scope: _turns(body, scope), notes, known=known, comment=text_of(head.get("description")))
    if head.get("tools"):
        notes.append("tools was left out: what a file brings is never run; write functions of your own.")
    left_over(head, _HEAD, notes)
    left_over(input, ("default", "schema"), notes)
    prompt = made.prompt(text_of(head.get("name")) or name, options)
    example = examples_of([known], made.natural, made.reads)
    return Imported("dotprompt", (prompt,), made.values, example, notes=tuple(notes))


def _turns(body: str, scope: Scope) -> list[Turn]:
    pieces = _ROLE.split(_HISTORY.sub("", body))
    said = [("user", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    return [Turn(role, handlebars(text, scope)) for role, text in said]


def _output(output: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    schema = json_schema(output.get("schema"))
    if output.get("schema") and schema is None:
        notes.append("output.schema was left out: only schemas that are written out in full can be read.")
    left_over(output, ("format", "schema"), notes)
    if schema is not None:
        return {"response_format": {"type": "json_schema", "json_schema": {"name": "output", "schema": schema}}}
    return {"response_format": {"type": "json_object"}} if output.get("format") == "json" else {}
