"""One answer: tokens out of the model, text out of tokens, until it ends or nobody wants it any more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from akachat.backends.base import Chunk, End, FinishReason, Usage
from akachat.backends.local.adapters import Adapter
from akachat.backends.local.decode import Decoder
from akachat.backends.local.loading.source import Front
from akachat.backends.local.prompt import Prompt
from akachat.backends.local.sampling import Sampling
from akachat.backends.local.seq2seq import answer_ids
from akachat.backends.stops import StopTexts
from akachat.errors import AkachatError, ModelError

__all__ = ["Given", "Job", "Stopped", "explained"]

_log = logging.getLogger(__name__)


class Stopped(Exception):
    """Raised inside the model's forward pass when its answer is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one answer is made from.

    Attributes:
        stops: texts that end it.
        asked: when it was asked for, by the monotonic clock.
        adapter: the LoRA adapter that it is made with.
        caller: who asked; callers take turns.
    """

    prompt: Prompt
    sampling: Sampling
    stops: Sequence[str]
    asked: float
    adapter: Adapter | None = None
    caller: str = ""


class Job:
    """One answer in the making, told token by token what the model says.

    Whoever runs the model calls ``begin``, ``take`` for each token, and ``finish`` or ``fail``.

    Args:
        put: gets the pieces, then the end or an error, in the model's thread; false where nobody listens any more.
    """

    def __init__(self, given: Given, put: Callable[[Chunk | End | Exception], bool]) -> None:
        self.given = given
        self._put = put
        self._cancelled = threading.Event()
        self._finish: FinishReason | None = None
        self._ended = False
        self._ids: list[int] = []
        self._unsent = 0
        self._started = self._first = 0.0

    def cancel(self) -> None:
        """Ends it within one token, or one layer while the prompt is read. From any thread."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    # what the one that runs the model calls

    def begin(self, front: Front) -> None:
        """Makes it ready for its first token."""
        given = self.given
        self._started = monotonic()
        said = answer_ids(given.prompt)
        before = said[-8:] if given.prompt.continued else ()
        self._decoder = Decoder(front.tokenizer, before, given.prompt.newline)
        begun = given.prompt.messages[-1].content if given.prompt.answered else ""
        self._stop_texts = StopTexts(given.stops, begun)
        self._ends = front.ends | given.prompt.ends

    def take(self, token: int) -> bool:
        """Adds a token to the answer; whether that was the last one."""
        if self._finish is None:
            self._finish = self._take(token)
        return self._finish is not None

    def finish(self, reason: FinishReason | None = None) -> None:
        """Ends the answer; once is enough. ``reason`` is needed where no token has ended it."""
        if self._ended:
            return
        self._ended = True
        self._finish = reason or self._finish
        if self._finish in ("stop", "length") and not self._stop_texts.stopped:
            self._show(self._stop_texts.push(self._decoder.flush()) + self._stop_texts.flush())
        self._put(self._end())

    def fail(self, error: Exception) -> None:
        """Ends the answer with an error."""
        self._ended = True
        self._put(error)

    def check(self) -> None:
        """Raises Stopped where nobody waits for the answer any more; called before each layer."""
        if self._cancelled.is_set():
            raise Stopped

    # inside

    def _take(self, token: int) -> FinishReason | None:
        self._ids.append(token)
        self._unsent += 1
        if not self._first:
            self._first = monotonic()
        if token in self._ends:
            return "stop"
        text = self._decoder.push(token)
        if text:
            self._show(self._stop_texts.push(text))
            if self._stop_texts.stopped:
                return "stop"
        return "length" if len(self._ids) >= self.given.sampling.max_new_tokens else None

    def _show(self, text: str) -> None:
        if text and not self._cancelled.is_set():
            if not self._put(Chunk(text, tokens=self._unsent)):
                self.cancel()
            self._unsent = 0

    def _end(self) -> End:
        now = monotonic()
        given = self.given
        made = now - (self._first or now)
        detail = {
            "first_seconds": self._first - given.asked if self._first else None,
            "wait_seconds": self._started - given.asked,
            "prompt_seconds": (self._first or now) - self._started,
            "seconds": now - given.asked,
            "tokens_per_second": (len(self._ids) - 1) / made if made > 0 and len(self._ids) > 1 else None,
        }
        usage = Usage(len(given.prompt.ids), len(self._ids))
        return End(self._finish or "cancelled", usage, detail, tuple(self._ids))


def explained(error: Exception) -> AkachatError:
    """Why an answer could not be made, in plain words."""
    if isinstance(error, AkachatError):
        return error
    _log.warning("a generation failed", exc_info=error)
    if type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower():
        return ModelError("the memory is full", hint="Shorten the prompt, take a smaller dtype, or unload a model.")
    lines = str(error).strip().splitlines()
    return ModelError(
        f"the model failed: {type(error).__name__}: {lines[0][:200] if lines else ''}",
        hint="Try another dtype or model; the server's log holds the details.",
    )
