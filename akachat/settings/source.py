"""The settings file as a JSON object: reading it, changing one place of it, and saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from akachat.decoding import decode_text, find_key, parse_json_object
from akachat.errors import AkachatError, FileError, InvalidInput
from akachat.files import read_bytes, translated
from akachat.settings.environment import Overrides
from akachat.settings.secret import Secret

__all__ = ["drop", "explained", "get", "put", "read_raw", "reveal"]


def read_raw(path: Path) -> tuple[dict[str, Any], str]:
    """The file's object and its text; a missing or empty file is an empty object.

    Raises:
        FileError: it is broken.
    """
    with translated(path, "read"):
        try:
            data, _ = read_bytes(path)
        except FileNotFoundError:
            return {}, ""
    text = decode_text(data, path.name)
    return (parse_json_object(text, path.name) if text.strip() else {}), text


def get(tree: Mapping[str, Any], place: tuple[str, ...]) -> tuple[bool, Any]:
    """Whether a place is set, and its value."""
    value: Any = tree
    for key in place:
        if not isinstance(value, Mapping) or key not in value:
            return False, None
        value = value[key]
    return True, value


def put(tree: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Sets a place, making the objects on the way."""
    for key in place[:-1]:
        below = tree.get(key)
        if not isinstance(below, dict):
            # `"journal": false` is short for an object; another text here is about to be replaced by one.
            below = tree[key] = {"enabled": below} if isinstance(below, bool) else {}
        tree = below
    tree[place[-1]] = value


def drop(tree: dict[str, Any], place: tuple[str, ...]) -> None:
    """Removes a place, and the objects that are empty without it."""
    if len(place) > 1:
        below = tree.get(place[0])
        if isinstance(below, dict):
            drop(below, place[1:])
            if below:
                return
    tree.pop(place[0], None)


def reveal(value: Any) -> Any:
    """The same object with its secrets in the clear."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: reveal(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [reveal(each) for each in value]
    return value


def explained(error: ValidationError, overrides: Overrides, path: Path | None, text: str) -> AkachatError:
    """The first thing that is wrong with the settings; never its value, which may be a key."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = tuple(str(each) for each in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    for end in range(len(place), 0, -1):
        variable = overrides.variables.get(place[:end])
        if variable is not None:
            return InvalidInput(f"the environment variable {variable} cannot be used: {message}")
    shown = ".".join(place)
    if path is None:
        return InvalidInput(f"setting {shown}: {message}")
    line, column = find_key(text, [each for each in place if not each.isdigit()])
    return FileError(
        f"{path.name}: {shown}: {message}",
        path=path.name,
        line=line,
        column=column,
        hint="Mend it there; the file is left as it is.",
    )
