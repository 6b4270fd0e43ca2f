"""The prompt tab's side of the server: each thing that a person can do there is one call of the playground."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr

from akachat.errors import AkachatError
from akachat.events import Called, Delta, Event, Failed, Finished, Loading, Rendered, RunRequest, ToolCalled
from akachat.messages import parse_messages
from akachat.options import Options
from akachat.playground import Playground
from akachat.raw import read_typed
from akachat.template.language import BUILTINS, IMPORTS
from akachat.ui.calls import Answer, Json, answering, internal, object_of, text_of
from akachat.ui.form import form_fields
from akachat.ui.view import calls_view, error_view, in_words, models_view, notes_view, rendered_view

__all__ = ["PromptTab"]

_LOG = logging.getLogger(__name__)

#: Seconds between two updates of a running answer: 2,000 unthrottled ones took the page 12.6 s.
_INTERVAL = 0.05
#: How much of a variable the list shows.
_GLIMPSE = 120


class PromptTab:
    """What the page's script calls by name, and the stream of a run."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        #: Runs that were stopped while they waited for their turn in Gradio's queue, which knows them by no id of ours.
        self._unwanted: deque[str] = deque(maxlen=256)

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
            "stop": self.stop,
            "models": self.models,
            "load_model": self.load_model,
            "unload_model": self.unload_model,
        }
        return [answering(name, call) for name, call in calls.items()]

    def facts(self) -> Json:
        """What the script finds in ``FACTS``: the options' form, and the names that every instruction knows."""
        return {"fields": form_fields(), "names": sorted(name for name in BUILTINS | set(IMPORTS) if name.islower())}

    async def boot(self, payload: Json) -> Json:
        """What a page needs to begin: the catalog, the language, and which workspace its drafts belong to."""
        settings = self._playground.settings
        root = str(self._playground.workspace.root.resolve())
        return {
            **await self.catalog(payload),
            "language": settings.language or "",
            "title": settings.title or "",
            "default_prompt": settings.default_prompt or "",
            "is_test": settings.is_test,
            "workspace": hashlib.sha256(root.encode()).hexdigest()[:12],
        }

    async def catalog(self, payload: Json) -> Json:
        """The names of everything that a prompt may use."""
        playground = self._playground
        return {
            "prompts": playground.list_prompts(),
            "libraries": list(playground.libraries.list()),
            "variables": [{"key": key, "value": self._glimpse(key)} for key in playground.list_variables()],
            "functions": [_function(function.to_dict()) for function in playground.functions()],
            **await self.models(payload),
        }

    async def choices(self, payload: Json) -> Json:
        """What the fields for the model and its prompt form offer: the models that are known, and the prompt types."""
        return {
            "presets": [
                {**preset.to_dict(), "note": in_words(preset.note) if preset.note else None}
                for preset in self._playground.presets()
            ],
            "types": [
                {"name": each.name, "note": in_words(each.note) if each.note else None}
                for each in self._playground.prompt_types()
            ],
        }

    async def models(self, payload: Json) -> Json:
        """The models in memory and on their way, and the memory that they take."""
        return {
            "models": models_view(await self._playground.models()),
            "memory": dict(self._playground.model_memory()),
        }

    async def load_model(self, payload: Json) -> Json:
        """Begins to load the model that these options name."""
        await self._playground.load_model(Options.parse(object_of(payload, "model")), wait=False)
        return await self.models(payload)

    async def unload_model(self, payload: Json) -> Json:
        """Frees a model after what it is answering, or gives its load up."""
        await self._playground.unload_model(text_of(payload, "name"))
        return await self.models(payload)

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

    async def stop(self, payload: Json) -> Json:
        """Stops a run, also one whose turn has not come."""
        id = text_of(payload, "id")
        stopped = self._playground.stop(id)
        if id and not stopped:
            self._unwanted.append(id)
        return {"stopped": stopped}

    async def run(self, event: gr.EventData) -> AsyncIterator[Json]:
        """A run as frames: each is the whole state so far, because the page may skip frames that it is too late for."""
        payload = event._data if isinstance(event._data, dict) else {}
        frame: Json = {"id": str(payload.get("id", "")), "phase": "rendering", "text": "", "reasoning": "", "calls": []}
        if frame["id"] in self._unwanted:
            return
        yield frame  # its turn has come
        try:
            request = _request(payload)
            async with aclosing(_batches(self._playground.stream(request), _INTERVAL)) as batches:
                async for batch in batches:
                    for happened in batch:
                        _apply(frame, happened, request.instruction or "")
                    yield {**frame, "calls": list(frame["calls"])}
        except AkachatError as error:
            yield {**frame, "phase": "failed", "error": error_view(error, text_of(payload, "instruction"))}
        except Exception:
            _LOG.exception("a run of the page failed")
            yield {**frame, "phase": "failed", "error": internal()}

    def _glimpse(self, key: str) -> Json:
        try:
            value = self._playground.get_variable(key)
        except AkachatError as error:
            return {"error": in_words(error.message)}
        return {"text": value[:_GLIMPSE], "more": len(value) > _GLIMPSE}


def _apply(frame: Json, event: Event, instruction: str) -> None:
    match event:
        case Rendered():
            frame |= {"phase": "waiting", "rendered": rendered_view(event)}
        case Called():
            frame["calls"] += calls_view([event.call.to_dict()])
        case Loading():
            frame |= {"phase": "loading", "loading": {"model": event.model, **event.progress.to_dict()}}
        case Delta():
            frame["phase"] = "streaming"
            frame["text"] += event.text
            frame["reasoning"] += event.reasoning
        case ToolCalled():
            frame["phase"] = "streaming"
        case Finished():
            data = event.data()
            frame |= {"phase": "done", "text": event.result, "reasoning": event.reasoning}
            frame["calls"] = calls_view(data["trace"])
            data["notes"] = notes_view(event.notes)
            # What the page has already, or shows elsewhere, need not travel twice.
            frame["done"] = {k: v for k, v in data.items() if k not in ("result", "reasoning", "trace", "messages")}
        case Failed():
            frame |= {"phase": "failed", "error": error_view(event.error, instruction)}
            frame["calls"] = calls_view(call.to_dict() for call in event.calls) or frame["calls"]


async def _batches(events: AsyncIterator[Event], interval: float) -> AsyncGenerator[list[Event], None]:
    """What has happened since the last batch, at most one batch every ``interval`` seconds, the first at once."""
    waiting: asyncio.Queue[Event | None] = asyncio.Queue()

    async def pump() -> None:
        try:
            async with aclosing(events) as source:  # type: ignore[type-var]
                async for event in source:
                    waiting.put_nowait(event)
        finally:
            waiting.put_nowait(None)

    task = asyncio.create_task(pump())
    try:
        ended = False
        while not ended:
            batch = [await waiting.get()]
            while not waiting.empty():
                batch.append(waiting.get_nowait())
            ended = batch[-1] is None
            if happened := [event for event in batch if event is not None]:
                yield happened
                if not ended:
                    await asyncio.sleep(interval)
        await task
    finally:
        task.cancel()
        await asyncio.wait([task])


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
