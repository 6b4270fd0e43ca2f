"""`/api/settings`: what this server is set to, keys masked; changes; and whether an endpoint answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.playground import Playground

__all__ = ["SettingsRoutes"]


class SettingsRoutes:
    """The endpoints; who may change anything may see and change these, except for what lets others in."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        return [
            Endpoint("GET", "/api/settings", self.show, "List the settings, keys masked", "edit"),
            Endpoint("PUT", "/api/settings", self.change, "Change settings", "edit", body="Settings"),
            Endpoint("POST", "/api/settings/test", self.test, "Test an endpoint", "edit", body="Test"),
        ]

    async def show(self, request: Request) -> Response:
        """Every field with its value, default and description."""
        return envelope("", self._playground.settings_view())

    async def change(self, request: Request) -> Response:
        """Changes the settings that the body names; null goes back to the default, a mask leaves a key as it is."""
        return envelope("", await self._playground.change_settings((await read_body(request)).rest()))

    async def test(self, request: Request) -> Response:
        """The models that an endpoint lists, and how long it took to say so."""
        found = await self._playground.test_endpoint((await read_body(request)).text("endpoint"))
        return envelope(found["models"], found)
