"""A hub on 127.0.0.1 that serves folders as models; what it is asked for can be held back until a test lets it go."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Hub", "serving_hub"]

COMMIT = "c" * 40
_API = re.compile(
    r"/api/models/(?P<model>[^/]+/[^/]+?)(?:/(?P<what>revision|tree)/(?P<revision>[^/]+)(?P<below>/.+)?)?/?"
)
_FILE = re.compile(r"/(?P<model>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


class Hub:
    """Models by name, each a folder.

    Attributes:
        url: where it is.
        held: files (``owner/model/file``) of which only half comes until ``release`` is set.
        asked: the files that were fetched, in order.
        tokens: what was shown as a token.
        gated: models that want a token.
    """

    def __init__(self, models: dict[str, Path]) -> None:
        self.models = models
        self.held: set[str] = set()
        self.release = threading.Event()
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.gated: set[str] = set()
        self.url = ""

    def files(self, model: str) -> dict[str, Path]:
        folder = self.models[model]
        return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(head=True)

    def do_GET(self) -> None:
        self._answer(head=False)

    def log_message(self, *_: object) -> None:
        return

    def _answer(self, *, head: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        self.hub.tokens |= {token} - {""}
        match = _API.fullmatch(path) or _FILE.fullmatch(path)
        if match is None or match["model"] not in self.hub.models:
            self._send(404, b"{}", {"x-error-code": "RepoNotFound"}, head)
        elif match["model"] in self.hub.gated and not token:
            self._send(403, b"{}", {"x-error-code": "GatedRepo"}, head)
        elif match["revision"] not in (None, "main", COMMIT):
            self._send(404, b"{}", {"x-error-code": "RevisionNotFound"}, head)
        elif match.re is _API and match["below"]:
            self._send(404, b"{}", {"x-error-code": "EntryNotFound"}, head)
        elif match.re is _API:
            self._tell(match["model"], match["what"] == "tree", head)
        else:
            self._file(match["model"], match["file"], head)

    def _tell(self, model: str, tree: bool, head: bool) -> None:
        files = {name: path.read_bytes() for name, path in self.hub.files(model).items()}
        if tree:
            value: object = [
                {"type": "file", "path": name, "size": len(data), "oid": _etag(data)} for name, data in files.items()
            ]
        else:
            siblings = [{"rfilename": name, "size": len(data), "blobId": _etag(data)} for name, data in files.items()]
            value = {"id": model, "modelId": model, "sha": COMMIT, "siblings": siblings, "tags": []}
        self._send(200, json.dumps(value).encode(), {"content-type": "application/json"}, head)

    def _file(self, model: str, name: str, head: bool) -> None:
        path = self.hub.files(model).get(name)
        if path is None:
            self._send(404, b"", {"x-error-code": "EntryNotFound", "x-repo-commit": COMMIT}, head)
            return
        data = path.read_bytes()
        headers = {"etag": f'"{_etag(data)}"', "x-repo-commit": COMMIT}
        if head:
            self._send(200, data, headers, head)
            return
        full = f"{model}/{name}"
        self.hub.asked.append(full)
        if full not in self.hub.held:
            self._send(200, data, headers, head)
            return
        self._send(200, data, headers, head, first=len(data) // 2)
        self.hub.release.wait(60)
        self.wfile.write(data[len(data) // 2 :])

    def _send(self, status: int, body: bytes, headers: dict[str, str], head: bool, first: int | None = None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if not head:
            self.wfile.write(body[:first])
            self.wfile.flush()


def _etag(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


@contextmanager
def serving_hub(models: dict[str, Path]) -> Iterator[Hub]:
    """The hub, while the block lasts."""
    hub = Hub(models)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
