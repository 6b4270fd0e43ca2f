"""What the fields for a model and its prompt form offer, as the page's scripts take it."""

from __future__ import annotations

import hashlib

from akachat.playground import Playground
from akachat.ui.calls import Json
from akachat.ui.view import in_words, models_view

__all__ = ["choices_view", "models_here", "workspace_key"]


def choices_view(playground: Playground) -> Json:
    """The models that are known, and the prompt types."""
    return {
        "presets": [
            {**preset.to_dict(), "note": in_words(preset.note) if preset.note else None}
            for preset in playground.presets()
        ],
        "types": [
            {"name": each.name, "note": in_words(each.note) if each.note else None}
            for each in playground.prompt_types()
        ],
    }


async def models_here(playground: Playground) -> Json:
    """The models in memory and on their way, and the memory that they take."""
    return {"models": models_view(await playground.models()), "memory": dict(playground.model_memory())}


def workspace_key(playground: Playground) -> str:
    """What tells this workspace from others in a browser's storage, and says nothing of where it is."""
    return hashlib.sha256(str(playground.workspace.root.resolve()).encode()).hexdigest()[:12]
