"""Embedding models, each loaded once and shared, with a thread of its own."""

from __future__ import annotations

import asyncio
import importlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akachat.errors import ModelError
from akachat.retrieval.embedding.embedder import Embedder
from akachat.settings import Settings

__all__ = ["Embedders"]

#: Texts that are embedded before a query may go first, and before a cancelled job ends.
_BATCH = 16


class Embedders:
    """The models in memory; the one unused for longest goes first.

    Args:
        settings: the settings as they are now: the hub's token, whose code may run, how many are kept.
        models_dir: the workspace's folder of models.
    """

    def __init__(self, settings: Callable[[], Settings], models_dir: Path) -> None:
        self._settings = settings
        self._models_dir = models_dir
        self._kept: OrderedDict[tuple[str, str, str], asyncio.Task[Embedder]] = OrderedDict()
        self._threads: dict[Embedder, ThreadPoolExecutor] = {}

    async def get(self, name: str, revision: str = "", precision: str = "auto") -> Embedder:
        """A model, loaded once whoever asks at the same time.

        Raises:
            ModelError: it cannot be found or loaded, and why.
        """
        key = (name, revision, precision)
        task = self._kept.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._kept[key] = asyncio.create_task(asyncio.to_thread(self._load, name, revision))
        self._kept.move_to_end(key)
        embedder = await asyncio.shield(task)
        while len(self._kept) > self._settings().limits.embedding_models:
            _, old = self._kept.popitem(last=False)
            self._forget(old)
        return embedder

    async def embed(self, embedder: Embedder, texts: Sequence[str], kind: str) -> tuple[NDArray[np.float32], int]:
        """Vectors of length 1, an array of shape (texts, dimensions), and how many tokens were read."""
        thread = self._threads.setdefault(embedder, ThreadPoolExecutor(1, "akachat-embed"))
        loop = asyncio.get_running_loop()
        parts: list[NDArray[np.float32]] = []
        tokens = 0
        for begin in range(0, len(texts), _BATCH):
            some = list(texts[begin : begin + _BATCH])
            vectors, read = await loop.run_in_executor(thread, embedder.encode, some, kind)
            parts.append(vectors)
            tokens += read
        return np.concatenate(parts) if parts else np.empty((0, embedder.dimensions), np.float32), tokens

    def _load(self, name: str, revision: str) -> Embedder:
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError:
            raise ModelError(
                "semantic search needs the package sentence-transformers", hint="Install it: bash venv.sh rag"
            ) from None
        settings = self._settings()
        local = self._models_dir / name
        place = str(local) if local.is_dir() else name
        token = settings.hf_token.reveal() if settings.hf_token is not None else None
        try:
            model = library.SentenceTransformer(
                place,
                revision=revision or None,
                token=token,
                trust_remote_code=name in settings.trust_remote_code,
            )
        except Exception as error:  # whatever the hub, the disk or the model's own files raise
            why = str(error).strip().split("\n")[0][:300] or type(error).__name__
            raise ModelError(
                f"the embedding model {name!r} cannot be loaded: {why}",
                hint="Check its name and the network; a folder of its files under models/ works without a network.",
            ) from None
        return Embedder(model, name, revision, place)

    def _forget(self, task: asyncio.Task[Embedder]) -> None:
        if task.done() and not task.cancelled() and task.exception() is None:
            thread = self._threads.pop(task.result(), None)
            if thread is not None:
                thread.shutdown(wait=False)

    async def aclose(self) -> None:
        """Lets all models go."""
        for task in self._kept.values():
            if not task.done():
                await asyncio.wait({task})
            self._forget(task)
        self._kept.clear()
