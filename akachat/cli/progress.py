"""How far a load or a download is, as one line of the terminal that writes itself over."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from akachat.backends.base import Progress

__all__ = ["ProgressLine", "describe", "size"]

_STAGES = {
    "open": "opening",
    "download": "downloading",
    "wait": "waiting for room",
    "read": "reading",
    "quantise": "quantising",
    "move": "moving to the device",
}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class ProgressLine:
    """The line, on the standard error; nothing is shown where that is no terminal."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, name: str, progress: Progress) -> None:
        """Replaces the line by how far a model is."""
        self.tell(name, describe(progress))

    def tell(self, name: str, words: str) -> None:
        """Replaces the line."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{name}: {words}", end="", file=sys.stderr, flush=True)
            self._shown = True

    def clear(self) -> None:
        """Takes the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


def describe(progress: Progress) -> str:
    """In words: what is done now, how much of it, and of how much."""
    words = _STAGES.get(progress.stage, progress.stage)
    if progress.percent is None:
        return f"{words} …"
    if progress.unit == "bytes":
        return f"{words} {progress.percent} % ({size(progress.done)} of {size(progress.total)})"
    return f"{words} {progress.percent} %"


def size(count: float) -> str:
    """A number of bytes as people write it."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit in ("bytes", "kB") else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes everything")
