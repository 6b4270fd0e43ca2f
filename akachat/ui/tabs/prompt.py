"""The prompt tab's side of the server: each thing that a person can do there is one call of the playground."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from akachat.errors import AkachatError
from akachat.events import RunRequest
from akachat.messages import parse_messages
from akachat.options import Options
from akachat.playground import Playground
from akachat.raw import read_typed
from akachat.template.language import BUILTINS, IMPORTS
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.choices import ModelCalls, choices_view, models_here, workspace_key
from akachat.ui.form import form_fields
from akachat.ui.runs import Runs
from akachat.ui.view import in_words, rendered_view

__all__ = ["PromptTab"]

#: How much of a variable the list shows.
_GLIMPSE = 120


class PromptTab:
    """What the page's script calls by name, and the stream of a run."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._runs = Runs(playground)

    def server_functions(self) -> list[Callable[..., Any]]:
        """The calls, as Gradio takes them: each gets and gives one JSON object, and an error is part of the answer."""
        calls: dict[str, Answer] = {
            "boot": self.boot,
            "catalog": self.catalog,
            "choices": self.choices,
            "open_prompt": self.open_prompt,
            "save_prompt": self.save_prompt,
            "delete_prompt": self.delete_prompt,
            "preview": self.preview,
            "stop": self._runs.stop,
            **ModelCalls(self._playground).calls(),
        }
        return [answering(name, call) for name, call in calls.items()]

    def facts(self) -> Json:
        """What the script finds in ``FACTS``: the options' form, and the names that every instruction knows."""
        return {"fields": form_fields(), "names": sorted(name for name in BUILTINS | set(IMPORTS) if name.islower())}

    async def boot(self, payload: Json) -> Json:
        """What a page needs to begin: the catalog, the language, and which workspace its drafts belong to."""
        settings = self._playground.settings
        return {
            **await self.catalog(payload),
            "language": settings.language or "",
            "title": settings.title or "",
            "default_prompt": settings.default_prompt or "",
            "is_test": settings.is_test,
            "workspace": workspace_key(self._playground),
        }

    async def catalog(self, payload: Json) -> Json:
        """The names of everything that a prompt may use."""
        playground = self._playground
        return {
            "prompts": playground.list_prompts(),
            "libraries": list(playground.libraries.list()),
            "variables": [{"key": key, "value": self._glimpse(key)} for key in playground.list_variables()],
            "functions": [_function(function.to_dict()) for function in playground.functions()],
            **await models_here(self._playground),
        }

    async def choices(self, payload: Json) -> Json:
        """What the fields for the model and its prompt form offer: the models that are known, and the prompt types."""
        return choices_view(self._playground)

    async def open_prompt(self, payload: Json) -> Json:
        """A saved prompt as it is on disk now."""
        prompt = self._playground.load_prompt(text_of(payload, "name"))
        return {"name": prompt.name, "instruction": prompt.instruction, "options": prompt.options.to_dict()}

    async def save_prompt(self, payload: Json) -> Json:
        """Saves, and says how it now stands on disk."""
        name, new = text_of(payload, "name"), payload.get("new") is True
        if new and name in self._playground.list_prompts():
            return {"exists": True}
        prompt = await self._playground.save_prompt(
            name, text_of(payload, "instruction"), object_of(payload, "options")
        )
        return {
            "name": prompt.name,
            "instruction": prompt.instruction,
            "options": prompt.options.to_dict(),
            "prompts": self._playground.list_prompts(),
        }

    async def delete_prompt(self, payload: Json) -> Json:
        """Deletes a saved prompt."""
        await self._playground.delete_prompt(text_of(payload, "name"))
        return {"prompts": self._playground.list_prompts()}

    async def preview(self, payload: Json) -> Json:
        """What the model would receive, without asking anything of anyone."""
        rendered = await self._playground.render(_request(payload), call=False, tokens=payload.get("tokens") is True)
        return {"rendered": rendered_view(rendered), "unknown": Options.parse(object_of(payload, "options")).unknown}

    async def run(self, event: gr.EventData) -> AsyncIterator[Json]:
        """A run as frames."""
        payload = event._data if isinstance(event._data, dict) else {}
        async with aclosing(self._runs.frames(payload, _request)) as frames:
            async for frame in frames:
                yield frame

    def _glimpse(self, key: str) -> Json:
        try:
            value = self._playground.get_variable(key)
        except AkachatError as error:
            return {"error": in_words(error.message)}
        return {"text": value[:_GLIMPSE], "more": len(value) > _GLIMPSE}


def _request(payload: Json) -> RunRequest:
    history = text_of(payload, "messages")
    input, raw = read_typed(text_of(payload, "input"))
    return RunRequest(
        prompt=text_of(payload, "prompt") or None,
        instruction=text_of(payload, "instruction"),
        options=Options.parse(object_of(payload, "options")).to_dict(),
        is_draft=True,
        input=input,
        messages=parse_messages(history) if history.strip() else (),
        id=text_of(payload, "id"),
        source="page",
        caller="page",
        raw=raw,
        continues=text_of(payload, "continues"),
        keep=payload.get("keep") is True,
    )


def _function(data: Json) -> Json:
    return {**data, "error": in_words(data["error"])} if data.get("error") else data
