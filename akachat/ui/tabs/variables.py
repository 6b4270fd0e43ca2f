"""The variables tab's side of the server: each thing that a person can do there is one call of the room."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import anyio

from akachat.errors import InvalidInput
from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, text_of
from akachat.ui.view import in_words

__all__ = ["VariablesTab"]

#: How many variables the list shows at once; a search narrows it.
_MOST = 500


class VariablesTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._book = playground.variables
        self._variables = playground.workspace.variables

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "var_list": self.list,
            "var_open": self.open,
            "var_save": self.save,
            "var_change": self.change,
            "var_rename": self.rename,
            "var_preview": self.preview,
            "var_export": self.export,
            "var_deleted": self.deleted,
            "var_restore": self.restore,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def list(self, payload: Json) -> Json:
        """The variables in which a text occurs, and which workspace the drafts belong to."""
        found = await anyio.to_thread.run_sync(self._book.find, text_of(payload, "search"))
        root = str(self._playground.workspace.root.resolve())
        return {
            "variables": [{**each.to_dict(), "problem": _words(each.problem)} for each in found[:_MOST]],
            "of": len(found),
            "workspace": hashlib.sha256(root.encode()).hexdigest()[:12],
        }

    async def open(self, payload: Json) -> Json:
        """One variable as it is on disk now, and the prompts that name it."""
        key = text_of(payload, "key")
        value = await anyio.to_thread.run_sync(self._variables.get, key)
        uses = await anyio.to_thread.run_sync(self._book.uses)
        return {"key": key, "value": value, "prompts": uses.get(key, [])}

    async def save(self, payload: Json) -> Json:
        """Writes one variable; a new one only where there is none of its key."""
        key = text_of(payload, "key").strip()
        if payload.get("new") is True and key in self._variables:
            return {"exists": True}
        await self._playground.set_variable(key, text_of(payload, "value"))
        return await self.open({"key": key})

    async def change(self, payload: Json) -> Json:
        """Writes many as one change; null deletes."""
        values = payload.get("values")
        if not isinstance(values, dict) or not all(v is None or isinstance(v, str) for v in values.values()):
            raise InvalidInput("values are no JSON object of texts")
        await anyio.to_thread.run_sync(self._variables.change, values)
        return {}

    async def rename(self, payload: Json) -> Json:
        """Gives one another key."""
        new = text_of(payload, "new").strip()
        await anyio.to_thread.run_sync(self._variables.rename, text_of(payload, "key"), new)
        return {"key": new}

    async def preview(self, payload: Json) -> Json:
        """What a text or files would change."""
        files = payload.get("files") or []
        if not isinstance(files, list):
            raise InvalidInput("files are no list")
        given = [_file(file) for file in files]
        values = await anyio.to_thread.run_sync(lambda: self._book.read(text_of(payload, "text"), given))
        changes = await anyio.to_thread.run_sync(self._book.preview, values)
        return {
            "changes": [
                {**change.to_dict(), "problem": _words(change.problem), "hint": _words(change.hint)}
                for change in changes
            ]
        }

    async def export(self, payload: Json) -> Json:
        """All of them."""
        return {"values": await anyio.to_thread.run_sync(self._book.export)}

    async def deleted(self, payload: Json) -> Json:
        """What was deleted last."""
        items = await anyio.to_thread.run_sync(self._variables.trash.items)
        return {"deleted": [{"id": each.id, "key": each.name, "at": each.at} for each in items]}

    async def restore(self, payload: Json) -> Json:
        """Brings one back."""
        key = await anyio.to_thread.run_sync(self._variables.restore, text_of(payload, "id"))
        return {"key": key}


def _words(text: str) -> dict[str, str] | None:
    return in_words(text) if text else None


def _file(given: Any) -> tuple[str, bytes]:
    file: Json = given if isinstance(given, dict) else {}
    try:
        return text_of(file, "name"), base64.b64decode(text_of(file, "data"), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("the upload is damaged", hint="Try again.") from None
