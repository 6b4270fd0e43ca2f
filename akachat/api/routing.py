"""Finds the endpoint for a path, and turns whatever it raises into an error of the path's form.

A dictionary of paths and one ``try``: every answer and every error goes through here, and the framework's own router,
with its stack of exception handlers, cost a quarter of what a call may add.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from akachat.api.access import Role, access_of
from akachat.api.replies import defect, error_reply
from akachat.errors import AkachatError, InvalidInput, NotFound

__all__ = ["Endpoint", "Handler", "Mount", "Router"]

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


class Router:
    """An ASGI application of endpoints and mounts."""

    def __init__(self, endpoints: Iterable[Endpoint], mounts: Iterable[Mount] = ()) -> None:
        self._exact: dict[str, dict[str, Endpoint]] = {}
        self._open: list[tuple[re.Pattern[str], dict[str, Endpoint]]] = []
        patterns: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            where = patterns if "{" in endpoint.path else self._exact
            where.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        for path, methods in patterns.items():
            self._open.append((re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>.+)", path) + r"\Z", re.DOTALL), methods))
        self._mounts = tuple(mounts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            return
        for mount in self._mounts:
            if scope["path"].startswith(mount.prefix + "/"):
                await self._enter(mount, scope, receive, send)
                return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "there is no such place"})
            return
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
        path: str = scope["path"]
        methods = self._exact.get(path)
        if methods is None and path != "/":
            methods = self._exact.get(path.rstrip("/"))
        if methods is None:
            for pattern, candidates in self._open:
                if match := pattern.match(path):
                    scope["path_params"] = match.groupdict()
                    methods = candidates
                    break
            else:
                raise NotFound(f"there is nothing at {path}", hint="/docs lists what there is.")
        method: str = scope["method"]
        found = methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotAllowed(method, path, ", ".join(sorted(methods)))
        return found

    async def _enter(self, mount: Mount, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            access_of(scope).require(mount.role, f"open {mount.prefix}")
        except AkachatError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": error.message[:100]})
            else:
                await error_reply(scope["path"], error)(scope, receive, send)
            return
        root = scope.get("root_path", "") + mount.prefix
        await mount.app({**scope, "root_path": root, "app_root_path": scope.get("root_path", "")}, receive, send)


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
