"""Ollama's Modelfile: ``FROM``, ``SYSTEM``, ``PARAMETER``, ``MESSAGE``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from akachat.importers.imported import Imported
from akachat.importers.matter import shown
from akachat.importers.sampling import OLLAMA, take_options
from akachat.importers.scope import Scope
from akachat.importers.turns import Turn, draft, plain

__all__ = ["is_modelfile", "read_modelfile"]

_COMMAND = re.compile(r"[ \t]*([A-Za-z]+)[ \t]+")
_FIRST = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*FROM[ \t]+\S+[ \t]*(?:\n|\Z)")
_SPEAKER = re.compile(r"(\w+)[ \t]+")
_REASONS = {
    "TEMPLATE": "the model's own form is used",
    "ADAPTER": "the file of the adapter is elsewhere; the option lora takes its name here",
    "LICENSE": "a prompt has no place for it",
}


def is_modelfile(text: str) -> bool:
    """Whether a text is one: its first line that says anything begins with FROM."""
    return _FIRST.match(text) is not None


def read_modelfile(text: str, name: str) -> Imported:
    """A prompt from the file's text; ``name`` is what the file is called."""
    notes: list[str] = []
    options: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    turns: list[Turn] = []
    system = ""
    scope = Scope()
    for command, value in _commands(text):
        if command == "FROM":
            options = _model(value, notes)
        elif command == "SYSTEM":
            system = value
        elif command == "MESSAGE":
            role, _, said = value.partition(" ")
            turns.append(Turn(role, plain(_unquoted(said.strip()), scope)))
        elif command == "PARAMETER":
            key, _, setting = value.partition(" ")
            _take(parameters, key, _unquoted(setting.strip()))
        else:
            reason = _REASONS.get(command, "there is no such option")
            notes.append(f"{shown(command)} was left out: {reason}.")
    options |= take_options(parameters, notes)
    made = draft(lambda _: [Turn("system", plain(system, scope)), *turns], notes)
    title = "" if name.casefold() == "modelfile" else name
    fallback = str(options.get("model", "")).partition(":")[0]
    return Imported("Modelfile", (made.prompt(title or fallback, options),), notes=tuple(notes))


def _model(value: str, notes: list[str]) -> dict[str, Any]:
    if re.search(r"\.(gguf|safetensors|bin)$", value, re.IGNORECASE) or value.startswith((".", "/", "~")):
        notes.append(f"the model {shown(value)} was left out: it is a file of another machine; choose it here.")
        return {}
    return {"location": "OpenAI", "endpoint": OLLAMA, "model": value}


def _take(parameters: dict[str, Any], key: str, setting: str) -> None:
    if key == "stop":
        parameters.setdefault("stop", []).append(setting)
        return
    try:
        parameters[key] = int(setting) if re.fullmatch(r"[+-]?\d{1,18}", setting) else float(setting)
    except ValueError:
        parameters[key] = setting


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command with its value, whose lines may stand between three quotes."""
    at, size = 0, len(text)
    while at < size:
        stop = text.find("\n", at)
        stop = size if stop < 0 else stop
        found = _COMMAND.match(text, at, stop)
        if not found or text[at:stop].lstrip().startswith("#"):
            at = stop + 1
            continue
        command, begin = found[1].upper(), found.end()
        head = ""
        if command == "MESSAGE" and (role := _SPEAKER.match(text, begin, stop)):
            head, begin = role[0], role.end()
        if text.startswith('"""', begin):
            end = text.find('"""', begin + 3)
            end = size if end < 0 else end
            yield command, head + text[begin + 3 : end].strip()
            at = text.find("\n", end)
            at = size if at < 0 else at + 1
        else:
            value = text[begin:stop].strip()
            yield command, head + (_unquoted(value) if command in ("SYSTEM", "FROM") else value)
            at = stop + 1


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
