"""Whose turn it is in memory: which model is loaded next, and which one makes room for it, and when."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from akachat.backends.local.keeping.entry import Entry

__all__ = ["Step", "next_step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done now.

    ``load`` it, ``leave`` (no new callers), ``close`` it, ``drop`` (nobody wants it any more), ``refuse`` (there is no
    room and nothing can make some), or ``rest`` for so many seconds, unless something happens.
    """

    do: Literal["load", "leave", "close", "drop", "refuse", "rest"]
    entry: Entry | None = None
    seconds: float = math.inf


def next_step(
    entries: Sequence[Entry], now: float, *, most: int, idle: float, turn: float, fits: Callable[[Entry], bool]
) -> Step:
    """What is to be done now.

    A model in use is never closed: its callers finish first. While another model waits for its place, requests of
    the one in memory go first for a turn, so that two models asked alternately are not loaded for every request; and
    one that is unused for a moment stays for as long as loading it again would take, but no longer than a turn.

    Args:
        entries: the models that count, the ones that ship do not.
        most: how many there may be in memory.
        idle: seconds after which an unused one goes; 0 for never.
        turn: the seconds of a turn.
        fits: whether there is memory for one.
    """
    loaded = [entry for entry in entries if entry.state == "loaded"]
    going = [entry for entry in entries if entry.state in ("leaving", "closing", "dropped")]
    for entry in going:
        if entry.state == "leaving" and not entry.users:
            return Step("close", entry)
    waiting = sorted((entry for entry in entries if entry.state == "waiting"), key=lambda entry: entry.since)
    for entry in waiting:
        if not entry.users and not entry.pinned:
            return Step("drop", entry)
    unused = sorted((entry for entry in loaded if not entry.users), key=lambda entry: entry.quiet)
    seconds = math.inf
    if idle and unused:
        seconds = unused[0].quiet + idle - now
        if seconds <= 0:
            return Step("close", unused[0])
    leaving = {entry.source for entry in going}
    first = next((entry for entry in waiting if entry.source not in leaving), None)
    if first is None:
        return Step("rest", seconds=seconds)
    held = len(loaded) + sum(entry.state != "dropped" for entry in going)
    if held < most and fits(first):
        return Step("load", first)
    if any(entry.state != "dropped" for entry in going):
        return Step("rest", seconds=seconds)  # somebody makes room already
    if not loaded:
        return Step("refuse", first)
    if unused:
        goes = unused[0]
        due = goes.quiet + min(goes.cost, turn)
    else:
        goes = min(loaded, key=lambda entry: entry.loaded_at)
        due = max(first.since, goes.loaded_at) + turn
    if due <= now:
        return Step("close" if unused else "leave", goes)
    return Step("rest", seconds=min(seconds, due - now))
