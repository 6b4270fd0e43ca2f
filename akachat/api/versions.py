"""`/api/llm/versions` and what goes with it: what a prompt was, what differs, and how it comes back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import Body, read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.errors import InvalidInput
from akachat.playground import Playground
from akachat.workspace import Prompt
from akachat.workspace.past import NOW

__all__ = ["VersionRoutes"]

_TEXT = {"type": "string"}
_DIR = {**_TEXT, "description": "The prompt's name (`name` is taken too)."}
_TO = {**_TEXT, "description": "The other name."}
_RENAME = {"type": "object", "required": ["dir", "to"], "properties": {"dir": _DIR, "to": _TO}}
_RESTORE = {
    "type": "object",
    "required": ["dir"],
    "properties": {
        "dir": _DIR,
        "version": {**_TEXT, "description": "A version's id; without one, a deleted prompt comes back as it last was."},
    },
}


class VersionRoutes:
    """The endpoints; reading needs the role ``edit`` too, as reading prompts does."""

    def __init__(self, playground: Playground) -> None:
        self._versions = playground.versions

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        name = {"dir": "the prompt"}
        two = {**name, "from": "a version's id, or now; the one before, if empty", "to": "the same; now, if empty"}
        return [
            Endpoint("GET", "/api/llm/versions", self.history, "List a prompt's versions", "edit", query=name),
            Endpoint("DELETE", "/api/llm/versions", self.forget, "Delete a prompt's versions", "edit", query=name),
            Endpoint("GET", "/api/llm/versions/{id}", self.read, "Read a version", "edit", query=name),
            Endpoint("GET", "/api/llm/diff", self.compare, "What differs between two versions", "edit", query=two),
            Endpoint("GET", "/api/llm/deleted", self.deleted, "List the deleted prompts", "edit"),
            Endpoint(
                "POST", "/api/llm/restore", self.restore, "Restore a version", "edit", body=_RESTORE, reply="Prompt"
            ),
            Endpoint("POST", "/api/llm/rename", self.rename, "Rename a prompt", "edit", body=_RENAME),
            Endpoint("POST", "/api/llm/copy", self.copy, "Copy a prompt", "edit", body=_RENAME, reply="Prompt"),
        ]

    async def history(self, request: Request) -> Response:
        """The versions, the newest first, with what each changed."""
        steps = [step.to_dict() for step in (await self._versions.history(_asked(request))).steps]
        return envelope([step["id"] for step in steps], {"versions": steps})

    async def forget(self, request: Request) -> Response:
        """Deletes the versions for good; the prompt stays as it is."""
        await self._versions.forget(_asked(request))
        return envelope()

    async def read(self, request: Request) -> Response:
        """One version with its content."""
        version = await self._versions.get(_asked(request), request.path_params["id"])
        return envelope(version.content.instruction, version.to_dict())

    async def compare(self, request: Request) -> Response:
        """Two versions side by side; the result is the difference as other tools read it."""
        query = request.query_params
        found = await self._versions.compare(_asked(request), query.get("from", ""), query.get("to", NOW))
        return envelope(found.unified, found.to_dict())

    async def deleted(self, request: Request) -> Response:
        """The prompts that are gone and can be brought back."""
        found = [each.to_dict() for each in await self._versions.deleted()]
        return envelope([each["name"] for each in found], {"prompts": found})

    async def restore(self, request: Request) -> Response:
        """Makes a version what the prompt says now."""
        body = await read_body(request)
        return _shown(await self._versions.restore(_name(body), body.text("version", "id")))

    async def rename(self, request: Request) -> Response:
        """Gives a prompt another name; says which prompts still use the old one."""
        body = await read_body(request)
        old, new = _name(body), body.text("to", default=None)
        users = await self._versions.rename(old, new)
        return envelope(new, {"name": new, "used_by": users})

    async def copy(self, request: Request) -> Response:
        """Saves a prompt under another name as well."""
        body = await read_body(request)
        return _shown(await self._versions.copy(_name(body), body.text("to", default=None)))


def _asked(request: Request) -> str:
    name = request.query_params.get("dir") or request.query_params.get("name")
    if not name:
        raise InvalidInput("no prompt is named", hint="Give its name as `dir`, as in GET /api/llm/versions?dir=sample.")
    return name


def _name(body: Body) -> str:
    return body.text("dir", "name", default=None)


def _shown(prompt: Prompt) -> Response:
    return envelope(
        prompt.instruction,
        {"name": prompt.name, "instruction": prompt.instruction, "options": prompt.options.to_dict()},
    )
