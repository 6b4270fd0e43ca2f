"""Pieces of a program, each with the place in the instruction that it stands for, and what a program's pieces share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from akachat.template.language import HIDDEN
from akachat.template.rendering import HostFunction

__all__ = ["Edit", "Fragment", "Fragments", "Helpers"]


class Fragment(NamedTuple):
    """A piece of the program: raw text of the instruction, or text of ours that stands for ``origin``."""

    text: str
    origin: int
    is_raw: bool = False


Fragments: TypeAlias = list[Fragment]
#: Where in the instruction a stretch begins and ends, and what stands there instead.
Edit: TypeAlias = tuple[int, int, Fragments]


@dataclass(slots=True)
class Helpers:
    """What the expressions of one program share.

    Attributes:
        functions: the host's functions by name.
        walrus: the names bound by ``:=`` anywhere outside lambdas.
        definitions: coroutine functions that the expressions need.
        mentioned: names of the language that are read.
        shadowed: names that comprehensions bind.
        features: parts of the prelude that are needed.
    """

    functions: Mapping[str, HostFunction]
    walrus: frozenset[str]
    definitions: list[Fragments] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)
    shadowed: set[str] = field(default_factory=set)
    features: set[str] = field(default_factory=set)
    count: int = 0

    def new_name(self) -> str:
        """A name for a helper that nothing else has."""
        self.count += 1
        return f"{HIDDEN}h{self.count}"

    def define(self, name: str, parameters: list[str], walrus: set[str], body: Fragments) -> None:
        """Adds ``async def _name(parameters)`` whose body is given with its indentation."""
        origin = body[0].origin if body else -1
        head = [Fragment(f"async def {name}({', '.join(parameters)}):\n", origin)]
        if walrus:
            head.append(Fragment(f" global {', '.join(sorted(walrus))}\n", origin))
        self.definitions.append([*head, *body, Fragment("\n", origin)])
