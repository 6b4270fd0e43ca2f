"""One entry of the catalog: an English message with holes, which is found in a message in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Match", "Pattern"]

#: ``{name}`` is carried over; ``{name*}`` is a message itself. Any other brace is a brace.
_HOLE = re.compile(r"\{([a-z_]+\*?)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """An English message and its Japanese one.

    Attributes:
        texts: what stands before, between and after the holes.
        holes: the names of the holes, each with its ``*`` where it has one.
        japanese: what it becomes, with the same holes.
    """

    texts: tuple[str, ...]
    holes: tuple[str, ...]
    japanese: str

    @classmethod
    def of(cls, english: str, japanese: str) -> Pattern:
        """Reads an entry.

        Raises:
            ValueError: the two have different holes, a hole stands twice or directly behind another, or there is no
                text beside them.
        """
        parts = _HOLE.split(english)
        texts, holes = tuple(parts[::2]), tuple(parts[1::2])
        if len(set(holes)) != len(holes) or "" in texts[1:-1] or not any(texts):
            raise ValueError(f"the holes of {english!r} cannot be told apart")
        if not set(_HOLE.findall(japanese)) <= set(holes):
            raise ValueError(f"{japanese!r} has other holes than {english!r}")
        return cls(texts, holes, japanese)

    @property
    def weight(self) -> int:
        """How much of it is text: of two that fit, the heavier one says more about the message."""
        return sum(map(len, self.texts))

    @property
    def is_around(self) -> bool:
        """Whether it only adds something behind another message."""
        return not self.texts[0] and bool(self.texts[-1]) and self.holes[0].endswith("*")

    def match(self, message: str) -> Match | None:
        """What stands in the holes; None where the message is another one.

        No regular expression: a message may be long and not ours, and this is one pass for any of them.
        """
        first, *between, last = self.texts
        if not message.startswith(first) or not message.endswith(last):
            return None
        places = self._places(message, between, len(first), len(message) - len(last))
        if places is None:
            return None
        ends = [at for at, _ in places[1:]]
        found = [message[start:end] for (_, start), end in zip(places[:-1], ends, strict=True)]
        if not all(found):
            return None
        return Match(self, dict(zip(self.holes, found, strict=True)), 0 if first else ends[0])

    def _places(self, message: str, between: list[str], begin: int, end: int) -> list[tuple[int, int]] | None:
        """Where each text begins and ends, the first and the last one included."""
        inner: list[tuple[int, int]] = []
        at = end if self.is_around else begin
        # What is behind a message is looked for from the end: the message may hold the same signs.
        for text in reversed(between) if self.is_around else between:
            found = message.rfind(text, begin, at - 1) if self.is_around else message.find(text, at + 1, end)
            if found < 0:
                return None
            inner.append((found, found + len(text)))
            at = found if self.is_around else found + len(text)
        if self.is_around:
            inner.reverse()
        return [(0, begin), *inner, (end, end)]

    def fill(self, found: Mapping[str, str], inner: Callable[[str], str]) -> str:
        """The Japanese message; ``inner`` translates the holes that are messages themselves."""

        def put(hole: re.Match[str]) -> str:
            name = hole[1]
            return inner(found[name]) if name.endswith("*") else found[name]

        return _HOLE.sub(put, self.japanese)


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that fits a message: what stands in its holes, and where its own words begin."""

    pattern: Pattern
    found: Mapping[str, str]
    at: int
