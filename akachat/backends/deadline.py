"""Ends Python code that computes for too long, a chat template's loops for example."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Any

from akachat.errors import ModelError

__all__ = ["at_most"]


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises out of whatever the block calls once it has taken this long.

    A trace function looks at the clock at every line: a timer would have to interrupt the thread from outside, at a
    place that nobody knows. It makes the block some times slower, so it is for what somebody else wrote.

    Raises:
        ModelError: the time was over.
    """
    deadline = monotonic() + seconds

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        if monotonic() > deadline:
            raise ModelError(
                f"the chat template computes for longer than {seconds:g} s",
                hint="The limit is limits.render_seconds.",
            )
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
