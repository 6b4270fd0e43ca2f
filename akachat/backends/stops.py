"""The stop texts that end an answer, wherever its pieces are cut."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["StopTexts"]


class StopTexts:
    """Passes text on until one of the stop texts is complete; neither it nor anything after it comes out.

    What may still become a stop text is held back. The stop text that is complete first wins, wherever the pieces
    were cut.
    """

    def __init__(self, stops: Sequence[str], before: str = "") -> None:
        """Args:
        before: what the text goes on from and was shown earlier; a stop text may have begun in it.
        """
        self._stops = tuple(stop for stop in stops if stop)
        self._longest = max(map(len, self._stops), default=0)
        self._held = before[len(before) - self._undecided(before) :]
        self._shown = len(self._held)
        self.stopped = False

    def push(self, text: str) -> str:
        """What of the text so far can be shown; ``stopped`` says that there will be no more."""
        if self.stopped:
            return ""
        if not self._stops:
            return text
        text = self._held + text
        found = [(at + len(stop), at) for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[self._shown : min(found)[1]]
        decided = len(text) - self._undecided(text)
        self._held = text[decided:]
        shown, self._shown = self._shown, max(0, self._shown - decided)
        return text[shown:decided]

    def flush(self) -> str:
        """What was held back, once the answer has ended without it becoming a stop text."""
        held, self._held = self._held[self._shown :], ""
        return held

    def _undecided(self, text: str) -> int:
        """Length of the longest end of the text that some stop text begins with."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            end = text[len(text) - size :]
            if any(stop.startswith(end) for stop in self._stops):
                return size
        return 0
