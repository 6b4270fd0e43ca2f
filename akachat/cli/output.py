"""What a command prints: answers to the standard output, everything else to the standard error."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

from akachat.errors import AkachatError, FileError

__all__ = ["make_unicode_safe", "show_error", "show_json", "show_notes", "show_text", "write"]

_MOST_COLUMNS = 100


def make_unicode_safe() -> None:
    """A character that the terminal's encoding lacks is shown as its code instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(piece: str) -> None:
    """A piece of an answer, at once.

    Raises:
        BrokenPipeError: the reader has had enough.
        FileError: there is no room for it.
    """
    try:
        sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"the output cannot be written: {error.strerror}", path="-") from None


def show_text(text: str) -> None:
    """A whole text, with one end of line at its end."""
    write(text if text.endswith("\n") else text + "\n")


def show_json(value: Any) -> None:
    """A value as one line of JSON."""
    show_text(json.dumps(value, ensure_ascii=False))


def show_notes(notes: Iterable[str]) -> None:
    """What was changed, ignored or cut."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def show_error(error: AkachatError, source: str | None = None, name: str = "instruction") -> None:
    """The error with its place: the line of the source and a caret below the column, then what to do.

    Args:
        error: what went wrong.
        source: the text that its line and column belong to; None where that is not at hand.
        name: what the source is called.
    """
    sys.stdout.flush()
    print(f"error: {error.message}", file=sys.stderr)
    place = error.path if isinstance(error, FileError) else name
    if error.line is not None:
        column = f":{error.column}" if error.column is not None else ""
        print(f"  --> {place}:{error.line}{column}", file=sys.stderr)
        lines = source.split("\n") if source is not None else []
        if 0 < error.line <= len(lines):
            _show_line(lines[error.line - 1], error.line, error.column)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)


def _show_line(line: str, number: int, column: int | None) -> None:
    margin = len(str(number))
    start = max(0, (column or 1) - _MOST_COLUMNS // 2) if len(line) > _MOST_COLUMNS else 0
    shown = line[start : start + _MOST_COLUMNS]
    print(f"  {number} | {shown}", file=sys.stderr)
    if column is not None:
        # Full-width characters take two columns in a terminal, and a tab must stay a tab to line up.
        before = "".join(_blank(character) for character in line[start : column - 1])
        print(f"  {' ' * margin} | {before}^", file=sys.stderr)


def _blank(character: str) -> str:
    if character == "\t":
        return "\t"
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "
