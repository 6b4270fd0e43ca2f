"""A conversation of templates, and the instruction of ours that says the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from akachat.importers.imported import ImportedPrompt
from akachat.importers.pieces import Comment, Piece, Text, Value, braced, expression, quoted, stripped
from akachat.importers.scope import Scope, natural_input
from akachat.messages import Message, format_messages, parse_messages

__all__ = ["Draft", "Translate", "Turn", "by_role_lines", "draft", "plain"]

Translate = Callable[[str, Scope], tuple[Piece, ...]]

#: The name ``input`` in an expression, and not a variable or a text of that name.
_INPUT = re.compile(r"""(?<![\w.'"])input(?![\w'"])""")
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
    "ai": "assistant",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one role says."""

    role: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """An instruction, and what its template reads.

    Attributes:
        instruction: the text.
        reads: the keys of its variables.
        natural: the name that became ``input``.
        values: what a file says of its variables.
    """

    instruction: str
    reads: tuple[str, ...]
    natural: str | None
    values: Mapping[str, str]

    def prompt(self, name: str, options: Mapping[str, object]) -> ImportedPrompt:
        """As a prompt."""
        return ImportedPrompt(name, self.instruction, options, self.reads)


def plain(text: str, scope: Scope) -> tuple[Piece, ...]:
    """A text in which nothing is a template."""
    return (Text(text),) if text else ()


def draft(
    make: Callable[[Scope], Sequence[Turn]],
    notes: list[str],
    *,
    known: Mapping[str, str] | None = None,
    natural: str | None = None,
    constants: Mapping[str, str] | None = None,
    comment: str = "",
) -> Draft:
    """The instruction that turns make.

    They are made twice: which of their names is the input is known when all have been seen.

    Args:
        make: gives the turns, their names looked up in the scope.
        notes: what cannot be carried over is added to them.
        known: values that a file gives to names.
        natural: the name that is the input, where that is known.
        constants: names that stand for a text.
        comment: what the author wrote about the prompt.
    """
    if natural is None:
        first = Scope(constants=constants or {})
        natural = _natural(make, first)
    scope = Scope(natural, constants or {}, notes)
    instruction = compose(make(scope), scope)
    if comment.strip():
        about = braced([Comment(" ".join(comment.split()))])
        instruction = f"{about}\n{instruction}" if instruction else about
    return Draft(instruction, scope.reads(), natural, scope.values(known or {}))


def _natural(make: Callable[[Scope], Sequence[Turn]], scope: Scope) -> str | None:
    turns = [turn for turn in make(scope) if stripped(turn.pieces)]
    if not turns or turns[-1].role != "user":
        return natural_input(scope.names)
    sources = {scope.source(name): name for name in list(scope.names)}
    pieces = stripped(turns[-1].pieces)
    alone = sources.get(pieces[0].source) if len(pieces) == 1 and isinstance(pieces[0], Value) else None
    spoken = braced(pieces)
    last = [name for source, name in sources.items() if source in spoken]
    return natural_input(scope.names, last, alone=alone)


def compose(turns: Iterable[Turn], scope: Scope) -> str:
    """The instruction of ours that makes the same messages.

    The input always follows as the user's message, so a newest turn that is only the input need not be written.
    """
    said = [Turn(_role(turn.role, scope), stripped(turn.pieces)) for turn in turns]
    said = [turn for turn in said if turn.pieces]
    if said and said[-1].role == "user":
        newest = said[-1]
        if newest.pieces == (Value("input"),):
            said.pop()
        elif scope.natural and _reads_input(newest.pieces):
            said[-1] = Turn("system", newest.pieces)
            scope.notes.append("the user's words around the input became part of the instruction: the input follows.")
        elif len(said) == 1:
            said[-1] = Turn("system", newest.pieces)  # with no input it is what the user says
    parts: list[str] = []
    spoken: list[Turn] = []
    for turn in said:
        if turn.role == "system":
            if spoken:
                parts.append(_messages(spoken))
                spoken = []
            parts.append(braced(turn.pieces))
        else:
            spoken.append(turn)
    if spoken:
        parts.append(_messages(spoken))
    return "\n".join(parts)


def _role(role: str, scope: Scope) -> str:
    known = _ROLES.get(role.strip().casefold())
    if known is None:
        scope.notes.append(f"the turn of the role {role[:40]!r} became the user's: there is no such role.")
    return known or "user"


def _reads_input(pieces: Sequence[Piece]) -> bool:
    return any(_INPUT.search(braced([piece])) for piece in pieces if not isinstance(piece, (Text, Comment)))


def _messages(turns: Sequence[Turn]) -> str:
    """A field that makes messages: lines where they are read back as they are, else a list."""
    texts = [
        Message(turn.role, "".join(piece.text for piece in turn.pieces if isinstance(piece, Text))) for turn in turns
    ]
    if all(isinstance(piece, Text) for turn in turns for piece in turn.pieces):
        lines = f"\n{format_messages(texts)}\n"
        if parse_messages(lines) == tuple(texts):
            return f"{{msgf({quoted(lines)})}}"
    items = ", ".join(f"{{'role': '{turn.role}', 'content': {expression(turn.pieces)}}}" for turn in turns)
    return f"{{msgf([{items}])}}"


def by_role_lines(pieces: Sequence[Piece], line: re.Pattern[str], first: str) -> list[Turn]:
    """Turns from pieces in which a line names who speaks from there on.

    Args:
        line: finds such a line; its first group is the role.
        first: who speaks before any.
    """
    turns: list[tuple[str, list[Piece]]] = [(first, [])]
    for piece in pieces:
        if not isinstance(piece, Text):
            turns[-1][1].append(piece)
            continue
        at = 0
        for found in line.finditer(piece.text):
            turns[-1][1].append(Text(piece.text[at : found.start()]))
            turns.append((found[1].casefold(), []))
            at = found.end()
        turns[-1][1].append(Text(piece.text[at:]))
    return [Turn(role, tuple(said)) for role, said in turns]
