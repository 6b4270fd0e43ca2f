"""What a GGUF file says of itself, read within bounds: a broken file is told in words before anyone loads it."""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from akachat.errors import ModelError

__all__ = ["Header", "read_header"]

_MOST_ENTRIES = 100_000
_MOST_TENSORS = 1_000_000
_DAMAGED = "Download or copy it again."
#: Single values of the metadata, by the number that the format gives their type.
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
#: Number formats of weights: name, weights in a block, bytes of a block.
_FORMATS = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip
#: Kinds of tokens that are read as one only where special tokens are asked for, and those always read as one.
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4


@dataclass(frozen=True)
class Header:
    """What is known of a model without its weights.

    Attributes:
        values: the metadata; arrays as lists.
        parameters: the number of weights in this file.
        formats: bytes of weights by number format, such as ``Q8_0``.
        size: the file's length in bytes.
    """

    values: Mapping[str, Any]
    parameters: int
    formats: Mapping[str, int]
    size: int

    @property
    def architecture(self) -> str:
        """The kind of model, such as ``llama``."""
        return str(self.values.get("general.architecture", ""))

    @property
    def is_adapter(self) -> bool:
        """Whether it is a LoRA adapter, not a model."""
        return self.values.get("general.type") == "adapter"

    @property
    def parts(self) -> int:
        """How many files the model is split into."""
        return max(1, int(self.own_number("split.count") or 1))

    @property
    def format(self) -> str:
        """The number format of most of the weights."""
        return max(self.formats, key=lambda name: self.formats[name], default="")

    @property
    def context(self) -> int | None:
        """The most tokens that the model was trained for."""
        found = self.number("context_length")
        return int(found) if found and found > 0 else None

    @property
    def chat_template(self) -> str | None:
        """The model's own Jinja chat template."""
        found = self.values.get("tokenizer.chat_template")
        return found if isinstance(found, str) and found else None

    @property
    def splits_freely(self) -> bool:
        """Whether its tokenizer makes the same tokens of a text's parts, up to words at the cut: bytes with merges.

        The others put a space before every text that they are given.
        """
        return self.values.get("tokenizer.ggml.model") == "gpt2"

    def number(self, name: str) -> float | None:
        """A number of this kind of model, such as ``block_count``; of one for each layer, the largest."""
        return self.own_number(f"{self.architecture}.{name}")

    def own_number(self, key: str) -> float | None:
        """A number of the metadata by its full name."""
        found = self.values.get(key)
        if isinstance(found, list):
            found = max((each for each in found if isinstance(each, (int, float))), default=None)
        return found if isinstance(found, (int, float)) else None

    def token(self, name: str) -> str:
        """The text of a named token (``bos``, ``eos``); empty where the model has none."""
        at, tokens = self.values.get(f"tokenizer.ggml.{name}_token_id"), self.values.get("tokenizer.ggml.tokens")
        if isinstance(at, int) and isinstance(tokens, list) and 0 <= at < len(tokens):
            return str(tokens[at])
        return ""

    @cached_property
    def control_tokens(self) -> tuple[str, ...]:
        """Tokens that steer the model."""
        return self._tokens_of(_CONTROL, _UNKNOWN)

    def control_ids(self, texts: Iterable[str]) -> frozenset[int]:
        """The control tokens among some texts: an answer shows none of them as a text."""
        wanted = set(texts).intersection(self.control_tokens)
        tokens = self.values.get("tokenizer.ggml.tokens")
        return frozenset(tokens.index(text) for text in wanted) if wanted and isinstance(tokens, list) else frozenset()

    @cached_property
    def whole_tokens(self) -> tuple[str, ...]:
        """Tokens that stand for their text wherever it is written; a template may steer the model by them too."""
        return self._tokens_of(_USER_DEFINED)

    def _tokens_of(self, *kinds: int) -> tuple[str, ...]:
        tokens, types = self.values.get("tokenizer.ggml.tokens"), self.values.get("tokenizer.ggml.token_type")
        if not isinstance(tokens, list) or not isinstance(types, list):
            return ()
        return tuple(str(token) for token, kind in zip(tokens, types, strict=False) if kind in kinds and token)

    @cached_property
    def cache_bytes(self) -> int:
        """Bytes that a token of the context takes, in 16 bits, or 32 where the weights have them.

        0 where the file does not say enough.
        """
        heads, width = self.number("attention.head_count"), self.number("embedding_length")
        layers = self.number("block_count")
        if not heads or not width or not layers:
            return 0
        key = self.number("attention.key_length") or width / heads
        value = self.number("attention.value_length") or width / heads
        per_layer = self.values.get(f"{self.architecture}.attention.head_count_kv")
        if isinstance(per_layer, list):
            heads_of_all = sum(each for each in per_layer if isinstance(each, int) and each > 0)
        else:
            heads_of_all = int((per_layer if isinstance(per_layer, int) else heads) * layers)
        return int(heads_of_all * (key + value) * (4 if self.format == "F32" else 2))


