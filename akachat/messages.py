"""Chat messages, the text form of a conversation, and trimming a history to a token budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from akachat.errors import InvalidInput

__all__ = ["ROLES", "Message", "Trimmed", "format_messages", "parse_message", "parse_messages", "trim"]

ROLES = ("system", "developer", "user", "assistant", "tool")

#: What may stand before the colon of a line, and the role it means.
_SPEAKERS = {"user": "user", "ai": "assistant", "assistant": "assistant", "system": "system"}
_LINE = re.compile(r"[ \t]*(user|ai|assistant|system)[ \t]*[:：][ \t]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as OpenAI's chat API has it.

    Attributes:
        role: one of ``ROLES``.
        content: its text; empty for an assistant turn that only calls tools.
        extra: other keys of the turn (``name``, ``tool_calls``, ``tool_call_id``), kept as they came.
    """

    role: str
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The message as a JSON object."""
        return {"role": self.role, "content": self.content, **self.extra}


def parse_message(value: object, *, where: str = "message") -> Message:
    """Reads one ``{"role", "content"}`` object; content may be OpenAI's list of text parts.

    Raises:
        InvalidInput: what is missing or wrong, and in which message.
    """
    if isinstance(value, Message):
        return value
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where} is not an object", hint='A message looks like {"role": "user", "content": "…"}.')
    role = value.get("role")
    if role == "ai":
        role = "assistant"
    if role not in ROLES:
        raise InvalidInput(f"{where} has the role {role!r}", hint="Roles are " + ", ".join(ROLES) + ".")
    extra = {str(k): v for k, v in value.items() if k not in ("role", "content")}
    # An assistant's turn may be tool calls or a refusal alone; anyone else who says nothing has made a mistake.
    return Message(role, _text(value.get("content"), where, role == "assistant" and bool(extra)), extra)


def _text(content: object, where: str, may_be_empty: bool) -> str:
    if isinstance(content, str):
        return content
    if content is None and may_be_empty:
        return ""
    if isinstance(content, Sequence):
        texts = []
        for part in content:
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, Mapping) and part.get("type") in ("text", "input_text", "output_text"):
                texts.append(str(part.get("text") or ""))
            else:
                kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
                raise InvalidInput(
                    f"{where} has a part of type {kind!r}", hint="Only text parts can be sent to a prompt."
                )
        return "".join(texts)
    raise InvalidInput(f"{where} has no text content", hint='Give "content" as a text.')


def parse_messages(value: object) -> tuple[Message, ...]:
    """Turns text or a list into messages.

    A text has lines such as ``user: …`` and ``ai: …`` (also ``assistant:``, ``system:``, either colon); a line
    without a speaker continues the one before, and a first line without one is the user's. A list holds such lines
    or ``{"role", "content"}`` objects; a line after an object begins anew.

    Raises:
        InvalidInput: an entry is neither.
    """
    if isinstance(value, str):
        return _parse_lines(_split(value))
    if isinstance(value, Mapping):
        return (parse_message(value),)
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray)):
        raise InvalidInput(
            f"messages are a text or a list, not {type(value).__name__}", hint="Write lines such as `user: …`."
        )
    messages: list[Message] = []
    lines: list[str] = []
    for index, entry in enumerate(value):
        if isinstance(entry, str):
            lines.extend(_split(entry))
        else:
            messages.extend(_parse_lines(lines))
            lines = []
            messages.append(parse_message(entry, where=f"messages[{index}]"))
    messages.extend(_parse_lines(lines))
    return tuple(messages)


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _parse_lines(lines: Sequence[str]) -> tuple[Message, ...]:
    turns: list[tuple[str, list[str]]] = []
    for line in lines:
        match = _LINE.match(line)
        if match:
            turns.append((_SPEAKERS[match[1].lower()], [line[match.end() :]]))
        elif turns:
            turns[-1][1].append(line)
        elif line.strip():
            turns.append(("user", [line]))
    messages = (Message(role, "\n".join(text).strip()) for role, text in turns)
    return tuple(m for m in messages if m.content)


def format_messages(messages: Iterable[Message]) -> str:
    """The text form of messages: what ``parse_messages`` reads back where no line looks like a speaker."""
    names = {"assistant": "ai"}
    return "\n".join(f"{names.get(m.role, m.role)}: {m.content}" for m in messages)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A history cut to its budget.

    Attributes:
        kept, dropped: the messages that stay and those that go, each oldest first.
        tokens, before: length of the whole prompt with what is kept, and with all of the history.
        rules: what made messages go: ``history_turns``, ``history_threshold``.
    """

    kept: tuple[Message, ...]
    dropped: tuple[Message, ...]
    tokens: int
    before: int
    rules: tuple[str, ...] = ()


def trim(
    history: Sequence[Message],
    count: Callable[[Sequence[Message]], int],
    *,
    threshold: int | None = None,
    target: int | None = None,
    turns: int | None = None,
) -> Trimmed:
    """Drops the oldest turns of a history.

    Args:
        history: the turns that may go, oldest first; never the instruction or the newest input.
        count: tokens of the *whole* prompt when the history is the given part of it.
        threshold: above this many tokens the history is cut; None for the target itself, or for never without one.
        target: cut until the whole prompt has at most this many; None for the threshold itself.
        turns: keep at most this many pairs (a user turn and what answered it), whatever their length.

    A pair goes as a whole, so the history never begins with an answer to a question that is gone. System messages
    are no turns: they stay, for they hold whatever the turns are about.
    """
    pairs = _pairs(history)

    def kept(first: int) -> list[Message]:
        gone = {index for pair in pairs[:first] for index in pair}
        return [message for index, message in enumerate(history) if index not in gone]

    threshold = target if threshold is None else threshold
    first, rules = 0, []
    if turns is not None and len(pairs) > turns:
        first = len(pairs) - turns
        rules.append("history_turns")
    tokens = count(kept(first))
    before = count(history) if first else tokens
    if threshold is not None and tokens > threshold and first < len(pairs):
        goal = threshold if target is None else min(target, threshold)
        # Counting is the cost here, and it falls as turns go: a binary search needs log2(n) counts.
        low, high = first, len(pairs)
        while low < high:
            middle = (low + high) // 2
            if count(kept(middle)) <= goal:
                high = middle
            else:
                low = middle + 1
        first = low
        tokens = count(kept(first))
        rules.append("history_threshold")
    gone = [history[index] for pair in pairs[:first] for index in pair]
    return Trimmed(tuple(kept(first)), tuple(gone), tokens, before, tuple(rules))


def _pairs(history: Sequence[Message]) -> list[list[int]]:
    """The places of each user turn and of what answers it."""
    pairs: list[list[int]] = []
    for index, message in enumerate(history):
        if message.role in ("system", "developer"):
            continue
        if message.role == "user" or not pairs:
            pairs.append([index])
        else:
            pairs[-1].append(index)
    return pairs
