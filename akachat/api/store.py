"""`/api/var` and `/api/messages`: what is kept in the workspace."""

from __future__ import annotations

from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import Body, read_json
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.errors import InvalidInput
from akachat.messages import Message, parse_messages
from akachat.playground import Playground
from akachat.records.bulk import read_messages

__all__ = ["StoreRoutes"]

_YES = ("true", "1", "yes")
_LISTED = {
    "search": "a text that must occur in key or value",
    "values": "true: also the values",
    "uses": "true: also the prompts that use each",
    "deleted": "true: also what was deleted last",
}
_PREVIEW = {"preview": "true: change nothing, and say what would be"}
_MANY = {"type": "object", "additionalProperties": {"type": ["string", "null"]}, "example": {"name": "Momo"}}
_RENAME = {"type": "object", "required": ["rename"], "properties": {"rename": {"type": "string"}}}
_RESTORE = {"type": "object", "required": ["restore"], "properties": {"restore": {"type": "string"}}}


class StoreRoutes:
    """The endpoints; reading needs the role ``edit`` too, for others' conversations are in it."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        limit = {"limit": "how many of the newest; 0 for all"}
        return [
            Endpoint("GET", "/api/var", self.list_variables, "List the variables", "edit", query=_LISTED),
            Endpoint("PUT", "/api/var", self.put_variables, "Write many variables", "edit", body=_MANY, query=_PREVIEW),
            Endpoint("POST", "/api/var", self.restore_variable, "Bring a deleted variable back", "edit", body=_RESTORE),
            Endpoint("GET", "/api/var/{key}", self.get_variable, "Read a variable", "edit"),
            Endpoint("PUT", "/api/var/{key}", self.put_variable, "Write a variable", "edit", body="Value"),
            Endpoint("POST", "/api/var/{key}", self.rename_variable, "Rename a variable", "edit", body=_RENAME),
            Endpoint("DELETE", "/api/var/{key}", self.delete_variable, "Delete a variable", "edit"),
            Endpoint("GET", "/api/messages", self.list_messages, "Read the stored messages", "edit", query=limit),
            Endpoint("POST", "/api/messages", self.append_messages, "Add messages", "edit", body="Messages"),
            Endpoint("PUT", "/api/messages", self.replace_messages, "Replace all messages", "edit", body="Messages"),
            Endpoint("DELETE", "/api/messages", self.clear_messages, "Delete all messages", "edit"),
        ]

    # variables

    async def list_variables(self, request: Request) -> Response:
        """All keys; where asked for, also the values, the prompts that use each, and what was deleted last."""
        search = request.query_params.get("search", "")
        if search.strip():
            keys = [each.key for each in await anyio.to_thread.run_sync(self._playground.variables.find, search)]
        else:
            keys = self._playground.list_variables()
        detail: dict[str, Any] = {"variables": keys}
        wanted = [name for name in _LISTED if request.query_params.get(name, "") in _YES]
        if "values" in wanted:
            detail["values"] = await anyio.to_thread.run_sync(self._playground.variables.export)
        if "uses" in wanted:
            detail["uses"] = await anyio.to_thread.run_sync(self._playground.variables.uses)
        if "deleted" in wanted:
            trash = self._playground.workspace.variables.trash
            detail["deleted"] = [{"id": each.id, "key": each.name, "at": each.at} for each in trash.items()]
        return envelope(keys, detail)

    async def put_variables(self, request: Request) -> Response:
        """Writes many as one change: ``{"key": "value", …}``; null deletes. Or what it would do."""
        sent = await read_json(request)
        if not isinstance(sent, dict):
            raise InvalidInput("the body is no object", hint='Send {"key": "value", …}.')
        for key, value in sent.items():
            if value is not None and not isinstance(value, str):
                raise InvalidInput(f"the value of `{key}` is no text", hint="Put it between quotes.")
        if request.query_params.get("preview", "") in _YES:
            texts = {key: value for key, value in sent.items() if value is not None}
            changes = [change.to_dict() for change in self._playground.variables.preview(texts)]
            return envelope("", {"changes": changes})
        await anyio.to_thread.run_sync(self._playground.workspace.variables.change, sent)
        return envelope("", {"keys": list(sent)})

    async def rename_variable(self, request: Request) -> Response:
        """Gives a variable another key."""
        key, new = request.path_params["key"], _object(await read_json(request)).text("rename", default=None)
        await anyio.to_thread.run_sync(self._playground.workspace.variables.rename, key, new)
        return envelope("", {"key": new})

    async def restore_variable(self, request: Request) -> Response:
        """Brings back what was deleted."""
        id = _object(await read_json(request)).text("restore", default=None)
        key = await anyio.to_thread.run_sync(self._playground.workspace.variables.restore, id)
        return envelope(self._playground.get_variable(key), {"key": key})

    async def get_variable(self, request: Request) -> Response:
        """One value."""
        key = request.path_params["key"]
        return envelope(self._playground.get_variable(key), {"key": key})

    async def put_variable(self, request: Request) -> Response:
        """Writes one value: ``{"value": "…"}``, a JSON text, or a body of text/plain."""
        key = request.path_params["key"]
        if request.headers.get("content-type", "").startswith("text/plain"):
            value = await _plain(request)
        else:
            sent = await read_json(request)
            value = sent if isinstance(sent, str) else _object(sent).text("value", default=None)
        await self._playground.set_variable(key, value)
        return envelope(value, {"key": key})

    async def delete_variable(self, request: Request) -> Response:
        """Deletes one."""
        key = request.path_params["key"]
        await self._playground.delete_variable(key)
        return envelope("", {"key": key})

    # messages

    async def list_messages(self, request: Request) -> Response:
        """The newest messages, the oldest of them first."""
        text = request.query_params.get("limit", "0")
        if not (text.isascii() and text.isdigit()):
            raise InvalidInput(f"`limit` is {text!r}", hint="It takes a number; 0 for all messages.")
        messages = [m.to_dict() for m in self._playground.list_messages(int(text))]
        return envelope(messages, {"messages": messages})

    async def append_messages(self, request: Request) -> Response:
        """Adds one message or several."""
        messages = await _messages(request)
        await self._playground.append_messages(messages)
        return envelope("", {"added": len(messages)})

    async def replace_messages(self, request: Request) -> Response:
        """Replaces all."""
        messages = await _messages(request)
        await self._playground.replace_messages(messages)
        return envelope("", {"messages": [m.to_dict() for m in messages]})

    async def clear_messages(self, request: Request) -> Response:
        """Deletes all; ``detail.kept`` brings them back."""
        return envelope("", {"kept": await self._playground.clear_messages()})


async def _plain(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise InvalidInput("the body is not UTF-8", hint="Send UTF-8 text.") from None


def _object(value: object) -> Body:
    if not isinstance(value, dict):
        raise InvalidInput("the body is no object", hint='Send {"value": "…"}.')
    return Body(value)


async def _messages(request: Request) -> tuple[Message, ...]:
    """One message, a list of them, or ``{"messages": …}``; as text/plain also JSON lines."""
    if request.headers.get("content-type", "").startswith(("text/plain", "application/jsonl", "application/x-ndjson")):
        return read_messages(await _plain(request))
    value = await read_json(request)
    if isinstance(value, dict) and "role" not in value:
        if "messages" not in value:
            raise InvalidInput("the body has no `messages`", hint='Send {"role": "user", "content": "…"}.')
        return Body(value).messages()
    if not isinstance(value, (str, list, dict)):
        raise InvalidInput("the body holds no messages", hint='Send {"role": "user", "content": "…"}.')
    return parse_messages(value)
