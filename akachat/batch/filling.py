"""Puts values of the case into a check's texts: ``{expected}`` becomes what the row says there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from akachat.errors import InvalidInput

__all__ = ["fill", "mentions"]

#: A name in braces, so that neither ``\d{3}`` nor ``{"a": 1}`` is one; ``\p{Han}`` and ``\N{DASH}`` are regex's own.
_PLACE = re.compile(r"(?<!\\[pPNx])\{([^\W\d][\w.-]{0,100})\}")


def mentions(text: str) -> bool:
    """Whether a text holds something that looks like a placeholder."""
    return _PLACE.search(text) is not None


def fill(text: str, named: Mapping[str, Any], escape: Callable[[str], str] = str) -> str:
    """The text with the values of the case in the place of their names.

    Args:
        escape: what is done to each value before it is put in.

    Raises:
        InvalidInput: the case has no such column; the hint names the nearest.
    """

    def put(place: re.Match[str]) -> str:
        name = place[1]
        if name not in named or named[name] is None:
            near = difflib.get_close_matches(name, named, n=1)
            hint = f"Did you mean {{{near[0]}}}?" if near else "Set placeholders: false where the braces are meant."
            raise InvalidInput(f"the case has no value {name!r}", hint=hint)
        return escape(str(named[name]))

    return _PLACE.sub(put, text)
