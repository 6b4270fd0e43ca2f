"""Who answers: the embedded model, local models, and any OpenAI-compatible server.

Loaded when first used: what loads and runs local models works where only torch and transformers are installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.backends.registry import Backends

__all__ = ["Backends"]


if not TYPE_CHECKING:  # with it in sight, a type checker would accept every misspelt name

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'akachat.backends' has no attribute {name!r}")
        return importlib.import_module("akachat.backends.registry").Backends
