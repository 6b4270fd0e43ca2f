"""Microsoft's Prompty, the first form and the second: a head of YAML, and a template with a line for each role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from akachat.importers.bounds import as_object, text_of
from akachat.importers.handlebars import handlebars
from akachat.importers.imported import Imported
from akachat.importers.jinja import jinja
from akachat.importers.matter import examples_of, front_matter, left_over, references_left, shown
from akachat.importers.pieces import Piece
from akachat.importers.providers import model_options
from akachat.importers.sampling import endpoint_options, take_options
from akachat.importers.turns import Turn, by_role_lines, draft

__all__ = ["is_prompty", "read_prompty"]

_ROLE = re.compile(
    r"^[ \t]*#?[ \t]*(system|developer|user|assistant|function|tool)(?:\[[^\]\n]*\])?[ \t]*:[ \t]*(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = ("name", "description", "model", "template", "inputs", "sample", "displayName", "outputs", "tools", "base")
_KINDS = frozenset({"thread", "image", "file", "audio"})


def is_prompty(head: Mapping[str, Any], body: str) -> bool:
    """Whether a file with a head is one."""
    if isinstance(head.get("model"), Mapping) or "inputs" in head or "sample" in head or "authors" in head:
        return True
    return _ROLE.search(body) is not None


def read_prompty(text: str, name: str) -> Imported:
    """A prompt from the file's text; ``name`` is what the file is called.

    Raises:
        InvalidInput: its head is no YAML, or its template is nested too deeply.
    """
    head, body = front_matter(text) or ({}, text)
    notes: list[str] = []
    options = _options(as_object(head.get("model")), notes)
    values, kinds = _inputs(head, notes)
    constants = {key: "" for key, kind in kinds.items() if kind == "thread"}
    translate = handlebars if _template(head) in ("mustache", "handlebars") else jinja
    made = draft(
        lambda scope: _turns(translate(body, scope)),
        notes,
        known=values,
        constants=constants,
        comment=text_of(head.get("description")),
    )
    _note_rest(head, kinds, notes)
    title = text_of(head.get("name") or head.get("displayName")) or name
    sample = examples_of([values], made.natural, made.reads)
    return Imported("Prompty", (made.prompt(title, options),), made.values, sample, notes=tuple(notes))


def _turns(pieces: Sequence[Piece]) -> list[Turn]:
    return by_role_lines(pieces, _ROLE, "system")


def _template(head: Mapping[str, Any]) -> str:
    template = head.get("template")
    found = as_object(template).get("type") or as_object(template).get("format") or template
    return text_of(as_object(found).get("kind") or found).casefold() if found else ""


def _options(model: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Form 1 has ``configuration`` and ``parameters``; form 2 ``id``, ``provider``, ``connection`` and ``options``."""
    configuration = as_object(model.get("configuration")) or as_object(model.get("connection"))
    kind = text_of(configuration.get("type") or model.get("provider")).casefold()
    name = references_left({"model": configuration.get("model") or configuration.get("name") or model.get("id")}, notes)
    options: dict[str, Any] = {}
    known = name.get("model", "")
    if kind.startswith("azure") or "azure_endpoint" in configuration or kind == "foundry":
        notes.append("the model was left out: it is a deployment at Azure; name its address in the settings.")
    elif known and kind in ("", "openai", "serverless", "key", "apikey"):
        url = configuration.get("base_url") or configuration.get("endpoint")
        found = {"location": "OpenAI", "model": known}
        endpoint = endpoint_options(url, notes)
        options = {**found, **endpoint} if endpoint or kind in ("openai", "serverless") else model_options(known, notes)
        if url and not endpoint:
            options = {}  # the same name at another address is another model
    elif known:
        options = model_options(f"{kind}:{known}", notes)
    if any(key in configuration for key in ("api_key", "apiKey", "key", "clientSecret")):
        notes.append("the key in the file was left out: put keys into the settings.")
    if text_of(model.get("api") or model.get("apiType")) not in ("", "chat", "responses"):
        notes.append(f"the api {shown(model.get('api') or model.get('apiType'))} was left out: prompts are chats here.")
    seen = ("type", "model", "name", "base_url", "endpoint", "api_key", "apiKey", "key", "clientSecret", "kind")
    left_over(configuration, (*seen, "azure_endpoint", "azure_deployment", "api_version", "api_type"), notes)
    left_over(
        model,
        ("api", "apiType", "configuration", "parameters", "connection", "options", "id", "provider", "response"),
        notes,
    )
    sampling = {**as_object(model.get("parameters")), **as_object(model.get("options"))}
    more = as_object(sampling.pop("additionalProperties", None))
    return {**options, **take_options({**sampling, **more}, notes, ignore=("stream", "model", "n"))}


def _inputs(head: Mapping[str, Any], notes: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What the file says of its inputs: values, and kinds."""
    declared = head.get("inputs")
    entries: dict[str, Any]
    if isinstance(declared, list):
        entries = {text_of(as_object(each).get("name")): each for each in declared if as_object(each).get("name")}
    else:
        entries = as_object(declared)
    values: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for name, entry in entries.items():
        about = as_object(entry)
        kinds[name] = text_of(about.get("kind") or about.get("type"))
        value = next((about[key] for key in ("default", "example", "sample") if about.get(key) is not None), None)
        if not isinstance(entry, Mapping):
            value = entry
        if value is not None:
            values[name] = value
    sample = head.get("sample")
    if isinstance(sample, str):
        notes.append(f"sample was left out: {shown(sample)} is not resolved here.")
    values |= as_object(sample)
    return references_left(values, notes), kinds


def _note_rest(head: Mapping[str, Any], kinds: Mapping[str, str], notes: list[str]) -> None:
    left_over(head, _HEAD, notes)
    odd = [name for name, kind in kinds.items() if kind in _KINDS - {"thread"}]
    if odd:
        notes.append(f"left out, since inputs are texts here: {', '.join(map(shown, odd[:12]))}.")
    if head.get("tools"):
        notes.append("tools was left out: what a file brings is never run; write functions of your own.")
    if head.get("outputs"):
        notes.append("outputs was left out: set response_format instead.")
    if head.get("base"):
        notes.append(f"base was left out: {shown(head['base'])} is not resolved here.")
