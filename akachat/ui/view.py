"""Events and errors as the page shows them: plain data, never HTML; the page's script makes only text nodes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from akachat.backends.base import ModelInfo
from akachat.errors import AkachatError, FileError
from akachat.events import Rendered
from akachat.ui.japanese import load_catalog

__all__ = ["calls_view", "error_view", "in_words", "models_view", "notes_view", "rendered_view"]

Words = dict[str, str]


def in_words(message: str) -> Words:
    """A message of the core in both languages: the page can be switched while it is shown."""
    catalog = load_catalog()
    return {"en": catalog.english(message), "ja": catalog.japanese(message)}


def notes_view(notes: Iterable[str]) -> list[Words]:
    """A run's notes in both languages."""
    return [in_words(note) for note in notes]


def calls_view(calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tree of calls, with the errors in it in both languages."""
    return [
        {
            **call,
            **({"error": in_words(call["error"])} if call.get("error") else {}),
            **({"calls": calls_view(call["calls"])} if call.get("calls") else {}),
        }
        for call in calls
    ]


def rendered_view(event: Rendered) -> dict[str, Any]:
    """The event's data, with the text cut into its spans: offsets count characters here and UTF-16 units there."""
    pieces = [
        {"text": event.text[span.start : span.end], "origin": span.origin, "line": span.line, "column": span.column}
        for span in event.spans
    ]
    data = event.data()
    del data["spans"]
    return {
        **data,
        "pieces": [piece for piece in pieces if piece["text"]],
        "notes": notes_view(event.notes),
        "trace": calls_view(data["trace"]),
    }


def models_view(models: Iterable[ModelInfo]) -> list[dict[str, Any]]:
    """Models with their states, with why one could not be loaded in both languages."""
    seen = [model.to_dict() for model in models]
    for model in seen:
        if error := model["detail"].get("error"):
            words = {key: in_words(error[key]) for key in ("message", "hint")}
            model["detail"] = {**model["detail"], "error": {**error, **words}}
    return seen


def error_view(error: AkachatError, instruction: str = "") -> dict[str, Any]:
    """The error's data, and the line of the instruction where it stands, if it stands there."""
    data = {**error.to_dict(), "message": in_words(error.message), "hint": in_words(error.hint)}
    if error.line is None or isinstance(error, FileError):
        return data
    lines = instruction.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {**data, "source": lines[error.line - 1]} if 1 <= error.line <= len(lines) else data
