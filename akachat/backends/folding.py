"""Other orders of the same messages, for chat templates that refuse the one given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akachat.messages import Message

__all__ = ["foldings"]

Folded = tuple[tuple[Message, ...], tuple[str, ...]]
_SYSTEM = ("system", "developer")
_FIRST_SYSTEM = "the chat template takes system texts only first: they were joined there."
_FIRST_USER = "the chat template takes no system message: its text was put before the first user's."
_TURNS = "the chat template wants user and assistant in turn: neighbours of one role were joined."


def foldings(messages: Sequence[Message]) -> Iterator[Folded]:
    """The messages as they are, then folded more and more, each with the notes for the trace.

    First later system texts join one at the beginning, then all join the first user message (a template that knows
    no system, such as Gemma's); with each also a step that joins neighbours of the same role, for strict turns.
    """
    given = tuple(messages)
    yield given, ()
    tried = [given]
    for fold, note in ((_into_first_system, _FIRST_SYSTEM), (_into_first_user, _FIRST_USER)):
        folded = fold(given)
        notes = (note,) if folded != given else ()
        for turns, more in ((folded, notes), (_joined(folded), (*notes, _TURNS))):
            if turns not in tried:
                tried.append(turns)
                yield turns, more


def _into_first_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    texts = [m.content for m in messages if m.role in _SYSTEM]
    if not texts:
        return messages
    return (Message("system", "\n\n".join(texts)), *(m for m in messages if m.role not in _SYSTEM))


def _into_first_user(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    texts = [m.content for m in messages if m.role in _SYSTEM]
    rest = [m for m in messages if m.role not in _SYSTEM]
    if not texts:
        return messages
    at = next((i for i, m in enumerate(rest) if m.role == "user"), None)
    if at is None:
        return (Message("user", "\n\n".join(texts)), *rest)
    first = rest[at]
    rest[at] = Message(first.role, "\n\n".join([*texts, first.content]), first.extra)
    return tuple(rest)


def _joined(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else None
        if last and last.role == message.role != "tool" and not last.extra and not message.extra:
            joined[-1] = Message(last.role, f"{last.content}\n\n{message.content}")
        else:
            joined.append(message)
    return tuple(joined)
