"""Events and errors as the page shows them: plain data, never HTML; the page's script makes only text nodes of it."""

from __future__ import annotations

from typing import Any

from akachat.errors import AkachatError, FileError
from akachat.events import Rendered

__all__ = ["error_view", "rendered_view"]


def rendered_view(event: Rendered) -> dict[str, Any]:
    """The event's data, with the text cut into its spans: offsets count characters here and UTF-16 units there."""
    pieces = [
        {"text": event.text[span.start : span.end], "origin": span.origin, "line": span.line, "column": span.column}
        for span in event.spans
    ]
    data = event.data()
    del data["spans"]
    return {**data, "pieces": [piece for piece in pieces if piece["text"]]}


def error_view(error: AkachatError, instruction: str = "") -> dict[str, Any]:
    """The error's data, and the line of the instruction where it stands, if it stands there."""
    data = error.to_dict()
    if error.line is None or isinstance(error, FileError):
        return data
    lines = instruction.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return {**data, "source": lines[error.line - 1]} if 1 <= error.line <= len(lines) else data
