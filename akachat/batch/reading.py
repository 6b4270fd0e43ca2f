"""Reads what users write as YAML or JSON into plain data, within bounds."""

from __future__ import annotations

import math
from typing import Any

import yaml

from akachat.errors import InvalidInput

__all__ = ["read_data"]

_MOST_NODES, _MOST_DEPTH, _MOST_CHARACTERS = 200_000, 60, 2_000_000


def read_data(text: str, what: str) -> Any:
    """A text in YAML or JSON as plain data, within bounds.

    Raises:
        InvalidInput: it is neither, or too large; with its line and column where they are known.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InvalidInput(f"{what} is longer than {_MOST_CHARACTERS:,} characters", hint="Split it.")
    try:
        data = yaml.safe_load(text)  # JSON is YAML
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InvalidInput(
            f"{what} is neither YAML nor JSON: {getattr(error, 'problem', None) or type(error).__name__}",
            hint="Compare the indentation with the lines above.",
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from None
    left = [_MOST_NODES]
    _spend(data, left, what)
    return data


def _spend(value: Any, left: list[int], what: str, depth: int = 0) -> None:
    """References in YAML may stand for the same thing many times over, or for themselves."""
    left[0] -= 1
    if left[0] < 0 or depth > _MOST_DEPTH or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidInput(f"{what} is too large or too deep, or holds a number without an end", hint="Split it.")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, (list, set, tuple)) else ()
    for child in children:
        _spend(child, left, what, depth + 1)
