"""Messages as OpenAI writes them: a list, a request, or a conversation a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from akachat.errors import InvalidInput
from akachat.importers.bounds import as_object, clean
from akachat.importers.imported import Imported, ImportedPrompt
from akachat.importers.pieces import Text, braced
from akachat.importers.providers import model_options
from akachat.importers.sampling import take_options
from akachat.messages import Message, parse_message

__all__ = ["are_lines", "is_conversation", "read_conversation", "read_lines"]

_MOST_LINES = 20_000


def is_conversation(value: object) -> bool:
    """Whether a value is a list of messages, or an object that holds one."""
    if isinstance(value, Mapping):
        value = value.get("messages")
    return (
        isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) and "role" in each for each in value)
    )


def are_lines(text: str) -> bool:
    """Whether the first line that says anything is a message or a conversation by itself."""
    line = text.lstrip().partition("\n")[0]
    if not line.startswith("{"):
        return False
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return is_conversation(value) or (isinstance(value, Mapping) and "role" in value and "content" in value)


def read_lines(text: str, name: str) -> Imported:
    """The messages of a file with one JSON object a line.

    Raises:
        InvalidInput: a line is none, and which.
    """
    notes: list[str] = []
    values: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n")[:_MOST_LINES], 1):
        if not line.strip():
            continue
        try:
            values.append(as_object(json.loads(line)))
        except (ValueError, RecursionError):
            raise InvalidInput("a line is no JSON object", hint="Mend it there.", line=number) from None
    conversations = [value for value in values if is_conversation(value)]
    if conversations:
        if len(values) > 1:
            notes.append(f"only the first of {len(values)} conversations was read.")
        return read_conversation(conversations[0], name, notes)
    return read_conversation([value for value in values if value], name, notes)


def read_conversation(value: object, name: str, notes: list[str] | None = None) -> Imported:
    """What is said first by the system becomes a prompt, the rest a history.

    Raises:
        InvalidInput: a message is none.
    """
    notes = [] if notes is None else notes
    request = as_object(value)
    given = request.get("messages") if request else value
    messages = [
        parse_message(each, where=f"messages[{i}]") for i, each in enumerate(given if isinstance(given, list) else [])
    ]
    messages = [Message(m.role, clean(m.content), m.extra) for m in messages]
    first = 0
    while first < len(messages) and messages[first].role in ("system", "developer"):
        first += 1
    options: dict[str, Any] = {}
    if request:
        options = model_options(str(request.get("model") or ""), notes)
        sampling = {key: each for key, each in request.items() if key not in ("messages", "model", "stream")}
        options |= take_options(sampling, notes)
    system = "\n\n".join(m.content for m in messages[:first] if m.content.strip())
    prompts = (ImportedPrompt(name, braced([Text(system)]), options),) if system or options else ()
    history = tuple(m for m in messages[first:] if m.content.strip() or m.extra)
    if history:
        notes.append("the messages go to the end of log/messages.jsonl, where msg() reads them.")
    return Imported("messages", prompts, messages=history, notes=tuple(notes))
