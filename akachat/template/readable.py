"""A text that ``ast`` can read on every Python: each nested f-string is a tuple of its expressions.

``ast`` of Python 3.11 cannot read nested f-strings as 3.12 writes them. Here every character keeps its offset, so what
``ast`` finds stands at the same place in the author's own text.
"""

from __future__ import annotations

from dataclasses import dataclass

from akachat.template.parts import Debug, Field, Literal

__all__ = ["Readable", "Strings"]


@dataclass(slots=True)
class Strings:
    """Strings that stand beside each other and so are one value: ``'a' f'{b}'``."""

    start: int
    end: int
    blanks: list[tuple[int, int]]
    has_fields: bool


class Readable:
    """The readable form of an instruction, as far as it has been scanned."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.mask = list(text)
        #: The ``{expr=}`` of f-strings nested in the field that is scanned.
        self.debugs: list[Debug] = []

    def between(self, start: int, end: int) -> str:
        """The form of a stretch."""
        return "".join(self.mask[start:end]).replace("\r", " ")

    def hide(self, found: Field, end: int, debug_end: int) -> None:
        """Turns a nested field into one item of the tuple that ``ast`` will read."""
        mask = self.mask
        mask[found.start] = " "
        mask[end] = ","
        self.blank(end + 1, debug_end + (2 if found.conversion else 0))
        if found.spec is not None:
            for part in found.spec:
                if isinstance(part, Literal):
                    self.blank(part.start, part.end)
        if end != found.end - 1:
            mask[found.end - 1] = " "
            colon = debug_end
            while colon < found.end - 1 and self.text[colon] != ":":
                colon += 1
            if colon > end and self.mask[colon] == ":" and found.spec is not None:
                mask[colon] = " "
        if found.debug:
            is_repr = not found.conversion and found.spec is None
            self.debugs.append(Debug(found.start, end, debug_end, found.debug, is_repr))

    def blank(self, start: int, end: int) -> None:
        """Puts spaces for everything but line ends."""
        for at in range(start, end):
            if self.mask[at] not in "\r\n":
                self.mask[at] = " "

    def close(self, run: Strings) -> None:
        """Turns strings, if one is an f-string, into the brackets of a tuple."""
        if run.has_fields:
            for start, end in run.blanks:
                self.blank(start, end)
            self.mask[run.start], self.mask[run.end - 1] = "(", ")"
