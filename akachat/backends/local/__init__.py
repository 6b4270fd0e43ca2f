"""Models on this machine, by transformers.

Loaded when first used: what loads and runs local models works where only torch and transformers are installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]


if not TYPE_CHECKING:  # with it in sight, a type checker would accept every misspelt name

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'akachat.backends.local' has no attribute {name!r}")
        return importlib.import_module("akachat.backends.local.backend").LocalBackend
