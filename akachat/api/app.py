"""The Web API as one ASGI application: the guard, and behind it every endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp

from akachat.api.docs import DocsRoutes
from akachat.api.guard import Guard
from akachat.api.llm import LlmRoutes
from akachat.api.openai import OpenAIRoutes
from akachat.api.routing import Mount, Router
from akachat.api.store import StoreRoutes
from akachat.playground import Playground

__all__ = ["create_app"]


def create_app(playground: Playground, *, mounts: Sequence[Mount] = (), home: str = "/docs") -> ASGIApp:
    """The API of a playground.

    Args:
        mounts: other applications behind the same guard; the page is one.
        home: where ``/`` leads.
    """
    endpoints = [
        *LlmRoutes(playground).endpoints(),
        *OpenAIRoutes(playground).endpoints(),
        *StoreRoutes(playground).endpoints(),
    ]
    docs = DocsRoutes(endpoints, home, [mount.prefix for mount in mounts])
    router = Router([*endpoints, *docs.endpoints()], mounts)
    return Guard(router, lambda: playground.settings, uploads=tuple(f"{mount.prefix}/" for mount in mounts))
