"""What is said to the model: the instruction's messages, the history and the input, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akachat.messages import Message
from akachat.template import Rendering

__all__ = ["Conversation", "compose"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The three parts of what is sent; only the history may be trimmed.

    Attributes:
        head: what the instruction says, as system messages and the messages it made itself.
        history: the turns before the newest one.
        tail: the newest input as a user message, or nothing; then the answer to it that is to be continued.
    """

    head: tuple[Message, ...]
    history: tuple[Message, ...]
    tail: tuple[Message, ...]

    def messages(self, history: Sequence[Message] | None = None) -> tuple[Message, ...]:
        """All in order, with another history where one is given."""
        return (*self.head, *(self.history if history is None else history), *self.tail)


def compose(rendering: Rendering, history: Sequence[Message], input: str, continues: str = "") -> Conversation:
    """Puts an instruction, a history and an input together.

    An empty input makes no message. Where nobody speaks as the user, the instruction is what the user says: many
    models answer nothing without a user turn. Where nothing is said at all, there are no messages.

    Args:
        continues: the answer so far, as an assistant's turn that stays open.
    """
    head = rendering.messages()
    tail: tuple[Message, ...] = (Message("user", input),) if input.strip() else ()
    if not tail and not any(m.role == "user" for m in (*head, *history)):
        head = tuple(Message("user", m.content, m.extra) if m.role == "system" else m for m in head)
    if continues:
        tail += (Message("assistant", continues),)
    return Conversation(head, tuple(history), tail)
