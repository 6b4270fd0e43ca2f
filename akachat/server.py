"""Page and Web API as one server: one guard around both, one life for both."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import uvicorn
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from akachat.api import Mount, create_app
from akachat.errors import AkachatError, Conflict, InvalidInput
from akachat.playground import Playground

__all__ = ["UI_PATH", "Background", "Page", "create_server", "serve"]

#: Where the page is. Not at `/`, where Gradio would swallow the other routes' errors.
UI_PATH = "/ui"

_log = logging.getLogger("akachat.server")

_WAITING = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<meta name="color-scheme" content="light dark">
<title>akachat</title>
</head>
<body style="font-family: system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh">
<p>起動しています… · Starting…</p>
</body>
</html>
"""
_BROKEN = """<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>akachat</title></head>
<body style="font-family: system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh">
<p>The page could not be started; the server's console says why. The Web API works: <a href="/docs">/docs</a></p>
</body>
</html>
"""


class Page:
    """The page's place: an ASGI application that answers at once, and becomes the page when that is built."""

    def __init__(self, playground: Playground, path: str, *, chat_only: bool = False) -> None:
        self._playground = playground
        self._path = path
        self._chat_only = chat_only
        self._app: ASGIApp | None = None
        self._broken = False
        #: Set when there is nothing to wait for any more: the page is there, or will not be.
        self.ready = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands over to the page, or says that it is not there yet."""
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013, "reason": "the page is starting"})
        elif self._broken:
            await HTMLResponse(_BROKEN, 500)(scope, receive, send)
        else:
            headers = {"retry-after": "1", "cache-control": "no-store"}
            await HTMLResponse(_WAITING, 503, headers)(scope, receive, send)

    async def run(self) -> None:
        """Builds the page and keeps it running until this task is cancelled."""
        try:
            page, started = await anyio.to_thread.run_sync(self._build, abandon_on_cancel=True)
        except Exception:
            self._broken = True
            _log.exception("the page could not be started")
            self.ready.set()
            return
        async with started(page):
            self._app = page
            self.ready.set()
            gc.freeze()  # Gradio brings half a million objects
            try:
                await asyncio.Event().wait()
            finally:
                self._app = None

    def _build(self) -> tuple[Any, Callable[[Any], Any]]:
        from akachat.ui.mount import create_page, started  # here: Gradio takes two seconds, the Web API none

        return create_page(self._playground, self._path, chat_only=self._chat_only), started


def create_server(playground: Playground, *, ui: bool = True, api: bool = True, chat_only: bool = False) -> FastAPI:
    """The server as a FastAPI application; the playground starts and ends with it.

    Args:
        ui: whether the page is served, under ``/ui``; ``/`` leads there, else to ``/docs``.
        api: whether the Web API is served; without it the page is at ``/`` itself.
        chat_only: whether the page is the chat alone.
    """
    path = UI_PATH if api else ""
    page = Page(playground, path, chat_only=chat_only) if ui or not api else None

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        # Nothing is waited for: requests are answered from now on.
        tasks = [asyncio.create_task(_warm(playground, page))]
        if page is not None:
            tasks.append(asyncio.create_task(page.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await playground.aclose()

    mounts = [] if page is None else [Mount(path, page)]
    home = f"{UI_PATH}/" if page is not None and api else "/docs"
    return create_app(playground, mounts=mounts, home=home, lifespan=lifespan)


async def _warm(playground: Playground, page: Page | None) -> None:
    try:
        await playground.start()
        if page is not None:
            await page.ready.wait()  # torch takes seconds to import, in which the page would be built half as fast
        await playground.warm()
    except AkachatError as error:
        _log.warning("%s", error)  # the first run will meet it again, and tell its caller


def serve(
    playground: Playground,
    host: str = "127.0.0.1",
    port: int = 50000,
    *,
    ui: bool = True,
    api: bool = True,
    chat_only: bool = False,
    debug: bool = False,
    announce: Callable[[str], None] = print,
) -> None:
    """Serves until Ctrl+C.

    Args:
        port: 0 for any that is free.
        chat_only: whether the page is the chat alone.
        debug: writes every request and every error of the server's own to the console.
        announce: is told the addresses, once they take connections.

    Raises:
        AkachatError: the address cannot be used.
    """
    config = _config(create_server(playground, ui=ui, api=api, chat_only=chat_only), debug=debug)
    with _listen(host, port) as listener:
        for line in _addresses(playground, host, listener.getsockname()[1], ui=ui, api=api):
            announce(line)
        with suppress(KeyboardInterrupt):  # uvicorn has ended everything by the time it passes this on
            uvicorn.Server(config).run([listener])


class Background:
    """Page and Web API in a thread of their own, for a program that goes on, such as a notebook.

    Attributes:
        port: where it listens on this machine.
        url: its address.
    """

    def __init__(self, playground: Playground, port: int = 0) -> None:
        """Begins to serve; requests are taken from now on.

        Args:
            port: 0 for any that is free.

        Raises:
            AkachatError: the port cannot be used.
        """
        self._listener = _listen("127.0.0.1", port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(_config(create_server(playground), debug=False))
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="akachat server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Ends the server, and the playground with it; once it has ended, this does nothing."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


def _config(application: FastAPI, *, debug: bool) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_level="debug" if debug else "warning",
        access_log=debug,
        proxy_headers=False,  # the guard looks at those headers itself, and trusts none
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on, so that a port in use is told before anything is loaded."""
    if not 0 <= port <= 65535:  # the system would take it modulo 65536
        raise InvalidInput(f"{port} is no port", hint="A port is a number from 1 to 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror:
        raise InvalidInput(f"there is no address {host!r}, port {port}", hint="Take 127.0.0.1 or 0.0.0.0.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"port {port} is in use by another program", hint="Take another port, or end what runs there."
            ) from None
        raise InvalidInput(
            f"cannot listen on {host}, port {port}: {error.strerror or error}",
            hint="Take an address of this machine and a port from 1024.",
        ) from None


def _addresses(playground: Playground, host: str, port: int, *, ui: bool, api: bool) -> list[str]:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    base = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    lines = []
    if ui or not api:
        lines.append(f"page     {base}{UI_PATH if api else ''}/")
    if api:
        lines.append(f"Web API  {base}/docs")
    settings = playground.settings
    if host not in ("127.0.0.1", "localhost", "::1"):
        if not settings.tokens:
            lines.append("No other machine can use it yet: add `tokens` to settings.json.")
        if not settings.allowed_hosts:
            lines.append(
                "No other machine can use it yet: add its name or address to `allowed_hosts` in settings.json."
            )
    return lines
