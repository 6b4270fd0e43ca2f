"""A real server on a free port, in a thread of the test's own process."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
import uvicorn

from akachat.playground import Playground
from akachat.server import create_server

__all__ = ["Serve", "Server", "write_prompt"]


def write_prompt(root: Path, name: str, instruction: str, options: Mapping[str, Any] | None = None) -> None:
    """Writes a prompt's two files by hand, as a user with an editor does."""
    path = root / "prompt" / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(instruction, encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(options or {}), encoding="utf-8")


class Server:
    """A served workspace; ``url`` is its address, ``root`` its folder, ``http`` a client for it."""

    def __init__(self, root: Path, *, settings: Mapping[str, Any], ui: bool, environ: Mapping[str, str]) -> None:
        self.root = root
        if settings:
            (root / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        self.playground = Playground(root, environ=environ)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=30)
        config = uvicorn.Config(
            create_server(self.playground, ui=ui), log_level="warning", timeout_graceful_shutdown=2, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> Server:
        """Starts the thread; the port already takes connections."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the server and waits for it."""
        self.http.close()
        self._server.should_exit = True
        self._thread.join(15)
        self._socket.close()

    def write_prompt(self, name: str, instruction: str, options: Mapping[str, Any] | None = None) -> None:
        """Writes a prompt's two files by hand."""
        write_prompt(self.root, name, instruction, options)


class Serve(Protocol):
    """Starts a server whose ``settings.json`` holds the keywords."""

    def __call__(self, *, ui: bool = False, environ: dict[str, str] | None = None, **settings: Any) -> Server: ...
