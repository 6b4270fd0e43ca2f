"""What is asked of the model: a request within its bounds, and the prompt as it is sent."""

from __future__ import annotations

from dataclasses import replace

from akachat.backends.base import Backend, Prepared, Request
from akachat.backends.tokens import estimate_chat
from akachat.errors import InvalidInput
from akachat.events import Rendered, RunRequest
from akachat.live import Live
from akachat.settings import Limits
from akachat.template import Rendering

__all__ = ["MOST_TOKENS", "check_size", "describe", "prepare", "spelled"]

#: So many tokens of a prompt are shown one by one.
MOST_TOKENS = 4096


def check_size(request: RunRequest, limits: Limits) -> None:
    """Refuses a request that is larger than this server takes, before anything is done for it.

    Raises:
        InvalidInput: what is too large, and the limit's name.
    """
    longest = max((*(len(m.content) for m in request.messages), len(request.continues)))
    for name, what, size, most in (
        ("input_characters", "characters of input", len(request.input), limits.input_characters),
        ("messages_count", "messages", len(request.messages), limits.messages_count),
        ("message_characters", "characters in one message", longest, limits.message_characters),
    ):
        if size > most:
            raise InvalidInput(f"{size:,} {what} are more than {most:,}", hint=f"The limit is limits.{name}.")


async def prepare(live: Live, backend: Backend, request: Request) -> Prepared:
    """What the backend will send; a preview asks nobody beyond this machine, and estimates instead."""
    if live.dry and not backend.is_at_hand(request.options):
        model = request.options.model
        note = f"The prompt's exact form and length are known once {model} has been loaded by a run."
        prepared = Prepared(None, request.messages, estimate_chat(request.messages), exact=False, notes=(note,))
    else:
        prepared = await backend.prepare(request)
    live.notes += prepared.notes
    if live.cut:
        live.cut = replace(live.cut, exact=prepared.exact)
    return prepared


async def spelled(backend: Backend, request: Request, prepared: Prepared, rendered: Rendered) -> Rendered:
    """The same with the prompt's tokens one by one, or with a note why they are not known."""
    tokens = await backend.spell(request, prepared, MOST_TOKENS) if prepared.exact else None
    if tokens is not None:
        return replace(rendered, token_list=tokens)
    if prepared.own is None:  # said already: a run has to load the model first
        return rendered
    note = f"Which tokens {request.options.model} makes of this is not known here: its tokenizer is on its server."
    return replace(rendered, notes=(*rendered.notes, note))


def describe(live: Live, prepared: Prepared, rendering: Rendering) -> Rendered:
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
        dropped=live.dropped,
        cut=live.cut,
        raw=live.request.raw,
        calls=rendering.calls,
        options={**live.options.to_dict(), **prepared.options},
    )
