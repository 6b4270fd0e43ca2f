"""Where a model's memory of its tokens lives: segments that many rows share, and tails with a slot for each row.

Attention layers remember a key and a value a token, convolutions their inputs. Both are *planes* whose third axis
counts tokens, so everything here treats them alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

__all__ = ["Ids", "Segment", "Tails", "common"]

#: Token ids, ``int64[tokens]``.
Ids = Any


def common(one: Ids, other: Ids) -> int:
    """How many tokens two sequences begin with alike."""
    size = min(len(one), len(other))
    differ = np.nonzero(one[:size] != other[:size])[0]
    return int(differ[0]) if len(differ) else size


class Segment:
    """What a model remembers of a run of tokens from the beginning on; it never changes.

    Attributes:
        ids: the tokens, those of the base included.
        planes: for each layer its planes ``[1, …, own tokens, …]``; none for a layer that remembers nothing.
        base, base_tokens: the segment that stands before the own tokens, and how many of its tokens count.
        shared: whether several requests were seen to begin with it.
        used: the cache's clock when it was last useful.
        bytes: memory of the own planes.
    """

    __slots__ = ("base", "base_tokens", "bytes", "ids", "planes", "shared", "used")

    def __init__(
        self, ids: Ids, planes: Sequence[Sequence[Any]], base: Segment | None = None, base_tokens: int = 0
    ) -> None:
        self.ids = ids
        self.planes = planes
        self.base = base
        self.base_tokens = base_tokens
        self.shared = False
        self.used = 0
        self.bytes = _bytes(planes)

    def flatten(self) -> None:
        """Takes the base's tokens into the own planes: rows attend to one run of memory, not to a chain."""
        base = self.base
        if base is None:
            return
        base.flatten()
        self.planes = [
            [torch.cat([old[:, :, : self.base_tokens], own], 2) for old, own in zip(before, layer, strict=True)]
            for before, layer in zip(base.planes, self.planes, strict=True)
        ]
        self.base, self.base_tokens = None, 0
        self.bytes = _bytes(self.planes)


class Tails:
    """Planes with a slot for each row, filled from position 0 on; they grow as rows and tokens come.

    Slots hold zeros or what an earlier row left there, both finite: what a mask hides is still computed, and a NaN
    would not stay hidden.

    Args:
        rows, tokens: the room to begin with.
    """

    def __init__(self, rows: int, tokens: int) -> None:
        self.rows = rows
        self.tokens = tokens
        self._planes: dict[int, list[Any]] = {}
        self._states: dict[int, Any] = {}

    def planes(self, layer: int, like: Sequence[Any]) -> list[Any]:
        """The planes of a layer; made at first use, shaped like what is to be written there."""
        found = self._planes.get(layer)
        if found is None:
            found = self._planes[layer] = [
                plane.new_zeros(self.rows, plane.shape[1], self.tokens, *plane.shape[3:]) for plane in like
            ]
        return found

    def state(self, layer: int, like: Any, size: int) -> Any:
        """The newest ``size`` inputs of a convolution, for each row: ``[rows, channels, size]``."""
        found = self._states.get(layer)
        if found is None:
            found = self._states[layer] = like.new_zeros(self.rows, like.shape[1], size)
        return found

    def reserve(self, rows: int, tokens: int) -> None:
        """Makes room for so many rows of so many tokens."""
        if rows <= self.rows and tokens <= self.tokens:
            return
        before_rows, before_tokens = self.rows, self.tokens
        if rows > self.rows:
            self.rows = max(rows, self.rows * 2)
        if tokens > self.tokens:
            self.tokens = max(tokens, self.tokens + self.tokens // 2 + 32)
        for planes in self._planes.values():
            for at, old in enumerate(planes):
                planes[at] = old.new_zeros(self.rows, old.shape[1], self.tokens, *old.shape[3:])
                planes[at][:before_rows, :, :before_tokens] = old
        for layer, old in self._states.items():
            self._states[layer] = old.new_zeros(self.rows, *old.shape[1:])
            self._states[layer][:before_rows] = old

    def begin(self, row: int, segment: Segment | None, tokens: int, sizes: Sequence[int], *, copy: bool) -> None:
        """Makes a row continue after the first ``tokens`` of a segment.

        Args:
            sizes: for each layer how many inputs its convolution looks back; 0 for attention.
            copy: whether the segment's memory is written into the row, too.
        """
        for layer, size in enumerate(sizes):
            if segment is None or not segment.planes[layer]:
                if layer in self._states:
                    self._states[layer][row] = 0
                continue
            source = [plane[:, :, :tokens] for plane in segment.planes[layer]]
            if copy:
                for plane, old in zip(self.planes(layer, source), source, strict=True):
                    plane[row, :, :tokens] = old[0]
            if size:
                state = self.state(layer, source[0], size)[row]
                state.zero_()
                newest = source[0][0, :, -size:]
                state[:, size - newest.shape[1] :] = newest

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Copies a row's slot."""
        for planes in self._planes.values():
            for plane in planes:
                plane[target, :, :tokens] = plane[source, :, :tokens]
        for state in self._states.values():
            state[target] = state[source]

    def take(self, row: int, tokens: int, layers: int, *, whole: bool = False) -> list[list[Any]]:
        """The first tokens of a row as planes of their own; ``whole`` where the row is all there is, uncopied."""
        if whole:
            return [list(self._planes.get(layer, ())) for layer in range(layers)]
        return [
            [plane[row : row + 1, :, :tokens].clone() for plane in self._planes.get(layer, ())]
            for layer in range(layers)
        ]

    @property
    def bytes(self) -> int:
        """Memory of all slots."""
        return _bytes(self._planes.values())


def _bytes(planes: Iterable[Iterable[Any]]) -> int:
    return sum(plane.numel() * plane.element_size() for layer in planes for plane in layer)
