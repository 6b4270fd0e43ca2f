"""Token ids to whole characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from akachat.backends.newlines import Newlines

__all__ = ["Decoder"]

_BROKEN = "\ufffd"
#: Ids that are enough to know how the next one is written.
_CONTEXT = 8
#: Bytes of a character, each of which may be a token.
_LONGEST_CHARACTER = 4


class Decoder:
    """Turns ids into text as soon as characters are whole.

    A Japanese character is often three byte tokens; the first two give nothing. The tokenizers library has this
    ready and fast (0.9 ms for 1,400 tokens, against 703 ms for decoding everything again each time); tokenizers
    written in Python, and the rare text that the library cannot continue, take the slower way.

    Args:
        tokenizer: of transformers.
        before: ids that stand before the first one where the text continues them, so that a space between is kept.
        newline: what this model writes for a line break; empty: a line break.
    """

    def __init__(self, tokenizer: Any, before: Sequence[int] = (), newline: str = "") -> None:
        self._tokenizer = tokenizer
        self._newlines = Newlines(newline)
        self._newline_id = _token_id(tokenizer, newline)
        whole = self._whole(list(before))
        self._ids = list(before[:whole])
        self._start = 0
        self._read = len(self._ids)
        self._stream: Any = None
        self._fast = getattr(tokenizer, "_tokenizer", None) if getattr(tokenizer, "is_fast", False) else None
        self._begin()
        for id in before[whole:]:
            self._text(id)  # the beginning of a character that the answer completes

    def _begin(self) -> None:
        """Lets the library go on after the ids so far."""
        if self._fast is not None and not self._is_broken(self._ids[-_CONTEXT:]):
            from tokenizers.decoders import DecodeStream

            self._stream = DecodeStream(ids=self._ids[-_CONTEXT:], skip_special_tokens=True)

    def push(self, id: int) -> str:
        """The text that this token completes; often empty."""
        if id == self._newline_id:
            # Apart from the others: it may be a special token, which the tokenizer leaves out of a text.
            return self._newlines.push(self._unfinished()) + self._newlines.flush() + "\n"
        return self._newlines.push(self._text(id))

    def flush(self) -> str:
        """What was held back because a line break could have begun there, once the answer has ended."""
        return self._newlines.flush()

    def _unfinished(self) -> str:
        """The bytes of a character that will never be whole, as the tokenizer shows them."""
        if self._read == len(self._ids):
            return ""
        text = self._decode(self._ids[self._read :])
        del self._ids[self._read :]
        self._begin()
        return text

    def _text(self, id: int) -> str:
        self._ids.append(id)
        if self._stream is None:
            return self._step()
        try:
            text: str | None = self._stream.step(self._fast, id)
        except Exception:  # the library raises a bare Exception where a token changes what came before it
            self._stream = None
            return self._step()
        if text:
            self._start, self._read = self._read, len(self._ids)
        return text or ""

    def _step(self) -> str:
        known = self._decode(self._ids[self._start : self._read])
        text = self._decode(self._ids[self._start :])
        if len(text) <= len(known) or text.endswith(_BROKEN):
            return ""
        self._start, self._read = self._read, len(self._ids)
        return text[len(known) :]

    def _whole(self, ids: list[int]) -> int:
        """How many of the ids make whole characters; all of them where the last has bytes that never become one."""
        for size in range(len(ids), max(len(ids) - _LONGEST_CHARACTER, -1), -1):
            if not self._is_broken(ids[:size]):
                return size
        return len(ids)

    def _is_broken(self, ids: list[int]) -> bool:
        return bool(ids) and self._decode(ids).endswith(_BROKEN)

    def _decode(self, ids: list[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text


def _token_id(tokenizer: Any, text: str) -> int | None:
    """The one token that is this text, if there is one."""
    return tokenizer.get_vocab().get(text) if text else None
