"""The endpoints as a FastAPI application, where whatever they raise becomes an error of the path's form.

They are plain ASGI routes: a prompt's options are checked by their own model, and a second check by FastAPI's
parameters would only cost time.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount as StarletteMount
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from akachat.api.access import Role, access_of
from akachat.api.replies import defect, error_reply
from akachat.errors import AkachatError, InvalidInput, NotFound

__all__ = ["Application", "Endpoint", "Handler", "Mount"]

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path.

    Attributes:
        path: may end in ``{name}``, which takes the rest of the path, slashes too.
        role: what a caller needs.
        summary, body, reply: for the documentation; ``body`` and ``reply`` are JSON schemas or names of some.
        media: what the answer is where it is not JSON.
    """

    method: str
    path: str
    handle: Handler
    summary: str
    role: Role = "run"
    body: str | Mapping[str, Any] | None = None
    reply: str | Mapping[str, Any] = "Envelope"
    media: str = "application/json"
    query: Mapping[str, str] = field(default_factory=dict)
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Mount:
    """Another ASGI application for everything under ``prefix``."""

    prefix: str
    app: ASGIApp
    role: Role = "edit"


class Application(FastAPI):
    """FastAPI with our routes, our errors and our description of them.

    Args:
        endpoints: what it answers.
        mounts: other applications beside them.
        document: makes the OpenAPI document.
        lifespan: what runs as long as the server does.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        mounts: Iterable[Mount] = (),
        *,
        document: Callable[[], dict[str, Any]] | None = None,
        lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
    ) -> None:
        self._document = document
        places: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            places.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        exact_first = sorted(places.items(), key=lambda place: "{" in place[0])
        super().__init__(
            title="akachat",
            openapi_url=None,  # /docs and /openapi.json are endpoints of ours, behind the guard and without a network
            lifespan=lifespan,
            routes=[
                *(StarletteMount(mount.prefix, _Entrance(mount)) for mount in mounts),
                *(_Route(path, _Place(methods)) for path, methods in exact_first),
            ],
            exception_handlers={HTTPException: _nothing_there},
        )

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return self._document() if self._document else {}


class _Route(Route):
    """A route for a path with or without a slash at its end; ``{name}`` takes the rest of the path."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path.replace("}", ":path}"), app, include_in_schema=False)
        pattern = self.path_regex.pattern.removesuffix("$")
        slash = "/?" if "{" not in path and path != "/" else ""
        # A line end in a name is refused as what it is, not by a pattern that ends before it.
        self.path_regex = re.compile(f"{pattern}{slash}\\Z", re.DOTALL)


class _Place:
    """All methods of one path, as an ASGI application."""

    def __init__(self, methods: Mapping[str, Endpoint]) -> None:
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = False

        async def noting(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            endpoint = self._find(scope)
            access_of(scope).require(endpoint.role, endpoint.summary.lower())
            response = await endpoint.handle(Request(scope, receive))
            await response(scope, receive, noting)
        except ClientDisconnect:
            return
        except AkachatError as error:
            await _tell(scope, receive, send, error, started)
        except Exception:
            await _tell(scope, receive, send, defect(scope["method"], scope["path"]), started)

    def _find(self, scope: Scope) -> Endpoint:
        method: str = scope["method"]
        found = self._methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotAllowed(method, scope["path"], ", ".join(sorted(self._methods)))
        return found


class _Entrance:
    """A mounted application behind its role."""

    def __init__(self, mount: Mount) -> None:
        self._mount = mount

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands over to the application, or says why not."""
        try:
            access_of(scope).require(self._mount.role, f"open {self._mount.prefix}")
        except AkachatError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": error.message[:100]})
            else:
                await error_reply(scope["path"], error)(scope, receive, send)
            return
        await self._mount.app(scope, receive, send)


async def _nothing_there(request: Request, error: Exception) -> Response:
    path = request.scope["path"]
    return error_reply(path, NotFound(f"there is nothing at {path}", hint="/docs lists what there is."))


class MethodNotAllowed(InvalidInput):
    """The path is there, but not for this method; ``allowed`` names those it takes."""

    status = 405

    def __init__(self, method: str, path: str, allowed: str) -> None:
        super().__init__(f"{path} does not take {method}", hint=f"It takes {allowed}.")
        self.allowed = allowed


async def _tell(scope: Scope, receive: Receive, send: Send, error: AkachatError, started: bool) -> None:
    if started:
        return  # the answer's head is gone; the server sees that its body is cut short and closes
    headers = {"allow": error.allowed} if isinstance(error, MethodNotAllowed) else None
    await error_reply(scope["path"], error, headers)(scope, receive, send)
