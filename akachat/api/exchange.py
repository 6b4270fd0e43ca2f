"""`/api/llm/import` and `/api/llm/export`: prompts from files of other programs, and as files for them."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

import anyio
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import Body, read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.errors import InvalidInput
from akachat.exporters import FORMATS as EXPORT_FORMATS
from akachat.importers import FORMATS, Given
from akachat.playground import Playground

__all__ = ["ExchangeRoutes"]

_MOST_FILES = 1_000
_TRUE = ("true", "1", "on", "yes")


class ExchangeRoutes:
    """The endpoints; an export shows an instruction, which callers who only run prompts may not see."""

    def __init__(self, playground: Playground) -> None:
        self._exchange = playground.exchange

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        text = {"type": "string"}
        body = {
            "type": "object",
            "properties": {
                "text": {**text, "description": "The file's text; in a form, one or more `file` instead."},
                "file": {**text, "description": "What the file is called."},
                "dir": {**text, "description": "The prompt's name (`name` is taken too); a folder for several."},
                "format": {**text, "enum": ["", *FORMATS], "description": "What it is; empty to find it out."},
                "replace": {"type": "boolean", "description": "A prompt of that name may be replaced."},
                "dry": {"type": "boolean", "description": "Only say what would be made."},
            },
            "example": {"text": "FROM llama3.2\nSYSTEM You are a pirate.", "file": "Modelfile", "dir": "pirate"},
        }
        query = {
            "dir": "the prompt's name (`name` is taken too)",
            "format": f"{', '.join(EXPORT_FORMATS)}; `zip`, its two files, where it is not given",
        }
        return [
            Endpoint("POST", "/api/llm/import", self.bring, "Import prompts", "edit", body=body),
            Endpoint(
                "GET", "/api/llm/export", self.give, "Export a prompt", "edit", media="application/zip", query=query
            ),
        ]

    async def bring(self, request: Request) -> Response:
        """What was made, and what could not be carried over."""
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            body, files = await _form(request)
        else:
            body = await read_body(request)
            files = [Given(body.text("file"), body.text("text", default=None).encode("utf-8", "surrogatepass"))]
        name, format = body.text("dir", "name"), body.text("format")
        replace, dry = body.flag("replace"), body.flag("dry")
        act = self._exchange.look if dry else self._exchange.bring
        brought = await anyio.to_thread.run_sync(partial(act, files, name, format=format, replace=replace))
        return envelope([prompt.name for prompt in brought.prompts], brought.to_dict())

    async def give(self, request: Request) -> Response:
        """The file itself; what it could not say is in the header ``X-Left-Out``, percent-encoded, a line each."""
        query = request.query_params
        name = query.get("dir") or query.get("name") or ""
        base_url = f"{request.base_url}v1"
        act = partial(self._exchange.give, name, query.get("format") or "zip", base_url=base_url)
        exported = await anyio.to_thread.run_sync(act)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(exported.file, safe='')}",
            "x-left-out": quote("\n".join(exported.notes)[:4_000], safe=" ,.:;()"),
        }
        return Response(exported.data, headers=headers, media_type=exported.media)


async def _form(request: Request) -> tuple[Body, list[Given]]:
    files: list[Given] = []
    fields: dict[str, object] = {}
    try:
        async with request.form(max_files=_MOST_FILES, max_fields=100) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files.append(Given(value.filename or "", await value.read()))
                else:
                    fields[name] = value.strip().casefold() in _TRUE if name in ("replace", "dry") else value
    except HTTPException as error:
        raise InvalidInput(f"the form cannot be read: {error.detail}", hint="Send multipart/form-data.") from None
    return Body(fields), files
