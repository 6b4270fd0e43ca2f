"""A run that is under way: its state, and what the runs that it calls share with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import anyio

from akachat.backends.base import Chunk, End, FinishReason, Status, Usage
from akachat.backends.tokens import estimate_text
from akachat.errors import (
    AkachatError,
    BackendUnavailable,
    Cancelled,
    InstructionError,
    InvalidInput,
    LimitExceeded,
)
from akachat.events import Cut, Delta, Event, Finished, Loading, RunRequest, Timings, ToolCalled, new_id
from akachat.messages import Message
from akachat.options import Options
from akachat.request import Memory
from akachat.template import Call, Rendering

__all__ = ["Family", "Live"]


class Family:
    """What a run shares with the runs that it calls: who asked first, one clock, and bounds on all together."""

    def __init__(self, source: str, caller: str = "") -> None:
        self.source = source
        self.caller = caller or source
        self.now = datetime.now().astimezone()
        self.calls = 0
        #: What ``msg()`` gives in all of them; None for the stored messages.
        self.remembered: tuple[Message, ...] | None = None
        self._slots: anyio.Semaphore | None = None

    def slots(self, most: int) -> anyio.Semaphore:
        """Places for generations side by side."""
        if self._slots is None:
            self._slots = anyio.Semaphore(most)
        return self._slots


class Live:
    """One run's mutable state; the runner fills it in as it goes."""

    def __init__(
        self,
        request: RunRequest,
        emit: Callable[[Event], None] | None,
        family: Family,
        *,
        parent: Live | None = None,
        dry: bool = False,
    ) -> None:
        self.request = request
        self.emit = emit
        self.family = family
        self.parent = parent
        self.dry = dry
        self.id = request.id or new_id()
        self.chain: tuple[str, ...] = (
            *(parent.chain if parent else ()),
            *((request.prompt,) if request.prompt else ()),
        )
        self.depth: int = parent.depth + 1 if parent else 0
        self.scope = anyio.CancelScope()
        self.stopped = False
        #: How much of the answer was heard before it was stopped; None where nobody said.
        self.heard: str | None = None
        self.memory: Memory | None = None
        self.kept = False
        self.timeout = 0.0
        self.began = time.perf_counter()
        self.rendered_at: float | None = None
        self.first_token: float | None = None
        self.instruction = request.instruction or ""
        self.options = Options()
        self.rendering: Rendering | None = None
        self.calls: list[Call] = []
        self.placeholders = 0
        self.sent: tuple[Message, ...] = ()
        self.prompt_tokens = 0
        self.most_tokens: int | None = None
        self.notes: tuple[str, ...] = ()
        self.cut: Cut | None = None
        self.dropped: tuple[Message, ...] = ()
        self.pieces: list[str] = []
        self.reasoning: list[str] = []
        self.tool_calls: list[Mapping[str, Any]] = []
        self.loading: Status | None = None
        self._seq = 0

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self.pieces)

    def next_seq(self) -> int:
        """The number of the next event."""
        seq = self._seq
        self._seq += 1
        return seq

    def send(self, event: Event) -> None:
        """Tells whoever reads this run's events."""
        if self.emit:
            self.emit(event)

    def note_loading(self, status: Status) -> None:
        """The model is not there yet; the readers of the run that asked first are told, since they wait for it too."""
        self.loading = status
        asked = self
        while asked.parent is not None:
            asked = asked.parent
        if asked.emit:
            asked.send(Loading(asked.id, asked.next_seq(), status.model, status.progress))

    def take(self, chunk: Chunk) -> None:
        """A piece of the answer has come."""
        if self.first_token is None:
            self.first_token = time.perf_counter()
        if chunk.text or chunk.reasoning:
            self.pieces.append(chunk.text)
            self.reasoning.append(chunk.reasoning)
            if self.emit:
                self.send(Delta(self.id, self.next_seq(), chunk.text, chunk.reasoning))
        if chunk.tool_calls:
            self.tool_calls.extend(chunk.tool_calls)
            if self.emit:
                self.send(ToolCalled(self.id, self.next_seq(), chunk.tool_calls))

    def child(self, name: str, input: str, options: Mapping[str, Any], most_depth: int, most_calls: int) -> Live:
        """The run that ``llm(name, input)`` starts.

        Raises:
            InvalidInput: the prompt would call itself.
            LimitExceeded: too deep, or too many calls in all.
        """
        chain = " → ".join((*self.chain, name))
        if name in self.chain:
            raise InvalidInput(f"the prompt {name!r} calls itself: {chain}", hint="Take one of the calls out.")
        if self.depth >= most_depth:
            raise LimitExceeded(
                f"llm() calls are more than {most_depth} deep: {chain}",
                hint="Shorten the chain, or raise limits.llm_depth.",
            )
        self.family.calls += 1
        if self.family.calls > most_calls:
            raise LimitExceeded(
                f"this run called llm() more than {most_calls} times",
                hint="Call it less often, or raise limits.llm_calls.",
            )
        request = RunRequest(
            prompt=name, input=input, options=options, variables=self.request.variables, source="llm", stream=False
        )
        return Live(request, None, self.family, parent=self)

    def explained(self, error: AkachatError) -> AkachatError:
        """An error of this run as its caller sees it: in which prompt it happened, its place in that one's words."""
        place = f", line {error.line}, column {error.column}" if error.line is not None else ""
        kind = type(error) if isinstance(error, InstructionError) else InstructionError
        told = kind(f"in the prompt {self.request.prompt!r}{place}: {error.message}", hint=error.hint)
        told.status, told.retryable = error.status, error.retryable
        return told

    def given_up(self) -> AkachatError:
        """Why a run that gave nothing ended before its end."""
        if self.stopped:
            return Cancelled("the run was stopped")
        if self.loading is not None and self.first_token is None:
            return BackendUnavailable(
                f"{self.loading.model!r} was still being loaded after {self.timeout:g} seconds",
                hint="It goes on: try again in a while, or raise the option timeout.",
            )
        return BackendUnavailable(
            f"the run took longer than {self.timeout:g} seconds",
            hint="Raise the option `timeout`, or limits.run_seconds.",
        )

    def _usage_so_far(self) -> Usage:
        """About what a stopped run has used: its backend did not live to count."""
        return Usage(self.prompt_tokens, estimate_text(self.text + "".join(self.reasoning)), exact=False)

    def finished(self, reason: FinishReason, end: End | None = None) -> Finished:
        """The run's last event."""
        now = time.perf_counter()
        usage = end.usage if end else self._usage_so_far()
        rendered = self.rendered_at or now
        after_first = now - self.first_token if self.first_token else 0.0
        notes = (*self.notes, *(end.detail.get("notes", ()) if end else ()))
        if reason == "length":
            notes += (self._cut_short(usage),)
        speed = (usage.completion_tokens - 1) / after_first if usage.completion_tokens > 1 and after_first > 0 else None
        return Finished(
            self.id,
            self.next_seq(),
            result=self.text,
            finish_reason=reason,
            usage=usage,
            timings=Timings(
                render=rendered - self.began,
                first_token=self.first_token - self.began if self.first_token else None,
                generate=now - rendered,
                total=now - self.began,
                tokens_per_second=speed,
            ),
            messages=self.sent,
            calls=self.rendering.calls if self.rendering else tuple(self.calls),
            notes=notes,
            cut=self.cut,
            reasoning="".join(self.reasoning),
            model=self.options.model,
            tool_calls=merge_tool_calls(self.tool_calls),
            detail=end.detail if end else {},
        )

    def _cut_short(self, usage: Usage) -> str:
        count = f"{usage.completion_tokens:,}" if usage.exact else f"about {usage.completion_tokens:,}"
        if usage.exact and self.most_tokens is not None and usage.completion_tokens < self.most_tokens:
            return f"the answer was cut after {count} tokens: no more fit after this prompt"
        return f"the answer was cut after {count} tokens (max_new_tokens); it can be continued"

    def entry(self, finished: Finished | None, failure: AkachatError | None) -> dict[str, Any]:
        """The run as its line in the journal: all that is needed to run it again, and what came of it."""
        request = self.request
        trace = self.rendering.calls if self.rendering else self.calls
        return {
            "time": self.family.now.isoformat(timespec="milliseconds"),
            "id": self.id,
            "parent": self.parent.id if self.parent else None,
            "source": request.source,
            "caller": self.family.caller,
            "session": request.session,
            "prompt": request.prompt,
            "instruction": self.instruction,
            "options": self.options.to_dict(),
            "input": request.input,
            "history": [m.to_dict() for m in request.messages],
            "variables": dict(request.variables),
            "text": self.rendering.text if self.rendering else None,
            "trace": [c.to_dict() for c in trace],
            "messages": [m.to_dict() for m in self.sent],
            "notes": list(finished.notes if finished else self.notes),
            "cut": self.cut.to_dict() if self.cut else None,
            "raw": request.raw,
            "continues": request.continues,
            "result": finished.result if finished else self.text,
            "finish_reason": finished.finish_reason if finished else "error" if failure else "cancelled",
            "model": finished.model if finished else self.options.model,
            "usage": [finished.usage.prompt_tokens, finished.usage.completion_tokens] if finished else None,
            "timings": finished.timings.to_dict() if finished else None,
            "error": failure.to_dict() if failure else None,
        }


def merge_tool_calls(deltas: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Whole tool calls from OpenAI's streamed pieces, which share an ``index`` and append to ``arguments``."""
    merged: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        call = merged.setdefault(int(delta.get("index", len(merged))), {"type": "function", "function": {}})
        if delta.get("id"):
            call["id"] = delta["id"]
        function = delta.get("function") or {}
        whole = call["function"]
        if function.get("name"):
            whole["name"] = function["name"]
        whole["arguments"] = whole.get("arguments", "") + (function.get("arguments") or "")
    return tuple(merged[index] for index in sorted(merged))
