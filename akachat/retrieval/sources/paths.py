"""Names that are safe inside a library, whatever a zip, a URL or another system's disk calls a file."""

from __future__ import annotations

import re
import unicodedata

from akachat.errors import InvalidInput
from akachat.names import check_name
from akachat.retrieval.values import Refused

__all__ = ["is_junk", "is_safe", "safe_name", "visible"]

_MOST_BYTES = 900
_JUNK = re.compile(r"(\.DS_Store|Thumbs\.db|desktop\.ini|~\$.*|\._.*)", re.IGNORECASE)


def is_junk(name: str) -> bool:
    """Whether a file is what systems and Office leave behind beside documents."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or _JUNK.fullmatch(parts[-1]) is not None


def safe_name(name: str) -> str:
    """The name in NFC with ``/`` between folders, if it stays inside the library on every system.

    Raises:
        Refused: the rule that it breaks.
    """
    name = name.replace("\\", "/")
    try:
        if name.startswith("//"):
            raise InvalidInput(f"the name {visible(name)!r} is a network path")
        parts = name.split("/")
        if any(part == ".." for part in parts):
            raise InvalidInput(f"the name {visible(name)!r} leads out of the library")
        checked = check_name(unicodedata.normalize("NFC", name), windows=True)
    except InvalidInput as error:
        hint = "Rename the file inside the zip or folder, then add it again."
        raise Refused("path", error.message, hint=hint) from None
    if len(checked.encode()) > _MOST_BYTES:
        raise Refused("path", f"the name {visible(name)!r} is over {_MOST_BYTES} bytes long", hint="Shorten it.")
    return checked


def is_safe(name: str) -> bool:
    """Whether ``safe_name`` takes a name."""
    try:
        safe_name(name)
    except Refused:
        return False
    return True


def visible(name: str, most: int = 200) -> str:
    """A name as it can be shown: control characters as escapes, cut to ``most`` characters."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name[:most])
    return shown + ("…" if len(name) > most else "")
