"""One pass through the model: many new tokens of one beginning, or one new token of many rows.

A step is the model's cache for that pass: layers hand it what they would remember, and it answers their attention.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import Cache, CacheLayerMixin, LinearAttentionCacheLayerMixin

from akachat.backends.local.engine.attention import attending, causal, in_parts
from akachat.backends.local.engine.layout import Layout, Nothing, Unsupported
from akachat.backends.local.engine.tensors import CONVOLUTION, RECURRENT, Segment, Tails

__all__ = ["Decode", "Prefill"]

#: Up to so many new tokens a row, attending in parts is cheaper than joining a segment and a tail.
_FEW = 64


class _Attention(CacheLayerMixin):
    """Hands a layer's keys and values to the step, which also answers its attention."""

    is_sliding = False

    def __init__(self, step: _Step, index: int) -> None:
        super().__init__()
        self._step, self._index = step, index
        self.is_initialized = True

    def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
        """Nothing: the step has the room."""

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Takes the new keys and values; they come back as the mark by which the layer asks."""
        self._step.remember(self._index, key_states, value_states)
        return key_states, value_states

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """The length that a mask would have."""
        return self._step.before + query_length, 0

    def get_seq_length(self) -> int:
        """Tokens that were seen before this step."""
        return self._step.before

    def get_max_length(self) -> int:
        """Without a bound."""
        return -1


class _State(LinearAttentionCacheLayerMixin):
    """Hands the inputs of a convolution, and a recurrent state, to the step and takes the ones before them."""

    def __init__(self, step: _Step, index: int) -> None:
        super().__init__()
        self._step, self._index = step, index
        self.record_past = True  # so that single tokens come here as well, and not to a kernel that writes in place
        self.has_previous_state[0] = index in step.layout.recurrent and step.before > 0
        self.recurrent_states[0] = step.recurrent(index) if self.has_previous_state[0] else None

    def lazy_initialization(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the step has the room."""

    def update_conv_state(self, conv_states: Any, state_idx: int = 0, **kwargs: Any) -> Any:
        """The inputs before and the new ones: ``[rows, channels, size + new]``."""
        size = kwargs.get("conv_kernel_size") or self._step.layout.convolutions[self._index]
        if not size or state_idx:
            raise Unsupported("several convolutions in one layer")
        return self._step.convolve(self._index, conv_states, size)

    def update_recurrent_state(self, recurrent_states: Any, state_idx: int = 0, **kwargs: Any) -> Any:
        """Takes the new state."""
        if state_idx or self._index not in self._step.layout.recurrent:
            raise Unsupported("a recurrent state where none was expected")
        self._step.recur(self._index, recurrent_states)
        return recurrent_states


class _Step(ABC):
    """What both kinds of step share."""

    before: int

    def __init__(self, layout: Layout, tails: Tails, rows: slice) -> None:
        self.layout = layout
        self._tails = tails
        self._rows = rows
        self._keys: dict[int, tuple[int, Any]] = {}

    def run(self, model: Any, ids: Any, positions: Any, *, keep: Any = 1) -> Any:
        """The logits ``[rows, kept, vocabulary]``, of the last tokens, or of those at the places ``keep``."""
        layers: list[Any] = []
        for index, size in enumerate(self.layout.convolutions):
            state = size or index in self.layout.recurrent
            kind = Nothing if index in self.layout.dummies else _State if state else _Attention
            layers.append(kind() if kind is Nothing else kind(self, index))
        with attending(self):
            output = model(
                input_ids=ids,
                position_ids=positions,
                past_key_values=Cache(layers=layers),
                use_cache=True,
                logits_to_keep=keep,
            )
        return output.logits

    def remember(self, index: int, keys: Any, values: Any) -> None:
        """Writes what a layer wants remembered."""
        self._keys[id(keys)] = (index, keys)  # held, so that no other tensor gets its id meanwhile
        self._write(index, (keys, values))

    def _layer_of(self, key: Any) -> int:
        found = self._keys.get(id(key))
        if found is None:
            raise Unsupported("attention over keys that were changed after they were stored")
        return found[0]

    @abstractmethod
    def attend(self, key: Any, query: Any, scale: float, softcap: float | None, sinks: Any) -> Any:
        """As ``Attending.attend``."""

    @abstractmethod
    def _write(self, index: int, planes: Sequence[Any]) -> None:
        """Puts a layer's new planes into the rows."""

    @abstractmethod
    def convolve(self, index: int, inputs: Any, size: int) -> Any:
        """As ``_State.update_conv_state``."""

    def recurrent(self, index: int) -> Any:
        """The state of a recurrent layer before this step; None before the first."""
        return self._tails.recurrent(index, self._rows)

    def recur(self, index: int, state: Any) -> None:
        """As ``_State.update_recurrent_state``."""
        self._tails.state(index, RECURRENT, state, *state.shape[1:])[self._rows] = state


