"""One run of a prompt: render, trim, generate, write down; whoever asks reads the same events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import anyio

from akachat.asking import check_size, describe, prepare, spelled
from akachat.backends import Backends
from akachat.backends.base import Backend, End, Prepared, Request, Status
from akachat.conversation import Conversation, compose
from akachat.errors import AkachatError, Busy, Cancelled, Conflict, InvalidInput
from akachat.events import Called, Event, Failed, Finished, Rendered, RunRequest
from akachat.host import Host
from akachat.journal import Journal
from akachat.keeping import keep, recall
from akachat.live import Family, Live
from akachat.messages import Message
from akachat.options import DEFAULTS, Options
from akachat.settings import Settings
from akachat.summaries import Summaries
from akachat.template import Call, Outcome, Rendering, Sandbox, Scope
from akachat.trimming import Trimmer
from akachat.workspace import Workspace

__all__ = ["Runner"]

_NOTHING = "there is nothing to send"
_RAW = "raw mode: the text goes to the model as it stands, without instruction, template and history"
_UNRENDERED = Rendering("", (), (), (), False, False, 0.0)


class Runner:
    """Runs prompts. There is no other way to run one: the page, the API and ``llm()`` all end here."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Callable[[], Settings],
        sandbox: Sandbox,
        backends: Backends,
        journal: Journal,
        host: Host,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._sandbox = sandbox
        self._backends = backends
        self._journal = journal
        self._host = host
        self._trimmer = Trimmer()
        self._live: dict[str, Live] = {}

    # who asks

    async def run(self, request: RunRequest) -> Finished:
        """Runs a prompt to its end.

        Raises:
            AkachatError: whatever went wrong, in the words of ``akachat.errors``.
        """
        return await self._supervise(Live(request, None, Family(request.source, request.caller)))

    async def stream(self, request: RunRequest) -> AsyncIterator[Event]:
        """Runs a prompt and yields its events; the last is ``Finished`` or ``Failed``.

        Closing the iterator stops the run.
        """
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        live = Live(request, events.put_nowait, Family(request.source, request.caller))

        async def drive() -> None:
            try:
                live.send(await self._supervise(live))
            except AkachatError as error:
                live.send(Failed(live.id, live.next_seq(), error, live.text, tuple(live.calls)))
            finally:
                events.put_nowait(None)

        task = asyncio.create_task(drive(), name=f"run {live.id}")
        try:
            while (event := await events.get()) is not None:
                yield event
            await task  # a programming error is no event: it goes to whoever reads
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    async def render(self, request: RunRequest, *, call: bool = True, tokens: bool = False) -> Rendered:
        """What the model would receive, without asking it.

        With ``call`` false, ``llm()`` and the user's functions are not run: the last result that each gave for the
        same arguments stands in its place, or a marked placeholder. With ``tokens``, the prompt's tokens one by one.

        Raises:
            AkachatError: as ``run``.
        """
        live = Live(request, None, Family(request.source, request.caller), dry=not call)
        with self._admitted(live):
            with live.scope:
                return await self._preview(live, tokens)
            raise live.given_up()

    def stop(self, id: str, heard: str | None = None) -> bool:
        """Stops a run that is under way; its caller gets what had come until then. False where there is none.

        Args:
            heard: how much of the answer the user heard, which is all that its session then remembers.
        """
        live = self._live.get(id)
        if live is None:
            return False
        live.heard = heard
        live.stopped = True
        live.scope.cancel()
        return True

    # one run

    @contextmanager
    def _admitted(self, live: Live) -> Iterator[None]:
        """Holds a run's place among those under way, by whose id it can be stopped; a called run has its caller's."""
        check_size(live.request, self._settings().limits)
        if live.parent is not None:
            yield
            return
        most = self._settings().limits.live_runs
        if len(self._live) >= most:
            raise Busy(f"{most} runs are under way", hint="Try again in a moment, or raise limits.live_runs.")
        if live.id in self._live:
            raise Conflict(f"a run with the id {live.id!r} is under way", hint="Choose another id, or none.")
        self._live[live.id] = live
        try:
            yield
        finally:
            del self._live[live.id]

    async def _supervise(self, live: Live) -> Finished:
        """Holds a run from its admission to its line in the journal."""
        failure: AkachatError | None = None
        finished: Finished | None = None
        with self._admitted(live):
            try:
                with live.scope:
                    finished = await self._execute(live)
                if finished is None:
                    if not live.stopped:
                        raise live.given_up()
                    finished = live.finished("cancelled")
                await keep(live, finished, self._workspace)
                return finished
            except anyio.get_cancelled_exc_class():
                # Whoever read it has gone, but what was said until then was said.
                finished = finished or live.finished("cancelled")
                with anyio.CancelScope(shield=True), suppress(AkachatError):  # there is nobody to tell
                    await keep(live, finished, self._workspace)
                raise
            except AkachatError as error:
                failure = error
                raise
            finally:
                self._journal.record(live.entry(finished, failure))

    async def _preview(self, live: Live, tokens: bool) -> Rendered:
        instruction, options = await self._begin(live)
        try:
            rendering, conversation = await self._compose(live, instruction)
        except AkachatError as error:
            if live.placeholders and not error.hint:
                error.hint = "In the preview a placeholder stands in for llm() and your functions; a run may do better."
            raise
        backend = self._backends.for_options(options)
        if not conversation.messages():
            # A text of nothing is a text all the same; only a run has to have something to send.
            live.notes += (_NOTHING,)
            return describe(live, Prepared(None, (), 0, exact=True), rendering)
        conversation = await self._trimmed(live, backend, conversation)
        asked = Request(live.id, conversation.messages(), options, raw=live.request.raw)
        prepared = await prepare(live, backend, asked)
        rendered = describe(live, prepared, rendering)
        return await spelled(backend, asked, prepared, rendered) if tokens else rendered

    async def _begin(self, live: Live) -> tuple[str, Options]:
        """What is to be run, after which conversation, and from now on how long it may take."""
        instruction, options = self._resolve(live)
        live.timeout = min(options.timeout or DEFAULTS["timeout"], self._settings().limits.run_seconds)
        live.scope.deadline = anyio.current_time() + live.timeout
        await recall(live, self._workspace.sessions, self._settings().limits.messages_count)
        return instruction, options

    async def _execute(self, live: Live) -> Finished:
        instruction, options = await self._begin(live)
        rendering, conversation = await self._compose(live, instruction)
        live.rendered_at = time.perf_counter()
        if not conversation.messages():
            raise InvalidInput(_NOTHING, hint="Write an instruction, or give an input.")
        backend = self._backends.for_options(options)
        conversation = await self._trimmed(live, backend, conversation)
        asked = Request(
            live.id,
            conversation.messages(),
            options,
            stream=live.emit is not None,
            caller=live.family.caller,
            raw=live.request.raw,
        )
        prepared = await prepare(live, backend, asked)
        asked = replace(asked, prepared=prepared)
        if live.emit:
            live.send(describe(live, prepared, rendering))
        live.sent, live.prompt_tokens = prepared.messages, prepared.tokens
        live.most_tokens = prepared.options.get("max_new_tokens")
        if live.parent is None:
            return await self._generate(live, backend, asked)
        # Around the generation only: a slot held while a child waits for one would never come free.
        async with live.family.slots(self._settings().limits.live_calls):
            return await self._generate(live, backend, asked)

    async def _generate(self, live: Live, backend: Backend, request: Request) -> Finished:
        end: End | None = None
        async with aclosing(backend.generate(request)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if isinstance(chunk, End):
                    end = chunk
                elif isinstance(chunk, Status):
                    live.note_loading(chunk)
                else:
                    live.loading = None
                    live.take(chunk)
        assert end is not None, "a backend ends its answer by End"
        return live.finished(end.finish_reason, end)

    # its steps

    def _resolve(self, live: Live) -> tuple[str, Options]:
        request = live.request
        instruction, options = request.instruction, Options()
        if request.prompt is not None and not request.is_draft:
            prompt = self._workspace.prompts.load(request.prompt)
            instruction = prompt.instruction if instruction is None else instruction
            options = prompt.options
        live.instruction = instruction or ""
        options = options.merged(dict(request.options)) if request.options else options
        live.options, live.notes = self._backends.resolve(options)
        live.notes += tuple(
            f"unknown option {key!r}" + (f" (did you mean {near!r}?)" if near else "")
            for key, near in live.options.unknown.items()
        )
        return live.instruction, live.options

    async def _compose(self, live: Live, instruction: str) -> tuple[Rendering, Conversation]:
        """The instruction rendered, and all that is said with it."""
        request = live.request
        if request.raw:
            live.rendering = _UNRENDERED
            live.notes += (_RAW,)
            said = (Message("user", request.input), Message("assistant", request.continues))
            return _UNRENDERED, Conversation((), (), tuple(message for message in said if message.content))
        rendering = await self._render(live, instruction)
        history = request.messages
        if live.memory and any(call.name == "msg" for call in rendering.calls):
            history = history[len(live.memory.history) :]  # the instruction says itself where the session's stand
        return rendering, compose(rendering, history, request.input, request.continues)

    async def _render(self, live: Live, instruction: str) -> Rendering:
        settings = self._settings()

        def on_call(call: Call) -> None:
            live.calls.append(call)
            if live.emit:
                live.send(Called(live.id, live.next_seq(), call))

        async def answer(name: str, input: str, options: dict[str, Any]) -> Outcome:
            return await self._answer(live, name, input, options)

        scope = Scope(
            input=live.request.input,
            messages=live.request.messages,
            variables=self._host.variables(live.request.variables),
            functions=self._host.functions(live, answer),
            is_test=settings.is_test and live.family.source != "api",
            now=live.family.now,
            on_call=on_call,
        )
        rendering = await self._sandbox.render(instruction, scope)
        if live.dry and (error := self._sandbox.check(instruction, scope)):
            live.notes += (f"{error} (this part was not evaluated now)",)
        live.rendering = rendering
        return rendering

    async def _answer(self, parent: Live, name: str, input: str, options: Mapping[str, Any]) -> Outcome:
        """What ``llm()`` gives: another prompt's answer, with its own run as the trace."""
        limits = self._settings().limits
        child = parent.child(name, input, options, limits.llm_depth, limits.llm_calls)
        self._host.check_known(options, self._workspace.prompts.load(name).options)
        try:
            finished = await self._supervise(child)
        except AkachatError as error:
            raise child.explained(error) from error
        if finished.finish_reason == "cancelled":
            raise Cancelled(f"the run of {name!r} was stopped")
        detail = {
            "id": finished.id,
            "model": finished.model,
            "finish_reason": finished.finish_reason,
            "prompt_tokens": finished.usage.prompt_tokens,
            "completion_tokens": finished.usage.completion_tokens,
            "timings": finished.timings.to_dict(),
        }
        return Outcome(finished.result, detail, finished.calls)

    async def _trimmed(self, live: Live, backend: Backend, conversation: Conversation) -> Conversation:
        by = Summaries(self._workspace.prompts, partial(self._answer, live))
        return await self._trimmer.trim(live, backend, conversation, by)
