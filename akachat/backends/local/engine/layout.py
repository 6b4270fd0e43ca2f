"""How a model's layers remember, and whether rows can share its steps at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import cache_utils
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer, LinearAttentionLayer

__all__ = ["Layout", "Nothing", "Unsupported"]


class _Nothing:
    """The cache of a layer that remembers nothing of its own."""


#: transformers has a class for it since 5.18.
Nothing: Any = getattr(cache_utils, "DummyLayer", _Nothing)

_KINDS = {"full_attention", "sliding_attention", "conv", "linear_attention"}


class Unsupported(Exception):
    """The model remembers, attends or counts in a way that rows cannot share."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model's layers remember.

    Attributes:
        windows: for each layer how far back it attends, 0 for everything.
        convolutions: for each layer how many inputs its convolution looks back, 0 for attention.
        recurrent: the layers with a state that stands for all tokens so far.
        dummies: the layers that remember nothing of their own.
    """

    windows: tuple[int, ...]
    convolutions: tuple[int, ...]
    recurrent: frozenset[int]
    dummies: frozenset[int]

    @classmethod
    def of(cls, config: Any) -> Layout:
        """The layout of a decoder.

        Raises:
            Unsupported: why rows cannot share a step.
        """
        text = config.get_text_config(decoder=True)
        kinds = set(getattr(text, "layer_types", None) or ()) - _KINDS
        if kinds:
            raise Unsupported(f"layers of the kind {', '.join(sorted(kinds))}")
        rope = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
        if "rope_type" in rope and rope["rope_type"] in ("dynamic", "longrope"):
            raise Unsupported("positions that depend on the longest row")
        windows, convolutions, recurrent, dummies = [], [], set(), set()
        for at, layer in enumerate(DynamicCache(config=config).layers):
            window = convolution = 0
            if type(layer) is DynamicSlidingWindowLayer:
                window = int(layer.sliding_window)
            elif type(layer) is LinearAttentionLayer:
                convolution = int(getattr(text, "conv_L_cache", 0))
                if not convolution:
                    recurrent.add(at)
            elif type(layer) is Nothing:
                dummies.add(at)
            elif type(layer) is not DynamicLayer:
                raise Unsupported(f"a cache of the kind {type(layer).__name__}")
            windows.append(window)
            convolutions.append(convolution)
        if len(recurrent) == len(windows):
            raise Unsupported("no attention to count tokens by")
        return cls(tuple(windows), tuple(convolutions), frozenset(recurrent), frozenset(dummies))

    def __len__(self) -> int:
        return len(self.windows)
