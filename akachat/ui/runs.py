"""The page's runs, as frames that each hold the whole state, and how they are stopped."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from akachat.errors import AkachatError
from akachat.events import Called, Delta, Event, Failed, Finished, Loading, Rendered, RunRequest, ToolCalled
from akachat.playground import Playground
from akachat.ui.calls import Json, internal, text_of
from akachat.ui.view import calls_view, error_view, notes_view, rendered_view

__all__ = ["Runs"]

_LOG = logging.getLogger(__name__)

#: Seconds between two updates of a running answer: 2,000 unthrottled ones took the page 12.6 s.
_INTERVAL = 0.05


class Runs:
    """The runs of one tab.

    Args:
        playground: where they run.
        rendered: what the tab shows of what was sent. It is in every frame from then on, so it must be small where
            what is sent may be long: a conversation of 1,000 turns in each frame took the page six times as long.
    """

    def __init__(self, playground: Playground, rendered: Callable[[Rendered], Json] = rendered_view) -> None:
        self._playground = playground
        self._rendered = rendered
        #: Runs that were stopped while they waited for their turn in Gradio's queue, which knows them by no id of ours.
        self._unwanted: deque[str] = deque(maxlen=256)

    async def stop(self, payload: Json) -> Json:
        """Stops a run, also one whose turn has not come."""
        id = text_of(payload, "id")
        stopped = self._playground.stop(id)
        if id and not stopped:
            self._unwanted.append(id)
        return {"stopped": stopped}

    async def frames(self, payload: Json, request_of: Callable[[Json], RunRequest]) -> AsyncGenerator[Json, None]:
        """A run as frames: each is the whole state so far, because the page may skip frames that it is too late for."""
        frame: Json = {"id": str(payload.get("id", "")), "phase": "rendering", "text": "", "reasoning": "", "calls": []}
        if frame["id"] in self._unwanted:
            return
        yield frame  # its turn has come
        try:
            request = request_of(payload)
            async with aclosing(_batches(self._playground.stream(request), _INTERVAL)) as batches:
                async for batch in batches:
                    for happened in batch:
                        self._apply(frame, happened, request.instruction or "")
                    yield {**frame, "calls": list(frame["calls"])}
        except AkachatError as error:
            yield {**frame, "phase": "failed", "error": error_view(error, text_of(payload, "instruction"))}
        except Exception:
            _LOG.exception("a run of the page failed")
            yield {**frame, "phase": "failed", "error": internal()}

    def _apply(self, frame: Json, event: Event, instruction: str) -> None:
        match event:
            case Rendered():
                frame |= {"phase": "waiting", "rendered": self._rendered(event)}
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
