"""What happens in a run, as one stream of events that the page, the API, the command line and the journal read."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from akachat.backends.base import FinishReason, Progress, Usage
from akachat.errors import AkachatError
from akachat.messages import Message
from akachat.template import Call, Span

__all__ = [
    "Called",
    "Delta",
    "Event",
    "Failed",
    "Finished",
    "Loading",
    "Rendered",
    "RunRequest",
    "Timings",
    "ToolCalled",
    "new_id",
]

#: One secret a process instead of one a run: asking the system for random bytes costs 35 µs.
_ID_KEY = os.urandom(32)
_ids = itertools.count()


def new_id() -> str:
    """A run's id: 32 hexadecimal digits that nobody can guess."""
    return hashlib.blake2b(next(_ids).to_bytes(8, "big"), key=_ID_KEY, digest_size=16).hexdigest()


Source = Literal["page", "api", "cli", "python", "llm"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One call of a prompt.

    Attributes:
        prompt: a saved prompt's name; None for an inline instruction alone.
        instruction: replaces the saved prompt's text (the page's unsaved edit), or stands alone.
        options: replaces single options of the saved prompt; a None unsets one.
        is_draft: instruction and options are all there is, as an editor has them; ``prompt`` only names the run.
        input: the user's newest text; the last user message.
        messages: the conversation before it.
        variables: values that go before the workspace's variables in this run.
        session: the conversation on the server that this run continues; empty for none.
        id: the run's id, chosen by the caller; empty for a new one.
        source: who asks; ``test()`` shows nothing to the API.
        stream: whether the answer's pieces are wanted as they come (else it may be fetched at once, which is cheaper).
        keep: whether input and answer are appended to ``log/messages.jsonl``.
    """

    prompt: str | None = None
    instruction: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    is_draft: bool = False
    input: str = ""
    messages: tuple[Message, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    id: str = ""
    source: Source = "python"
    stream: bool = True
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the run began, and lengths in seconds.

    Attributes:
        render: how long the instruction took, its calls included.
        first_token: when the first piece of the answer came; None if none did.
        generate: how long the model took, waiting included.
        total: the whole run.
        tokens_per_second: completion tokens by the seconds after the first one; None where that says nothing.
    """

    render: float
    first_token: float | None
    generate: float
    total: float
    tokens_per_second: float | None

    def to_dict(self) -> dict[str, Any]:
        """The timings as a JSON object, in seconds."""
        return {
            name: None if value is None else round(value, 6)
            for name, value in (
                ("render", self.render),
                ("first_token", self.first_token),
                ("generate", self.generate),
                ("total", self.total),
                ("tokens_per_second", self.tokens_per_second),
            )
        }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the run ``id``; ``seq`` counts its events from 0."""

    id: str
    seq: int

    kind: ClassVar[str] = "event"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"id": self.id, "seq": self.seq}


@dataclass(frozen=True, slots=True)
class Rendered(Event):
    """The instruction is rendered, the history trimmed, and this is what the model receives.

    Attributes:
        text: the rendered instruction, with ``spans`` telling where each part came from.
        messages: what is sent, in order.
        prompt: the one text that the model's template makes of it, where it does.
        tokens, exact: the prompt's length, and whether the model's own tokenizer counted it.
        notes: what was changed, ignored or cut, one sentence each.
        dropped: turns of the history that were trimmed, oldest first.
        calls: what the instruction called.
        options: the effective options.
    """

    text: str
    spans: tuple[Span, ...]
    messages: tuple[Message, ...]
    prompt: str | None
    tokens: int
    exact: bool
    notes: tuple[str, ...]
    dropped: tuple[Message, ...]
    calls: tuple[Call, ...]
    options: Mapping[str, Any]

    kind: ClassVar[str] = "rendered"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {
            "id": self.id,
            "seq": self.seq,
            "text": self.text,
            "spans": [
                {"start": s.start, "end": s.end, "origin": s.origin, "line": s.line, "column": s.column}
                for s in self.spans
            ],
            "messages": [m.to_dict() for m in self.messages],
            "prompt": self.prompt,
            "tokens": self.tokens,
            "exact": self.exact,
            "notes": list(self.notes),
            "dropped": [m.to_dict() for m in self.dropped],
            "trace": [c.to_dict() for c in self.calls],
            "options": dict(self.options),
        }


@dataclass(frozen=True, slots=True)
class Called(Event):
    """The instruction called something, and it answered (or failed: ``call.error``)."""

    call: Call

    kind: ClassVar[str] = "call"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"id": self.id, "seq": self.seq, **self.call.to_dict()}


@dataclass(frozen=True, slots=True)
class Loading(Event):
    """The run waits for its model, which is being loaded; whoever does not know this event may ignore it."""

    model: str
    progress: Progress

    kind: ClassVar[str] = "loading"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object, ``stage``, ``done``, ``total``, ``unit`` and ``percent`` among its own fields."""
        return {"id": self.id, "seq": self.seq, "model": self.model, **self.progress.to_dict()}


