"""The prompt types that ship, read from one table: each says how a family of models wants a conversation written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["PromptType", "fitting_type", "prompt_types"]


@dataclass(frozen=True, slots=True)
class PromptType:
    """One way to write a conversation. The table's head says what each part is.

    Attributes:
        name: as the option ``template`` has it.
        user, assistant: a turn, with ``{input}`` in it.
        begin: what stands before everything.
        system: the instruction's place; empty where it stands in the first user turn.
        default: the type's own system text, which a prompt's instruction replaces.
        first: the first user turn with an instruction.
        later: the user turns after that one, where they differ from ``user``.
        alone: the first user turn without one, where it differs from ``user``.
        open: what the answer follows.
        stop: texts that end the answer.
        newline: what stands for a line break in what the model reads and writes.
        multi_turn: whether the models were tuned on more than one turn.
        models: patterns of the names that it fits.
        note: for whoever chooses.
    """

    name: str
    user: str
    assistant: str
    begin: str = ""
    system: str = ""
    default: str = ""
    first: str = ""
    later: str = ""
    alone: str = ""
    open: str = ""
    stop: tuple[str, ...] = ()
    newline: str = ""
    multi_turn: bool = True
    models: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, name: str, table: Mapping[str, object]) -> PromptType:
        """Reads one entry of the table."""
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        assistant = str(values["assistant"])
        return cls(name, **{"open": assistant[: assistant.index("{input}")], **values})  # type: ignore[arg-type]

    @property
    def source(self) -> str:
        """All its own text, for finding which of a vocabulary's tokens it writes."""
        parts = (self.begin, self.system, self.first, self.later, self.alone, self.user, self.assistant, self.open)
        return "".join(parts)

    def fits(self, model: str) -> bool:
        """Whether a model of that name, or in a folder of that name, was tuned on this type."""
        full = model.replace("\\", "/").rstrip("/").lower()
        last = full.rpartition("/")[2]
        return any(fnmatchcase(full if "/" in pattern else last, pattern) for pattern in self.models)


@lru_cache(maxsize=1)
def prompt_types() -> Mapping[str, PromptType]:
    """All types by name, in the table's order."""
    table = tomllib.loads(files("akachat.backends").joinpath("prompt_types.toml").read_text("utf-8"))
    return MappingProxyType({name: PromptType.of(name, entry) for name, entry in table.items()})


def fitting_type(model: str) -> PromptType | None:
    """The type that a model's name says it was tuned on, if its name says one."""
    return next((each for each in prompt_types().values() if each.fits(model)), None)
