"""Line breaks of a model that writes a text of its own for them, such as ``<NL>``."""

from __future__ import annotations

__all__ = ["Newlines"]


class Newlines:
    """Passes text on with line breaks for every ``newline`` in it, wherever the pieces were cut.

    What may still become one is held back.
    """

    def __init__(self, newline: str) -> None:
        self._newline = newline
        self._held = ""

    def push(self, text: str) -> str:
        """What of the text so far is sure."""
        if not self._newline:
            return text
        *whole, rest = (self._held + text).split(self._newline)
        keep = next((size for size in range(len(self._newline) - 1, 0, -1) if rest.endswith(self._newline[:size])), 0)
        self._held = rest[len(rest) - keep :]
        return "\n".join([*whole, rest[: len(rest) - keep]])

    def flush(self) -> str:
        """What was held back, once nothing more will come."""
        held, self._held = self._held, ""
        return held