def read_header(path: Path, name: str) -> Header:
    """Reads and checks a file's beginning; the weights are not touched.

    Args:
        path: the file.
        name: what the user calls it, for errors.

    Raises:
        ModelError: it is no GGUF, damaged, or shorter than it says.
    """
    try:
        size = path.stat().st_size
        if size < 24:
            raise ModelError(f"{name!r} is no GGUF file", hint="It is empty or cut off. " + _DAMAGED)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data, name).header()
    except OSError as error:
        raise ModelError(f"{name!r} cannot be read: {error.strerror}", hint="Check the path and its rights.") from None


class _Reader:
    """Reads one file from its beginning; whatever would reach beyond its end is an error."""

    def __init__(self, data: mmap.mmap, name: str) -> None:
        self._data = data
        self._name = name
        self._at = 0

    def header(self) -> Header:
        self._check_kind()
        tensors, entries = self._scalar("<Q"), self._scalar("<Q")
        if entries > _MOST_ENTRIES or tensors > _MOST_TENSORS:
            raise self._damaged()
        values = {self._string(): self._value(self._scalar("<I")) for _ in range(entries)}
        return self._with_weights(values, tensors)

    def _check_kind(self) -> None:
        if self._data[:4] != b"GGUF":
            raise ModelError(f"{self._name!r} is no GGUF file", hint="A GGUF file begins with the letters GGUF.")
        self._at = 4
        version = self._scalar("<I")
        if version not in (2, 3):
            raise ModelError(
                f"{self._name!r} has version {version} of the format, which cannot be read",
                hint="Versions 2 and 3, little-endian, are read. Take a newer file of the model.",
            )

    def _with_weights(self, values: dict[str, Any], tensors: int) -> Header:
        parameters, ends, formats = 0, 0, dict[str, int]()
        for _ in range(tensors):
            self._string()
            dimensions = self._scalar("<I")
            if dimensions > 8:
                raise self._damaged()
            count = math.prod(self._scalar("<Q") for _ in range(dimensions))
            kind, offset = self._scalar("<I"), self._scalar("<Q")
            name, block, bytes_of_block = _FORMATS.get(kind, (f"type {kind}", 1, 0))
            length = count // block * bytes_of_block
            parameters += count
            ends = max(ends, offset + length)
            formats[name] = formats.get(name, 0) + length
        alignment = values.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 2**16:
            raise self._damaged()
        needed = -(-self._at // alignment) * alignment + ends
        if tensors and needed > len(self._data):
            raise ModelError(
                f"{self._name!r} is cut off: {len(self._data):,} of at least {needed:,} bytes are there", hint=_DAMAGED
            )
        return Header(values, parameters, formats, len(self._data))

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._scalar(self._format(kind))
        of, count = self._scalar("<I"), self._scalar("<Q")
        if of == _STRING:
            if count * 8 > len(self._data) - self._at:
                raise self._damaged()
            return [self._string() for _ in range(count)]
        each = self._format(of)
        raw = self._bytes(count * struct.calcsize(each))
        return list(struct.unpack(f"<{count}{each[1]}", raw))

    def _format(self, kind: int) -> str:
        if kind not in _SCALARS:
            raise self._damaged()
        return _SCALARS[kind]

    def _scalar(self, form: str) -> Any:
        return struct.unpack(form, self._bytes(struct.calcsize(form)))[0]

    def _string(self) -> str:
        return self._bytes(self._scalar("<Q")).decode("utf-8", "replace")

    def _bytes(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise self._damaged()
        raw = self._data[self._at : end]
        self._at = end
        return raw

    def _damaged(self) -> ModelError:
        return ModelError(f"the GGUF file {self._name!r} is damaged", hint=_DAMAGED)
