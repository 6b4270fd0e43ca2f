"""`/api/pad`: the scratch pad of ten instructions that may hold each other."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.playground import Playground
from akachat.request import RunRequest

__all__ = ["PadRoutes"]


class PadRoutes:
    """The endpoints; all of them need the role ``edit``, since the fields are instructions."""

    def __init__(self, playground: Playground) -> None:
        self._pad = playground.pad

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        return [
            Endpoint("GET", "/api/pad", self.load, "Read the scratch pad", "edit"),
            Endpoint("PUT", "/api/pad", self.save, "Write the scratch pad", "edit", body="Pad"),
            Endpoint("POST", "/api/pad/render", self.render, "Render the scratch pad", "edit", body="PadRender"),
        ]

    async def load(self, request: Request) -> Response:
        """The saved fields."""
        return envelope("", {"fields": self._pad.load()})

    async def save(self, request: Request) -> Response:
        """Replaces all fields."""
        return envelope("", {"fields": await self._pad.save((await read_body(request)).object("fields"))})

    async def render(self, request: Request) -> Response:
        """The text of each field, or its error."""
        body = await read_body(request)
        asked = RunRequest(
            input=body.text("input"), messages=body.messages(), variables=body.texts("var"), source="api", is_draft=True
        )
        found = await self._pad.render(body.object("fields"), asked)
        return envelope(
            {name: field.text for name, field in found.items()},
            {"fields": {name: field.to_dict() for name, field in found.items()}},
        )
