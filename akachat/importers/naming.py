"""Any text as a name that a prompt or a variable may have on every system."""

from __future__ import annotations

import re
import unicodedata

from akachat.errors import InvalidInput
from akachat.names import check_name

__all__ = ["safe_name"]

_UNFIT = re.compile(r'[\\<>:"|?*\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+')
_PART_CHARACTERS = 60


def safe_name(name: str) -> str:
    """A name that a prompt may have on every system, as near as can be to the given one."""
    parts = [_tame(part) for part in unicodedata.normalize("NFC", name.replace("\\", "/")).split("/")]
    fit = "/".join(part for part in parts[-4:] if part)
    try:
        return check_name(fit, windows=True)
    except InvalidInput:
        try:
            return check_name(f"_{fit.replace('/', '_')}", windows=True)
        except InvalidInput:
            return "imported"


def _tame(part: str) -> str:
    part = "".join(c for c in _UNFIT.sub(" ", part) if unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    return " ".join(part.split())[:_PART_CHARACTERS].strip(" .")
