"""Which backend answers a prompt: chosen by its options, built once from the settings."""

from __future__ import annotations

from collections.abc import Callable

from akachat.backends import embedded
from akachat.backends.base import Backend, ModelInfo
from akachat.backends.gguf import GgufBackend, is_gguf
from akachat.backends.limits import BackendLimits
from akachat.backends.local import LocalBackend
from akachat.backends.openai import OpenAIBackend
from akachat.errors import InvalidInput
from akachat.options import Options
from akachat.settings import Settings

__all__ = ["Backends"]


class Backends:
    """All backends of one playground. Building them loads nothing; a model is loaded when it is first asked.

    Args:
        settings: gives the settings as they are now: endpoints and their keys, the hub's token, trusted models. The
            limits are read once.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
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
            queue=bounds.queue,
        )
        self._openai = OpenAIBackend(
            lambda name: settings().resolve_endpoint(name), limits, lambda: tuple(settings().endpoints)
        )
        self._local = LocalBackend(
            folders={"embedded": embedded.folder},
            hf_token=lambda: _revealed(settings()),
            trusted=lambda name: name in settings().trust_remote_code,
            limits=limits,
        )
        self._gguf = GgufBackend(hf_token=lambda: _revealed(settings()), limits=limits)

    def for_options(self, options: Options) -> Backend:
        """The backend that answers prompts with these options."""
        return self._openai if options.location == "OpenAI" else self._on_machine(options.model)

    def _on_machine(self, model: str) -> LocalBackend | GgufBackend:
        return self._gguf if is_gguf(model) else self._local

    async def models(self, *, remote: bool = False) -> list[ModelInfo]:
        """The models on this machine; with ``remote`` also those that the settings' endpoints list, who are asked."""
        local = await self._local.models()
        return [*local, *await self._gguf.models(), *(await self._openai.models() if remote else ())]

    async def load(self, options: Options) -> ModelInfo:
        """Loads a local model without asking it anything.

        Raises:
            InvalidInput: the options name no local model.
            ModelError: it cannot be loaded; the hint says what to do.
        """
        if options.location != "Local":
            raise InvalidInput("only Local models can be loaded", hint="Set location to Local.")
        return await self._on_machine(options.model).load(options)

    async def unload(self, name: str) -> bool:
        """Frees a local model after the answers that it is making; False where it is not loaded."""
        return await self._on_machine(name).unload(name)

    async def aclose(self) -> None:
        """Closes connections, threads and models."""
        await self._openai.aclose()
        await self._local.aclose()
        await self._gguf.aclose()


def _revealed(settings: Settings) -> str | None:
    return None if settings.hf_token is None else settings.hf_token.reveal()
