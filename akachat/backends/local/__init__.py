"""Models on this machine, by transformers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]


def __getattr__(name: str) -> Any:
    """Loaded when first used: the measurements on a GPU need the engine alone and have few packages."""
    if name == "LocalBackend":
        return importlib.import_module("akachat.backends.local.backend").LocalBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
