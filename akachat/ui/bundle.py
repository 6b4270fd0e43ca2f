"""The editor's large script as a file of its own: a browser fetches it once, where the page's head comes every time."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["bundle_element", "bundle_routes"]

_FILE = Path(__file__).parent / "assets" / "codemirror.js"
_PATH = "akachat/codemirror.js"


@cache
def _bundle() -> tuple[bytes, str]:
    content = _FILE.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def bundle_element() -> str:
    """What loads it, for the ``head`` of a component: Gradio runs the component's script once it is there."""
    return f'<script src="{_PATH}?{_bundle()[1]}"></script>'


def bundle_routes() -> list[Any]:
    """The route under which the page finds it, wherever the page itself is mounted."""
    return [Route(f"/{_PATH}", _send)]


async def _send(request: Request) -> Response:
    # Its address names its content, so what a browser has can be kept for good.
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(_bundle()[0], media_type="text/javascript; charset=utf-8", headers=headers)
