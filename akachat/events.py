"""What happens in a run, as one stream of events that the page, the API, the command line and the journal read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from akachat.backends.base import FinishReason, Progress, Token, Usage
from akachat.errors import AkachatError
from akachat.messages import Message
from akachat.request import RunRequest, new_id
from akachat.template import Call, Span

__all__ = [
    "Called",
    "Cut",
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
class Cut:
    """What became of a history that was too long.

    Attributes:
        rules: the options that did it, ``history_turns`` and ``history_threshold``.
        dropped: how many messages went; ``Rendered.dropped`` holds them.
        tokens_before, tokens_after: length of the whole prompt with all of the history, and as it is sent.
        exact: whether the model's own tokenizer counted them.
        summary: what stands in the place of the dropped messages; empty for nothing.
        summary_by: the prompt that wrote the summary; empty where none was asked for.
        summary_known: whether it was written for an earlier run, and so cost nothing now.
    """

    rules: tuple[str, ...]
    dropped: int
    tokens_before: int
    tokens_after: int
    exact: bool = True
    summary: str = ""
    summary_by: str = ""
    summary_known: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "rules": list(self.rules),
            "dropped": self.dropped,
            "tokens_before": self.tokens_before,
            "tokens_after": self.tokens_after,
            "exact": self.exact,
            "summary": self.summary,
            "summary_by": self.summary_by,
            "summary_known": self.summary_known,
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
        cut: the report of the trimming; None where nothing went.
        raw: whether the input was sent as it stands.
        token_list: the first of the prompt's tokens, where they were asked for and are known here.
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
    cut: Cut | None = None
    raw: bool = False
    token_list: tuple[Token, ...] | None = None

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
            "cut": self.cut.to_dict() if self.cut else None,
            "raw": self.raw,
            "trace": [c.to_dict() for c in self.calls],
            "options": dict(self.options),
            **({} if self.token_list is None else {"token_list": [token.to_dict() for token in self.token_list]}),
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
        cut: the report of a trimmed history, as ``Rendered.cut``.
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
    cut: Cut | None = None

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
            **({"cut": self.cut.to_dict()} if self.cut else {}),
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
