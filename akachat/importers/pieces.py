"""A template of another program in pieces, and pieces as an instruction of ours."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Choice", "Comment", "Piece", "Text", "Value", "braced", "expression", "quoted", "stripped", "variable"]

_PLAIN_NAME = re.compile(r"[^\W\d_]\w*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Text:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of our language that gives a text."""

    source: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two, by an expression of our language."""

    test: str
    then: tuple[Piece, ...]
    otherwise: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """What only the author reads."""

    text: str


Piece: TypeAlias = Text | Value | Choice | Comment


def braced(pieces: Sequence[Piece]) -> str:
    """The pieces as an instruction."""
    return "".join(map(_braced, pieces))


def _braced(piece: Piece) -> str:
    match piece:
        case Text():
            return piece.text.replace("{", "{{").replace("}", "}}")
        case Value():
            return f"{{{piece.source}}}"
        case Choice():
            return f"{{{_chosen(piece)}}}"
        case Comment():
            return f"{{comment({quoted(piece.text)})}}"


def _chosen(choice: Choice) -> str:
    then, otherwise = expression(choice.then), expression(choice.otherwise)
    return f"iif({choice.test}, {then})" if otherwise == "''" else f"iif({choice.test}, {then}, {otherwise})"


def expression(pieces: Sequence[Piece]) -> str:
    """The pieces as one expression that gives a text."""
    shown = [piece for piece in pieces if not isinstance(piece, Comment)]
    if all(isinstance(piece, Text) for piece in shown):
        return quoted("".join(piece.text for piece in shown if isinstance(piece, Text)))
    if len(shown) == 1:
        only = shown[0]
        return only.source if isinstance(only, Value) else _chosen(only)  # type: ignore[arg-type]
    quote = "'''" if any("\n" in piece.text for piece in shown if isinstance(piece, Text)) else "'"
    inner = []
    for piece in shown:
        if isinstance(piece, Text):
            inner.append(_escaped(piece.text.replace("{", "{{").replace("}", "}}"), quote))
        else:
            inner.append(_braced(piece))
    return f"f{quote}{''.join(inner)}{quote}"


def quoted(text: str) -> str:
    """A text as a literal of Python."""
    if "\n" in text:
        return f"'''{_escaped(text, chr(39) * 3)}'''"
    quote = '"' if "'" in text and '"' not in text else "'"
    return f"{quote}{_escaped(text, quote)}{quote}"


def _escaped(text: str, quote: str) -> str:
    text = text.replace("\\", "\\\\")
    if len(quote) == 1:
        text = text.replace(quote, "\\" + quote)
    else:
        # Three in a row would end it, and so would one at its very end.
        text = re.sub(quote[0] + "(?=" + quote[0] + "|\\Z)", "\\\\" + quote[0], text)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def variable(key: str) -> str:
    """The expression that reads a variable."""
    is_plain = _PLAIN_NAME.fullmatch(key) and unicodedata.normalize("NFKC", key) == key and not keyword.iskeyword(key)
    return f"var.{key}" if is_plain else f"var[{quoted(key)}]"


def stripped(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces without white space at either end; pieces that say nothing are gone."""
    kept = [piece for piece in pieces if not (isinstance(piece, Text) and not piece.text)]
    while kept and isinstance(first := kept[0], Text):
        if text := first.text.lstrip():
            kept[0] = Text(text)
            break
        del kept[0]
    while kept and isinstance(last := kept[-1], Text):
        if text := last.text.rstrip():
            kept[-1] = Text(text)
            break
        del kept[-1]
    return tuple(kept)
