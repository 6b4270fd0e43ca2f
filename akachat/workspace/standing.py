"""What a prompt's two files hold at this moment, as far as they can be read."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass

from akachat.decoding import decode_text, find_key, parse_json_object
from akachat.errors import FileError, InvalidInput
from akachat.options import Options
from akachat.workspace.store import Store
from akachat.workspace.version import Content

__all__ = ["Standing", "decode_options", "mode_of", "read_standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A prompt's files: the content, when the later one was written (in seconds), and who may read the text."""

    content: Content
    written: float
    mode: int | None


def read_standing(store: Store, text_path: str, json_path: str) -> Standing | None:
    """Reads both files; None where there is no text that can be read, no options where those cannot.

    Raises:
        FileError: a file is too large, or the disk does not give it.
    """
    text, options = store.read(text_path), store.read(json_path)
    if text is None:
        return None
    try:
        instruction = decode_text(text[0], store.shown(text_path))
    except FileError:
        return None
    written = max(each[1][3] for each in (text, options) if each) / 1e9
    try:
        values = decode_options(options[0], store.shown(json_path)).to_dict() if options else {}
    except FileError:
        values = {}
    return Standing(Content(instruction, values), written, mode_of(text_path))


def mode_of(path: str) -> int | None:
    """Who may read a file; None where it is not there."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.stat(path).st_mode & 0o777
    return None


def decode_options(data: bytes, path: str) -> Options:
    """An options file's content.

    Raises:
        FileError: it is no JSON, or an option is wrong; with its line and column.
    """
    text = decode_text(data, path)
    if not text.strip():
        return Options()
    values = parse_json_object(text, path)
    try:
        return Options.parse(values)
    except InvalidInput as error:
        named = re.match(r"option (\w+)", error.message)
        line, column = find_key(text, [named[1]]) if named else (None, None)
        raise FileError(f"{path}: {error.message}", path=path, hint=error.hint, line=line, column=column) from None
