"""The VarN tab's side of the server: ten instructions that may hold each other, rendered together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from akachat.events import RunRequest
from akachat.pad import FIELDS
from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.ui.choices import workspace_key
from akachat.ui.view import error_view

__all__ = ["PadTab"]


class PadTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "pad_load": self.load,
            "pad_save": self.save,
            "pad_render": self.render,
            "pad_run": self.run,
            "pad_stop": self.stop,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def load(self, payload: Json) -> Json:
        """The saved fields, the prompts whose options a run can take, and which workspace drafts belong to."""
        return {
            "fields": self._playground.pad.load(),
            "names": list(FIELDS),
            "prompts": self._playground.list_prompts(),
            "workspace": workspace_key(self._playground),
        }

    async def save(self, payload: Json) -> Json:
        """Saves all fields."""
        return {"fields": await self._playground.pad.save(object_of(payload, "fields"))}

    async def render(self, payload: Json) -> Json:
        """The text or the error of every field that is not empty."""
        fields = object_of(payload, "fields")
        found = await self._playground.pad.render(fields, _request(payload))
        return {
            "fields": {
                name: {"text": each.text, "error": error_view(each.error, fields[name]) if each.error else None}
                for name, each in found.items()
            }
        }

    async def run(self, payload: Json) -> Json:
        """Runs one field with a saved prompt's options, or with the default ones."""
        name, prompt = text_of(payload, "name"), text_of(payload, "prompt")
        options = self._playground.load_prompt(prompt).options.to_dict() if prompt else {}
        asked = replace(_request(payload), options=options, id=text_of(payload, "id"))
        finished = await self._playground.run(
            await self._playground.pad.request(object_of(payload, "fields"), name, asked)
        )
        return {"text": finished.result, "model": finished.model, "seconds": finished.timings.to_dict()["total"]}

    async def stop(self, payload: Json) -> Json:
        """Stops a run."""
        return {"stopped": self._playground.stop(text_of(payload, "id"))}


def _request(payload: Json) -> RunRequest:
    return RunRequest(input=text_of(payload, "input"), is_draft=True, source="page", caller="page")
