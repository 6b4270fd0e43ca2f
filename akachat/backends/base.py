"""What every backend does: take messages and options, and give the answer back piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from akachat.messages import Message

if TYPE_CHECKING:
    from akachat.options import Options

__all__ = [
    "Backend",
    "Chunk",
    "End",
    "FinishReason",
    "ModelInfo",
    "Prepared",
    "Progress",
    "Request",
    "Status",
    "Token",
    "Usage",
]

FinishReason = Literal["stop", "length", "cancelled", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Request:
    """One generation.

    Attributes:
        id: the run's id, for logs and for stopping.
        messages: what is said to the model, in order; the newest turn last.
        options: the effective options.
        stream: whether the caller wants pieces as they come; false lets a backend answer in one piece, which costs
            less.
        prepared: what ``prepare`` gave for this very request, so that nothing is made twice.
        caller: who asks; requests of different callers take turns.
        raw: the texts of the messages, put together, are the whole prompt, exactly as they stand: no template, and
            what looks like the model's special tokens is taken as them. Its begin token goes before where the
            tokenizer puts one. An assistant's text at the end is what the model itself has said so far.
    """

    id: str
    messages: tuple[Message, ...]
    options: Options
    stream: bool = True
    prepared: Prepared | None = None
    caller: str = ""
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a prompt, and the text that it brings; empty where a later one ends the character."""

    id: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"id": self.id, "text": self.text}


@dataclass(frozen=True, slots=True)
class Prepared:
    """Exactly what the model will receive.

    Attributes:
        prompt: the one text, where the model takes a text (or its template makes one); None where messages are sent.
        messages: the messages as sent, after folding system texts where the template refuses them.
        tokens: length of the prompt in tokens; an estimate where ``exact`` is false.
        exact: whether ``tokens`` was counted by the model's own tokenizer.
        notes: what was changed or ignored and why, one sentence each (an option that the endpoint does not take,
            a system text that was folded); for the trace.
        options: the effective values of the sampling options, those from the model's own configuration included.
        own: the backend's own form of the prompt; nobody else reads it.
    """

    prompt: str | None
    messages: tuple[Message, ...]
    tokens: int
    exact: bool
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    own: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one generation; ``exact`` is false where the backend did not say and they were estimated."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    exact: bool = True

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the answer, as soon as it is whole characters.

    Attributes:
        text: what is added to the answer.
        reasoning: what is added to the reasoning, which is no part of the answer.
        tokens: how many tokens made this piece, 0 where unknown.
        tool_calls: OpenAI's tool call deltas, passed on as they came.
    """

    text: str = ""
    reasoning: str = ""
    tokens: int = 0
    tool_calls: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """The last thing that a backend yields.

    Attributes:
        detail: the backend's own facts; ``notes`` in it are for the trace.
        ids: the answer's tokens, where the backend knows them; what continues it begins with exactly these.
    """

    finish_reason: FinishReason
    usage: Usage
    detail: Mapping[str, Any] = field(default_factory=dict)
    ids: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the loading of a model has come.

    Attributes:
        stage: ``open`` (tokenizer and libraries), ``download``, ``wait`` (for the place of another model), ``read``,
            ``quantise`` or ``move`` (to its device).
        done, total: of this stage; both 0 where it cannot be counted.
        unit: ``bytes``, ``tensors``, or empty.
    """

    stage: str
    done: int = 0
    total: int = 0
    unit: str = ""

    @property
    def percent(self) -> int | None:
        """Whole percent of this stage; None where it cannot be counted."""
        return min(100, 100 * self.done // self.total) if self.total else None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "unit": self.unit,
            "percent": self.percent,
        }


@dataclass(frozen=True, slots=True)
class Status:
    """What a backend may yield before the first piece of an answer: the model is being loaded, and how far it is."""

    model: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that is loaded, on its way, or can be used at once.

    Attributes:
        name: as ``options.model`` has it.
        location: ``Local`` or ``OpenAI``.
        loaded: whether it is in memory now.
        detail: JSON-ready facts: device, dtype, parameters, memory in bytes, class, context length.
        state: ``loaded``, ``loading``, ``downloading``, ``unloading``, ``failed``, or ``ready``: it can be loaded from
            this disk, or is a server's.
        progress: how far it is, while it is loading or downloading.
    """

    name: str
    location: str
    loaded: bool
    detail: Mapping[str, Any] = field(default_factory=dict)
    state: str = "ready"
    progress: Progress | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "name": self.name,
            "location": self.location,
            "loaded": self.loaded,
            "state": self.state,
            "detail": dict(self.detail),
            **({"progress": self.progress.to_dict()} if self.progress else {}),
        }


class Backend(Protocol):
    """Answers requests. Safe to use from many tasks at once."""

    def is_at_hand(self, options: Options) -> bool:
        """Whether ``prepare`` needs nothing from beyond this machine, so that a preview may call it unasked."""
        ...

    async def prepare(self, request: Request) -> Prepared:
        """What the model would receive, without generating. May load the tokenizer, never the weights.

        Raises:
            ModelError, BackendUnavailable: as ``generate``.
        """
        ...

    async def counter(self, request: Request) -> Callable[[Sequence[Message]], int]:
        """A function that counts the tokens of the whole prompt for a list of messages, with the request's options.

        It is called a few times in a row while a history is trimmed, so it must be cheap and must not wait.
        """
        ...

    async def spell(self, request: Request, prepared: Prepared, most: int) -> tuple[Token, ...] | None:
        """The first tokens of what ``prepare`` gave for a request; None where only a server elsewhere knows them."""

    async def context(self, options: Options) -> int | None:
        """How many tokens prompt and answer may have together; None where that is not known here.

        Raises:
            ModelError, BackendUnavailable: as ``prepare``.
        """
        ...

    def generate(self, request: Request) -> AsyncIterator[Status | Chunk | End]:
        """The answer: chunks, then one ``End``. While the model is being loaded, how far that is comes before them.

        Closing the iterator (``aclose``) or cancelling the task stops the generation within one token and frees
        what it held.

        Raises:
            ModelError: the model cannot be found or loaded, or cannot do this.
            BackendUnavailable: not reachable, overloaded, timed out.
            BackendError: any other failure of the model's side.
        """
        ...

    async def models(self) -> list[ModelInfo]:
        """What this backend holds or offers now."""
        ...

    async def aclose(self) -> None:
        """Frees connections, threads and models."""
        ...
