"""What is asked of the model: a request within its bounds, a history within its budget, the prompt as it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from akachat.backends.base import Backend, Prepared, Request
from akachat.backends.tokens import estimate_chat
from akachat.conversation import Conversation
from akachat.errors import InvalidInput
from akachat.events import Rendered, RunRequest
from akachat.live import Live
from akachat.messages import Message, format_messages, trim
from akachat.settings import Limits
from akachat.template import Rendering

__all__ = ["check_size", "describe", "prepare", "trim_history"]


def check_size(request: RunRequest, limits: Limits) -> None:
    """Refuses a request that is larger than this server takes, before anything is done for it.

    Raises:
        InvalidInput: what is too large, and the limit's name.
    """
    longest = max((len(m.content) for m in request.messages), default=0)
    for name, what, size, most in (
        ("input_characters", "characters of input", len(request.input), limits.input_characters),
        ("messages_count", "messages", len(request.messages), limits.messages_count),
        ("message_characters", "characters in one message", longest, limits.message_characters),
    ):
        if size > most:
            raise InvalidInput(f"{size:,} {what} are more than {most:,}", hint=f"The limit is limits.{name}.")


async def trim_history(
    live: Live, backend: Backend, conversation: Conversation, summarise: Callable[[str, str], Awaitable[str]]
) -> tuple[Conversation, tuple[Message, ...]]:
    """The conversation with its history within the budget of the run's options, and the turns that went.

    Args:
        summarise: gives the answer of a prompt of some name to a text; asked where the options want a summary.
    """
    options = live.options
    if not conversation.history or (options.history_threshold is None and options.history_turns is None):
        return conversation, ()
    if live.dry and not backend.is_at_hand(options):
        count: Callable[[Sequence[Message]], int] = estimate_chat
    else:
        count = await backend.counter(Request(live.id, conversation.messages(), options))
    trimmed = trim(
        conversation.history,
        lambda history: count(conversation.messages(history)),
        threshold=options.history_threshold,
        target=options.history_target,
        turns=options.history_turns,
    )
    kept = trimmed.kept
    if trimmed.dropped:
        live.notes += (f"{len(trimmed.dropped)} oldest turns of the history were cut",)
        if options.history_summary and not live.dry:
            summary = await summarise(options.history_summary, format_messages(trimmed.dropped))
            kept = (Message("system", summary), *kept)
    return Conversation(conversation.head, kept, conversation.tail), trimmed.dropped


async def prepare(live: Live, backend: Backend, request: Request) -> Prepared:
    """What the backend will send; a preview asks nobody beyond this machine, and estimates instead."""
    if live.dry and not backend.is_at_hand(request.options):
        model = request.options.model
        note = f"The prompt's exact form and length are known once {model} has been loaded by a run."
        prepared = Prepared(None, request.messages, estimate_chat(request.messages), exact=False, notes=(note,))
    else:
        prepared = await backend.prepare(request)
    live.notes += prepared.notes
    return prepared


def describe(live: Live, prepared: Prepared, rendering: Rendering, dropped: Sequence[Message]) -> Rendered:
    """The event that tells what the model receives."""
    return Rendered(
        live.id,
        live.next_seq(),
        text=rendering.text,
        spans=rendering.spans,
        messages=prepared.messages,
        prompt=prepared.prompt,
        tokens=prepared.tokens,
        exact=prepared.exact,
        notes=live.notes,
        dropped=tuple(dropped),
        calls=rendering.calls,
        options={**live.options.to_dict(), **prepared.options},
    )
