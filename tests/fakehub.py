"""A hub on this machine: it answers as Hugging Face does, from folders, and keeps what it was asked.

As a program it is the other side: it loads the models that its standard input names, as a playground of that
environment would, and prints what came of each.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Repo:
    """A model on the hub: a folder for each revision, and the token of whoever may read it."""

    revisions: dict[str, Path]
    token: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    safetensors: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def commit(revision: str) -> str:
        return (revision.encode().hex() * 40)[:40]

    def find(self, revision: str) -> str | None:
        return next((name for name in self.revisions if revision in (name, self.commit(name))), None)


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, repos: dict[str, Repo]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos = repos
        self.asked: list[tuple[str, str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path, self.headers.get("authorization") or ""))
        is_api = path.startswith("/api/models/")
        owner, name, *rest = path.removeprefix("/api/models" if is_api else "").lstrip("/").split("/")
        repo = self.server.repos.get(f"{owner}/{name}")
        if repo is None:
            return self._error(401, "RepoNotFound", "Repository not found")
        if repo.token and self.headers.get("authorization") != f"Bearer {repo.token}":
            return self._error(403, "GatedRepo", "Access to this model is restricted")
        revision = repo.find(rest[1] if len(rest) > 1 else "main")
        if revision is None:
            return self._error(404, "RevisionNotFound", "Revision not found")
        folder = repo.revisions[revision]
        if is_api and len(rest) <= 2:
            return self._info(f"{owner}/{name}", repo, revision, folder)
        file = folder / "/".join(rest[2:])
        if is_api or rest[0] != "resolve" or not file.is_file():
            return self._error(404, "EntryNotFound", "Entry not found")
        self._send(200, file.read_bytes(), {"ETag": f'"{hash((file.name, revision)) & 0xFFFFFFFF:08x}"'}, revision)

    def _info(self, name: str, repo: Repo, revision: str, folder: Path) -> None:
        names = [path.name for path in sorted(folder.iterdir())]
        siblings = [{"rfilename": each, "size": repo.sizes.get(each, (folder / each).stat().st_size)} for each in names]
        info: dict[str, Any] = {"id": name, "sha": repo.commit(revision), "siblings": siblings}
        if repo.safetensors:
            info["safetensors"] = {"parameters": repo.safetensors, "total": sum(repo.safetensors.values())}
        self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"}, revision)

    def _error(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"error": message}).encode()
        self._send(status, body, {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str], revision: str = "") -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if revision:
            self.send_header("X-Repo-Commit", Repo.commit(revision))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving(repos: dict[str, Repo]) -> Iterator[Hub]:
    hub = Hub(repos)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


# the other side


async def _load(case: dict[str, Any]) -> dict[str, Any]:
    from akachat.backends.base import Chunk, Request
    from akachat.backends.local import LocalBackend
    from akachat.errors import ModelError
    from akachat.messages import Message
    from akachat.options import Options

    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    made = LocalBackend(hf_token=lambda: case.get("token"))
    request = Request("run", (Message("user", "hi"),), Options.parse({"max_new_tokens": 4, **case["options"]}))
    found: dict[str, Any] = {}
    try:
        found["text"] = "".join([item.text async for item in made.generate(request) if isinstance(item, Chunk)])
        found["facts"] = (await made.models())[0].detail
    except ModelError as error:
        found["error"] = {"message": error.message, "hint": error.hint}
        found["chain"] = repr(error)
    finally:
        found["sources"] = repr(made._source(request.options))
        await made.aclose()
        logging.getLogger().removeHandler(handler)
    return {**found, "log": said.getvalue()}


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.DEBUG)
    for line in sys.stdin:
        print(json.dumps(asyncio.run(_load(json.loads(line)))), flush=True)
