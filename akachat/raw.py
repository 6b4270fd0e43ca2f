"""Raw mode: what a person types after a leading backslash goes to the model as it stands, escapes aside."""

from __future__ import annotations

import re

__all__ = ["read_typed"]

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read_typed(text: str) -> tuple[str, bool]:
    """A text that somebody typed into a chat: what is meant, and whether it is raw (see ``RunRequest.raw``).

    Only a text that begins with a backslash is raw. That backslash goes; of the others, one before ``n`` makes a line
    break, and one before anything else goes and leaves that character: ``\\\\`` is one backslash. A backslash at the
    very end escapes nothing and stays.
    """
    if not text.startswith("\\"):
        return text, False
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text[1:]), True
