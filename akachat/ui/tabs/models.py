"""The models tab's side of the server: what is in memory and on this disk, and what is known of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from akachat.errors import AkachatError
from akachat.options import Options
from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.view import in_words, models_view

__all__ = ["ModelsTab"]


class ModelsTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._downloads: set[asyncio.Task[None]] = set()

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "models_list": self.list,
            "models_known": self.known,
            "load_model": self.load,
            "unload_model": self.unload,
            "download_model": self.download,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def list(self, payload: Json) -> Json:
        """The models of this machine with their states, and the memory that they take."""
        return {
            "models": models_view(await self._playground.models(disk=True)),
            "memory": dict(self._playground.model_memory()),
        }

    async def known(self, payload: Json) -> Json:
        """The models of which something is known."""
        return {
            "presets": [
                {**preset.to_dict(), "note": in_words(preset.note) if preset.note else None}
                for preset in self._playground.presets()
            ],
            "types": [],
        }

    async def load(self, payload: Json) -> Json:
        """Begins to load a model."""
        await self._playground.load_model(Options.parse(object_of(payload, "model")), wait=False)
        return await self.list(payload)

    async def unload(self, payload: Json) -> Json:
        """Frees a model after what it is answering, or gives its load or download up."""
        await self._playground.unload_model(text_of(payload, "name"))
        return await self.list(payload)

    async def download(self, payload: Json) -> Json:
        """Begins to fetch a model's files; the list tells how far it is, or why it failed."""
        self._begin(self._playground.download_model(Options.parse(object_of(payload, "model"))))
        await asyncio.sleep(0.05)  # so that the list has it already, or why it cannot begin
        return await self.list(payload)

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        async def go_on() -> None:
            try:
                await work
            except AkachatError:
                return

        task = asyncio.create_task(go_on())
        self._downloads.add(task)
        task.add_done_callback(self._downloads.discard)