@dataclass(frozen=True, slots=True)
class Delta(Event):
    """A piece of the answer, or of the reasoning before it."""

    text: str
    reasoning: str = ""

    kind: ClassVar[str] = "delta"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object."""
        reasoning = {"reasoning": self.reasoning} if self.reasoning else {}
        return {"id": self.id, "seq": self.seq, "text": self.text, **reasoning}


@dataclass(frozen=True, slots=True)
class ToolCalled(Event):
    """The model asks its caller to run functions: OpenAI's tool call deltas, as they came."""

    tool_calls: tuple[Mapping[str, Any], ...]

    kind: ClassVar[str] = "tool"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {"id": self.id, "seq": self.seq, "tool_calls": [dict(c) for c in self.tool_calls]}


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The answer is whole, or was stopped (``finish_reason`` is ``cancelled`` and ``result`` what came until then).

    Attributes:
        result: the answer.
        reasoning: the model's reasoning, no part of the answer.
        messages: what was sent.
        calls: the trace.
        notes: as ``Rendered.notes``, with what the generation added.
        model: the model that answered.
        tool_calls: the functions that the model asks for, whole.
        detail: the backend's own facts (device, dtype, …).
    """

    result: str
    finish_reason: FinishReason
    usage: Usage
    timings: Timings
    messages: tuple[Message, ...] = ()
    calls: tuple[Call, ...] = ()
    notes: tuple[str, ...] = ()
    reasoning: str = ""
    model: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)

    kind: ClassVar[str] = "done"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object: the ``detail`` of the Web API, with the result."""
        return {
            "id": self.id,
            "seq": self.seq,
            "result": self.result,
            "finish_reason": self.finish_reason,
            "model": self.model,
            "messages": [m.to_dict() for m in self.messages],
            "usage": {
                "prompt_tokens": self.usage.prompt_tokens,
                "completion_tokens": self.usage.completion_tokens,
                "total_tokens": self.usage.total_tokens,
                "exact": self.usage.exact,
            },
            "timings": self.timings.to_dict(),
            "trace": [c.to_dict() for c in self.calls],
            "notes": list(self.notes),
            **({"reasoning": self.reasoning} if self.reasoning else {}),
            **({"tool_calls": [dict(c) for c in self.tool_calls]} if self.tool_calls else {}),
            **({"backend": dict(self.detail)} if self.detail else {}),
        }


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The run ended in an error; ``result`` is what had come until then."""

    error: AkachatError
    result: str = ""
    calls: tuple[Call, ...] = ()

    kind: ClassVar[str] = "error"

    def data(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {
            "id": self.id,
            "seq": self.seq,
            "error": self.error.to_dict(),
            "result": self.result,
            "trace": [c.to_dict() for c in self.calls],
        }
