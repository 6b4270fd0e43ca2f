"""The tokens of answers that were cut, so that going on with one is as if it had never been cut.

Its text alone does not tell them: a model may have written a word in other tokens than the tokenizer would, and a
character that is not whole yet has no text at all.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from akachat.backends.local.prompt import Prompt
from akachat.errors import ModelError
from akachat.messages import Message

__all__ = ["Endings"]

_MOST = 256


class Endings:
    """What is remembered, by model, prompt and text of the answer; the entry unused for longest goes first."""

    def __init__(self) -> None:
        self._ids: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()

    def keep(self, model: str, prompt: Prompt, text: str, ids: Sequence[int]) -> None:
        """Remembers an answer to ``prompt`` that ends in ``text``, of the tokens ``ids``."""
        begun = prompt.messages[-1].content if prompt.answered else ""
        if prompt.continued and not prompt.answered and prompt.messages[-1].role == "assistant":
            return  # where the answer began is not known
        start = len(prompt.ids) - prompt.answered
        self._ids[_key(model, prompt.ids[:start], begun + text)] = (*prompt.ids[start:], *ids)
        if len(self._ids) > _MOST:
            self._ids.popitem(last=False)

    def write(self, model: str, messages: Sequence[Message], write: Callable[[Sequence[Message]], Prompt]) -> Prompt:
        """The prompt for messages; where it goes on with an answer that is known here, by exactly its tokens."""
        prompt = write(messages)
        if not prompt.continued or len(messages) < 2 or messages[-1].role != "assistant":
            return prompt
        try:
            before = write(messages[:-1])
        except ModelError:
            return prompt  # a template that cannot write them alone
        text = messages[-1].content
        key = _key(model, before.ids, text)
        if (ids := self._ids.get(key)) is not None:
            self._ids.move_to_end(key)
            return replace(prompt, text=before.text + text, ids=(*before.ids, *ids), answered=len(ids))
        if prompt.ids[: len(before.ids)] == before.ids:
            return replace(prompt, answered=len(prompt.ids) - len(before.ids))
        return prompt


def _key(model: str, ids: Sequence[int], text: str) -> bytes:
    digest = hashlib.blake2b(f"{len(model)}:{model}".encode(), digest_size=16)
    digest.update(array("q", ids).tobytes())
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()
