"""Whether rows may share a model's steps: shown by its own numbers, not concluded from its name."""

from __future__ import annotations

from typing import Any

import torch

from akachat.backends.local.engine.layout import Layout, Unsupported
from akachat.backends.local.engine.steps import Decode, Prefill
from akachat.backends.local.engine.tensors import Segment, Tails

__all__ = ["check"]

#: Two rows that share their first tokens and then differ, also in length.
_SHARED, _LONG, _SHORT = 7, 14, 10
#: How far scores may lie from the model's own, as a share of their spread; numbers of 8 or 4 bits are coarser, and
#: choose other roundings for other shapes.
_NEAR = {torch.float32: 1e-3, torch.float16: 0.03, torch.bfloat16: 0.15}
_COARSE = 0.35


def check(model: Any, layout: Layout, name: str) -> None:
    """Compares the scores of two rows, by the model alone and by shared steps; the attention ``name`` stays set.

    Raises:
        Unsupported: they differ, or the model cannot be asked that way.
    """
    rows = _tokens(model, _LONG if layout.recurrent else _SHORT)
    with torch.inference_mode():
        own = [model(input_ids=row[None], use_cache=False).logits[0, -1].float() for row in rows]
        model.set_attn_implementation(name)
        if model.config.get_text_config(decoder=True)._attn_implementation != name:
            raise Unsupported("an attention of its own")
        shared = _stepped(model, layout, rows)
    coarse = any(getattr(model, flag, False) for flag in ("is_quantized", "is_loaded_in_8bit", "is_loaded_in_4bit"))
    bound = _COARSE if coarse else _NEAR.get(model.dtype, _COARSE)
    for mine, theirs in zip(shared, own, strict=True):
        apart = float((mine.float() - theirs).abs().max())
        spread = float(theirs.max() - theirs.min()) or 1.0
        if not apart <= bound * spread:
            raise Unsupported(f"scores of shared steps differ by {apart / spread:.1e} of their spread")


def _tokens(model: Any, length: int) -> list[Any]:
    """The same few tokens each time, from all over the vocabulary; the second row has the length."""
    size = model.get_input_embeddings().num_embeddings
    places = torch.arange(_LONG + length) * 7919 % size
    one, other = places[:_LONG], places[_LONG:]
    other = torch.cat([one[:_SHARED], other[_SHARED:]])
    return [one.to(model.device), other.to(model.device)]


def _stepped(model: Any, layout: Layout, rows: list[Any]) -> Any:
    """The scores of both rows: a shared segment, their rests side by side, and one decoding step."""
    read = Tails(1, _SHARED)
    start = rows[0][None, :_SHARED]
    positions = torch.arange(_LONG, device=model.device)[None]
    Prefill(layout, read, 0, [_SHARED], 0, None, 0).run(model, start, positions[:, :_SHARED])
    segment = Segment(None, read.take(0, _SHARED, len(layout)), read.states(0))
    tails = Tails(2, _LONG)
    for row in range(2):
        tails.begin(row, segment, _SHARED, layout.convolutions, copy=False)
    rests = [row[_SHARED:-1] for row in rows]
    size = max(map(len, rests))
    ids = torch.stack([torch.cat([rest, rest.new_zeros(size - len(rest))]) for rest in rests])
    step = Prefill(layout, tails, 0, [len(rest) for rest in rests], 0, segment, _SHARED)
    step.run(model, ids, positions[:, _SHARED : _SHARED + size].expand(2, -1))
    lengths = [len(rest) for rest in rests]
    newest = torch.stack([row[-1:] for row in rows])
    places = torch.tensor([[_SHARED + length] for length in lengths], device=model.device)
    return Decode(layout, tails, lengths, [(segment, _SHARED)] * 2).run(model, newest, places)[:, -1]
