"""Which models are GGUF files, by what the options call them: without a look at the network."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["is_gguf", "split_name"]

_HUB = re.compile(r"([\w.-]+/[\w.-]+)(?::([^:]+))?")
_SUFFIX = ".gguf"


def is_gguf(model: str) -> bool:
    """Whether a model's name means a GGUF.

    It does where it is a path that ends in ``.gguf``, a folder that holds such files and no ``config.json``, a hub
    name with what to take behind a colon (``owner/repo:file.gguf``, ``owner/repo:Q4_K_M``), or a hub name with
    ``GGUF`` in it.
    """
    if split_name(model)[1]:
        return True
    path = Path(model).expanduser()
    if model.lower().endswith(_SUFFIX):
        return True
    try:
        if path.is_dir():
            return not (path / "config.json").exists() and any(path.glob(f"*{_SUFFIX}"))
    except OSError:  # a text that can be no path
        return False
    return bool(_HUB.fullmatch(model)) and "gguf" in model.lower()


def split_name(model: str) -> tuple[str, str]:
    """A hub name and what to take of it, which may be empty; two empty texts where it is a path or no hub name."""
    found = _HUB.fullmatch(model)
    if found is None or (model.lower().endswith(_SUFFIX) and found[2] is None) or Path(model).expanduser().exists():
        return "", ""
    return found[1], found[2] or ""
