"""The backend for models on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic

from akachat.backends.base import Chunk, End, ModelInfo, Prepared, Request
from akachat.backends.formats import is_jinja
from akachat.backends.limits import BackendLimits
from akachat.backends.local.generation import Given, Job
from akachat.backends.local.prompt import Prompt, write_prompt
from akachat.backends.local.sampling import Sampling, effective, unused
from akachat.backends.local.seq2seq import SourcePrompt, write_source
from akachat.backends.local.shelf import Shelf
from akachat.backends.local.source import Front, Source
from akachat.backends.presets import Preset
from akachat.errors import BackendUnavailable, ModelError
from akachat.messages import Message
from akachat.options import DEFAULTS, Options

__all__ = ["LocalBackend"]

_NOT_USED = {
    "endpoint": "it is for OpenAI-compatible servers",
    "response_format": "local models are not held to a form",
}
_NOT_CAUSAL = {
    "source_language": "it is for translation models",
    "target_language": "it is for translation models",
}


class LocalBackend:
    """Answers by models in this process.

    Args:
        folders: models that come with the program, by name.
        hf_token: gives the token of huggingface.co, or None.
        trusted: whether a model of that name may run its own Python code.
        limits: what it may use.
        preset: what is known of a model of that name, or None.
    """

    def __init__(
        self,
        *,
        folders: Mapping[str, Callable[[], Path]] | None = None,
        hf_token: Callable[[], str | None] = lambda: None,
        trusted: Callable[[str], bool] = lambda _: False,
        limits: BackendLimits | None = None,
        preset: Callable[[str], Preset | None] = lambda _: None,
    ) -> None:
        self._folders = dict(folders or {})
        self._hf_token = hf_token
        self._trusted = trusted
        self._preset = preset
        self._limits = limits or BackendLimits()
        self._shelf = Shelf(self._limits, frozenset(self._folders))

    def is_at_hand(self, options: Options) -> bool:
        """True for folders of this machine, and for models whose tokenizer has been loaded."""
        source = self._source(options)
        return source.is_folder or self._shelf.has_front(source)

    async def prepare(self, request: Request) -> Prepared:
        """The exact prompt; loads the tokenizer where needed, never the weights."""
        options = request.options
        source = self._source(options)
        front = await self._shelf.front(source)
        prompt = await self._written(front, request)
        varies = [each.loaded.varies for each in self._shelf.workers() if each.loaded.source == source]
        sampling = self._sampling(options, front)
        return Prepared(
            prompt.text,
            prompt.messages,
            len(prompt.ids),
            True,
            (*prompt.notes, *unused(front.generation), *_notes(options, front), *filter(None, varies)),
            sampling.to_dict(),
            own=prompt,
        )

    async def counter(self, request: Request) -> Callable[[Sequence[Message]], int]:
        """Counts by the model's own tokenizer."""
        front = await self._shelf.front(self._source(request.options))
        return lambda messages: len(self._write(front, messages, request.options).ids)

    async def generate(self, request: Request) -> AsyncIterator[Chunk | End]:
        """Makes the answer in the model's own thread; see ``Backend.generate``."""
        options = request.options
        asked = monotonic()
        timeout = DEFAULTS["timeout"] if options.timeout is None else options.timeout
        deadline = asyncio.get_running_loop().time() + timeout
        job: Job | None = None
        try:
            async with asyncio.timeout_at(deadline):
                source = self._source(options)
                front = await self._shelf.front(source)
                job = Job(await self._given(request, front, asked))
                while not (await self._shelf.worker(source)).submit(job):
                    pass  # unloaded just now by someone else: load it again
            while True:
                async with asyncio.timeout_at(deadline):
                    item = await job.channel.get()
                if isinstance(item, Exception):
                    raise item
                yield item
                if isinstance(item, End):
                    return
        except TimeoutError:
            raise BackendUnavailable(
                f"the model did not finish within {timeout:g} seconds",
                hint="Raise the option timeout, lower max_new_tokens, or take a smaller model.",
            ) from None
        finally:
            if job is not None:
                job.cancel()

    async def models(self) -> list[ModelInfo]:
        """The models in memory, and those that come with the program."""
        loaded = [
            ModelInfo(worker.loaded.source.name, "Local", True, {**worker.loaded.facts(), "busy": worker.busy})
            for worker in self._shelf.workers()
        ]
        names = {info.name for info in loaded}
        return [*loaded, *(ModelInfo(name, "Local", False) for name in self._folders if name not in names)]

    async def load(self, options: Options) -> ModelInfo:
        """Loads a model without asking it anything.

        Raises:
            ModelError: it cannot be loaded; the hint says what to do.
        """
        worker = await self._shelf.worker(self._source(options))
        return ModelInfo(options.model, "Local", True, worker.loaded.facts())

    async def unload(self, name: str) -> bool:
        """Frees a model after the answers that it is making; False where it is not loaded."""
        return await self._shelf.unload(name)

    async def aclose(self) -> None:
        """Stops all answers and frees all models."""
        await self._shelf.aclose()

    def _source(self, options: Options) -> Source:
        if options.lora is not None:
            raise ModelError("LoRA adapters cannot be loaded yet", hint="Unset the option lora, or merge the adapter.")
        folder = self._folders.get(options.model)
        place = str(folder()) if folder is not None else str(Path(options.model).expanduser())
        return Source.of(
            options,
            place,
            token=self._hf_token(),
            trusted=self._trusted(options.model),
            preset=self._preset(options.model),
            reserve=self._limits.memory_reserve,
        )

    def _sampling(self, options: Options, front: Front) -> Sampling:
        return effective(options, front.generation, self._limits.answer_tokens)

    async def _written(self, front: Front, request: Request) -> Prompt:
        """The prompt; a chat template from the options is somebody's program, so the loop does not wait for it."""
        options = request.options
        write = partial(self._write, front, request.messages, options)
        if options.template is not None and is_jinja(options.template):
            return await asyncio.to_thread(write)
        return write()

    def _write(self, front: Front, messages: Sequence[Message], options: Options) -> Prompt:
        write = partial(write_prompt, front.tokenizer, seconds=self._limits.template_seconds)
        return write_source(write, front, messages, options) if front.is_encoder_decoder else write(messages, options)

    async def _given(self, request: Request, front: Front, asked: float) -> Given:
        options = request.options
        prompt: Prompt = request.prepared.own if request.prepared else await self._written(front, request)
        room = _room(prompt, front, options)
        sampling = effective(options, front.generation, min(self._limits.answer_tokens, room))
        return Given(prompt, sampling, (*(options.stop or ()), *prompt.stop), asked)


def _room(prompt: Prompt, front: Front, options: Options) -> int:
    """How many tokens fit after the prompt."""
    size = len(prompt.ids)
    if size == 0:
        raise ModelError("the prompt is empty", hint="Write an instruction or an input.")
    if front.context is None:
        return 2**31
    if isinstance(prompt, SourcePrompt):  # what is read and what is written have room of their own
        if size <= front.context:
            return max(1, front.context - len(prompt.decoder))
        raise ModelError(
            f"the prompt has {size:,} tokens, and {options.model!r} reads {front.context:,}",
            hint="Shorten it, or send it in parts.",
        )
    if size >= front.context:
        raise ModelError(
            f"the prompt has {size:,} tokens, and {options.model!r} takes {front.context:,} with the answer",
            hint="Set history_threshold so that old turns go, or shorten the prompt.",
        )
    return front.context - size


def _notes(options: Options, front: Front) -> list[str]:
    reasons = {**_NOT_USED, **({} if front.is_encoder_decoder else _NOT_CAUSAL)}
    notes = [f"{name} was not used: {why}." for name, why in reasons.items() if getattr(options, name) is not None]
    if any(not isinstance(tool, dict) for tool in options.tools or ()):
        notes.append("tools that are given by name only were not used.")
    return notes
