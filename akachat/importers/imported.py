"""What an importer is given, and what it makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from akachat.messages import Message

__all__ = ["Example", "Given", "Imported", "ImportedPrompt"]


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it came; ``name`` may be empty (a pasted text) and may have folders (a file in a zip)."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ImportedPrompt:
    """One prompt of ours.

    Attributes:
        name: what the file calls it; empty where it says nothing. Not yet a safe name.
        instruction: its text, None where the file holds options alone.
        options: its options, each of which ``Options.parse`` takes.
        reads: the variables that the instruction reads.
    """

    name: str
    instruction: str | None
    options: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "name": self.name,
            "instruction": self.instruction,
            "options": dict(self.options),
            "reads": list(self.reads),
        }


@dataclass(frozen=True, slots=True)
class Example:
    """An input that a file stores beside its prompt, with the values of its variables."""

    input: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object that a run takes."""
        return {"input": self.input, "var": dict(self.variables)}


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found in files of another program.

    Attributes:
        kind: what the files were taken for, such as ``Prompty``.
        prompts: what they become.
        variables: values that the prompts need; saved only where there is none of that key.
        examples: stored inputs.
        messages: a conversation.
        notes: what could not be carried over and why, one sentence each.
    """

    kind: str
    prompts: tuple[ImportedPrompt, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    messages: tuple[Message, ...] = ()
    notes: tuple[str, ...] = ()
