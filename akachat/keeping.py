"""What a run is told of the conversation that it continues, and what it leaves there and in the stored messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anyio import to_thread

from akachat.errors import InvalidInput
from akachat.events import Finished
from akachat.live import Live
from akachat.messages import Message
from akachat.request import Memory, RunRequest
from akachat.workspace import RUN, History, Sessions, Workspace

__all__ = ["keep", "recall"]


async def recall(live: Live, sessions: Sessions, most: int) -> None:
    """Puts what the run's session holds before its messages; a raw text stands outside of every conversation.

    A request that goes on with the session's last answer takes that answer, and the question to it, out of there.

    Args:
        most: how many messages one history may have; the oldest are left out.

    Raises:
        InvalidInput: the session's name can be none, or it has fewer messages than ``turn``.
        FileError: it cannot be read.
    """
    if live.request.session and not live.request.raw:
        memory, live.request = await to_thread.run_sync(_recall, sessions, live.request, most)
        live.memory, live.family.remembered = memory, memory.history


def _recall(sessions: Sessions, request: RunRequest, most: int) -> tuple[Memory, RunRequest]:
    stored = sessions.messages(request.session)
    at, replacing, input = request.turn, stored[:0], request.input
    if at is not None and not 0 <= at <= len(stored):
        raise InvalidInput(
            f"the session has {len(stored)} messages, and `turn` is {at}", hint=f"It goes from 0 to {len(stored)}."
        )
    if at is None and request.continues and stored and stored[-1] == Message("assistant", request.continues):
        at = len(stored) - 1
        if at and stored[at - 1].role == "user" and input in ("", stored[at - 1].content):
            at, input = at - 1, stored[at - 1].content
        replacing = stored[at:]
    history = stored[:at][-most:]
    memory = Memory(history, at, replacing)
    return memory, replace(request, input=input, messages=(*history, *request.messages))


async def keep(live: Live, finished: Finished, workspace: Workspace) -> None:
    """Writes down what was said where that is wanted, also by a run that was stopped; once for each run.

    Raises:
        FileError: it cannot be written.
    """
    request = live.request
    if live.kept or (live.memory is None and not request.keep):
        return
    live.kept = True
    if request.keep and finished.result:
        await to_thread.run_sync(_add, workspace.messages, request, finished.result)
    if live.memory is not None:
        await to_thread.run_sync(_remember, workspace.sessions, live, live.memory, finished)


def _add(stored: History, request: RunRequest, result: str) -> None:
    """Adds input and answer; what continues the newest stored answer is put at its end."""
    answer = Message("assistant", request.continues + result)

    def continued(known: tuple[Message, ...]) -> tuple[Message, ...] | None:
        return (*known[:-1], answer) if known and known[-1] == Message("assistant", request.continues) else None

    if not (request.continues and stored.revise(continued)):
        stored.append([*([Message("user", request.input)] if request.input else []), answer])


def _remember(sessions: Sessions, live: Live, memory: Memory, finished: Finished) -> None:
    """Adds input and answer to the run's session: of the answer what was heard, where somebody said how much."""
    request = live.request
    text = finished.result if live.heard is None else live.heard
    calls = {"tool_calls": [dict(call) for call in finished.tool_calls]} if finished.tool_calls else {}
    if not text and not calls and live.heard is None:
        return  # nothing was said, and so nothing happened
    said = [Message("user", request.input)] if request.input.strip() else []
    if text or calls or request.continues:
        said.append(Message("assistant", request.continues + text, {**calls, RUN: _facts(finished)}))
    sessions.remember(request.session, said, at=memory.at, replacing=memory.replacing, prompt=request.prompt or "")


def _facts(finished: Finished) -> Mapping[str, Any]:
    """What a stored answer says of its run."""
    timings, cut = finished.timings, finished.cut
    found = {
        "id": finished.id,
        "model": finished.model,
        "finish_reason": finished.finish_reason,
        "prompt_tokens": finished.usage.prompt_tokens,
        "completion_tokens": finished.usage.completion_tokens,
        "exact": finished.usage.exact,
        "seconds": round(timings.total, 3),
        "first_token": timings.first_token and round(timings.first_token, 3),
        "tokens_per_second": timings.tokens_per_second and round(timings.tokens_per_second, 1),
        "dropped": cut.dropped if cut else 0,
        "reasoning": finished.reasoning,
    }
    return {key: value for key, value in found.items() if value not in (None, "", 0)}
