"""What differs between two texts, in words and, where a language has no spaces, in characters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

__all__ = ["Piece", "differences"]

_WORDS = re.compile(r"[A-Za-z0-9_À-ɏ]+|\s+|.", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
#: The comparison takes the square of this in the worst case: 0.4 s where nothing is alike.
_MOST = 3_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the two texts: ``same`` in both, ``old`` in the first alone, or ``new`` in the second."""

    kind: Literal["same", "old", "new"]
    text: str

    def to_dict(self) -> dict[str, str]:
        """The piece as a JSON object."""
        return {"kind": self.kind, "text": self.text}


def differences(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces of which both texts are made, in order. Long texts are compared by lines, very long ones as a whole.

    Joined without the ``new`` ones the pieces are the old text, and without the ``old`` ones the new text.
    """
    for cut in (_WORDS, _LINES):
        first, second = cut.findall(old), cut.findall(new)
        if len(first) <= _MOST and len(second) <= _MOST:
            break
    else:
        first, second = [old] if old else [], [new] if new else []
    pieces: list[Piece] = []

    def add(kind: Literal["same", "old", "new"], parts: list[str]) -> None:
        if parts:
            pieces.append(Piece(kind, "".join(parts)))

    for tag, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if tag == "equal":
            add("same", first[a:b])
        else:
            add("old", first[a:b])
            add("new", second[c:d])
    return tuple(pieces)
