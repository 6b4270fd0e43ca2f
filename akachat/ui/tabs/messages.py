"""The messages tab's side of the server: the stored messages, as a table and as lines of their file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import anyio

from akachat.errors import InvalidInput
from akachat.messages import parse_message
from akachat.playground import Playground
from akachat.records.bulk import read_messages
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.view import in_words
from akachat.workspace.transcript import Lines

__all__ = ["MessagesTab"]

#: How many messages a preview of an import shows.
_SHOWN = 5


class MessagesTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._transcript = playground.workspace.transcript

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "msg_page": self.page,
            "msg_edit": self.edit,
            "msg_append": self.append,
            "msg_clear": self.clear,
            "msg_restore": self.restore,
            "msg_given": self.given,
            "msg_read": self.read,
            "msg_import": self.import_,
            "msg_export": self.export,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def page(self, payload: Json) -> Json:
        """Some lines, and what was cleared and can come back."""
        limit, before = _number(payload, "limit", 100), _number(payload, "before", 0)
        lines = await anyio.to_thread.run_sync(lambda: self._transcript.newest(limit, before=before))
        root = str(self._playground.workspace.root.resolve())
        return {
            **_lines(lines),
            "kept": [each.to_dict() for each in self._transcript.kept()],
            "workspace": hashlib.sha256(root.encode()).hexdigest()[:12],
        }

    async def edit(self, payload: Json) -> Json:
        """Puts lines in the place of others."""
        first = _number(payload, "first", 0)
        old, new = _texts(payload, "old"), _texts(payload, "new")
        return _lines(await anyio.to_thread.run_sync(self._transcript.edit, first, old, new))

    async def append(self, payload: Json) -> Json:
        """Adds a message at the end."""
        await self._playground.append_messages([parse_message(object_of(payload, "message"))])
        return {}

    async def clear(self, payload: Json) -> Json:
        """Forgets all; the name brings them back."""
        return {"name": await self._playground.clear_messages()}

    async def restore(self, payload: Json) -> Json:
        """Brings back what was cleared."""
        await anyio.to_thread.run_sync(self._transcript.restore, text_of(payload, "name"))
        return {}

    async def given(self, payload: Json) -> Json:
        """What ``msg(limit)`` gives now."""
        limit = _number(payload, "limit", 0)
        messages = await anyio.to_thread.run_sync(self._playground.list_messages, limit)
        return {"messages": [message.to_dict() for message in messages[-1_000:]], "of": len(messages)}

    async def read(self, payload: Json) -> Json:
        """What an import would bring."""
        messages = await anyio.to_thread.run_sync(read_messages, text_of(payload, "text"))
        return {"messages": [message.to_dict() for message in messages[:_SHOWN]], "of": len(messages)}

    async def import_(self, payload: Json) -> Json:
        """Adds messages at the end, or puts them in the place of all."""
        messages = await anyio.to_thread.run_sync(read_messages, text_of(payload, "text"))
        if payload.get("replace") is not True:
            await self._playground.append_messages(messages)
            return {"name": "", "count": len(messages)}
        name = await anyio.to_thread.run_sync(self._transcript.replace, messages)
        return {"name": name, "count": len(messages)}

    async def export(self, payload: Json) -> Json:
        """All of the file."""
        return {"text": await anyio.to_thread.run_sync(self._transcript.text)}


def _lines(lines: Lines) -> Json:
    return {
        **lines.to_dict(),
        "lines": [
            {**line.to_dict(), "problem": in_words(line.problem) if line.problem else None} for line in lines.lines
        ],
    }


def _number(payload: Json, key: str, default: int) -> int:
    value = payload.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput(f"{key} is no whole number")
    return value


def _texts(payload: Json, key: str) -> list[str]:
    value = payload.get(key)
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise InvalidInput(f"{key} is no list of texts")
    return value
