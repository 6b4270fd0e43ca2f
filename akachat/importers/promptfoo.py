"""promptfoo's configuration: its prompts, its first provider, and the variables of its tests as stored inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from akachat.importers.bounds import as_object, text_of
from akachat.importers.imported import Imported, ImportedPrompt
from akachat.importers.jinja import jinja
from akachat.importers.matter import examples_of, left_over, references_left, shown
from akachat.importers.providers import model_options
from akachat.importers.sampling import endpoint_options, take_options
from akachat.importers.scope import Scope, natural_input
from akachat.importers.turns import Draft, Turn, draft

__all__ = ["is_promptfoo", "read_promptfoo"]

_MOST_PROMPTS, _MOST_TESTS = 200, 5_000
_HEAD = ("prompts", "providers", "targets", "tests", "defaultTest", "description", "$schema")
_SILENT = ("label", "id", "config", "delay", "metadata")
_OF_A_TEST = ("vars", "description", "metadata")


def is_promptfoo(value: Mapping[str, Any]) -> bool:
    """Whether an object is one."""
    return "prompts" in value and any(key in value for key in ("providers", "targets", "tests", "defaultTest"))


def read_promptfoo(value: Mapping[str, Any], name: str) -> Imported:
    """The prompts from the file's value; ``name`` is what the file is called.

    Raises:
        InvalidInput: a template is nested too deeply.
    """
    notes: list[str] = []
    options = _provider(value, notes)
    prompts = _prompts(value.get("prompts"), notes)
    defaults = references_left(as_object(as_object(value.get("defaultTest")).get("vars")), notes)
    stored = _tests(value.get("tests"), defaults, notes)
    # One name is the input of all of them, so that every stored input fits every prompt.
    natural = _natural([text for _, text in prompts], [*stored, defaults])
    made: list[ImportedPrompt] = []
    values: dict[str, str] = {}
    title = text_of(value.get("description")).strip()[:80] or name
    for index, (label, text) in enumerate(prompts):
        drafted = _draft(text, notes, natural, defaults)
        values |= drafted.values
        own = label or (title if len(prompts) == 1 else f"{title}-{index + 1}")
        made.append(drafted.prompt(own, options))
    reads = {key for prompt in made for key in prompt.reads}
    tests = [value.get("defaultTest"), *_list(value.get("tests"))]
    if any(key not in _OF_A_TEST for test in tests for key in as_object(test)):
        notes.append("the checks and options of its tests were left out: only their inputs were read.")
    left_over(value, _HEAD, notes)
    return Imported(
        "promptfoo", tuple(made), values, examples_of(stored, natural, reads), notes=tuple(dict.fromkeys(notes))
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _prompts(given: object, notes: list[str]) -> list[tuple[str, str]]:
    """Label and text of each."""
    found: list[tuple[str, str]] = []
    entries = [(text_of(label), path) for path, label in given.items()] if isinstance(given, Mapping) else None
    for entry in entries if entries is not None else _list(given):
        label, raw = entry if isinstance(entry, tuple) else ("", entry)
        about = as_object(raw)
        text = text_of(about.get("raw") or about.get("id")) if about else text_of(raw)
        label = text_of(about.get("label") or about.get("display")) or label
        if entries is not None or text.startswith(("file://", "exec:", "python:", "langfuse:", "huggingface:")):
            notes.append(
                f"the prompt {shown(text)} was left out: it is in a file of its own, which is imported by itself."
            )
        elif text.strip():
            left_over(about, ("raw", "id", "label", "display"), notes)
            found.append((label, text))
    if len(found) > _MOST_PROMPTS:
        notes.append(f"only the first {_MOST_PROMPTS} prompts were read.")
    return found[:_MOST_PROMPTS]


def _draft(text: str, notes: list[str], natural: str | None, known: Mapping[str, str]) -> Draft:
    return draft(partial(_turns, text), notes, known=known, natural=natural or "")


def _turns(text: str, scope: Scope) -> list[Turn]:
    """A prompt is a text, or a chat as JSON or YAML in which the contents are templates."""
    chat: object = None
    if text.lstrip().startswith("["):
        try:
            chat = json.loads(text)
        except (ValueError, RecursionError):
            chat = None
    if isinstance(chat, list) and chat and all(isinstance(as_object(each).get("role"), str) for each in chat):
        turns = [as_object(each) for each in chat]
        return [Turn(str(turn["role"]), jinja(_content(turn.get("content")), scope)) for turn in turns]
    return [Turn("user", jinja(text, scope))]


def _content(content: object) -> str:
    if isinstance(content, list):
        return "".join(text_of(as_object(part).get("text")) for part in content)
    return text_of(content)


def _natural(texts: Sequence[str], stored: Sequence[Mapping[str, str]]) -> str | None:
    """The name that is the input: alone in the newest turn of a chat, the only one, or one that is called so."""
    for text in texts:
        found = draft(partial(_turns, text), []).natural
        if found:
            return found
    return natural_input(name for values in stored for name in values)


def _provider(value: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    given = _list(value.get("providers") or value.get("targets"))
    if not given:
        return {}
    first = given[0]
    about = as_object(first)
    if about and not isinstance(about.get("id"), str) and len(about) == 1:
        about = {"id": next(iter(about)), **as_object(next(iter(about.values())))}  # {"openai:…": {…}}
    id, config = (text_of(about.get("id")), as_object(about.get("config"))) if about else (text_of(first), {})
    options = model_options(id, notes)
    url = config.pop("apiBaseUrl", None) or config.pop("apiHost", None)
    if url and options.get("location") == "OpenAI":
        endpoint = endpoint_options(url if "//" in text_of(url) else f"https://{text_of(url)}/v1", notes)
        options = {**options, **endpoint} if endpoint else {}
    if any(key in config for key in ("apiKey", "apiKeyEnvar")):
        notes.append("the key in the file was left out: put keys into the settings.")
    options |= take_options(config, notes, ignore=("apiKey", "apiKeyEnvar", "apiBaseUrl", "apiHost"))
    left_over(about, _SILENT, notes)
    others = [shown(as_object(each).get("id") or each) for each in given[1:]]
    if others:
        listed = ", ".join(others[:12])
        notes.append(f"only the first provider was taken; there are also {listed}.")
    return options


def _tests(given: object, defaults: Mapping[str, str], notes: list[str]) -> list[dict[str, str]]:
    if isinstance(given, str):
        notes.append(f"tests was left out: {shown(given)} is not resolved here.")
        return []
    stored: list[dict[str, str]] = []
    quiet: list[str] = []
    for test in _list(given)[:_MOST_TESTS]:
        if isinstance(test, str):
            notes.append(f"tests was left out: {shown(test)} is not resolved here.")
            continue
        own = as_object(as_object(test).get("vars"))
        stored += [{**defaults, **references_left(values, quiet)} for values in _spread(own)]
    notes += quiet[:12]
    return [values for values in stored if values][:_MOST_TESTS]


def _spread(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A list of values stands for as many tests, as in promptfoo."""
    tests: list[dict[str, Any]] = [{}]
    for key, value in values.items():
        each = value if isinstance(value, list) else [value]
        tests = [{**test, key: one} for test in tests for one in each][:_MOST_TESTS]
    return tests
