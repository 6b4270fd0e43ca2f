"""The models tab's side of the server: what is in memory and on this disk, and what is known of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from akachat.errors import AkachatError
from akachat.options import Options
from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, object_of
from akachat.ui.choices import ModelCalls, choices_view

__all__ = ["ModelsTab"]


class ModelsTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._here = ModelCalls(playground, disk=True)
        self._downloads: set[asyncio.Task[None]] = set()

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "models_known": self.known,
            **self._here.calls(),
            "download_model": self.download,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def known(self, payload: Json) -> Json:
        """The models of which something is known."""
        return choices_view(self._playground)

    async def download(self, payload: Json) -> Json:
        """Begins to fetch a model's files; the list tells how far it is, or why it failed."""
        self._begin(self._playground.download_model(Options.parse(object_of(payload, "model"))))
        await asyncio.sleep(0.05)  # so that the list has it already, or why it cannot begin
        return await self._here.models(payload)

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        async def go_on() -> None:
            try:
                await work
            except AkachatError:
                return

        task = asyncio.create_task(go_on())
        self._downloads.add(task)
        task.add_done_callback(self._downloads.discard)
