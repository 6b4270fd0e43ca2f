"""Which parts of two sequences are the same, as differences are made of; whatever they are, at a bounded cost."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["Matcher"]

#: How many pairs of equal items difflib is given at once. What it does with n of them takes up to n**1.5 / 3 steps:
#: texts of many paragraphs of which none is the same, with an empty line between them, are such a case.
_MOST_PAIRS = 20_000

_Block = tuple[int, int, int]


class Matcher(difflib.SequenceMatcher[str]):
    """Matches lines or words. What both begin and end with is set aside first.

    What remains is difflib's where that is little work; else items that are in both once only are matched with each
    other, as many as keep their order, and difflib does what lies between.
    """

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, autojunk=False)
        self._size = len(old) + len(new)
        self._found = list(_opcodes(_blocks(old, new), len(old), len(new)))

    def get_opcodes(self) -> list[Any]:
        """What to do to make the newer of the older."""
        return list(self._found)

    def ratio(self) -> float:
        """How much is the same, from 0 to 1."""
        same = sum(b - a for tag, a, b, _, _ in self._found if tag == "equal")
        return 2 * same / self._size if self._size else 1.0


def _opcodes(blocks: Sequence[_Block], old: int, new: int) -> Iterator[tuple[str, int, int, int, int]]:
    merged: list[_Block] = []
    for a, b, size in blocks:
        if not size:
            continue
        last_a, last_b, last = merged[-1] if merged else (0, 0, 0)
        if last and (last_a + last, last_b + last) == (a, b):
            merged[-1] = (last_a, last_b, last + size)
        else:
            merged.append((a, b, size))
    i = j = 0
    for a, b, size in [*merged, (old, new, 0)]:
        if i < a or j < b:
            yield "replace" if i < a and j < b else "delete" if i < a else "insert", i, a, j, b
        if size:
            yield "equal", a, a + size, b, b + size
        i, j = a + size, b + size


def _blocks(old: Sequence[str], new: Sequence[str]) -> list[_Block]:
    """Runs of equal items, in order."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    stop_old, stop_new = len(old) - end, len(new) - end
    blocks = [(0, 0, start)]
    middle = old[start:stop_old], new[start:stop_new]
    anchors = [] if _pairs(*middle) <= _MOST_PAIRS else _anchors(*middle)
    left = _MOST_PAIRS
    i = j = start
    for a, b, size in [*((a + start, b + start, 1) for a, b in anchors), (stop_old, stop_new, end)]:
        between = old[i:a], new[j:b]
        cost = _pairs(*between)
        if cost <= left:
            left -= cost
            found = difflib.SequenceMatcher(None, *between, autojunk=False).get_matching_blocks() if cost else []
            blocks += [(i + x, j + y, n) for x, y, n in found]
        blocks.append((a, b, size))
        i, j = a + size, b + size
    return blocks


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _pairs(old: Sequence[str], new: Sequence[str]) -> int:
    counts = Counter(new)
    return sum(counts[each] for each in old)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places of items that are in both once only: the longest row of them that is in order in both."""
    here, there = Counter(old), Counter(new)
    places = {each: j for j, each in enumerate(new) if there[each] == 1}
    once = [(i, places[each]) for i, each in enumerate(old) if here[each] == 1 and each in places]
    ends: list[int] = []  # the smallest place in `new` at which a row of each length ends
    which: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(once):
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        which[length : length + 1] = [index]
        before.append(which[length - 1] if length else -1)
    row = []
    at = which[-1] if which else -1
    while at >= 0:
        row.append(once[at])
        at = before[at]
    return row[::-1]
