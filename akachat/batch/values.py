"""What a batch is made of, as plain values: cases, columns, cells and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from akachat.errors import AkachatError
from akachat.events import Finished
from akachat.messages import Message, parse_messages

__all__ = ["Case", "Cell", "Column", "Problem", "Result", "Status"]

Status = Literal["ok", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, as an error says it: a message, and a hint what to do."""

    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: AkachatError) -> Problem:
        """The part of an error that is kept."""
        return cls(error.message, error.hint)

    def to_dict(self) -> dict[str, str]:
        """The problem as a JSON object."""
        return {"message": self.message, "hint": self.hint}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any] | None) -> Problem | None:
        """Reads what ``to_dict`` wrote; None stays None."""
        return None if value is None else cls(str(value["message"]), str(value.get("hint", "")))


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a batch: what every column answers.

    Attributes:
        id: tells the row apart; results of different columns are paired by it.
        input, messages, variables: as ``RunRequest`` has them.
        fields: further columns of the row such as ``expected``, any JSON values.
        checks: checks of this row alone, as data, besides those of the whole batch.
    """

    id: str
    input: str = ""
    messages: tuple[Message, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Mapping[str, Any], ...] = ()

    @property
    def expected(self) -> str | None:
        """The answer that is wished for; None where the row says nothing of it."""
        value = self.fields.get("expected", self.variables.get("expected"))
        return None if value is None else str(value)

    def named(self) -> dict[str, Any]:
        """All values of the row by name: ``input``, then the variables, then the further columns."""
        return {"input": self.input, **self.variables, **self.fields}

    def to_dict(self) -> dict[str, Any]:
        """The case as a JSON object."""
        return {
            "id": self.id,
            "input": self.input,
            **({"messages": [m.to_dict() for m in self.messages]} if self.messages else {}),
            **({"variables": dict(self.variables)} if self.variables else {}),
            **({"fields": dict(self.fields)} if self.fields else {}),
            **({"checks": [dict(c) for c in self.checks]} if self.checks else {}),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Case:
        """Reads what ``to_dict`` wrote.

        Raises:
            akachat.errors.InvalidInput: its messages are none.
        """
        return cls(
            str(value["id"]),
            str(value.get("input", "")),
            parse_messages(value.get("messages", ())),
            dict(value.get("variables", {})),
            dict(value.get("fields", {})),
            tuple(value.get("checks", ())),
        )


@dataclass(frozen=True, slots=True)
class Column:
    """What is compared: a prompt with its changes.

    Attributes:
        prompt: the saved prompt's name.
        options: what replaces single options of the prompt, e.g. its model or temperature; a None unsets one.
        label: how it is called everywhere; columns of one batch have different ones.
    """

    prompt: str
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def name(self) -> str:
        """The label, or else the prompt with its changes, as ``greet · temperature 0.7``."""
        changes = [f"{key} {value}" for key, value in self.options.items()]
        return self.label or " · ".join([self.prompt, *changes])

    def to_dict(self) -> dict[str, Any]:
        """The column as a JSON object."""
        return {"prompt": self.prompt, "options": dict(self.options), "label": self.label}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Column:
        """Reads what ``to_dict`` wrote."""
        return cls(str(value["prompt"]), dict(value.get("options", {})), str(value.get("label", "")))


@dataclass(frozen=True, slots=True)
class Cell:
    """One call: a column answers a case, for the ``repeat``-th time (from 0). ``index`` is its place in the batch."""

    index: int
    column: Column
    case: Case
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a cell.

    Attributes:
        status: ``ok``; ``failed``, with ``error``; or ``cancelled``.
        text: the answer; what had come of it where the run failed.
        finish_reason: as the run's, e.g. ``stop`` or ``length``.
        model: the model that answered.
        prompt_tokens, completion_tokens: None where unknown.
        seconds, first_seconds: the whole run, and until the first piece of the answer; None where unknown.
        cost: what the call cost, in the currency of the price list; None where no price is known.
        cached: whether the answer was known from an identical cell, so that its times and cost say nothing.
        messages: what the model received.
        trace: what the instruction called, as JSON objects.
    """

    cell: Cell
    status: Status
    text: str = ""
    error: Problem | None = None
    finish_reason: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float | None = None
    first_seconds: float | None = None
    cost: float | None = None
    cached: bool = False
    messages: tuple[Message, ...] = ()
    trace: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, cell: Cell, finished: Finished, *, cost: float | None = None) -> Result:
        """The result of a run that ended well, or was stopped."""
        usage, timings = finished.usage, finished.timings
        return cls(
            cell,
            "cancelled" if finished.finish_reason == "cancelled" else "ok",
            finished.result,
            None,
            finished.finish_reason,
            finished.model,
            usage.prompt_tokens,
            usage.completion_tokens,
            timings.total,
            timings.first_token,
            cost,
            False,
            finished.messages,
            tuple(call.to_dict() for call in finished.calls),
        )

    @classmethod
    def of_error(cls, cell: Cell, error: AkachatError, *, text: str = "", seconds: float | None = None) -> Result:
        """The result of a run that failed."""
        return cls(cell, "failed", text, Problem.of(error), seconds=seconds)

    def to_dict(self) -> dict[str, Any]:
        """The result as a JSON object; of its cell it holds the index alone."""
        return {
            "cell": self.cell.index,
            "status": self.status,
            "text": self.text,
            "error": self.error.to_dict() if self.error else None,
            "finish_reason": self.finish_reason,
            "model": self.model,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "seconds": self.seconds,
            "first_seconds": self.first_seconds,
            "cost": self.cost,
            "cached": self.cached,
            "messages": [m.to_dict() for m in self.messages],
            "trace": [dict(call) for call in self.trace],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], cell: Cell) -> Result:
        """Reads what ``to_dict`` wrote, for the cell of its index."""
        same = {name: value[name] for name in _AS_THEY_ARE if name in value}
        return cls(
            cell,
            error=Problem.from_dict(value.get("error")),
            messages=parse_messages(value.get("messages", ())),
            trace=tuple(value.get("trace", ())),
            **same,
        )


_AS_THEY_ARE = (
    *("status", "text", "finish_reason", "model", "prompt_tokens", "completion_tokens"),
    *("seconds", "first_seconds", "cost", "cached"),
)
