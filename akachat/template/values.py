"""Values that cross the sandbox's border: bounded, plain, and shown short.

A value from the sandbox may share itself, so that its ``repr`` would never end: nothing here walks it unbounded.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic_monty import MontyClassProxy

from akachat.errors import InstructionError
from akachat.messages import Message

__all__ = ["entering", "is_unicode", "leaving", "shorten", "show_arguments"]

_NODES = 100_000
_DEPTH = 64
_PLAIN = (str, int, float, bytes, date, datetime, time, timedelta, complex)


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 80
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = 6


_SHORT = _Short()


def shorten(value: object, most: int = 200) -> str:
    """A text as the trace shows it; of any other value, its short ``repr``."""
    text = value if isinstance(value, str) else _SHORT.repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def show_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Arguments as an author would write them, shortened."""
    shown = [_SHORT.repr(a) for a in args] + [f"{k}={_SHORT.repr(v)}" for k, v in kwargs.items()]
    return shorten(", ".join(shown))


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: half of a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Budget:
    def __init__(self, refuse: Callable[[str], InstructionError]) -> None:
        self.refuse = refuse
        self.nodes = 0

    def spend(self, depth: int) -> None:
        self.nodes += 1
        if self.nodes > _NODES or depth > _DEPTH:
            raise self.refuse("is too large or too deep")


def leaving(value: Any, what: str, messages: Callable[[MontyClassProxy], Sequence[Message] | None]) -> Any:
    """A value from the sandbox as plain data for a host function.

    Raises:
        InstructionError: it holds something that means nothing outside, or too much.
    """
    hint = "Give text, numbers, or lists and dictionaries of them."
    budget = _Budget(lambda problem: InstructionError(f"{what} {problem}", hint=hint))

    def plain(value: Any, depth: int) -> Any:
        if value is None or isinstance(value, _PLAIN):
            return value
        budget.spend(depth)
        if isinstance(value, dict):
            return {plain(k, depth + 1): plain(v, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            budget.nodes += len(value)
            return type(value)([plain(v, depth + 1) for v in value]) if type(value) in (list, tuple) else list(value)
        if isinstance(value, (set, frozenset)):
            return list(value)
        if isinstance(value, MontyClassProxy) and (found := messages(value)) is not None:
            return [m.to_dict() for m in found]
        raise budget.refuse(f"is or holds something of type {type(value).__name__}")

    return plain(value, 0)


def entering(value: Any, what: str) -> Any:
    """A host function's result as data that the sandbox can hold.

    Raises:
        InstructionError: it is, or holds, something else than text, numbers, lists and dictionaries.
    """
    budget = _Budget(
        lambda problem: InstructionError(f"{what} {problem}", hint="It should be text, numbers, lists or dictionaries.")
    )

    def plain(value: Any, depth: int) -> Any:
        if isinstance(value, str):
            if not is_unicode(value):
                raise budget.refuse("holds text that is not valid Unicode")
            return str(value)
        if value is None or isinstance(value, _PLAIN):
            return value
        budget.spend(depth)
        if isinstance(value, Message):
            return plain(value.to_dict(), depth)
        if isinstance(value, Mapping):
            return {plain(k, depth + 1): plain(v, depth + 1) for k, v in value.items()}
        if isinstance(value, tuple):
            return tuple(plain(v, depth + 1) for v in value)
        if isinstance(value, (Sequence, Set)):
            return [plain(v, depth + 1) for v in value]
        raise budget.refuse(f"is or holds something of type {type(value).__name__}")

    return plain(value, 0)
