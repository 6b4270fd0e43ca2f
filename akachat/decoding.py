"""A file's bytes as text or as a JSON object, and the line and column of what is wrong with them."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from akachat.errors import FileError

__all__ = ["decode_text", "find_key", "parse_json_object"]


def decode_text(data: bytes, path: str) -> str:
    """A file's bytes as text: UTF-8, a byte order mark dropped, CRLF read as LF.

    Raises:
        FileError: it is not UTF-8; with the line and column of the first wrong byte.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise FileError(
            f"{path} is not UTF-8",
            path=path,
            line=line,
            column=column,
            hint="Save it again as UTF-8 in your editor.",
        ) from None
    return text.replace("\r\n", "\n")


def parse_json_object(text: str, path: str) -> dict[str, Any]:
    """A JSON file's object.

    Raises:
        FileError: where and why it is broken; never with a piece of its content, which may be a key.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FileError(
            f"{path} is not valid JSON: {error.msg}",
            path=path,
            line=error.lineno,
            column=error.colno,
            hint="Mend it there; the file is left as it is.",
        ) from None
    except (ValueError, RecursionError):
        raise FileError(
            f"{path} is not valid JSON: a number that JSON does not have, or too many levels",
            path=path,
            line=1,
            column=1,
        ) from None
    if not isinstance(value, dict):
        raise FileError(
            f"{path} holds no JSON object",
            path=path,
            line=1,
            column=1,
            hint="It should look like {…}; mend it by hand.",
        )
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def find_key(text: str, keys: list[str]) -> tuple[int | None, int | None]:
    """Where a key stands in a JSON text: good enough for a person who looks for it."""
    position = 0
    found = None
    for key in keys:
        match = re.compile(re.escape(f'"{key}"') + r"\s*:").search(text, position)
        if match:
            found = match.start()
            position = match.end()
    if found is None:
        return None, None
    return text.count("\n", 0, found) + 1, found - (text.rfind("\n", 0, found) + 1) + 1
