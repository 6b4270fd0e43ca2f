"""What rendering an instruction gives: the text, its messages, where each part came from, and the calls it made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from akachat.messages import Message

__all__ = ["Call", "HostFunction", "Outcome", "Rendering", "Scope", "Span", "Variables"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the rendered text and its origin.

    Attributes:
        start, end: offsets into ``Rendering.text``, in characters.
        origin: ``literal``, ``input``, ``messages``, ``var``, ``rag``, ``llm``, ``test``, ``msg``, ``function`` (the
            user's own) or ``expression`` (computed from nothing of these).
        line, column: of the literal's or field's first character in the instruction, from 1.
    """

    start: int
    end: int
    origin: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call that an instruction made to the outside, as the trace shows it.

    Attributes:
        name: the function's name, e.g. ``llm`` or ``var``.
        arguments: the arguments as the author would write them, shortened.
        result: the result's text, shortened; empty after an error.
        started: seconds since the rendering began.
        seconds: how long it took.
        error: what went wrong, or empty.
        detail: facts of the function's own (a hit's file and score, a run's id, usage and timings), JSON-ready.
        calls: the calls that this one made itself.
    """

    name: str
    arguments: str
    result: str
    line: int
    column: int
    started: float
    seconds: float
    error: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The call as a JSON object."""
        return {
            "name": self.name,
            "arguments": self.arguments,
            "result": self.result,
            "line": self.line,
            "column": self.column,
            "started": round(self.started, 6),
            "seconds": round(self.seconds, 6),
            **({"error": self.error} if self.error else {}),
            **({"detail": dict(self.detail)} if self.detail else {}),
            **({"calls": [c.to_dict() for c in self.calls]} if self.calls else {}),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """A host function's result with facts for the trace; functions may also return the bare value."""

    value: Any
    detail: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function outside the sandbox that an instruction may call.

    Attributes:
        call: the coroutine function that answers; its arguments are plain JSON-like values.
        origin: what a span that shows its result is called (see ``Span.origin``).
        parallel: whether calls may run side by side; else they keep the order of the text.
        documentation: one line for hints, completion and the page.
    """

    name: str
    call: Callable[..., Awaitable[Any]]
    origin: str = "function"
    parallel: bool = False
    documentation: str = ""


class Variables(Protocol):
    """Where ``var.key`` is looked up, when it is read."""

    def get(self, key: str) -> str:
        """The value of a key.

        Raises:
            akachat.errors.AkachatError: there is no such key (its hint names the nearest), or its file is broken.
        """
        ...

    def __iter__(self) -> Iterator[str]:
        """All keys, for hints."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What an instruction sees besides the language itself.

    Attributes:
        input: the user's newest text.
        messages: the conversation before it.
        variables: behind ``var``.
        functions: host functions by name (``rag``, ``llm``, ``msg``, the user's own).
        is_test: whether ``test()`` shows its text.
        now: the run's one clock, with its time zone; None for the time of rendering.
        on_call: told of every finished call at once, so that a page can show it live.
    """

    input: str = ""
    messages: Sequence[Message] = ()
    variables: Variables | None = None
    functions: Mapping[str, HostFunction] = field(default_factory=dict)
    is_test: bool = False
    now: datetime | None = None
    on_call: Callable[[Call], None] | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """A rendered instruction.

    Attributes:
        text: all parts as one text; messages stand in it in their text form.
        parts: texts and messages in order; messages never come out of text.
        spans: the origins of ``text``, gapless and in order.
        calls: what was called, in the order of the text.
        read_input: whether the instruction read ``input`` anywhere.
        called_msg: whether it called ``msg()``, so that a session's history is not put before it again.
        seconds: how long rendering took, host calls included.
    """

    text: str
    parts: tuple[str | tuple[Message, ...], ...]
    spans: tuple[Span, ...]
    calls: tuple[Call, ...]
    read_input: bool
    called_msg: bool
    seconds: float

    def messages(self) -> tuple[Message, ...]:
        """The parts as messages: text that is more than white space becomes a system message in its place.

        A text that stands alone is taken as it is; between messages the white space around it only separates.
        """
        if len(self.parts) == 1 and isinstance(self.parts[0], str):
            return (Message("system", self.parts[0]),) if self.parts[0].strip() else ()
        out: list[Message] = []
        for part in self.parts:
            if not isinstance(part, str):
                out.extend(part)
            elif part.strip():
                out.append(Message("system", part.strip()))
        return tuple(out)
