"""`/v1`: the routes that OpenAI's clients call, with prompts in the place of models."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.access import caller_of
from akachat.api.bodies import read_body
from akachat.api.openai_forms import (
    ChatRequest,
    ModelNotFound,
    chunk,
    completion,
    finish_reason,
    model_object,
    read_chat,
    usage_object,
)
from akachat.api.replies import json_reply, openai_error
from akachat.api.routing import Endpoint
from akachat.api.streams import EventStream, sse, stopping
from akachat.backends.base import Usage
from akachat.errors import InvalidInput, NotFound
from akachat.events import Delta, Failed, Finished, RunRequest, ToolCalled, new_id
from akachat.playground import Playground

__all__ = ["OpenAIRoutes"]

_DONE = b"data: [DONE]\n\n"


class OpenAIRoutes:
    """The endpoints; OpenAI's own classes are not used, for building them cost more than all the rest of a call."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        return [
            Endpoint(
                "POST",
                "/v1/chat/completions",
                self.chat,
                "Run a prompt as a chat model",
                body="ChatCompletionRequest",
                reply="ChatCompletion",
            ),
            Endpoint("GET", "/v1/models", self.models, "List prompts and models", reply="ModelList"),
            Endpoint("GET", "/v1/models/{id}", self.model, "One prompt or model", reply="Model"),
        ]

    # models

    async def models(self, request: Request) -> Response:
        """Prompts first, then models."""
        owners = dict.fromkeys(self._playground.list_prompts(), "akachat")
        for name in self._playground.libraries.embedding_names():
            owners.setdefault(name, "embedding")
        for model in await self._playground.models():
            owners.setdefault(model.name, model.location)
        return json_reply({"object": "list", "data": [model_object(name, owner) for name, owner in owners.items()]})

    async def model(self, request: Request) -> Response:
        """One of them, under any of its names."""
        name = request.path_params["id"]
        if name in self._playground.libraries.embedding_names():
            return json_reply(model_object(name, "embedding"))
        run = self._address(name)
        return json_reply(model_object(name, "akachat" if run.prompt else "model"))

    def _address(self, model: str) -> RunRequest:
        """What ``model`` names: a prompt, or a model that is asked without an instruction.

        Raises:
            ModelNotFound: neither.
        """
        for name in dict.fromkeys((model.removeprefix("prompt/"), model)):
            try:
                self._playground.load_prompt(name)
            except (NotFound, InvalidInput) as error:
                if error.status >= 500:
                    raise  # the prompt is there, and its file is broken
                continue
            return RunRequest(name, source="api")
        options = None if model.startswith("prompt/") else self._playground.find_model(model)
        if options is None:
            raise ModelNotFound(model, self._playground.list_prompts())
        return RunRequest(None, instruction="", options=options, source="api")

    # chat

    async def chat(self, request: Request) -> Response:
        """A completion, plain or streaming."""
        chat = read_chat(await read_body(request))
        address = self._address(chat.model)
        run = dataclasses.replace(
            address,
            options={**address.options, **chat.options},
            input=chat.input,
            messages=chat.messages,
            variables=chat.variables,
            session=chat.session,
            id=new_id(),
            caller=caller_of(request.scope),
            stream=chat.stream,
        )
        runs = [run, *(_again(run, index) for index in range(1, chat.n))]

        def stop() -> bool:
            stopped = [self._playground.stop(each.id) for each in runs]  # all of them, not the first alone
            return any(stopped)

        if chat.stream:
            return EventStream(self._stream(chat, runs), stop, lambda error: sse(openai_error(error)) + _DONE)
        async with stopping(request, stop):
            if len(runs) == 1:
                finished = [await self._playground.run(run)]
            else:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._playground.run(each)) for each in runs]
                finished = [task.result() for task in tasks]
        return json_reply(completion(run.id, chat.model, finished))

    async def _stream(self, chat: ChatRequest, runs: list[RunRequest]) -> AsyncGenerator[bytes, None]:
        usages: list[Usage] = []
        begun = False
        for index, run in enumerate(runs):

            def piece(delta: dict[str, Any], reason: str | None = None, at: int = index) -> bytes:
                return sse(chunk(runs[0].id, chat.model, at, delta, reason))

            async with aclosing(self._playground.stream(run)) as events:  # type: ignore[type-var]
                opened = False
                async for event in events:
                    if isinstance(event, Failed):
                        if not begun:
                            raise event.error
                        yield sse(openai_error(event.error)) + _DONE
                        return
                    if not opened and isinstance(event, (Delta, ToolCalled, Finished)):
                        opened = begun = True
                        yield piece({"role": "assistant", "content": ""})
                    if isinstance(event, Delta):
                        delta = {"content": event.text} if event.text else {}
                        if event.reasoning:
                            delta["reasoning_content"] = event.reasoning
                        yield piece(delta)
                    elif isinstance(event, ToolCalled):
                        yield piece({"tool_calls": [dict(call) for call in event.tool_calls]})
                    elif isinstance(event, Finished):
                        usages.append(event.usage)
                        yield piece({}, finish_reason(event))
        if chat.include_usage:
            yield sse({**chunk(runs[0].id, chat.model, 0, {}, None), "choices": [], "usage": usage_object(usages)})
        yield _DONE


def _again(run: RunRequest, index: int) -> RunRequest:
    """The same run as a further choice: with its own id, and its own seed where one is given."""
    options = dict(run.options)
    if isinstance(options.get("seed"), int):
        options["seed"] += index
    return dataclasses.replace(run, id=new_id(), options=options)
