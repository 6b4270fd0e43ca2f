"""Beginnings that were read before: the next request that begins alike does not read them again."""

from __future__ import annotations

from akachat.backends.local.engine.tensors import Ids, Segment, common

__all__ = ["PrefixCache"]

#: More entries would make looking one up slower than it is worth (3 µs for each).
_MOST = 512


class PrefixCache:
    """Segments by what they hold, within a bound of memory; the one unused for longest goes first.

    One cache serves one state of the weights: an adapter changes what a model remembers, so each has a cache of its
    own, with its share of the bound.

    Args:
        most: bytes of all segments together; 0 keeps none.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: list[Segment] = []
        self._clock = 0

    @property
    def bytes(self) -> int:
        """Memory of all segments, and of what they stand on."""
        held = {id(s): s for entry in self._entries for s in (entry, entry.base) if s is not None}
        return sum(segment.bytes for segment in held.values())

    @property
    def enabled(self) -> bool:
        """Whether anything is kept."""
        return self._most > 0

    def find(self, ids: Ids, *, whole: bool = False) -> tuple[Segment | None, int]:
        """The segment that begins like the tokens for longest, and for how many.

        Args:
            whole: only segments that the tokens go on from, since what they remember cannot go back.
        """
        best, most = None, 0
        for entry in reversed(self._entries):
            size = common(entry.ids, ids)
            if size > most and (not whole or size == len(entry.ids)):
                best, most = entry, size
        if best is not None:
            self._touch(best)
            if best.base is not None and most <= best.base_tokens and not whole:
                return best.base, most
        return best, most

    def add(self, segment: Segment) -> None:
        """Keeps a segment, in the place of those that it continues and that nobody shares."""
        if not self.enabled:
            return
        self._entries = [
            entry
            for entry in self._entries
            if entry.shared or len(entry.ids) > len(segment.ids) or common(entry.ids, segment.ids) < len(entry.ids)
        ]
        self._entries.append(segment)
        self._touch(segment)
        self.shrink()

    def limit(self, most: int) -> None:
        """Sets another bound, and lets go what is beyond it."""
        self._most = most
        self.shrink()

    def shrink(self) -> None:
        """Lets the oldest go until the rest is within the bound."""
        while self._entries and (len(self._entries) > _MOST or self.bytes > self._most):
            self._entries.remove(min(self._entries, key=lambda entry: entry.used))

    def clear(self) -> None:
        """Lets everything go."""
        self._entries.clear()

    def _touch(self, segment: Segment) -> None:
        self._clock += 1
        segment.used = self._clock
        if segment.base is not None:
            segment.base.used = self._clock
