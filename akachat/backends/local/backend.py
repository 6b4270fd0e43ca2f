"""The backend for models on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from akachat.backends.base import Chunk, End, ModelInfo, Prepared, Request, Status, Token
from akachat.backends.formats import is_jinja
from akachat.backends.limits import BackendLimits
from akachat.backends.local.adapters import Adapter, fetch
from akachat.backends.local.channel import Channel
from akachat.backends.local.endings import Endings
from akachat.backends.local.generation import Given, Job
from akachat.backends.local.keeping.census import Census
from akachat.backends.local.keeping.disk import find_folder
from akachat.backends.local.keeping.fetch import Wanted
from akachat.backends.local.keeping.keeper import closed
from akachat.backends.local.keeping.memory import Memory
from akachat.backends.local.keeping.shelf import Shelf
from akachat.backends.local.loading.source import Front, Source
from akachat.backends.local.prompt import Prompt, write_prompt
from akachat.backends.local.raw import write_raw
from akachat.backends.local.sampling import Sampling, effective, unused
from akachat.backends.local.seq2seq import SourcePrompt, write_source
from akachat.backends.local.spelling import spell
from akachat.backends.local.worker import Worker
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
        preset: what is known of a model or an adapter of that name.
        root: the workspace's folder of models, whose names begin with ``models/``.
    """

    def __init__(
        self,
        *,
        folders: Mapping[str, Callable[[], Path]] | None = None,
        hf_token: Callable[[], str | None] = lambda: None,
        trusted: Callable[[str], bool] = lambda _: False,
        limits: BackendLimits | None = None,
        preset: Callable[[str], Preset | None] = lambda _: None,
        root: Path | None = None,
    ) -> None:
        self._preset = preset
        self._folders = dict(folders or {})
        self._hf_token = hf_token
        self._trusted = trusted
        self._preset = preset
        self._limits = limits or BackendLimits()
        self._adapters: dict[str, Adapter] = {}
        self._endings = Endings()
        self._root = root
        self._shelf = Shelf(self._limits, frozenset(self._folders))
        self._census = Census(self._shelf, tuple(self._folders), root)

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
        varies = [each.loaded.varies for each in self._shelf.workers(source)]
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
        return lambda messages: len(self._write(front, replace(request, messages=tuple(messages))).ids)

    async def spell(self, request: Request, prepared: Prepared, most: int) -> tuple[Token, ...] | None:
        """The tokens as the model's own tokenizer writes them."""
        front = await self._shelf.front(self._source(request.options))
        return spell(front.tokenizer, prepared.own.ids[:most])

    async def context(self, options: Options) -> int | None:
        """The model's own; what an encoder reads has room of its own."""
        front = await self._shelf.front(self._source(options))
        return None if front.is_encoder_decoder else front.context

    async def generate(self, request: Request) -> AsyncIterator[Status | Chunk | End]:
        """Makes the answer in the model's own thread; see ``Backend.generate``."""
        options = request.options
        asked = monotonic()
        timeout = DEFAULTS["timeout"] if options.timeout is None else options.timeout
        deadline = asyncio.get_running_loop().time() + timeout
        loading = ""
        channel: Channel[Chunk | End | Exception] = Channel()
        job: Job | None = None
        try:
            async with asyncio.timeout_at(deadline):
                source = self._source(options)
                front = await self._shelf.front(source)
                given = await self._given(request, front, asked)
            async with self._shelf.claim(source) as claim:
                while True:
                    async with asyncio.timeout_at(deadline):
                        progress = await claim.news()
                    if progress is None:
                        break
                    loading = progress.stage
                    yield Status(options.model, progress)
                loading = ""
                job = Job(given, partial(_hand_over, channel))
                if not claim.worker.submit(job):
                    raise closed()
                pieces: list[str] = []
                while True:
                    async with asyncio.timeout_at(deadline):
                        item = await channel.get()
                    if isinstance(item, Exception):
                        raise item
                    if isinstance(item, End):
                        if item.finish_reason == "length":
                            self._endings.keep(str(source), given.prompt, "".join(pieces), item.ids)
                        yield replace(item, detail={**item.detail, **_used(claim.worker, given)})
                        return
                    pieces.append(item.text)
                    yield item
        except TimeoutError:
            raise _too_late(options.model, timeout, loading) from None
        finally:
            if job is not None:
                job.cancel()

    def model_key(self, options: Options) -> str:
        """What a request with these options needs in memory: requests of one key can be answered by one model."""
        source = self._source(options)
        return "\n".join((source.place, source.tokenizer or "", source.revision or "", source.dtype))

    async def models(self, *, disk: bool = False) -> list[ModelInfo]:
        """The models in memory or on their way, and those that come with the program; with ``disk`` all others here."""
        return await self._census.take(disk=disk)

    def memory(self) -> Memory:
        """What models take of the memory, and could take."""
        return self._shelf.memory()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls a function, from any thread, whenever something changes in ``models``; gives the way to end that."""
        return self._shelf.listen(listener)

    async def load(self, options: Options) -> ModelInfo:
        """Loads a model without asking it anything.

        Raises:
            ModelError: it cannot be loaded; the hint says what to do.
        """
        source = self._source(options)
        await self._shelf.front(source)  # what is wrong with a name is told before anything large is begun
        async with self._shelf.claim(source) as claim:
            await claim.arrival()
            return self._census.loaded(claim.entry)

    def start(self, options: Options) -> None:
        """Begins to load a model; ``models`` tells how far it is, or why it failed."""
        self._shelf.start(self._source(options))

    async def download(self, options: Options, *, force: bool = False) -> Path:
        """Fetches a model's files into the hub's cache without loading it.

        Args:
            force: fetches those again that are here already.

        Raises:
            ModelError: it cannot be fetched; the hint says what to do.
        """
        source = self._source(options)
        if source.is_folder:
            return Path(source.place)
        return await self._shelf.download(Wanted(source.place, source.revision, source.token, source.trusted, force))

    async def unload(self, name: str) -> bool:
        """Frees a model after the answers that it is making, or gives its load up; False where there is none."""
        return await self._shelf.unload(name)

    async def aclose(self) -> None:
        """Stops all answers and frees all models."""
        await self._shelf.aclose()

    def _source(self, options: Options) -> Source:
        ships = self._folders.get(options.model)
        folder = ships() if ships is not None else find_folder(self._root, options.model)
        return Source.of(
            options,
            str(folder or Path(options.model).expanduser()),
            token=self._hf_token(),
            trusted=self._trusted(options.model),
            preset=self._preset(options.model),
        )

    def _sampling(self, options: Options, front: Front) -> Sampling:
        return effective(options, front.generation, self._limits.answer_tokens)

    async def _written(self, front: Front, request: Request) -> Prompt:
        """The prompt; a chat template from the options is somebody's program, so the loop does not wait for it."""
        template = request.options.template
        if template is not None and is_jinja(template):
            return await asyncio.to_thread(self._write, front, request)
        return self._write(front, request)

    def _write(self, front: Front, request: Request) -> Prompt:
        options = request.options
        write = (
            self._writer(front, options)
            if not request.raw
            else lambda messages, _: write_raw(front.tokenizer, messages)
        )
        if front.is_encoder_decoder:
            return write_source(write, front, request.messages, options)
        return self._endings.write(
            str(self._source(options)), request.messages, lambda messages: write(messages, options)
        )

    def _writer(self, front: Front, options: Options) -> Callable[[Sequence[Message], Options], Prompt]:
        """Writes messages as this model reads them; an adapter may have another type than its base."""
        base, adapter = self._preset(options.model), self._preset(options.lora) if options.lora else None
        known = base if adapter is None else replace(adapter, newline=adapter.newline or (base.newline if base else ""))
        return partial(write_prompt, front.tokenizer, preset=known, seconds=self._limits.template_seconds)

    async def _given(self, request: Request, front: Front, asked: float) -> Given:
        options = request.options
        prompt: Prompt = request.prepared.own if request.prepared else await self._written(front, request)
        room = _room(prompt, front, options)
        sampling = effective(options, front.generation, min(self._limits.answer_tokens, room))
        stops = (*(options.stop or ()), *prompt.stop)
        adapter = await self._adapter(options.lora) if options.lora else None
        return Given(prompt, sampling, stops, asked, adapter, request.caller)

    async def _adapter(self, name: str) -> Adapter:
        """The adapter of that name; what Hugging Face has is asked for once, a folder is looked at each time."""
        found = self._adapters.get(name)
        if found is None or not Path(found.folder).is_dir():
            found = self._adapters[name] = await asyncio.to_thread(fetch, name, self._hf_token())
        return found


def _too_late(model: str, timeout: float, loading: str) -> BackendUnavailable:
    if loading:
        return BackendUnavailable(
            f"{model!r} was still being loaded after {timeout:g} seconds",
            hint="It goes on: try again in a while, or raise the option timeout.",
        )
    return BackendUnavailable(
        f"the model did not finish within {timeout:g} seconds",
        hint="Raise the option timeout, lower max_new_tokens, or take a smaller model.",
    )


def _hand_over(channel: Channel[Chunk | End | Exception], item: Chunk | End | Exception) -> bool:
    return channel.put(item, urgent=not isinstance(item, Chunk))


def _used(worker: Worker, given: Given) -> dict[str, Any]:
    """What an answer was really made with."""
    loaded = worker.loaded
    facts = {"device": loaded.device, "dtype": loaded.dtype, "class": type(loaded.model).__name__}
    return {
        **facts,
        **({"lora": given.adapter.name} if given.adapter else {}),
        **({"notes": list(loaded.notes)} if loaded.notes else {}),
    }


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