class Prefill(_Step):
    """Many new tokens of rows that stand side by side in their tails and have the same beginning.

    Args:
        first, lengths: the rows ``first, first + 1, …`` and how many new tokens each has; the longest is the pass's.
        at: how many tokens their tails hold already.
        segment, tokens: what stands before their tails.
    """

    def __init__(
        self, layout: Layout, tails: Tails, first: int, lengths: Sequence[int], at: int, segment: Segment | None,
        tokens: int,
    ) -> None:  # fmt: skip
        super().__init__(layout, tails, slice(first, first + len(lengths)))
        self.before = at + tokens
        self._lengths = lengths
        self._at, self._new = at, max(lengths)
        self._segment, self._tokens = segment, tokens
        self._masks: dict[tuple[int, Any], Any] = {}
        self._added: dict[tuple[int, Any], tuple[Any, Any]] = {}

    def read(self, model: Any, rows: Sequence[Sequence[int]]) -> Any:
        """Runs the step over the rows' tokens, shorter ones filled up; the scores of each one's last token."""
        ids = torch.zeros(len(rows), self._new, dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.as_tensor(np.asarray(row))
        positions = torch.arange(self.before, self.before + self._new).expand(len(rows), -1)
        places = sorted({length - 1 for length in self._lengths})
        # On the CPU it may index a tensor of any device: of several GPUs the last one has the scores.
        keep = torch.tensor(places) if len(places) > 1 else 1
        scores = self.run(model, ids.to(model.device), positions.to(model.device), keep=keep)
        return scores[range(len(rows)), [places.index(length - 1) for length in self._lengths]]

    def attend(self, key: Any, query: Any, scale: float, softcap: float | None, sinks: Any) -> Any:
        """See ``attention.causal``."""
        index = self._layer_of(key)
        own = [plane[self._rows, :, : self._at + self._new] for plane in self._tails.planes(index, ())]
        if self._segment is None:
            return causal(query, own[0], own[1], self._mask(index, query.device), scale, softcap, sinks)
        shared = [plane[:, :, : self._tokens] for plane in self._segment.planes[index]]
        if self._new <= _FEW:
            before, seen = self._parts(index, query)
            groups = [(None, shared[0], shared[1], before)]
            return in_parts(query, (own[0], own[1]), seen, groups, scale, softcap, sinks)
        rows = own[0].shape[0]
        own = [torch.cat([old.expand(rows, -1, -1, -1), new], 2) for old, new in zip(shared, own, strict=True)]
        return causal(query, own[0], own[1], self._mask(index, query.device), scale, softcap, sinks)

    def _parts(self, index: int, query: Any) -> tuple[Any, Any]:
        """What of the segment (None: all) and what of the tails is seen, as numbers to be added to scores."""
        known = self._added.get((self.layout.windows[index], query.device))
        if known is None:
            mask = self._mask(index, query.device)
            added = query.new_zeros(mask.shape).masked_fill_(~mask, float("-inf"))[None, None]
            window = self.layout.windows[index]
            whole = not window or self.before + self._new <= window
            known = (None if whole else added[..., : self._tokens], added[..., self._tokens :])
            self._added[self.layout.windows[index], query.device] = known
        return known

    def _mask(self, index: int, device: Any) -> Any:
        window = self.layout.windows[index]
        if self.before == 0 and (not window or window >= self._new):
            return None
        known = self._masks.get((window, device))
        if known is None:
            size = self.before + self._new
            known = torch.ones(self._new, size, dtype=torch.bool, device=device).tril(self.before)
            if window:
                known &= torch.ones_like(known).triu(self.before - window + 1)
            self._masks[window, device] = known
        return known

    def _write(self, index: int, planes: Sequence[Any]) -> None:
        for plane, new in zip(self._tails.planes(index, planes), planes, strict=True):
            plane[self._rows, :, self._at : self._at + self._new] = new

    def convolve(self, index: int, inputs: Any, size: int) -> Any:
        """As ``_State.update_conv_state``."""
        state = self._tails.state(index, CONVOLUTION, inputs, inputs.shape[1], size)[self._rows]
        whole = torch.cat([state, inputs], -1)
        for row, length in enumerate(self._lengths):
            state[row] = whole[row, :, length : length + size]
        if self.layout.convolutions[index]:
            self._write(index, (inputs,))
        return whole


class Decode(_Step):
    """One new token for each of the rows ``0, 1, …``.

    Args:
        lengths: how many tokens each row's tail holds already.
        bases: for each row the segment before its tail and how many of its tokens count.
    """

    def __init__(
        self, layout: Layout, tails: Tails, lengths: Sequence[int], bases: Sequence[tuple[Segment | None, int]]
    ) -> None:
        super().__init__(layout, tails, slice(0, len(lengths)))
        self._lengths = lengths
        self._bases = bases
        self._size = max(lengths) + 1
        self.before = max(length + tokens for length, (_, tokens) in zip(lengths, bases, strict=True))
        self._places: dict[Any, tuple[Any, Any]] = {}
        self._seen: dict[tuple[int, Any, Any], Any] = {}
        groups: dict[tuple[int, int], list[int]] = {}
        for row, (segment, tokens) in enumerate(bases):
            groups.setdefault((id(segment), tokens), []).append(row)
        self._groups = [(bases[rows[0]][0], tokens, rows) for (_, tokens), rows in groups.items()]
        self._members: dict[Any, list[Any]] = {}

    def attend(self, key: Any, query: Any, scale: float, softcap: float | None, sinks: Any) -> Any:
        """See ``attention.in_parts``."""
        index = self._layer_of(key)
        rows, window = len(self._lengths), self.layout.windows[index]
        tail = [plane[:rows, :, : self._size] for plane in self._tails.planes(index, ())]
        groups = []
        for (segment, tokens, _), members in zip(self._groups, self._indices(query.device), strict=True):
            if segment is None:
                groups.append((members, None, None, None))
                continue
            keys, values = (plane[:, :, :tokens] for plane in segment.planes[index])
            seen = self._seen_of_segment(tokens, members, window, query)
            groups.append((members, keys, values, seen))
        return in_parts(query, (tail[0], tail[1]), self._seen_of_tails(window, query), groups, scale, softcap, sinks)

    def _indices(self, device: Any) -> list[Any]:
        known = self._members.get(device)
        if known is None:
            known = self._members[device] = [
                None if len(rows) == len(self._lengths) else torch.tensor(rows, device=device)
                for _, _, rows in self._groups
            ]
        return known

    def _seen_of_tails(self, window: int, query: Any) -> Any:
        window = 0 if window > self._size else window
        known = self._seen.get((window, query.device, None))
        if known is None:
            places = torch.arange(self._size, device=query.device)
            last = self._place(query.device)[1][:, None]
            hidden = places > last
            if window:
                hidden |= places <= last - window
            known = query.new_zeros(hidden.shape).masked_fill_(hidden, float("-inf"))[:, None, None]
            self._seen[window, query.device, None] = known
        return known

    def _seen_of_segment(self, tokens: int, members: Any, window: int, query: Any) -> Any:
        """None where all of the segment is seen, as it is without a window."""
        if not window or self.before < window:
            return None
        last = self._place(query.device)[1] if members is None else self._place(query.device)[1][members]
        hidden = torch.arange(tokens, device=query.device) <= last[:, None] + tokens - window
        return query.new_zeros(hidden.shape).masked_fill_(hidden, float("-inf"))[:, None, None]

    def _place(self, device: Any) -> tuple[Any, Any]:
        """Each row's number and the place of its new token, as indices."""
        known = self._places.get(device)
        if known is None:
            rows = torch.arange(len(self._lengths), device=device)
            known = self._places[device] = (rows, torch.tensor(self._lengths, device=device))
        return known

    def _write(self, index: int, planes: Sequence[Any]) -> None:
        rows = len(self._lengths)
        for plane, new in zip(self._tails.planes(index, planes), planes, strict=True):
            if rows == 1 or min(self._lengths) == self._size - 1:
                plane[:rows, :, self._size - 1 : self._size] = new
            else:
                plane[self._place(plane.device)[0], :, self._place(plane.device)[1]] = new[:, :, 0]

    def convolve(self, index: int, inputs: Any, size: int) -> Any:
        """As ``_State.update_conv_state``."""
        state = self._tails.state(index, CONVOLUTION, inputs, inputs.shape[1], size)[self._rows]
        whole = torch.cat([state, inputs], -1)
        state.copy_(whole[..., 1:])
        if self.layout.convolutions[index]:
            self._write(index, (inputs,))
        return whole
