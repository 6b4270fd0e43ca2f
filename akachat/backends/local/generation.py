"""One answer: tokens out of the model, text out of tokens, until it ends or nobody wants it any more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from akachat.backends.base import Chunk, End, FinishReason, Usage
from akachat.backends.local.channel import Channel
from akachat.backends.local.decode import Decoder
from akachat.backends.local.loader import Loaded
from akachat.backends.local.prompt import Prompt
from akachat.backends.local.sampling import Sampler, Sampling
from akachat.backends.stops import StopTexts
from akachat.errors import AkachatError, ModelError

__all__ = ["Given", "Job"]

_log = logging.getLogger(__name__)

#: A prompt longer than this is read in pieces of this many tokens, which also bounds the memory that it takes.
_PIECE = 1024


class Stopped(Exception):
    """Raised inside the model's forward pass when its answer is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one answer is made from."""

    prompt: Prompt
    sampling: Sampling
    stops: Sequence[str]
    asked: float


class Job:
    """One answer in the making. It is streamer and stopping criterion of ``generate`` at the same time."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.channel: Channel[Chunk | End | Exception] = Channel()
        self._cancelled = threading.Event()
        self._finish: FinishReason | None = None
        self._tokens = 0
        self._unsent = 0
        self._started = self._first = 0.0
        self._prompt_seen = False

    def cancel(self) -> None:
        """Ends it within one token, or one layer while the prompt is read. From any thread."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    def run(self, loaded: Loaded) -> None:
        """Makes the answer; in the model's own thread. Never raises: errors go to whoever waits."""
        try:
            self._started = monotonic()
            if not self.cancelled:
                self._generate(loaded)
            self.channel.put(self._end())
        except Stopped:
            self.channel.put(self._end())
        except AkachatError as error:
            self.channel.put(error)
        except Exception as error:
            self.channel.put(_explain(error))

    def check(self) -> None:
        """Raises Stopped where nobody waits for the answer any more; called before each layer."""
        if self._cancelled.is_set():
            self._finish = "cancelled"
            raise Stopped

    # what `generate` calls

    def put(self, value: Any) -> None:
        """A new token (the first call is the prompt)."""
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        for token in value.flatten().tolist():
            self._take(int(token))

    def end(self) -> None:
        """The answer is whole."""

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Whether to stop after this token."""
        import torch

        done = self._finish is not None or self._cancelled.is_set()
        return torch.full((input_ids.shape[0],), done, device=input_ids.device, dtype=torch.bool)

    # inside

    def _generate(self, loaded: Loaded) -> None:
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        given, front, model = self.given, loaded.front, loaded.model
        ids = torch.tensor([given.prompt.ids], device=model.device)
        before = given.prompt.ids[-8:] if given.prompt.continued else ()
        self._decoder = Decoder(front.tokenizer, before)
        self._stop_texts = StopTexts(given.stops)
        self._ends = front.ends
        pad = model.generation_config.pad_token_id
        config = GenerationConfig(
            max_new_tokens=given.sampling.max_new_tokens,
            do_sample=False,
            eos_token_id=sorted(front.ends) or None,
            pad_token_id=pad if pad is not None else min(front.ends, default=0),
            prefill_chunk_size=_PIECE if ids.shape[1] > _PIECE and _only_attention(front.config) else None,
        )
        with torch.inference_mode():
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=config,
                logits_processor=LogitsProcessorList([Sampler(given.sampling, ids.shape[1])]),
                stopping_criteria=StoppingCriteriaList([self]),
                streamer=self,
            )
        if self._finish is None:
            self.check()
            self._finish = "length"
        if self._finish != "cancelled":
            self._show(self._stop_texts.flush())

    def _take(self, token: int) -> None:
        if self._finish is not None:
            return
        self._tokens += 1
        self._unsent += 1
        if not self._first:
            self._first = monotonic()
        if token in self._ends:
            self._finish = "stop"
            return
        text = self._decoder.push(token)
        if text:
            self._show(self._stop_texts.push(text))
            if self._stop_texts.stopped:
                self._finish = "stop"

    def _show(self, text: str) -> None:
        if text and not self._cancelled.is_set():
            if not self.channel.put(Chunk(text, tokens=self._unsent)):
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
            "tokens_per_second": (self._tokens - 1) / made if made > 0 and self._tokens > 1 else None,
        }
        return End(self._finish or "cancelled", Usage(len(given.prompt.ids), self._tokens), detail)


def _only_attention(config: Any) -> bool:
    """Whether every layer is attention; convolutions and recurrences carry a state that pieces may disturb."""
    text = config.get_text_config(decoder=True)
    kinds = getattr(text, "layer_types", None)
    if kinds is not None:
        return all("full_attention" in kind for kind in kinds)
    return getattr(text, "num_attention_heads", None) is not None and not getattr(text, "is_hybrid", False)


def _explain(error: Exception) -> ModelError:
    _log.warning("a generation failed", exc_info=error)
    if type(error).__name__ == "OutOfMemoryError" or "out of memory" in str(error).lower():
        return ModelError("the memory is full", hint="Shorten the prompt, take a smaller dtype, or unload a model.")
    lines = str(error).strip().splitlines()
    return ModelError(
        f"the model failed: {type(error).__name__}: {lines[0][:200] if lines else ''}",
        hint="Try another dtype or model; the server's log holds the details.",
    )
