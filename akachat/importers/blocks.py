"""The tree of a template: tags in a row become values, choices and comments; what has no equal stays as it was."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from akachat.errors import InvalidInput
from akachat.importers.pieces import Choice, Comment, Piece, Text, Value
from akachat.importers.scope import Scope

__all__ = ["Tag", "check_tags", "tree"]

_MOST_TAGS, _MOST_DEPTH, _MOST_NOTES = 20_000, 40, 100


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a template, or the text between two.

    Attributes:
        kind: what it does. ``open`` and ``also`` (an else-if) have a test, ``keep`` opens a block without an equal,
            ``none`` is nothing at all, ``odd`` is a single tag without an equal.
        source: its text, braces and all.
        value: what it shows, asks, or says; for ``odd`` and ``keep`` what to call it.
        negated: the branches change places.
        names: what it reads, as the scope gave it.
    """

    kind: Literal["text", "value", "comment", "open", "also", "else", "close", "keep", "odd", "none"]
    source: str
    value: str = ""
    negated: bool = False
    names: tuple[tuple[str, bool], ...] = ()


def tree(tags: Sequence[Tag], scope: Scope) -> tuple[Piece, ...]:
    """The pieces that the tags make.

    Raises:
        InvalidInput: the blocks are nested too deeply.
    """
    return _Tree(tags, scope).whole()


def check_tags(text: str) -> None:
    """Refuses a template with more tags than any prompt has.

    Raises:
        InvalidInput: there are too many.
    """
    if text.count("{{") + text.count("{%") + text.count("{#") > _MOST_TAGS:
        raise InvalidInput(f"the template has over {_MOST_TAGS:,} tags", hint="No prompt is like that.")


class _Tree:
    def __init__(self, tags: Sequence[Tag], scope: Scope) -> None:
        self.tags = tags
        self.scope = scope
        self.at = 0
        self.ends = _ends(tags)

    def whole(self) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        while self.at < len(self.tags):
            pieces += self.run(0)
            if self.at < len(self.tags):  # a tag that closes nothing
                self.note(f"`{_short(self.tags[self.at].source)}` closes nothing and stays as text.")
                pieces.append(Text(self.tags[self.at].source))
                self.at += 1
        return _joined(pieces)

    def run(self, depth: int) -> tuple[Piece, ...]:
        """The pieces up to a tag that ends them."""
        if depth > _MOST_DEPTH:
            hint = "No prompt is like that."
            raise InvalidInput(f"the template is nested deeper than {_MOST_DEPTH} levels", hint=hint)
        pieces: list[Piece] = []
        while self.at < len(self.tags):
            tag = self.tags[self.at]
            if tag.kind in ("close", "else", "also"):
                break
            self.at += 1
            if tag.kind == "text":
                pieces.append(Text(tag.source))
            elif tag.kind == "value":
                self.scope.use(tag.names)
                pieces.append(_value(tag.value))
            elif tag.kind == "comment":
                pieces.append(Comment(tag.value))
            elif tag.kind == "odd":
                self.note(f"`{_short(tag.value or tag.source)}` has no equal here and stays as text.")
                pieces.append(Text(tag.source))
            elif tag.kind in ("open", "keep"):
                pieces += self.block(self.at - 1, depth)
        return _joined(pieces)

    def block(self, start: int, depth: int) -> tuple[Piece, ...]:
        tag = self.tags[start]
        end = self.ends.get(start)
        if end is None:
            self.note(f"`{_short(tag.source)}` is never closed and stays as text.")
            return (Text(tag.source),)
        if tag.kind == "keep":
            self.note(f"`{_short(tag.value or tag.source)}` has no equal here and stays as text.")
            self.at = end + 1
            return (Text("".join(each.source for each in self.tags[start : end + 1])),)
        return (self.choice(tag, depth),)

    def choice(self, tag: Tag, depth: int) -> Piece:
        self.scope.use(tag.names)
        then = self.run(depth + 1)
        otherwise: tuple[Piece, ...] = ()
        ending = self.tags[self.at]
        self.at += 1
        if ending.kind == "also":
            otherwise = (self.choice(ending, depth + 1),)
        elif ending.kind == "else":
            otherwise = self.run(depth + 1)
            while self.tags[self.at].kind != "close":  # a second else: what follows is never shown
                self.at += 1
                self.run(depth + 1)
            self.at += 1
        return Choice(tag.value, otherwise, then) if tag.negated else Choice(tag.value, then, otherwise)

    def note(self, text: str) -> None:
        if len(self.scope.notes) < _MOST_NOTES and text not in self.scope.notes:
            self.scope.notes.append(text)


def _value(source: str) -> Piece:
    """The value of an expression; a text that is written out is only text."""
    try:
        text = ast.literal_eval(source) if source[:1] in "'\"" else None
    except (SyntaxError, ValueError):
        text = None
    return Text(text) if isinstance(text, str) else Value(source)


def _ends(tags: Sequence[Tag]) -> dict[int, int]:
    """Which tag closes which."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for index, tag in enumerate(tags):
        if tag.kind in ("open", "keep"):
            opened.append(index)
        elif tag.kind == "close" and opened:
            ends[opened.pop()] = index
    return ends


def _joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces with texts that touch as one."""
    out: list[Piece] = []
    for are_texts, some in groupby(pieces, lambda piece: isinstance(piece, Text)):
        if not are_texts:
            out += some
        elif text := "".join(piece.text for piece in some if isinstance(piece, Text)):
            out.append(Text(text))
    return tuple(out)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
