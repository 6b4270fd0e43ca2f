"""Which backend answers a prompt: chosen by its options, built once from the settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from akachat.backends import embedded
from akachat.backends.base import Backend, ModelInfo
from akachat.backends.gguf import GgufBackend, is_gguf
from akachat.backends.limits import BackendLimits
from akachat.backends.local import LocalBackend
from akachat.backends.openai import OpenAIBackend
from akachat.backends.presets import Presets
from akachat.errors import InvalidInput
from akachat.options import Options
from akachat.settings import Settings

__all__ = ["Backends"]

#: Seconds between two looks of one watcher.
_INTERVAL = 0.2


class Backends:
    """All backends of one playground. Building them loads nothing; a model is loaded when it is first asked.

    Args:
        settings: gives the settings as they are now: endpoints and their keys, the hub's token, trusted models. The
            limits are read once.
        presets: what is known of single models; None for what ships.
        root: the workspace's folder of models.
    """

    def __init__(
        self, settings: Callable[[], Settings], presets: Presets | None = None, root: Path | None = None
    ) -> None:
        self._presets = Presets() if presets is None else presets
        bounds = settings().limits
        limits = BackendLimits(
            template_seconds=bounds.render_seconds,
            connections=bounds.connections,
            connect_timeout=bounds.connect_timeout,
            read_timeout=bounds.read_timeout,
            retries=bounds.retries,
            retry_wait=bounds.retry_wait,
            line_bytes=bounds.line_bytes,
            answer_bytes=bounds.answer_bytes,
            answer_tokens=bounds.response_tokens,
            models=bounds.models,
            model_memory_bytes=bounds.model_memory_bytes,
            gpu_memory_fraction=bounds.gpu_memory_fraction,
            model_idle_seconds=bounds.model_idle_seconds,
            model_turn_seconds=bounds.model_turn_seconds,
            queue=bounds.queue,
            batch_rows=bounds.batch_rows,
            prefix_cache_bytes=bounds.prefix_cache_bytes,
        )
        self._openai = OpenAIBackend(
            lambda name: settings().resolve_endpoint(name), limits, lambda: tuple(settings().endpoints)
        )
        self._local = LocalBackend(
            folders={"embedded": embedded.folder},
            hf_token=lambda: _revealed(settings()),
            trusted=lambda name: name in settings().trust_remote_code,
            limits=limits,
            preset=self._presets.find,
            root=root,
        )
        self._gguf = GgufBackend(
            hf_token=lambda: _revealed(settings()), limits=limits, preset=self._presets.find, root=root
        )

    def resolve(self, options: Options) -> tuple[Options, tuple[str, ...]]:
        """The options with what suits their model under them, and what that changed; a run begins with these."""
        resolved = self._presets.resolve(options)
        return resolved, self._presets.notes(options, resolved)

    def for_options(self, options: Options) -> Backend:
        """The backend that answers prompts with these options."""
        return self._openai if options.location == "OpenAI" else self._on_machine(options.model)

    def _on_machine(self, model: str) -> LocalBackend | GgufBackend:
        return self._gguf if is_gguf(model) else self._local

    def model_key(self, options: Options) -> str:
        """Which model a request with these options needs; cheap, so that many requests can be grouped by it.

        Requests of one key share a model in memory. A local model may have to be loaded for another key, and with
        ``limits.models`` full another one unloaded.
        """
        if options.location == "OpenAI":
            return "\n".join(("OpenAI", options.endpoint or "", options.model))
        return "\n".join(("Local", self._on_machine(options.model).model_key(options)))

    async def models(self, *, remote: bool = False, disk: bool = False) -> list[ModelInfo]:
        """The models of this machine that are in memory, on their way, or come with the program.

        Args:
            remote: also those that the settings' endpoints list, who are asked.
            disk: also those that only lie on this disk.
        """
        local = [*await self._local.models(disk=disk), *await self._gguf.models()]
        return [*local, *(await self._openai.models() if remote else ())]

    async def listed(self, endpoint: str) -> list[ModelInfo]:
        """The models that one endpoint lists.

        Raises:
            AkachatError: there is no such endpoint, or it does not answer as one.
        """
        return await self._openai.models(endpoint)

    def memory(self) -> Mapping[str, int]:
        """Bytes: ``used`` by local models, ``free`` for more of them, and the ``budget`` of all together."""
        return self._local.memory().to_dict()

    async def watch(self) -> AsyncIterator[list[ModelInfo]]:
        """``models()`` now, and again whenever one of them has come, gone, or come further."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # that loop is closed, nobody watches there
                loop.call_soon_threadsafe(news.set)

        ends = [self._local.listen(tell), self._gguf.listen(tell)]
        try:
            while True:
                news.clear()
                yield [*await self._local.models(), *await self._gguf.models()]
                await asyncio.sleep(_INTERVAL)
                await news.wait()
        finally:
            for end in ends:
                end()

    async def load(self, options: Options) -> ModelInfo:
        """Loads a local model without asking it anything.

        Raises:
            InvalidInput: the options name no local model.
            ModelError: it cannot be loaded; the hint says what to do.
        """
        return await self._on_machine(options.model).load(self._resolved(options))

    def start(self, options: Options) -> None:
        """Begins to load a local model; ``models`` tells how far it is, or why it failed.

        Raises:
            InvalidInput: the options name no local model.
        """
        self._on_machine(options.model).start(self._resolved(options))

    async def download(self, options: Options, *, force: bool = False) -> Path:
        """Fetches a model's files into the hub's cache, those that are there already only with ``force``.

        Raises:
            InvalidInput: the options name no local model.
            ModelError: it cannot be fetched; the hint says what to do.
        """
        return await self._on_machine(options.model).download(self._resolved(options), force=force)

    def _resolved(self, options: Options) -> Options:
        return self._presets.resolve(_local(options))

    async def unload(self, name: str) -> bool:
        """Frees a local model after the answers that it is making, or gives its load up; False where there is none."""
        return await self._on_machine(name).unload(name)

    async def aclose(self) -> None:
        """Closes connections, threads and models."""
        await self._openai.aclose()
        await self._local.aclose()
        await self._gguf.aclose()


def _local(options: Options) -> Options:
    if options.location != "Local":
        raise InvalidInput("only Local models can be loaded", hint="Set location to Local.")
    return options


def _revealed(settings: Settings) -> str | None:
    return None if settings.hf_token is None else settings.hf_token.reveal()
