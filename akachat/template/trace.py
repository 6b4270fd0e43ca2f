"""The calls of one rendering as they happen, and in the order of the text when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from akachat.template.rendering import Call, Outcome
from akachat.template.values import shorten, show_arguments

__all__ = ["Trace"]


class Trace:
    """Records calls; each is told at once to whoever listens."""

    def __init__(self, on_call: Callable[[Call], None] | None = None) -> None:
        self.began = time.perf_counter()
        self._on_call = on_call
        self._calls: list[tuple[tuple[int, int], int, Call]] = []

    def listen(self, on_call: Callable[[Call], None] | None) -> None:
        """Tells the calls so far, and from now on each at once."""
        self._on_call = on_call
        if on_call is not None:
            for _, _, call in self._calls:
                on_call(call)

    def now(self) -> float:
        """Seconds since the rendering began."""
        return time.perf_counter() - self.began

    def add(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        place: tuple[int, int],
        started: float,
        result: object = "",
        error: str = "",
    ) -> None:
        """Adds a finished call."""
        detail, calls = (result.detail, result.calls) if isinstance(result, Outcome) else ({}, ())
        value = result.value if isinstance(result, Outcome) else result
        call = Call(
            name,
            show_arguments(args, kwargs),
            "" if error else shorten(value),
            place[0],
            place[1],
            started,
            self.now() - started,
            error,
            detail,
            calls,
        )
        self._calls.append((place, len(self._calls), call))
        if self._on_call:
            self._on_call(call)

    def calls(self) -> tuple[Call, ...]:
        """All calls in the order of the text; calls of one place in the order in which they were made."""
        return tuple(c for _, _, c in sorted(self._calls, key=lambda entry: (entry[0], entry[2].started, entry[1])))
