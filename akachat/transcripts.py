"""A conversation as a text to take elsewhere: Markdown, JSON lines of messages, or lines of `user:` and `ai:`."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from akachat.errors import InvalidInput
from akachat.messages import Message, format_messages
from akachat.workspace import RUN

__all__ = ["KINDS", "write_transcript"]

KINDS = ("markdown", "jsonl", "text")


def write_transcript(title: str, messages: Iterable[Message], kind: str) -> str:
    """The conversation in one of ``KINDS``.

    Raises:
        InvalidInput: there is no such kind.
    """
    plain = [Message(m.role, m.content, {k: v for k, v in m.extra.items() if k != RUN}) for m in messages]
    match kind:
        case "jsonl":
            return "".join(orjson.dumps(m.to_dict(), option=orjson.OPT_APPEND_NEWLINE).decode() for m in plain)
        case "text":
            return format_messages(plain) + "\n" if plain else ""
        case "markdown":
            turns = (f"## {m.role}\n\n{m.content.strip()}\n" for m in plain)
            return "\n".join([*([f"# {title}\n"] if title else []), *turns])
    raise InvalidInput(f"there is no transcript of the kind {kind!r}", hint=f"There are {', '.join(KINDS)}.")
