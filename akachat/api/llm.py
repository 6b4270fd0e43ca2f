"""`/api/llm`: run, stream, render, save, stop and list prompts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.access import access_of, caller_of
from akachat.api.bodies import Body, read_body
from akachat.api.replies import envelope, text_reply
from akachat.api.routing import Endpoint
from akachat.api.streams import EventStream, sse, stopping
from akachat.errors import InvalidInput, NotFound
from akachat.events import Event, Failed, Finished, RunRequest, new_id
from akachat.playground import Playground
from akachat.workspace import Prompt

__all__ = ["LlmRoutes"]

_NAME = ("dir", "name")


class LlmRoutes:
    """The endpoints; all they know is the playground."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        main = Endpoint("POST", "/api/llm/main", self.main, "Run a prompt", body="Run", reply="Finished")
        stream = Endpoint(
            "POST",
            "/api/llm/stream",
            self.stream,
            "Run a prompt, its events as they come",
            body="Run",
            media=EventStream.media_type,
        )
        save = Endpoint("POST", "/api/llm/save", self.save, "Save a prompt", "edit", body="Save", reply="Prompt")
        listed = Endpoint(
            "GET", "/api/llm", self.list, "List the prompts, or read one", query={"dir": "the prompt to read"}
        )
        return [
            main,
            stream,
            save,
            listed,
            Endpoint("POST", "/api/llm/raw", self.raw, "Run a prompt, its bare text", body="Run", media="text/plain"),
            Endpoint("POST", "/api/llm/render", self.render, "What the model would receive", body="Render"),
            Endpoint("POST", "/api/llm/stop", self.stop, "Stop a run", body="Stop"),
            Endpoint("GET", "/api/llm/{name}", self.read, "Read a prompt", "edit", reply="Prompt"),
            Endpoint("DELETE", "/api/llm/{name}", self.delete, "Delete a prompt", "edit"),
            # A prompt may also be called `main`, which as a path is taken.
            Endpoint("DELETE", "/api/llm", self.delete, "Delete a prompt", "edit", query={"dir": "the prompt"}),
            # The names that akachat itself used later.
            Endpoint("POST", "/api/prompt/infer", self.main, main.summary, body="Run", reply="Finished", shown=False),
            Endpoint("POST", "/api/prompt/stream", self.stream, stream.summary, body="Run", shown=False),
            Endpoint("POST", "/api/prompt/save", self.save, save.summary, "edit", body="Save", shown=False),
            Endpoint("GET", "/api/prompt", self.list, listed.summary, shown=False),
        ]

    # running

    async def main(self, request: Request) -> Response:
        """The answer in the envelope."""
        finished = await self._run(request)
        detail = finished.data()
        result = detail.pop("result")
        del detail["seq"]
        return envelope(result, detail)

    async def raw(self, request: Request) -> Response:
        """The answer as plain text."""
        return text_reply((await self._run(request)).result)

    async def _run(self, request: Request) -> Finished:
        run = self._read_run(await read_body(request), request, stream=False)
        async with stopping(request, lambda: self._playground.stop(run.id)):
            return await self._playground.run(run)

    async def stream(self, request: Request) -> Response:
        """The run's events."""
        run = self._read_run(await read_body(request), request, stream=True)
        sequence = 0

        async def pieces(events: AsyncIterator[Event]) -> AsyncGenerator[bytes, None]:
            nonlocal sequence
            async with aclosing(events) as open_events:  # type: ignore[type-var]
                async for event in open_events:
                    if isinstance(event, Failed) and not sequence:
                        raise event.error
                    sequence = event.seq + 1
                    yield sse(event.data(), event.kind)

        return EventStream(
            pieces(self._playground.stream(run)),
            lambda: self._playground.stop(run.id),
            lambda error: sse({"id": run.id, "seq": sequence, "error": error.to_dict()}, "error"),
        )

    async def render(self, request: Request) -> Response:
        """The rendered text and what would be sent, without asking a model."""
        body = await read_body(request)
        call = body.take("call")
        if call not in (None, True, False):
            raise InvalidInput("`call` is neither true nor false", hint="false: run neither llm() nor your functions.")
        tokens = body.flag("tokens")
        run = self._read_run(body, request, stream=False)
        async with stopping(request, lambda: self._playground.stop(run.id)):
            rendered = await self._playground.render(run, call=call is not False, tokens=tokens)
        detail = rendered.data()
        if tokens:
            detail.setdefault("token_list", None)
        result = detail.pop("text")
        del detail["seq"]
        return envelope(result, detail)

    async def stop(self, request: Request) -> Response:
        """Ends a run; its caller gets what had come until then."""
        body = await read_body(request)
        id = body.text("id", default=None)
        heard = body.take("heard")
        if heard is not None and not isinstance(heard, str):
            raise InvalidInput("`heard` is no text", hint="It takes what was heard of the answer.")
        most = self._playground.settings.limits.message_characters
        if heard is not None and len(heard) > most:
            raise InvalidInput(f"`heard` has {len(heard):,} characters", hint="The limit is limits.message_characters.")
        if not self._playground.stop(id, heard):
            raise NotFound(f"no run {id!r} is under way", hint="It has ended, or it never began.")
        return envelope("", {"id": id})

    def _read_run(self, body: Body, request: Request, *, stream: bool) -> RunRequest:
        access, name, raw = access_of(request.scope), body.text(*_NAME), body.flag("raw")
        instruction = body.take("instruction")
        if instruction is not None:
            access.require("edit", "inline instructions")
            if not isinstance(instruction, str):
                raise InvalidInput("`instruction` is no text", hint="It takes the instruction itself.")
        elif not name and not raw:
            raise InvalidInput("the body has no `dir`", hint="Give the name of a saved prompt as `dir` (or `name`).")
        if raw:
            access.require("edit", "raw texts")
        keep = body.flag("keep")
        if keep:
            access.require("edit", "add messages")
        turn = _turn(body)
        if turn is not None:
            access.require("edit", "rewrite a session")
        run = RunRequest(
            prompt=name or None,
            instruction=instruction,
            input=body.text("input"),
            messages=body.messages(),
            variables=body.texts("var"),
            session=body.text("session"),
            turn=turn,
            id=body.text("id") or new_id(),
            keep=keep,
            source="api",
            caller=caller_of(request.scope),
            stream=stream,
            raw=raw,
            continues=body.text("continue"),
            options=_options(body),
        )
        if run.options and access.role != "edit":
            self._playground.check_known(run)
        return run

    # saved prompts

    async def save(self, request: Request) -> Response:
        """Saves; without options, a prompt that is there keeps its own."""
        body = await read_body(request)
        name = body.text(*_NAME, default=None)
        instruction = body.text("instruction", default=None)
        given = "options" in body
        options = _options(body)
        if not given and not options and name in self._playground.list_prompts():
            options = self._playground.load_prompt(name).options.to_dict()
        return _shown(await self._playground.save_prompt(name, instruction, options))

    async def list(self, request: Request) -> Response:
        """The names of all prompts; with ``dir``, that prompt."""
        name = request.query_params.get("dir") or request.query_params.get("name")
        if name:
            access_of(request.scope).require("edit", "read prompts")
            return _shown(self._playground.load_prompt(name))
        names = self._playground.list_prompts()
        return envelope(names, {"prompts": names})

    async def read(self, request: Request) -> Response:
        """One prompt."""
        return _shown(self._playground.load_prompt(request.path_params["name"]))

    async def delete(self, request: Request) -> Response:
        """Deletes one prompt."""
        query = request.query_params
        name = request.path_params.get("name") or query.get("dir") or query.get("name")
        if not name:
            raise InvalidInput("no prompt is named", hint="Give its name as `dir`, as in DELETE /api/llm?dir=old.")
        await self._playground.delete_prompt(name)
        return envelope()


def _turn(body: Body) -> int | None:
    """How many of the session's messages precede the run."""
    turn = body.take("turn")
    if turn is not None and (not isinstance(turn, int) or isinstance(turn, bool)):
        raise InvalidInput("`turn` is no number", hint="It says how many of the session's messages precede the run.")
    return turn


def _options(body: Body) -> dict[str, Any]:
    """Options as an object, or among the body's own fields; those in the object win."""
    given = body.object("options")
    return {**body.rest(), **given}


def _shown(prompt: Prompt) -> Response:
    return envelope(
        prompt.instruction,
        {"name": prompt.name, "instruction": prompt.instruction, "options": prompt.options.to_dict()},
    )
