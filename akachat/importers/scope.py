"""Which names a template reads, and what each becomes: the one natural input, or a variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from akachat.errors import InvalidInput
from akachat.importers.pieces import quoted, variable
from akachat.names import check_name

__all__ = ["HISTORIES", "Scope", "natural_input"]

#: What others call the newest question of a user, the likeliest first.
_INPUTS = ("input", "question", "query", "user_input", "userinput", "text", "message", "prompt", "content", "topic")
#: What others call the conversation so far.
HISTORIES = frozenset({"history", "chat_history", "messages", "conversation", "chathistory", "conversation_history"})


@dataclass(slots=True)
class Scope:
    """The names of one file's templates.

    Attributes:
        natural: the name that is our ``input``; None for none.
        constants: names that stand for a text which is known.
        notes: what cannot be carried over.
        names: all that were read, in their order.
        tested: those that a condition asks for, where having no value means something.
    """

    natural: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    tested: set[str] = field(default_factory=set)
    looked_up: list[tuple[str, bool]] = field(default_factory=list)

    def source(self, name: str, *, tested: bool = False) -> str:
        """The expression for a name; it counts as read when what was ``taken`` is used."""
        if name in self.constants:
            return quoted(self.constants[name])
        self.looked_up.append((name, tested))
        return "input" if name == self.natural else variable(key_of(name))

    def take(self) -> tuple[tuple[str, bool], ...]:
        """The names that were looked up since the last time, and whether for a condition."""
        taken, self.looked_up = tuple(self.looked_up), []
        return taken

    def use(self, taken: Iterable[tuple[str, bool]]) -> None:
        """Names that the instruction reads: not all that stand in a template become part of it."""
        for name, tested in taken:
            self.names[name] = None
            if tested:
                self.tested.add(name)

    def reads(self) -> tuple[str, ...]:
        """The keys of the variables that were read."""
        return tuple(dict.fromkeys(key_of(name) for name in self.names if name != self.natural))

    def values(self, known: Mapping[str, str]) -> dict[str, str]:
        """The values of those variables, as far as a file gives them; what is only asked for begins empty."""
        found: dict[str, str] = {}
        for name in self.names:
            if name != self.natural and (name in known or name in self.tested):
                found[key_of(name)] = known.get(name, "")
        return found


def key_of(name: str) -> str:
    """The key of the variable for a name: the name itself wherever a variable may be called so."""
    try:
        return check_name(name, windows=True)
    except InvalidInput:
        tame = "".join(c if c.isalnum() or c in "_-" else "_" for c in name).strip("_")[:50]
        try:
            return check_name(tame, windows=True)
        except InvalidInput:
            return "value"


def natural_input(names: Iterable[str], last: Sequence[str] = (), *, alone: str | None = None) -> str | None:
    """Which of a template's names is what the user says.

    Args:
        names: all that it reads.
        last: those of the newest turn, where it has turns.
        alone: the name that is the whole of the newest turn.
    """
    every = list(dict.fromkeys(names))
    if alone is not None:
        return alone
    if len(every) == 1:
        return every[0]
    folded = {name.casefold(): name for name in reversed(list(last) or every)}
    return next((folded[name] for name in _INPUTS if name in folded), None)
