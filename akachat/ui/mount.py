"""The page as an ASGI application under a path, whose start the server decides on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
from starlette.applications import Starlette

from akachat.playground import Playground
from akachat.ui.layout import create_ui, launch_options

__all__ = ["create_page", "started"]


def create_page(playground: Playground, path: str, *, chat_only: bool = False) -> Any:
    """Gradio's application for the page. ``path`` is where it will be reached; it takes a second or two.

    To be called in a thread without an event loop.
    """
    # Gradio opens an event loop (two sockets) for every lock that it makes outside of one, and closes none of them.
    return asyncio.run(_create(playground, path, chat_only))


async def _create(playground: Playground, path: str, chat_only: bool) -> Any:
    # Gradio mounts itself into an application and chains itself into its lifespan. Ours is running by now, so it gets
    # an empty one, and `started` does by hand what the lifespan would have done.
    holder = Starlette()
    gr.mount_gradio_app(holder, create_ui(playground, chat_only=chat_only), path=path or "/", **launch_options())
    return holder.routes[-1].app  # type: ignore[attr-defined]


@asynccontextmanager
async def started(page: Any) -> AsyncIterator[None]:
    """Runs the page's queue while the block lasts; without it every event hangs."""
    blocks = page.get_blocks()
    async with page.router.lifespan_context(page):
        blocks.run_startup_events()
        await blocks.run_extra_startup_events()
        try:
            yield
        finally:
            blocks.is_running = False
