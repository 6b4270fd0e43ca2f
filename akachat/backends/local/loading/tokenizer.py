"""A model's tokenizer: of the kind that it was made with, or of the kind that somebody asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from akachat.errors import ModelError

__all__ = ["load_tokenizer"]

#: How sentencepiece models are called in the folders of models.
_PIECES = ("spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "spm.model", "source.spm")


def load_tokenizer(place: str, arguments: Mapping[str, Any], kind: str = "") -> Any:
    """Loads it from a folder or a name on the hub.

    Args:
        place: the folder or name.
        arguments: for ``from_pretrained``.
        kind: ``fast`` (of the tokenizers library), ``slow`` (of sentencepiece or Python), or empty: what fits.

    Raises:
        ModelError: there is none of that kind. What the libraries raise passes.
    """
    from transformers import AutoTokenizer, TokenizersBackend

    if kind == "slow":
        return _slow(place, arguments)
    if kind == "fast":
        tokenizer = AutoTokenizer.from_pretrained(place, **arguments)
        if tokenizer.is_fast:
            return tokenizer
        return TokenizersBackend.from_pretrained(place, **arguments)
    return AutoTokenizer.from_pretrained(place, **arguments)


def _slow(place: str, arguments: Mapping[str, Any]) -> Any:
    """By sentencepiece itself. transformers makes fast ones of these, which part some texts otherwise."""
    from transformers import AutoTokenizer
    from transformers.tokenization_utils_sentencepiece import SentencePieceBackend
    from transformers.utils import cached_file

    hub = {key: value for key, value in arguments.items() if key != "trust_remote_code"}

    def find(name: str) -> str | None:
        found = cached_file(
            place,
            name,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_gated_repo=False,
            _raise_exceptions_for_connection_errors=False,
            **hub,
        )
        return None if found is None else str(found)

    pieces = next((path for name in _PIECES if (path := find(name)) is not None), None)
    if pieces is not None:
        return SentencePieceBackend(vocab_file=pieces, **_own_values(find("tokenizer_config.json")))
    tokenizer = AutoTokenizer.from_pretrained(place, **arguments)
    if tokenizer.is_fast:
        raise ModelError(
            f"{place!r} has no slow tokenizer",
            hint="It needs a sentencepiece model (spiece.model, tokenizer.model). Leave the kind of tokenizer empty.",
        )
    return tokenizer


def _own_values(path: str | None) -> dict[str, Any]:
    """What tokenizer_config.json says of special tokens and the chat template."""
    if path is None:
        return {}
    from transformers import AddedToken

    values = json.loads(Path(path).read_text("utf-8"))
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and "content" in value:
            kept[name] = AddedToken(**{key: each for key, each in value.items() if key != "__type"})
        elif name.endswith("_token") or name in ("chat_template", "additional_special_tokens", "legacy"):
            kept[name] = value
    return {name: value for name, value in kept.items() if value is not None}
