"""One answer at a time by the library's own ``generate``, for models whose rows cannot share steps."""

from __future__ import annotations

from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from akachat.backends.local.adapters import Adapters
from akachat.backends.local.engine.choose import Draw, choose
from akachat.backends.local.generation import Job, Stopped, explained
from akachat.backends.local.loading.loader import Loaded
from akachat.backends.local.seq2seq import SourcePrompt, generate_arguments

__all__ = ["answer"]

#: A prompt longer than this is read in pieces of this many tokens, which also bounds the memory that it takes.
_PIECE = 1024


def answer(job: Job, loaded: Loaded, adapters: Adapters) -> None:
    """Makes the answer. Never raises: errors go to whoever waits."""
    try:
        job.begin(loaded.front)
        if not job.cancelled:
            adapters.load(job.given.adapter)
            adapters.use(job.given.adapter.folder if job.given.adapter else None)
            _generate(job, loaded)
        job.finish("cancelled" if job.cancelled else None)
    except Stopped:
        job.finish("cancelled")
    except Exception as error:
        job.fail(explained(error))


class _Watcher:
    """Streamer, stopping criterion and sampler of ``generate`` at the same time."""

    def __init__(self, job: Job) -> None:
        self._job = job
        prompt = job.given.prompt
        said = prompt.decoder if isinstance(prompt, SourcePrompt) else prompt.ids
        self._draw = Draw(
            job.given.sampling, said, prompt.begun if isinstance(prompt, SourcePrompt) else prompt.answered
        )
        self._prompt_seen = False
        self._done = False

    def put(self, value: Any) -> None:
        """A new token (the first call is the prompt)."""
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        for token in value.flatten().tolist():
            self._done = self._job.take(int(token)) or self._done

    def end(self) -> None:
        """The answer is whole."""

    def stop(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Whether to stop after this token."""
        done = self._done or self._job.cancelled
        return torch.full((input_ids.shape[0],), done, device=input_ids.device, dtype=torch.bool)

    def choose(self, input_ids: Any, scores: Any) -> Any:
        """The scores with all but the chosen token at minus infinity, so that ``generate`` may stay greedy."""
        (token,) = choose(scores, [self._draw])
        if isinstance(token, Exception):
            raise token
        out = torch.full_like(scores, float("-inf"))
        out[0, token] = 0.0
        return out


def _generate(job: Job, loaded: Loaded) -> None:
    front, model = loaded.front, loaded.model
    ids = torch.tensor([job.given.prompt.ids], device=model.device)
    own, start = generate_arguments(job.given.prompt, model.device)
    watcher = _Watcher(job)
    pad = model.generation_config.pad_token_id
    in_pieces = ids.shape[1] > _PIECE and start is None and _only_attention(front.config)
    config = GenerationConfig(
        max_new_tokens=job.given.sampling.max_new_tokens,
        do_sample=False,
        eos_token_id=sorted(front.ends) or None,
        pad_token_id=pad if pad is not None else min(front.ends, default=0),
        decoder_start_token_id=start,
        prefill_chunk_size=_PIECE if in_pieces else None,
    )
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            generation_config=config,
            logits_processor=LogitsProcessorList([watcher.choose]),
            stopping_criteria=StoppingCriteriaList([watcher.stop]),
            streamer=watcher,
            **own,
        )


def _only_attention(config: Any) -> bool:
    """Whether every layer is attention; convolutions and recurrences carry a state that pieces may disturb."""
    text = config.get_text_config(decoder=True)
    kinds = getattr(text, "layer_types", None)
    if kinds is not None:
        return all("full_attention" in kind for kind in kinds)
    return getattr(text, "num_attention_heads", None) is not None and not getattr(text, "is_hybrid", False)
