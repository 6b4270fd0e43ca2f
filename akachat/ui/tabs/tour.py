"""What the first steps on the prompt tab do: change a variable, ask a document, compare two temperatures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from akachat.errors import InvalidInput
from akachat.events import RunRequest
from akachat.playground import Playground
from akachat.retrieval import Text
from akachat.ui.calls import Answer, Json, answering, object_of, text_of

__all__ = ["Tour"]


class Tour:
    """What the tour's script calls by name.

    Args:
        playground: where it happens.
        request: makes a run's request of what the page sends.
    """

    def __init__(self, playground: Playground, request: Callable[[Json], RunRequest]) -> None:
        self._playground = playground
        self._request = request

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "tour_look": self.look,
            "tour_variable": self.variable,
            "tour_document": self.document,
            "tour_compare": self.compare,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def look(self, payload: Json) -> Json:
        """A variable's value now."""
        return {"value": self._playground.get_variable(text_of(payload, "key"))}

    async def variable(self, payload: Json) -> Json:
        """Changes a variable."""
        await self._playground.set_variable(text_of(payload, "key"), text_of(payload, "value"))
        return {}

    async def document(self, payload: Json) -> Json:
        """Makes a library of one document and a prompt that asks it, where they are not there yet."""
        library, prompt = text_of(payload, "library"), text_of(payload, "prompt")
        if library not in self._playground.libraries.list():
            await self._playground.libraries.add(
                library, [Text(text_of(payload, "text"), text_of(payload, "file"))]
            ).wait()
        if prompt not in self._playground.list_prompts():
            await self._playground.save_prompt(prompt, text_of(payload, "instruction"), object_of(payload, "options"))
        return {"prompts": self._playground.list_prompts(), "libraries": list(self._playground.libraries.list())}

    async def compare(self, payload: Json) -> Json:
        """The same request at several temperatures, side by side."""
        temperatures = payload.get("temperatures")
        if not isinstance(temperatures, list) or len(temperatures) > 4:
            raise InvalidInput("temperatures is no list of at most four numbers")
        asked = self._request(payload)
        finished = await asyncio.gather(
            *(
                self._playground.run(replace(asked, id="", options={**asked.options, "temperature": each}))
                for each in temperatures
            )
        )
        return {
            "answers": [
                {"temperature": each, "text": one.result} for each, one in zip(temperatures, finished, strict=True)
            ]
        }
