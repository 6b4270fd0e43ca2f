"""`/api/sessions`: the conversations that are kept on the server, and what can be done with each."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import Body, read_body
from akachat.api.replies import envelope, text_reply
from akachat.api.routing import Endpoint
from akachat.errors import InvalidInput
from akachat.playground import Playground
from akachat.transcripts import KINDS, write_transcript

__all__ = ["SessionRoutes"]

_MOST_LISTED = 1_000
_FACTS = ("title", "prompt", "system")


class SessionRoutes:
    """The endpoints; all need the role ``edit``, for others' conversations are in them."""

    def __init__(self, playground: Playground) -> None:
        self._sessions = playground.sessions

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        listed = {
            "limit": "how many, 100 without; at most 1000",
            "offset": "how many of the newest are left out",
            "search": "only those that hold these words",
        }
        form = {"format": f"a text instead: {', '.join(KINDS)}"}
        return [
            Endpoint("GET", "/api/sessions", self.list, "List the sessions", "edit", query=listed),
            Endpoint("POST", "/api/sessions", self.create, "Make a session", "edit", body="NewSession"),
            # Before those of the session itself, whose name would take the rest of the path.
            Endpoint("POST", "/api/sessions/{id}/branch", self.branch, "Branch a session off", "edit", body="Branch"),
            Endpoint("POST", "/api/sessions/{id}/restore", self.restore, "Bring a deleted session back", "edit"),
            Endpoint(
                "PUT", "/api/sessions/{id}/messages", self.edit, "Replace a session's messages", "edit", body="Edit"
            ),
            Endpoint("GET", "/api/sessions/{id}", self.read, "Read a session", "edit", reply="Session", query=form),
            Endpoint("PUT", "/api/sessions/{id}", self.update, "Rename a session", "edit", body="SessionFacts"),
            Endpoint("DELETE", "/api/sessions/{id}", self.delete, "Delete a session", "edit"),
        ]

    async def list(self, request: Request) -> Response:
        """The sessions, the one last used first."""
        query = request.query_params
        limit = _number(query.get("limit") or "100", "limit")
        found, more = await self._sessions.list(
            min(limit or _MOST_LISTED, _MOST_LISTED),
            _number(query.get("offset") or "0", "offset"),
            query.get("search", ""),
        )
        return envelope([each.id for each in found], {"sessions": [each.to_dict() for each in found], "more": more})

    async def create(self, request: Request) -> Response:
        """A new one, with an id of the caller's or of ours."""
        body = await read_body(request)
        info = await self._sessions.create(body.text("id"), messages=body.messages(), **_facts(body))
        return envelope(info.id, info.to_dict())

    async def read(self, request: Request) -> Response:
        """One whole, or as a text."""
        session = await self._sessions.load(request.path_params["id"])
        kind = request.query_params.get("format")
        if kind:
            return text_reply(write_transcript(session.info.title, session.messages, kind))
        return envelope(session.info.title, session.to_dict())

    async def update(self, request: Request) -> Response:
        """Changes the title, or what it talks with."""
        body = await read_body(request)
        facts = _facts(body)
        if not facts:
            raise InvalidInput("the body changes nothing", hint='Send {"title": "…"}.')
        info = await self._sessions.update(request.path_params["id"], **facts)
        return envelope(info.title, info.to_dict())

    async def edit(self, request: Request) -> Response:
        """Puts other messages in the place of all."""
        body = await read_body(request)
        if "messages" not in body:
            raise InvalidInput(
                "the body has no `messages`", hint='Send {"messages": [{"role": "user", "content": "…"}]}.'
            )
        session = await self._sessions.edit(request.path_params["id"], body.messages(), body.text("version"))
        return envelope(session.info.title, session.to_dict())

    async def branch(self, request: Request) -> Response:
        """A new session that begins as this one does."""
        turn = (await read_body(request)).take("turn")
        if turn is not None and (not isinstance(turn, int) or isinstance(turn, bool)):
            raise InvalidInput("`turn` is no number", hint="It says how many messages the branch begins with.")
        info = await self._sessions.branch(request.path_params["id"], turn)
        return envelope(info.id, info.to_dict())

    async def restore(self, request: Request) -> Response:
        """Undoes the deletion."""
        info = await self._sessions.restore(request.path_params["id"])
        return envelope(info.id, info.to_dict())

    async def delete(self, request: Request) -> Response:
        """Deletes one; for a day it can be restored."""
        await self._sessions.delete(request.path_params["id"])
        return envelope("", {"id": request.path_params["id"]})


def _facts(body: Body) -> dict[str, Any]:
    facts: dict[str, Any] = {name: body.text(name) for name in _FACTS if name in body}
    if "options" in body:
        facts["options"] = body.object("options")
    return facts


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput(f"`{name}` is {text!r}", hint="It takes a number.")
    return int(text)
