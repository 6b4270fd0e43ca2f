"""`/api/messages/lines`: the stored messages as lines of their file, to be mended, edited, and brought back."""

from __future__ import annotations

from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.errors import InvalidInput
from akachat.playground import Playground

__all__ = ["TranscriptRoutes"]

_LINES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_EDIT: dict[str, Any] = {
    "type": "object",
    "required": ["first", "old", "new"],
    "properties": {
        "first": {"type": "integer", "description": "The number of the first line that goes."},
        "old": {**_LINES, "description": "The lines that go, as they are."},
        "new": {**_LINES, "description": "The lines that come."},
    },
    "example": {"first": 1, "old": [], "new": ['{"role": "user", "content": "…"}']},
}
_RESTORE: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "description": "One of detail.kept, as DELETE /api/messages gave it."}},
}


class TranscriptRoutes:
    """The endpoints."""

    def __init__(self, playground: Playground) -> None:
        self._transcript = playground.workspace.transcript

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        path = "/api/messages/lines"
        page = {"limit": "how many; 100 without it", "before": "the number of the line before which they stand"}
        return [
            Endpoint("GET", path, self.read, "Read the lines of the messages' file", "edit", query=page),
            Endpoint("POST", path, self.edit, "Edit lines of the messages' file", "edit", body=_EDIT),
            Endpoint(
                "POST", "/api/messages/restore", self.restore, "Bring cleared messages back", "edit", body=_RESTORE
            ),
        ]

    async def read(self, request: Request) -> Response:
        """Some lines, broken ones too, and what was cleared and can come back."""
        given = {"limit": "100", "before": "0", **request.query_params}
        for name in ("limit", "before"):
            if not (given[name].isascii() and given[name].isdigit() and len(given[name]) < 10):
                raise InvalidInput(f"`{name}` is {given[name]!r}", hint="It takes a number.")
        limit, before = int(given["limit"]), int(given["before"])
        lines = await anyio.to_thread.run_sync(lambda: self._transcript.newest(limit, before=before))
        kept = [each.to_dict() for each in self._transcript.kept()]
        return envelope([line.text for line in lines.lines], {**lines.to_dict(), "kept": kept})

    async def edit(self, request: Request) -> Response:
        """Puts lines in the place of others."""
        body = await read_body(request)
        first, old, new = (body.take(name) for name in ("first", "old", "new"))
        if isinstance(first, bool) or not isinstance(first, int):
            raise InvalidInput("`first` is no number", hint="It takes a line's number, from 1.")
        for name, value in (("old", old), ("new", new)):
            if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
                raise InvalidInput(f"`{name}` is no list of texts", hint="It takes lines of the file.")
        lines = await anyio.to_thread.run_sync(self._transcript.edit, first, old, new)
        return envelope("", lines.to_dict())

    async def restore(self, request: Request) -> Response:
        """Brings back what was cleared, before what has been added since."""
        name = (await read_body(request)).text("name", default=None)
        await anyio.to_thread.run_sync(self._transcript.restore, name)
        return envelope("", {"name": name})
