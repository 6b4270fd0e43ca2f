"""`/docs` and `/openapi.json`, without a network: Swagger UI lies beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from akachat.api.replies import json_reply
from akachat.api.routing import Endpoint
from akachat.api.schema import describe

__all__ = ["DocsRoutes"]

_STATIC = Path(__file__).parent / "static"
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "swagger-ui.LICENSE": "text/plain",
    "icon.svg": "image/svg+xml",
}
#: Gradio's page asks for both at the server's root, wherever it is mounted; without them a browser's console complains.
_MANIFEST = {"name": "akachat", "start_url": "/", "icons": [{"src": "/docs/icon.svg", "sizes": "any"}]}

_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>akachat: Web API</title>
<link rel="icon" href="docs/icon.svg">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, defaultModelsExpandDepth: 0,
  validatorUrl: null, presets: [SwaggerUIBundle.presets.apis]});
</script>
</body>
</html>
"""


class DocsRoutes:
    """The endpoints that describe the others."""

    def __init__(self, endpoints: Sequence[Endpoint], home: str, prefixes: Sequence[str]) -> None:
        """Args:
        endpoints: what is described.
        home: where ``/`` leads.
        prefixes: mounted applications, whose address without the slash leads to them.
        """
        self._described = endpoints
        self._home = home
        self._prefixes = prefixes
        self._document: dict[str, Any] | None = None

    def endpoints(self) -> list[Endpoint]:
        """The documentation's own endpoints; they are not described."""
        files = [Endpoint("GET", f"/docs/{name}", self._file, "A file of the page", shown=False) for name in _FILES]
        homes = [Endpoint("GET", path, self._to_home, "The first page", shown=False) for path in ("/", *self._prefixes)]
        return [
            Endpoint("GET", "/docs", self._docs, "This documentation", shown=False),
            Endpoint("GET", "/openapi.json", self._openapi, "This documentation as OpenAPI", shown=False),
            Endpoint("GET", "/favicon.ico", self._icon, "The icon", shown=False),
            Endpoint("GET", "/manifest.json", self._manifest, "What a browser shows when it keeps it", shown=False),
            *files,
            *homes,
        ]

    async def _docs(self, request: Request) -> Response:
        return Response(_PAGE, media_type="text/html")

    async def _openapi(self, request: Request) -> Response:
        if self._document is None:
            self._document = describe(self._described)
        return json_reply(self._document)

    async def _manifest(self, request: Request) -> Response:
        return json_reply(_MANIFEST)

    async def _icon(self, request: Request) -> Response:
        return await self._asset("icon.svg")

    async def _file(self, request: Request) -> Response:
        return await self._asset(request.url.path.rsplit("/", 1)[-1])

    async def _asset(self, name: str) -> Response:
        content = await anyio.Path(_STATIC / name).read_bytes()
        return Response(content, headers={"cache-control": "max-age=86400"}, media_type=_FILES[name])

    async def _to_home(self, request: Request) -> Response:
        path = request.url.path
        return RedirectResponse(f"{path}/" if path in self._prefixes else self._home, 307)
