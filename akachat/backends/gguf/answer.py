"""One answer in the making: the library's pieces to ours, until it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from akachat.backends.base import Chunk, End, FinishReason, Usage
from akachat.backends.newlines import Newlines
from akachat.backends.stops import StopTexts
from akachat.errors import BackendError, ModelError

__all__ = ["Answer"]

_JSON_BEGINS = '{["-0123456789tfn'
#: So many pieces are looked at for how they begin.
_LOOKED_AT = 20


class Answer:
    """Counts, times and cuts what a model says.

    The stop texts are looked for here: the library loses what it holds back for one where the answer ends by its
    length.

    Args:
        prompt_tokens: length of the prompt.
        stops: texts that end the answer.
        asked: when it was asked for, by the monotonic clock.
        ends: tokens that end the answer, though the library does not count them among the model's own.
        newline: what the model writes for a line break; empty: a line break.
        is_json: whether it is held to a schema. The library answers freely to a schema that it does not understand,
            and tells only its log.
    """

    def __init__(
        self,
        prompt_tokens: int,
        stops: Sequence[str],
        asked: float,
        *,
        ends: frozenset[int] = frozenset(),
        newline: str = "",
        is_json: bool = False,
    ) -> None:
        self.end: End | None = None
        self._prompt_tokens = prompt_tokens
        self._stops = StopTexts(stops)
        self._ends = ends
        self._newlines = Newlines(newline)
        self._asked = self._started = asked
        self._said: list[str] | None = [] if is_json else None
        self._first = 0.0
        self._tokens = self._shown = self._reused = 0

    def begin(self) -> None:
        """Its turn has come."""
        self._started = monotonic()

    def take(self, piece: Mapping[str, Any] | None) -> Chunk | None:
        """A piece from the library, None where there is none any more; gives what can be shown of it.

        Raises:
            BackendError: the library stopped in the middle of the answer.
        """
        if piece is None:
            raise BackendError("the model's process broke the answer off", hint="Try again.")
        self._tokens = max(self._tokens, int(piece.get("tokens_predicted", 0)))
        if not self._first and self._tokens:
            self._first = monotonic()
        text = self._stops.push(self._newlines.push(piece.get("content") or ""))
        if self._stops.stopped or not self._ends.isdisjoint(piece.get("tokens") or ()):
            text += self._stops.flush()
            self._finish("stop")
        elif piece.get("stop"):
            self._reused = int((piece.get("timings") or {}).get("cache_n", 0))
            text += self._stops.push(self._newlines.flush()) + self._stops.flush()
            self._finish("length" if piece.get("stop_type") == "limit" else "stop")
        self._check_form(text)
        if not text:
            return None
        chunk = Chunk(text, tokens=self._tokens - self._shown)
        self._shown = self._tokens
        return chunk

    def cancel(self) -> None:
        """It is not made to its end."""
        self._finish("cancelled")

    def _check_form(self, text: str) -> None:
        if self._said is None:
            return
        self._said.append(text)
        said = "".join(self._said).strip() if self.end is not None or len(self._said) < _LOOKED_AT else ""
        free = bool(said) and said[0] not in _JSON_BEGINS
        if not free and self.end is not None and self.end.finish_reason == "stop" and not self._stops.stopped:
            try:
                json.loads(said)
            except ValueError:
                free = True
        if free:
            raise ModelError(
                "the model could not be held to the schema of response_format",
                hint="It has a part that llama.cpp does not know. Leave parts out until it works.",
            )

    def _finish(self, reason: FinishReason) -> None:
        now = monotonic()
        made = now - (self._first or now)
        detail = {
            "first_seconds": self._first - self._asked if self._first else None,
            "wait_seconds": self._started - self._asked,
            "prompt_seconds": (self._first or now) - self._started,
            "seconds": now - self._asked,
            "tokens_per_second": (self._tokens - 1) / made if made > 0 and self._tokens > 1 else None,
            "reused_tokens": self._reused,
        }
        self.end = End(reason, Usage(self._prompt_tokens, self._tokens), detail)
