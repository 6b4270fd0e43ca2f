"""`/api/runs`: the log of runs, searched, read, replayed and deleted."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.access import caller_of
from akachat.api.bodies import read_json
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.api.streams import stopping
from akachat.errors import InvalidInput
from akachat.events import new_id
from akachat.journal import Query, summary
from akachat.playground import Playground
from akachat.records.runs import Version

__all__ = ["RunRoutes"]

_TEXT = {"type": "string"}
_SEARCH = {
    "text": "words that must all occur",
    "prompt": "a prompt's name",
    "source": "page, api, cli, python or llm",
    "model": "a part of a model's name",
    "outcome": "done, error, cancelled, stop, length, …",
    "since": "the first day, such as 2026-11-25",
    "until": "the last day",
    "nested": "true: also what other runs called",
    "limit": "how many; 50 without it",
    "cursor": "where an earlier answer's detail.cursor said to go on",
}
_REPLAY = {
    "type": "object",
    "properties": {
        "prompt": {**_TEXT, "description": "A saved prompt as it is now; without it, what was logged."},
        "model": {**_TEXT, "description": "A model's name."},
        "options": {"$ref": "#/components/schemas/Options"},
        "at": {**_TEXT, "description": "Where a search found the run."},
        "id": {**_TEXT, "description": "The new run's id, to stop it by."},
    },
    "example": {"prompt": "sample"},
}


class RunRoutes:
    """The endpoints; all need the role ``edit``, for what others said is in the log."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._log = playground.log

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        at = {"at": "where a search found it; without it only the newest part of the log is looked through"}
        return [
            # Before the next one, whose id takes the rest of the path.
            Endpoint(
                "POST", "/api/runs/{id}/replay", self.replay, "Ask a logged run's question again", "edit", _REPLAY
            ),
            Endpoint("GET", "/api/runs", self.search, "Search the log of runs", "edit", query=_SEARCH),
            Endpoint("DELETE", "/api/runs", self.delete, "Delete the log", "edit", query={"day": "that day, or all"}),
            Endpoint("GET", "/api/runs/{id}", self.read, "Read a logged run", "edit", query=at),
        ]

    async def search(self, request: Request) -> Response:
        """Summaries of the newest runs that are asked for, and where to go on."""
        given = dict(request.query_params)
        limit = given.pop("limit", "50")
        if not (limit.isascii() and limit.isdigit()):
            raise InvalidInput(f"`limit` is {limit!r}", hint="It takes a number from 1 to 1000.")
        cursor = given.pop("cursor", "")
        nested = given.pop("nested", "") in ("true", "1", "yes")
        unknown = set(given) - set(_SEARCH)
        if unknown:
            raise InvalidInput(f"a search knows no `{min(unknown)}`", hint="It takes " + ", ".join(_SEARCH) + ".")
        page = await self._log.search(Query(**given, nested=nested), int(limit), cursor=cursor)
        runs = [{**summary(found.entry), "at": found.at} for found in page.found]
        about = {"cursor": page.cursor, "scanned": page.scanned, "reached": page.reached}
        return envelope(runs, {"runs": runs, **about, "days": await self._log.days(), "kept": self._log.rules()})

    async def read(self, request: Request) -> Response:
        """All that is kept of one."""
        entry = await self._log.get(request.path_params["id"], request.query_params.get("at", ""))
        return envelope(entry.get("result") or "", entry)

    async def replay(self, request: Request) -> Response:
        """The answer now, beside the logged one."""
        body: Any = await read_json(request) if await request.body() else {}
        if not isinstance(body, dict):
            raise InvalidInput("the body is no object", hint='Send {"prompt": "…"}, or nothing.')
        words = {key: body.get(key) or "" for key in ("prompt", "model", "at", "id")}
        options = body.get("options") or {}
        wrong = [key for key, value in words.items() if not isinstance(value, str)]
        if wrong or not isinstance(options, dict):
            raise InvalidInput(f"`{wrong[0] if wrong else 'options'}` is of the wrong kind", hint="See /docs.")
        run = words["id"] or new_id()
        async with stopping(request, lambda: self._playground.stop(run)):
            replay = await self._log.replay(
                request.path_params["id"],
                Version(words["prompt"], words["model"], options),
                at=words["at"],
                source="api",
                caller=caller_of(request.scope),
                run=run,
            )
        detail = replay.to_dict()
        return envelope(detail.pop("result"), detail)

    async def delete(self, request: Request) -> Response:
        """Deletes a day, or all."""
        day = request.query_params.get("day", "")
        return envelope("", {"day": day, "bytes": await self._log.delete(day)})
