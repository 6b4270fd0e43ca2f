"""What an instruction is made of: literals and fields, each with its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

__all__ = ["Debug", "Field", "Literal", "Part", "Places"]


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself; ``{{`` and ``}}`` are already single braces in ``text``."""

    text: str
    start: int
    end: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Debug:
    """A nested ``{expr=}``: its brace, where the expression ends, where the text does, and whether ``!r`` is meant."""

    brace: int
    expression_end: int
    end: int
    text: str
    is_repr: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A replacement field, ``{expression!r:spec}``.

    Attributes:
        expression: its source, spaces and comments included.
        conversion: ``r``, ``s``, ``a`` or empty.
        spec: the parts after the colon; None where there is no colon.
        debug: the author's text of ``{expression=}`` with the equals sign; empty without one.
        start, end: of the whole field, braces included.
        expression_start: where ``expression`` begins.
        readable: ``expression`` with nested f-strings as tuples, of the same length, for ``ast``.
        debugs: ``{expr=}`` fields of f-strings nested in the expression.
    """

    expression: str
    conversion: str
    spec: tuple[Part, ...] | None
    debug: str
    start: int
    end: int
    line: int
    column: int
    expression_start: int
    readable: str
    debugs: tuple[Debug, ...] = field(default=())


Part = Literal | Field


class Places:
    """Offsets of a text as lines and columns, both from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def of(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column."""
        return self._starts[min(max(line, 1), len(self._starts)) - 1] + max(column, 1) - 1
