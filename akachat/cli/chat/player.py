"""A playground in a thread of its own, so that the terminal, or a notebook's cell, may wait and be interrupted."""

from __future__ import annotations

import queue
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, aclosing
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from akachat.backends.base import ModelInfo, Progress
from akachat.events import Event, Failed, Finished, RunRequest
from akachat.options import Options
from akachat.playground import Playground

__all__ = ["Player"]

#: Seconds between two looks for Ctrl+C where waiting itself cannot be interrupted.
_LOOK = 0.2


class Player:
    """Runs prompts for a thread that has no event loop, or has one that it must not enter, as in a notebook."""

    def __init__(self, root: Path | str, environ: Mapping[str, str]) -> None:
        self._root = root
        self._environ = environ
        self._stack = ExitStack()
        self._portal: BlockingPortal
        self.playground: Playground

    def __enter__(self) -> Self:
        """Opens the workspace.

        Raises:
            AkachatError: it cannot be used.
        """
        self.playground = Playground(self._root, environ=self._environ)
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._stack.callback(self._portal.call, self.playground.aclose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def load(self, options: Options, waiting: Callable[[Progress], None]) -> ModelInfo | None:
        """Loads a local model, and tells ``waiting`` now and then how far it is; None for one that is elsewhere.

        Raises:
            AkachatError: it cannot be loaded.
        """
        if options.location != "Local":
            return None
        future = self._portal.start_task_soon(self.playground.load_model, options)
        while True:
            try:
                return future.result(_LOOK)
            except TimeoutError:
                if future.done():
                    raise
                for model in self._portal.call(self.playground.models):
                    if model.name == options.model and model.progress:
                        waiting(model.progress)

    def play(self, request: RunRequest, show: Callable[[Event], None]) -> Finished | Failed:
        """Runs a prompt and shows its events. Ctrl+C stops the run, and what had come is its answer.

        Raises:
            KeyboardInterrupt: Ctrl+C once more, before the run had ended.
        """
        events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        task: Future[None] = self._portal.start_task_soon(self._pump, request, events)
        stopped = False
        while True:
            try:
                item = events.get(timeout=_LOOK)
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, (Finished, Failed)):
                    return item
                show(item)
            except queue.Empty:
                continue
            except KeyboardInterrupt:
                if stopped:
                    task.cancel()
                    raise
                stopped = True
                self._portal.start_task_soon(self._stop, request.id, task)

    async def _pump(self, request: RunRequest, events: queue.SimpleQueue[Event | BaseException]) -> None:
        try:
            stream = cast("AsyncGenerator[Event, None]", self.playground.stream(request))
            async with aclosing(stream):
                async for event in stream:
                    events.put(event)
        except Exception as error:  # a defect of ours: the thread that waits shall know it
            events.put(error)

    async def _stop(self, id: str, task: Future[None]) -> None:
        while not task.done() and not self.playground.stop(id):  # noqa: ASYNC110 - a run tells nobody that it begins
            await anyio.sleep(0.01)

    def options_of(self, prompt: str | None, changes: Mapping[str, object]) -> Options:
        """The options that a saved prompt, or the bare model, runs with after some changes.

        Raises:
            AkachatError: there is no such prompt, or an option is wrong.
        """
        options = self.playground.load_prompt(prompt).options if prompt else Options()
        return options.merged(changes)
