"""The Web API as one FastAPI application: the guard, and behind it every endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI

from akachat.api.docs import DocsRoutes
from akachat.api.embeddings import EmbeddingRoutes
from akachat.api.exchange import ExchangeRoutes
from akachat.api.guard import Guard
from akachat.api.llm import LlmRoutes
from akachat.api.models import ModelRoutes
from akachat.api.openai import OpenAIRoutes
from akachat.api.pad import PadRoutes
from akachat.api.rag import UPLOADS, RagRoutes
from akachat.api.routing import Application, Mount
from akachat.api.runs import RunRoutes
from akachat.api.schema import describe
from akachat.api.sessions import SessionRoutes
from akachat.api.settings import SettingsRoutes
from akachat.api.store import StoreRoutes
from akachat.api.transcript import TranscriptRoutes
from akachat.api.versions import VersionRoutes
from akachat.playground import Playground

__all__ = ["create_app"]


def create_app(
    playground: Playground,
    *,
    mounts: Sequence[Mount] = (),
    home: str = "/docs",
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """The API of a playground.

    Args:
        mounts: other applications behind the same guard; the page is one.
        home: where ``/`` leads.
        lifespan: what runs as long as the server does.
    """
    endpoints = [
        *VersionRoutes(playground).endpoints(),  # before the next: `/api/llm/{name}` takes every path
        *LlmRoutes(playground).endpoints(),
        *ExchangeRoutes(playground).endpoints(),
        *OpenAIRoutes(playground).endpoints(),
        *EmbeddingRoutes(playground).endpoints(),
        *ModelRoutes(playground).endpoints(),
        *RagRoutes(playground).endpoints(),
        *StoreRoutes(playground).endpoints(),
        *SettingsRoutes(playground).endpoints(),
        *PadRoutes(playground).endpoints(),
        *TranscriptRoutes(playground).endpoints(),
        *RunRoutes(playground).endpoints(),
        *SessionRoutes(playground).endpoints(),
    ]
    docs = DocsRoutes(endpoints, home, [mount.prefix for mount in mounts if mount.prefix])
    app = Application([*endpoints, *docs.endpoints()], mounts, document=lambda: describe(endpoints), lifespan=lifespan)
    uploads = (*UPLOADS, *(f"{mount.prefix}/" for mount in mounts))
    app.add_middleware(Guard, lambda: playground.settings, uploads=uploads)
    return app
