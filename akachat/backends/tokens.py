"""An estimate of token counts for models whose tokenizer is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from akachat.messages import Message

__all__ = ["estimate_chat", "estimate_text"]

#: Kana, kanji, hangul and full-width forms: vocabularies of current models spend about one token on each.
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
#: What a chat format writes around one turn, and once at the end.
_TURN, _REPLY = 4, 3


def estimate_text(text: str) -> int:
    """About how many tokens a text is: 4 ASCII characters, 1 Japanese or 2 other ones a token.

    It is meant to be a little too high rather than too low, because it decides what still fits.
    """
    if text.isascii():
        return (len(text) + 3) // 4
    narrow = _WIDE.sub("", text)
    ascii_only = len(narrow.encode("ascii", "ignore"))
    return len(text) - len(narrow) + (ascii_only + 3) // 4 + (len(narrow) - ascii_only + 1) // 2


def estimate_chat(messages: Sequence[Message]) -> int:
    """About how many tokens a list of messages is, with what a chat format writes around each."""
    return sum(_TURN + estimate_text(m.content) for m in messages) + _REPLY
