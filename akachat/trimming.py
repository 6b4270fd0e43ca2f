"""A run's history within its budget: what goes, the summary that stands for it, and the report of both."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from akachat.backends.base import Backend, Request
from akachat.backends.tokens import estimate_chat
from akachat.conversation import Conversation
from akachat.defaults import DEFAULTS
from akachat.errors import BackendError, Busy
from akachat.events import Cut
from akachat.live import Live
from akachat.messages import Message, Trimmed, format_messages, trim
from akachat.options import Options
from akachat.summaries import Summaries

__all__ = ["Trimmer"]

Count = Callable[[Sequence[Message]], int]

#: Summaries that are remembered; the one unused for longest goes first.
_MOST_KNOWN = 256
#: A summary takes room itself, for which further turns may have to go, and then it must tell of those too.
_MOST_TRIES = 3


class Trimmer:
    """Cuts histories, and remembers the summaries: a chat of many turns asks for the same ones again and again."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, str] = OrderedDict()

    async def trim(self, live: Live, backend: Backend, conversation: Conversation, by: Summaries) -> Conversation:
        """The conversation with its history within the budget of the run's options; ``live`` is told what went."""
        options = live.options
        threshold = options.history_target if options.history_threshold is None else options.history_threshold
        at_hand = not live.dry or backend.is_at_hand(options)
        rule = "history_threshold"
        if threshold is None and live.memory and conversation.history and at_hand:
            # A session grows by itself: without a rule of its own it would one day be longer than the model reads.
            threshold, rule = await _room(backend, options), "context"
        if not conversation.history or (threshold is None and options.history_turns is None):
            return conversation
        if not at_hand:
            count: Count = estimate_chat
        else:
            count = await backend.counter(Request(live.id, conversation.messages(), options))
        trimmed = trim(
            conversation.history,
            lambda history: count(conversation.messages(history)),
            threshold=threshold,
            target=options.history_target,
            turns=options.history_turns,
        )
        if not trimmed.dropped:
            return conversation
        rules = tuple(rule if each == "history_threshold" else each for each in trimmed.rules)
        cut = Cut(rules, len(trimmed.dropped), trimmed.before, trimmed.tokens)
        if options.history_summary:
            bound = threshold
            if threshold is not None and "history_threshold" in trimmed.rules:
                bound = min(threshold, options.history_target or threshold)
            summary = _Summary(self, live, by, lambda history: count(conversation.messages(history)), bound)
            trimmed, cut = await summary.added(options.history_summary, trimmed, cut)
        live.cut, live.dropped = cut, trimmed.dropped
        live.notes += (
            f"{cut.dropped} oldest turns of the history were cut by {' and '.join(cut.rules)}: "
            f"{cut.tokens_before:,} tokens became {cut.tokens_after:,}",
        )
        if threshold is not None and rule != "context" and cut.tokens_after > threshold:
            live.notes += (f"the prompt is longer than history_threshold ({threshold:,}) even without its history",)
        return Conversation(conversation.head, trimmed.kept, conversation.tail)

    async def summary(self, name: str, dropped: Sequence[Message], by: Summaries, *, dry: bool) -> tuple[str, bool]:
        """The summary of some messages, and whether it was known; empty in a dry run that would have to ask for it.

        What is known of their beginning is not read again: its summary stands in its place.
        """
        keys = _keys(name, by.version(name), dropped)
        if (known := self._recall(keys[-1])) is not None:
            return known, True
        if dry:
            return "", False
        text = format_messages(dropped)
        for size in range(len(dropped) - 1, 0, -1):
            if (begun := self._recall(keys[size - 1])) is not None:
                text = format_messages([Message("system", begun), *dropped[size:]])
                break
        summary = (await by.summarise(name, text)).strip()
        if summary:
            self._known[keys[-1]] = summary
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return summary, False

    def _recall(self, key: bytes) -> str | None:
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known


class _Summary:
    """Puts a summary in the place of what a run's history loses."""

    def __init__(self, trimmer: Trimmer, live: Live, by: Summaries, count: Count, bound: int | None) -> None:
        self._trimmer = trimmer
        self._live = live
        self._by = by
        self._count = count
        self._bound = bound

    async def added(self, name: str, trimmed: Trimmed, cut: Cut) -> tuple[Trimmed, Cut]:
        """What is kept with the summary before it, and the report; as it was where there is no summary."""
        now = trimmed
        for _ in range(_MOST_TRIES):
            try:
                text, known = await self._trimmer.summary(name, now.dropped, self._by, dry=self._live.dry)
            except (BackendError, Busy) as error:
                self._note(f"the summary by {name!r} failed, so the turns went without one: {error.message}")
                return trimmed, cut
            if not text:
                what = "is made when the prompt is run" if self._live.dry else "was empty"
                self._note(f"the summary by {name!r} {what}")
                return trimmed, cut
            summary = Message("system", text)
            tokens = self._count((summary, *now.kept))
            if self._bound is None or tokens <= self._bound:
                kept = (summary, *now.kept)
                told = replace(cut, dropped=len(now.dropped), tokens_after=tokens)
                told = replace(told, summary=text, summary_by=name, summary_known=known)
                return replace(now, kept=kept, tokens=tokens), told
            more = trim(now.kept, lambda history, s=summary: self._count((s, *history)), threshold=self._bound)  # type: ignore[misc]
            if not more.dropped or more.tokens > self._bound:
                break
            now = replace(now, kept=more.kept, dropped=(*now.dropped, *more.dropped))
        self._note(f"the summary by {name!r} is too long for history_threshold, so the turns went without one")
        return trimmed, cut

    def _note(self, note: str) -> None:
        self._live.notes += (note,)


async def _room(backend: Backend, options: Options) -> int | None:
    """How long a prompt may be that leaves room for its answer; None where nobody knows."""
    context = await backend.context(options)
    answer = options.max_new_tokens or DEFAULTS["max_new_tokens"]
    return None if context is None else context - min(answer, context // 2)


def _keys(name: str, version: str, messages: Sequence[Message]) -> list[bytes]:
    """A key for each beginning of the messages, the last for all of them."""
    digest = hashlib.blake2b(_sized(name, version), digest_size=16)
    keys = []
    for message in messages:
        digest.update(_sized(message.role, message.content))
        keys.append(digest.digest())
    return keys


def _sized(*texts: str) -> bytes:
    """Texts as bytes that no other texts give."""
    return b"".join(b"%d:%b" % (len(data), data) for data in (text.encode("utf-8", "surrogatepass") for text in texts))
