"""The chat tab's side of the server: conversations that are sessions, and the stream of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from akachat.errors import InvalidInput
from akachat.events import RunRequest
from akachat.messages import parse_messages
from akachat.playground import Playground
from akachat.raw import read_typed
from akachat.transcripts import write_transcript
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.choices import ModelCalls, choices_view, models_here, workspace_key
from akachat.ui.form import form_fields
from akachat.ui.runs import Runs

__all__ = ["ChatTab"]

#: Conversations in one page of the list.
_PAGE = 50
#: The options that have a slider, or a number alone.
_SHOWN = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "max_new_tokens",
    "seed",
    "history_turns",
)


class ChatTab:
    """What the page's script calls by name, and the stream of an answer."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._sessions = playground.sessions
        # What was said before is on the page already, and how much of it was left out is all that it must be told.
        self._runs = Runs(playground, lambda event: {"dropped": len(event.dropped)})

    def server_functions(self) -> list[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "chat_boot": self.boot,
            "chat_list": self.list,
            "chat_open": self.open,
            "chat_options": self.options,
            "chat_create": self.create,
            "chat_update": self.update,
            "chat_edit": self.edit,
            "chat_branch": self.branch,
            "chat_delete": self.delete,
            "chat_restore": self.restore,
            "chat_export": self.export,
            "chat_stop": self._runs.stop,
            **ModelCalls(self._playground).calls(),
        }
        return [answering(name, call) for name, call in calls.items()]

    def facts(self) -> Json:
        """What the script finds in ``FACTS``."""
        fields = {field["name"]: field for field in form_fields()}
        return {"options": [fields[name] for name in _SHOWN], "page": _PAGE}

    async def boot(self, payload: Json) -> Json:
        """What the tab needs to begin."""
        settings = self._playground.settings
        return {
            "workspace": workspace_key(self._playground),
            "language": settings.language or "",
            "prompts": self._playground.list_prompts(),
            "default_prompt": settings.default_prompt or "",
            "endpoints": list(settings.endpoints),
            **choices_view(self._playground),
            **await models_here(self._playground),
        }

    async def options(self, payload: Json) -> Json:
        """A saved prompt's own options, and which prompts there are now."""
        name = text_of(payload, "prompt")
        options = self._playground.load_prompt(name).options.to_dict() if name else {}
        return {"options": options, "prompts": self._playground.list_prompts()}

    # conversations

    async def list(self, payload: Json) -> Json:
        """A page of the conversations, the one last used first."""
        found, more = await self._sessions.list(_PAGE, _number(payload, "offset"), text_of(payload, "search"))
        return {"sessions": [each.to_dict() for each in found], "more": more}

    async def open(self, payload: Json) -> Json:
        """One whole."""
        return (await self._sessions.load(text_of(payload, "id"))).to_dict()

    async def create(self, payload: Json) -> Json:
        """A new one, with what it talks with."""
        info = await self._sessions.create(title=text_of(payload, "title"), **_talks_with(payload))
        return (await self._sessions.load(info.id)).to_dict()

    async def update(self, payload: Json) -> Json:
        """Another title, or another one to talk with."""
        changes: Json = _talks_with(payload) if "options" in payload else {}
        if "title" in payload:
            changes["title"] = text_of(payload, "title")
        return (await self._sessions.update(text_of(payload, "id"), **changes)).to_dict()

    async def edit(self, payload: Json) -> Json:
        """Other messages in the place of all."""
        messages = payload.get("messages")
        if not isinstance(messages, list):
            raise InvalidInput("messages is no list")
        session = await self._sessions.edit(
            text_of(payload, "id"), parse_messages(messages), text_of(payload, "version")
        )
        return session.to_dict()

    async def branch(self, payload: Json) -> Json:
        """A new one that begins as another does."""
        turn = _number(payload, "turn") if payload.get("turn") is not None else None
        info = await self._sessions.branch(text_of(payload, "id"), turn)
        return info.to_dict()

    async def delete(self, payload: Json) -> Json:
        """Deletes one; it can be brought back."""
        await self._sessions.delete(text_of(payload, "id"))
        return {}

    async def restore(self, payload: Json) -> Json:
        """Brings back what was deleted."""
        return (await self._sessions.restore(text_of(payload, "id"))).to_dict()

    async def export(self, payload: Json) -> Json:
        """One as a text to take elsewhere."""
        session = await self._sessions.load(text_of(payload, "id"))
        return {"text": write_transcript(session.info.title, session.messages, text_of(payload, "kind"))}

    # answers

    async def run(self, event: gr.EventData) -> AsyncIterator[Json]:
        """An answer as frames."""
        payload = event._data if isinstance(event._data, dict) else {}
        async with aclosing(self._runs.frames(payload, _request)) as frames:
            async for frame in frames:
                yield frame


def _request(payload: Json) -> RunRequest:
    input, raw = read_typed(text_of(payload, "input"))
    prompt, session = text_of(payload, "prompt"), text_of(payload, "session")
    # What was given as a system text is no program: braces in it are braces.
    system = text_of(payload, "system").replace("{", "{{").replace("}", "}}")
    return RunRequest(
        prompt=prompt or None,
        instruction=None if prompt else system,
        options=object_of(payload, "options"),
        input=input,
        session="" if raw else session,
        turn=_number(payload, "turn") if session and not raw and payload.get("turn") is not None else None,
        id=text_of(payload, "id"),
        source="page",
        caller="page",
        raw=raw,
        continues=text_of(payload, "continues"),
    )


def _talks_with(payload: Json) -> Json:
    return {
        "prompt": text_of(payload, "prompt"),
        "system": text_of(payload, "system"),
        "options": object_of(payload, "options"),
    }


def _number(payload: Json, key: str) -> int:
    value = payload.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(f"{key} is no number")
    return value
