"""Which names prompts and variables may have, so that a name is a safe file on every system."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable

from akachat.errors import InvalidInput, NotFound

__all__ = ["RESERVED_PREFIX", "check_name", "not_found"]

#: Our own hidden files begin with this; nothing else may.
RESERVED_PREFIX = ".akachat"

_PART_BYTES = 200
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
#: Line separators and the marks that turn the reading direction, which make a name look like another.
_INVISIBLE = re.compile("[\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_WINDOWS_ONLY = re.compile(r'[<>:"|?*]')


def check_name(name: str, *, windows: bool = os.name == "nt") -> str:
    """The name in NFC, if it may name a prompt or a variable; ``/`` makes subfolders.

    Args:
        name: what the user typed.
        windows: whether the characters that Windows forbids in file names are refused too.

    Raises:
        InvalidInput: the rule that it breaks.
    """
    if not isinstance(name, str):
        raise InvalidInput(f"a name is a text, not {type(name).__name__}", hint="Give the name as a text.")
    if not name:
        raise InvalidInput("the name is empty", hint="Give a name such as `sample` or `work/summary`.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _refused(name, "holds half a character (a lone surrogate)") from None
    name = unicodedata.normalize("NFC", name)
    if any(unicodedata.category(c) == "Cc" for c in name) or _INVISIBLE.search(name):
        raise _refused(name, "holds a control character")
    if "\\" in name:
        raise _refused(name, "holds a backslash; subfolders are written with `/`")
    if name.startswith("/"):
        raise _refused(name, "is absolute; names are relative to the workspace")
    if _DRIVE.match(name):
        raise _refused(name, "begins with a drive letter")
    for part in name.split("/"):
        _check_part(name, part, windows)
    return name


def _check_part(name: str, part: str, windows: bool) -> None:
    if not part.strip():
        raise _refused(name, "has an empty part")
    if part in (".", ".."):
        raise _refused(name, f"has the part `{part}`, which leads elsewhere")
    if part[-1] in " .":
        raise _refused(name, "has a part that ends with a dot or a space, which Windows drops")
    if _DEVICES.fullmatch(part.split(".", 1)[0].rstrip(" ")):
        raise _refused(name, f"has the part {part!r}, which Windows reserves for a device")
    if part.casefold().startswith(RESERVED_PREFIX):
        raise _refused(name, f"has a part that begins with `{RESERVED_PREFIX}`, which is kept for the program")
    if len(part.encode()) > _PART_BYTES:
        raise _refused(name, f"has a part of over {_PART_BYTES} bytes ({len(part.encode())})")
    if windows and _WINDOWS_ONLY.search(part):
        raise _refused(name, 'holds one of < > : " | ? *, which Windows does not allow in file names')


def _refused(name: str, rule: str) -> InvalidInput:
    shown = name if len(name) <= 60 else name[:57] + "…"
    return InvalidInput(f"the name {shown!r} {rule}", hint="Any other text is a name, also with `/` for subfolders.")


def not_found(kind: str, name: str, names: Iterable[str]) -> NotFound:
    """The error for a name that does not exist; its hint suggests the nearest ones."""
    known = list(names)
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    near = [folded[key] for key in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
    if near:
        hint = "Did you mean " + " or ".join(f"`{each}`" for each in near) + "?"
    elif known:
        hint = "There are: " + ", ".join(sorted(known)[:10]) + (", …" if len(known) > 10 else "")
    else:
        hint = f"There is no {kind} yet."
    return NotFound(f"there is no {kind} `{name}`", hint=hint)
