"""The page: tabs over a playground, made with Gradio and a little JavaScript of our own.

Names are loaded when they are first used: whoever wants only the page's words need not wait for Gradio.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.ui.layout import create_ui, launch_options

__all__ = ["create_ui", "launch_options"]


if not TYPE_CHECKING:  # with it in sight, a type checker would accept every misspelt name

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'akachat.ui' has no attribute {name!r}")
        return getattr(importlib.import_module("akachat.ui.layout"), name)
