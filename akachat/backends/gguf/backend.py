"""The backend for GGUF models on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from akachat.backends.base import Chunk, End, ModelInfo, Prepared, Progress, Request, Status, Token
from akachat.backends.gguf.answer import Answer
from akachat.backends.gguf.files import Source, find_file
from akachat.backends.gguf.prompt import Written, write_prompt, write_raw
from akachat.backends.gguf.sampling import effective, form_request, sampling_request
from akachat.backends.gguf.shelf import Shelf
from akachat.backends.gguf.turns import Closed
from akachat.backends.gguf.worker import Worker
from akachat.backends.limits import BackendLimits
from akachat.backends.presets import Preset
from akachat.errors import AkachatError, BackendError, BackendUnavailable, ModelError
from akachat.messages import Message
from akachat.options import DEFAULTS, Options

__all__ = ["GgufBackend"]

_NOT_USED = {
    "endpoint": "it is for OpenAI-compatible servers",
    "tokenizer": "a GGUF brings its own",
    "source_language": "it is for translation models",
    "target_language": "it is for translation models",
}
_PENALTIES = "frequency_penalty and presence_penalty count the prompt's tokens too with a GGUF."


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it was written, and as the model receives it."""

    written: Written
    text: str
    ids: tuple[int, ...]


class GgufBackend:
    """Answers by llama.cpp, each model in a process of its own.

    Args:
        hf_token: gives the token of huggingface.co, or None.
        limits: what it may use.
        preset: what is known of a model of that name.
        root: the workspace's folder of models, whose names begin with ``models/``.
    """

    def __init__(
        self,
        *,
        hf_token: Callable[[], str | None] = lambda: None,
        limits: BackendLimits | None = None,
        preset: Callable[[str], Preset | None] = lambda _: None,
        root: Path | None = None,
    ) -> None:
        self._hf_token = hf_token
        self._preset = preset
        self._root = root
        self._limits = limits or BackendLimits()
        self._shelf = Shelf(self._limits)
        self._starting: set[asyncio.Task[None]] = set()

    def is_at_hand(self, options: Options) -> bool:
        """True once the model is in memory: its tokenizer comes with its weights."""
        return self._shelf.loaded(self._source(options)) is not None

    async def prepare(self, request: Request) -> Prepared:
        """The exact prompt. Loads the model where it is not in memory: its file has tokenizer and weights in one."""
        worker = await self._worker(request.options)
        prompt = await self._prompt(worker, request)
        return Prepared(
            prompt.text,
            prompt.written.messages,
            len(prompt.ids),
            True,
            (*prompt.written.notes, *self._notes(worker, request.options)),
            effective(request.options, worker.file.header, self._limits.answer_tokens),
            own=prompt,
        )

    async def counter(self, request: Request) -> Callable[[Sequence[Message]], int]:
        """Counts by the model's own tokenizer, which answers in about a millisecond."""
        worker = await self._worker(request.options)

        def count(messages: Sequence[Message]) -> int:
            written = self._write(worker, messages, request)
            return len(worker.tokens(written.pieces, begin=written.begin))

        return count

    async def spell(self, request: Request, prepared: Prepared, most: int) -> tuple[Token, ...] | None:
        """The tokens as the file's own tokenizer writes them."""
        worker = await self._worker(request.options)
        written: Written = prepared.own.written
        return (await asyncio.to_thread(worker.spell, written.pieces, begin=written.begin))[:most]

    async def context(self, options: Options) -> int | None:
        """The model's own, as far as the memory reaches."""
        return (await self._worker(options)).context

    async def generate(self, request: Request) -> AsyncGenerator[Status | Chunk | End]:
        """Makes the answer in the model's own process; see ``Backend.generate``."""
        asked = monotonic()
        timeout = DEFAULTS["timeout"] if request.options.timeout is None else request.options.timeout
        deadline = asyncio.get_running_loop().time() + timeout
        try:
            while True:
                if self._shelf.loaded(self._source(request.options)) is None:
                    yield Status(request.options.model, Progress("read"))
                async with asyncio.timeout_at(deadline):
                    worker = await self._worker(request.options)
                    prompt = request.prepared.own if request.prepared else await self._prompt(worker, request)
                    body, size = self._body(worker, prompt, request.options)
                stops = (*(request.options.stop or ()), *prompt.written.stop)
                answer = Answer(
                    len(prompt.ids),
                    stops,
                    asked,
                    ends=worker.file.header.control_ids(prompt.written.stop),
                    newline=prompt.written.newline,
                    is_json="json_schema" in body,
                )
                try:
                    async with aclosing(self._answered(worker, body, size, request, answer, deadline)) as pieces:
                        async for piece in pieces:
                            yield piece
                    return
                except Closed:
                    pass  # unloaded just now by someone else: load it again
        except TimeoutError:
            raise BackendUnavailable(
                f"the model did not finish within {timeout:g} seconds",
                hint="Raise the option timeout, lower max_new_tokens, or take a smaller model.",
            ) from None

    def model_key(self, options: Options) -> str:
        """What a request with these options needs in memory: requests of one key can be answered by one model."""
        source = self._source(options)
        return "\n".join((source.name, "", source.revision or "", source.dtype))

    async def models(self) -> list[ModelInfo]:
        """The models in memory or on their way."""
        loaded = [_info(worker) for worker in self._shelf.workers()]
        reading = Progress("read")
        return [
            *loaded,
            *(ModelInfo(each, "Local", False, {}, "loading", reading) for each in self._shelf.loading()),
        ]

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls a function, from any thread, whenever something changes in ``models``; gives the way to end that."""
        return self._shelf.listen(listener)

    async def load(self, options: Options) -> ModelInfo:
        """Loads a model without asking it anything.

        Raises:
            ModelError: it cannot be loaded; the hint says what to do.
        """
        return _info(await self._worker(options))

    def start(self, options: Options) -> None:
        """Begins to load a model; ``models`` tells that it is on its way, the next request why it failed."""
        task = asyncio.get_running_loop().create_task(self._started(options))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def download(self, options: Options, *, force: bool = False) -> Path:
        """Fetches a model's file into the hub's cache without loading it, and checks it.

        Args:
            force: fetches it again where it is here already.

        Raises:
            ModelError: it cannot be fetched; the hint says what to do.
        """
        file = await asyncio.to_thread(find_file, self._source(options), force=force)
        return file.path

    async def unload(self, name: str) -> bool:
        """Frees a model after the answers that it is making; False where it is not loaded."""
        return await self._shelf.unload(name)

    async def aclose(self) -> None:
        """Stops all answers and frees all models."""
        await self._shelf.aclose()

    async def _answered(
        self, worker: Worker, body: Mapping[str, Any], size: int, request: Request, answer: Answer, deadline: float
    ) -> AsyncGenerator[Chunk | End]:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout_at(deadline):
                await stack.enter_async_context(worker.turns.turn(request.caller, size))
            worker.used = monotonic()
            answer.begin()
            pieces = await stack.enter_async_context(aclosing(worker.complete(body)))
            try:
                while answer.end is None:
                    async with asyncio.timeout_at(deadline):
                        piece = await anext(pieces, None)
                    chunk = answer.take(piece)
                    if chunk is not None:
                        yield chunk
            except BackendError:
                if not worker.closing:
                    raise
                answer.cancel()
        assert answer.end is not None
        yield replace(answer.end, detail={**answer.end.detail, **_used(worker, request.options)})

    async def _started(self, options: Options) -> None:
        with suppress(AkachatError):  # told to whoever asks the model
            await self._worker(options)

    def _source(self, options: Options) -> Source:
        return Source.of(options, self._hf_token(), self._root)

    async def _worker(self, options: Options) -> Worker:
        return await self._shelf.worker(self._source(options), options.lora)

    async def _prompt(self, worker: Worker, request: Request) -> Prompt:
        """The prompt; a template is somebody's program and the tokenizer another process, so no loop waits here."""

        def write() -> Prompt:
            written = self._write(worker, request.messages, request)
            begin = worker.file.header.token("bos") if written.begin and worker.begin else ""
            return Prompt(written, begin + written.text, worker.tokens(written.pieces, begin=written.begin))

        return await asyncio.to_thread(write)

    def _write(self, worker: Worker, messages: Sequence[Message], request: Request) -> Written:
        options, header = request.options, worker.file.header
        if request.raw:
            return write_raw(messages, header.token("bos"))
        preset = self._preset(options.model)
        return write_prompt(header, messages, options, preset=preset, seconds=self._limits.template_seconds)

    def _body(self, worker: Worker, prompt: Prompt, options: Options) -> tuple[dict[str, Any], int]:
        """The request, and the most tokens that it and its answer take."""
        room = _room(len(prompt.ids), worker.context, options)
        values = effective(options, worker.file.header, min(self._limits.answer_tokens, room))
        body = {
            "prompt": list(prompt.ids),
            "stream": True,
            "cache_prompt": True,
            "return_tokens": True,
            # What is not named here makes the last line as long as the prompt.
            "response_fields": ["content", "stop", "stop_type", "tokens_predicted", "timings"],
            "lora": [{"id": at, "scale": float(name == options.lora)} for at, name in enumerate(worker.adapters)],
            **sampling_request(values, worker.context),
            **form_request(options.response_format),
        }
        return body, len(prompt.ids) + values["max_new_tokens"]

    def _notes(self, worker: Worker, options: Options) -> list[str]:
        notes = [worker.file.note] if worker.file.note else []
        notes += [
            f"{name} was not used: {why}." for name, why in _NOT_USED.items() if getattr(options, name) is not None
        ]
        source = self._source(options)
        if options.dtype and not source.dtype:
            notes.append(f"dtype was not used: the file's own number format is {worker.file.header.format}.")
        if options.frequency_penalty or options.presence_penalty:
            notes.append(_PENALTIES)
        if any(not isinstance(tool, dict) for tool in options.tools or ()):
            notes.append("tools that are given by name only were not used.")
        return notes


def _info(worker: Worker) -> ModelInfo:
    return ModelInfo(worker.name, "Local", True, {**worker.facts(), "busy": worker.busy}, "loaded")


def _used(worker: Worker, options: Options) -> dict[str, Any]:
    """What an answer was really made with."""
    facts = worker.facts()
    lora = {"lora": options.lora} if options.lora else {}
    return {**{name: facts[name] for name in ("device", "dtype", "class")}, **lora}


def _room(size: int, context: int, options: Options) -> int:
    """How many tokens fit after the prompt."""
    if size == 0:
        raise ModelError("the prompt is empty", hint="Write an instruction or an input.")
    if size >= context:
        raise ModelError(
            f"the prompt has {size:,} tokens, and {options.model!r} takes {context:,} with the answer",
            hint="Set history_threshold so that old turns go, or shorten the prompt.",
        )
    return context - size
