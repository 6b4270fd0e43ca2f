"""Who answers: the embedded model, local models, and any OpenAI-compatible server."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.backends.registry import Backends

__all__ = ["Backends"]


def __getattr__(name: str) -> Any:
    """Loaded when first used: the measurements on a GPU need one part of this room and have few packages."""
    if name == "Backends":
        return importlib.import_module("akachat.backends.registry").Backends
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
