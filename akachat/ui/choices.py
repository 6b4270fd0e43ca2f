"""What the fields for a model and its prompt form offer, as the page's scripts take it."""

from __future__ import annotations

import hashlib

from akachat.options import Options
from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, object_of, text_of
from akachat.ui.view import in_words, models_view

__all__ = ["ModelCalls", "choices_view", "models_here", "workspace_key"]


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


async def models_here(playground: Playground, *, disk: bool = False) -> Json:
    """The models in memory and on their way, with ``disk`` those that lie there too, and the memory that they take."""
    return {"models": models_view(await playground.models(disk=disk)), "memory": dict(playground.model_memory())}


class ModelCalls:
    """What every tab that shows models may call: how they are, and to load or free one.

    Args:
        playground: whose models.
        disk: whether those that only lie on this disk are shown too.
    """

    def __init__(self, playground: Playground, *, disk: bool = False) -> None:
        self._playground = playground
        self._disk = disk

    def calls(self) -> dict[str, Answer]:
        """The calls by the names that the scripts use."""
        return {"models": self.models, "load_model": self.load, "unload_model": self.unload}

    async def models(self, payload: Json) -> Json:
        """The models and the memory that they take."""
        return await models_here(self._playground, disk=self._disk)

    async def load(self, payload: Json) -> Json:
        """Begins to load the model that these options name."""
        await self._playground.load_model(Options.parse(object_of(payload, "model")), wait=False)
        return await self.models(payload)

    async def unload(self, payload: Json) -> Json:
        """Frees a model after what it is answering, or gives its load or download up."""
        await self._playground.unload_model(text_of(payload, "name"))
        return await self.models(payload)


def workspace_key(playground: Playground) -> str:
    """What tells this workspace from others in a browser's storage, and says nothing of where it is."""
    return hashlib.sha256(str(playground.workspace.root.resolve()).encode()).hexdigest()[:12]
