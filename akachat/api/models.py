"""`/api/models`: what is in memory, on its way and on this disk; load, unload, download, and the progress of it all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.access import access_of
from akachat.api.bodies import Body, read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.api.streams import EventStream, sse
from akachat.backends.base import ModelInfo
from akachat.errors import AkachatError, InvalidInput, NotFound
from akachat.options import Options
from akachat.playground import Playground

__all__ = ["ModelRoutes"]


class ModelRoutes:
    """The endpoints. Whoever may run prompts may see what is loaded; all else changes what this machine holds."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._tasks: set[asyncio.Task[Any]] = set()

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        return [
            Endpoint("GET", "/api/models", self.list, "List the models at hand", reply="Models"),
            Endpoint("POST", "/api/models/load", self.load, "Load a model", "edit", body="Load", reply="Model"),
            Endpoint("POST", "/api/models/unload", self.unload, "Unload a model", "edit", body="Unload"),
            Endpoint("POST", "/api/models/download", self.download, "Download a model", "edit", body="Download"),
            Endpoint(
                "GET",
                "/api/models/events",
                self.events,
                "The models as they load, download and go",
                "edit",
                media=EventStream.media_type,
            ),
        ]

    async def list(self, request: Request) -> Response:
        """Every model; what only lies on the disk is shown to who may load it."""
        full = access_of(request.scope).role == "edit"
        models = await self._playground.models(disk=full)
        return envelope([model.name for model in models], self._seen(models))

    async def load(self, request: Request) -> Response:
        """Loads a model; without ``wait`` it only begins."""
        body = await read_body(request)
        name, wait = body.text("model", "name", default=None), _waits(body)
        options = _options(name, body)
        info = await self._playground.load_model(options, wait=wait)
        if info is None:
            found = [model for model in await self._playground.models() if model.name == name]
            info = found[0] if found else ModelInfo(name, "Local", False, {}, "loading")
        return envelope(name, info.to_dict())

    async def unload(self, request: Request) -> Response:
        """Frees a model after what it is answering; a load or a download of it is given up."""
        body = await read_body(request)
        name = body.text("model", "name", default=None)
        if not await self._playground.unload_model(name):
            raise NotFound(f"the model {name!r} is not loaded", hint="GET /api/models lists those that are.")
        return envelope(name, {"memory": dict(self._playground.model_memory())})

    async def download(self, request: Request) -> Response:
        """Fetches a model's files; without ``wait`` it only begins."""
        body = await read_body(request)
        name, wait, force = body.text("model", "name", default=None), _waits(body), body.flag("force")
        work = self._playground.download_model(_options(name, body), force=force)
        if not wait:
            self._begin(work)
            return envelope(name, {"name": name, "state": "downloading"})
        return envelope(name, {"name": name, "state": "ready", "path": str(await work)})

    async def events(self, request: Request) -> Response:
        """The list now, and again whenever something in it changes."""
        left = asyncio.Event()

        def stop() -> bool:
            left.set()
            return True

        async def pieces() -> AsyncGenerator[bytes, None]:
            gone = asyncio.ensure_future(left.wait())
            async with aclosing(self._playground.watch_models()) as seen:  # type: ignore[type-var]
                try:
                    while True:
                        coming = asyncio.ensure_future(anext(seen))
                        await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                        if gone.done():
                            coming.cancel()
                            await asyncio.wait({coming})
                            return
                        yield sse(self._seen(coming.result()), "models")
                finally:
                    gone.cancel()

        return EventStream(pieces(), stop, lambda error: sse({"error": error.to_dict()}, "error"))

    def _seen(self, models: Iterable[ModelInfo]) -> dict[str, Any]:
        return {
            "models": [model.to_dict() for model in models],
            "memory": dict(self._playground.model_memory()),
        }

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Goes on with it after the answer; why it failed stands in the list of models."""

        async def go_on() -> None:
            try:
                await work
            except AkachatError:
                return

        task = asyncio.create_task(go_on())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _waits(body: Body) -> bool:
    return body.flag("wait") if "wait" in body else True


def _options(name: str, body: Body) -> Options:
    options = Options.parse({**body.rest(), "model": name})
    for key, near in options.unknown.items():
        raise InvalidInput(f"unknown option {key!r}", hint=f"Did you mean {near!r}?" if near else "/docs lists them.")
    return options
