"""A prompt that somebody wrote by hand, special tokens and all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from akachat.backends.local.prompt import Prompt
from akachat.messages import Message

__all__ = ["write_raw"]


def write_raw(tokenizer: Any, messages: Sequence[Message]) -> Prompt:
    """The texts of the messages as they stand; the tokenizer's begin token before them, unless it is there already."""
    text = "".join(message.content for message in messages)
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    bos = tokenizer.bos_token_id
    if bos is not None and ids[:1] != [bos] and bos in tokenizer("", add_special_tokens=True)["input_ids"]:
        ids, text = [bos, *ids], tokenizer.bos_token + text
    return Prompt(text, tuple(ids), tuple(messages), continued=True)
