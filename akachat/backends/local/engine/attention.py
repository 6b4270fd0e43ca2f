"""Attention of many rows at once, in which memory that rows share is read once for all of them.

transformers lets a model's attention be replaced by name. Ours does not take keys and values from the call: while a
step runs, they are in the step, as segments that rows share and a tail of each row's own. The scores of both parts
go through one softmax, so the result is that of attention over the whole (Juravsky et al., "Hydragen", 2024).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["NAME", "Attending", "attending", "causal", "in_parts", "register"]

#: The implementation's name in transformers.
NAME = "akachat"


class Attending(Protocol):
    """A step that answers the attention of its layers."""

    def attend(self, key: Any, query: Any, scale: float, softcap: float | None, sinks: Any) -> Any:
        """The output ``[rows, tokens, heads, width]`` for a layer, known by the key that it was given."""
        ...


class _Current(threading.local):
    step: Attending | None = None


_current = _Current()


@contextmanager
def attending(step: Attending) -> Iterator[None]:
    """While the block runs, this thread's attention is answered by the step."""
    _current.step = step
    try:
        yield
    finally:
        _current.step = None


def register() -> None:
    """Makes the attention known to transformers; without a mask function, so that no mask is built for it."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _forward)


def _forward(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    **more: Any,
) -> tuple[Any, None]:
    step = _current.step
    if step is None:
        raise RuntimeError("this model's attention runs inside a step only")
    if more.get("position_bias") is not None:
        raise NotImplementedError("a position bias")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return step.attend(key, query, scale, more.get("softcap"), more.get("s_aux")), None


def causal(
    query: Any, keys: Any, values: Any, mask: Any, scale: float, softcap: float | None = None, sinks: Any = None
) -> Any:
    """Attention of several new tokens a row.

    Args:
        query: ``[rows, heads, new, width]``.
        keys, values: ``[rows, key heads, all, width]``, the new tokens last.
        mask: ``[new, all]``, true where a token is seen; None where all are new, and each sees those before it.

    Returns:
        ``[rows, new, heads, width]``.
    """
    groups = query.shape[1] // keys.shape[1]
    if groups > 1:
        keys, values = keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1)
    if softcap is None and sinks is None:
        out = scaled_dot_product_attention(query, keys, values, mask, is_causal=mask is None, scale=scale)
    else:
        if mask is None:
            mask = torch.ones(query.shape[2], keys.shape[2], dtype=torch.bool, device=query.device).tril()
        scores = _capped(query @ keys.transpose(-1, -2) * scale, softcap).masked_fill(~mask, float("-inf"))
        weights = _softmax(scores, None if sinks is None else sinks[None, :, None, None], query.dtype)
        out = weights @ values
    return out.transpose(1, 2).contiguous()


def in_parts(
    query: Any,
    tail: tuple[Any, Any],
    seen: Any,
    groups: Any,
    scale: float,
    softcap: float | None = None,
    sinks: Any = None,
) -> Any:
    """Attention of few new tokens a row over segments and tails.

    Args:
        query: ``[rows, heads, new, width]``.
        tail: keys and values of the rows' own, ``[rows, key heads, tokens, width]``, the new tokens included.
        seen: ``[rows or 1, 1, new, tokens]``, 0 where a tail's token is seen, minus infinity elsewhere.
        groups: for each segment ``(rows, keys, values, seen)``: the rows that share it (None for all), its planes
            ``[1, key heads, tokens, width]``, and None or ``[rows or 1, 1, new, tokens]`` as for the tail; a group
            without a segment has None for the planes.

    Returns:
        ``[rows, new, heads, width]``.
    """
    keys, values = tail
    rows, heads, new, width = query.shape
    inner = keys.shape[1]
    group = heads // inner
    # The heads that share a key stand where tokens do.
    query = query.reshape(rows, inner, group * new, width)
    if len(groups) == 1 and groups[0][1] is None and softcap is None and sinks is None:
        out = scaled_dot_product_attention(query, keys, values, _tiled(seen, group), scale=scale)
        return _restored(out, rows, heads, new)
    query = query * scale
    own = _capped(query @ keys.transpose(-1, -2), softcap) + _tiled(seen, group)
    if sinks is not None:
        sinks = sinks.reshape(1, inner, group, 1).repeat_interleave(new, 2)
    out = query.new_empty(rows, inner, group * new, values.shape[-1])
    for members, shared_keys, shared_values, shared_seen in groups:
        q, mine, own_values = query, own, values
        if members is not None:
            q, mine, own_values = query[members], own[members], values[members]
        if shared_keys is None:
            part = _softmax(mine, sinks, q.dtype) @ own_values
        else:
            scores = _capped(_over_shared(q, shared_keys[0].transpose(-1, -2)), softcap)
            if shared_seen is not None:
                scores = scores + _tiled(shared_seen, group)
            size = scores.shape[-1]
            weights = _softmax(torch.cat([scores, mine], -1), sinks, q.dtype)
            part = _over_shared(weights[..., :size], shared_values[0]) + weights[..., size:] @ own_values
        if members is None:
            out = part
        else:
            out[members] = part
    return _restored(out, rows, heads, new)


def _tiled(seen: Any, group: int) -> Any:
    return seen if seen.shape[2] == 1 else seen.repeat(1, 1, group, 1)


def _restored(out: Any, rows: int, heads: int, new: int) -> Any:
    out = out.reshape(rows, heads, new, -1)
    return out.reshape(rows, 1, heads, -1) if new == 1 else out.transpose(1, 2).contiguous()


def _over_shared(rows: Any, shared: Any) -> Any:
    """``rows [r, h, g, a] @ shared [h, a, b]``, as one product a head: the shared matrix is read once."""
    r, h, g, a = rows.shape
    return (rows.transpose(0, 1).reshape(h, r * g, a) @ shared).view(h, r, g, -1).transpose(0, 1)


def _capped(scores: Any, softcap: float | None) -> Any:
    return scores if softcap is None else (scores / softcap).tanh() * softcap


def _softmax(scores: Any, sinks: Any, dtype: Any) -> Any:
    """Softmax in float32; a sink is one more score that takes weight and gives nothing."""
    if sinks is None:
        return torch.softmax(scores, -1, dtype=torch.float32).to(dtype)
    column = sinks.to(scores.dtype).expand(*scores.shape[:-1], 1)
    return torch.softmax(torch.cat([scores, column], -1), -1, dtype=torch.float32)[..., :-1].to(dtype)
