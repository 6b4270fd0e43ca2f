"""Tokens one by one, each with the text that it brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from akachat.backends.base import Token
from akachat.backends.local.decode import Decoder

__all__ = ["spell"]


def spell(tokenizer: Any, ids: Sequence[int]) -> tuple[Token, ...]:
    """Each token with its text: of a character in several tokens, the last one has it and the others have none."""
    named = {id: str(token.content) for id, token in tokenizer.added_tokens_decoder.items()}
    decoder = Decoder(tokenizer)
    return tuple(Token(id, named[id] if id in named else decoder.push(id)) for id in ids)
