"""The embedding models in memory: each is loaded once, shared, and works in a thread of its own, queries first."""

from __future__ import annotations

import asyncio
import itertools
import queue
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from akachat.errors import AkachatError, ModelError
from akachat.retrieval.embedding.embedder import Embedder, Kind, weights_of
from akachat.settings import Settings

__all__ = ["Embedders"]

_BATCH = 16
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
#: The ONNX and OpenVINO folders of many models are larger than what is needed of them, and are left.
_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.py", "*.safetensors")


class Embedders:
    """Loads embedding models when they are asked for, and keeps the ones used last.

    Args:
        settings: the settings as they are now.
        models_dir: the folder where models may lie that are named by their path in it.
    """

    def __init__(self, settings: Callable[[], Settings], models_dir: Path) -> None:
        self._settings = settings
        self._models_dir = models_dir
        self._kept: OrderedDict[tuple[str, str, str], asyncio.Task[Embedder]] = OrderedDict()
        self._workers: dict[Embedder, _Worker] = {}

    async def get(
        self, name: str, revision: str = "", precision: str = "auto", on_progress: Callable[[str], None] | None = None
    ) -> Embedder:
        """The model; those who ask for it while it is loaded wait for the same one.

        Raises:
            ModelError: it cannot be had or loaded, and what to do.
        """
        if precision not in ("auto", "fp32"):
            raise ModelError(f"there is no precision {precision!r} here", hint="Set it to auto or fp32.")
        key = (name, revision, precision)
        task = self._kept.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            if on_progress is not None:
                on_progress("load")
            task = self._kept[key] = asyncio.create_task(asyncio.to_thread(self._load, name, revision))
        self._kept.move_to_end(key)
        embedder = await asyncio.shield(task)
        self._trim()
        return embedder

    async def embed(
        self, embedder: Embedder, texts: Sequence[str], kind: Kind, on_progress: Callable[[int], None] | None = None
    ) -> tuple[Any, int]:
        """As ``Embedder.encode``, in the model's own thread; queries go before the next batch of passages.

        Raises:
            ModelError: the model failed.
        """
        import numpy as np

        worker = self._workers.get(embedder)
        if worker is None:
            worker = self._workers[embedder] = _Worker()
        made, tokens = [np.zeros((0, embedder.dimensions), np.float32)], 0
        # A cancellation arrives between two batches; a long run of passages never holds a query up for longer.
        step = _BATCH * 4
        for start in range(0, len(texts), step):
            part = texts[start : start + step]
            try:
                vectors, read = await worker.run(partial(embedder.encode, part, kind), kind == "query")
            except (RuntimeError, ValueError, MemoryError) as error:
                raise ModelError(f"the embedding model {embedder.name!r} failed: {error}") from error
            made.append(vectors)
            tokens += read
            if on_progress is not None:
                on_progress(min(start + step, len(texts)))
        return np.concatenate(made), tokens

    async def aclose(self) -> None:
        """Lets all models go."""
        for task in self._kept.values():
            task.cancel()
        self._kept.clear()
        for worker in self._workers.values():
            worker.stop()
        self._workers.clear()

    def _trim(self) -> None:
        while len(self._kept) > max(1, self._settings().limits.embedding_models):
            key = next((key for key, task in self._kept.items() if task.done()), None)
            if key is None:
                return
            task = self._kept.pop(key)
            if not task.cancelled() and task.exception() is None and (worker := self._workers.pop(task.result(), None)):
                worker.stop()

    def _load(self, name: str, revision: str) -> Embedder:
        settings = self._settings()
        folder = self._folder(name)
        try:
            import torch
            from sentence_transformers import SentenceTransformer

            device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
            token = settings.hf_token.reveal() if settings.hf_token else None
            place = folder or _fetched(name, revision, token)
            if not (place / "modules.json").is_file():
                raise ModelError(
                    f"{name!r} is no sentence-transformers model", hint="Take a model that has a modules.json."
                )
            model = SentenceTransformer(
                str(place), device=device, trust_remote_code=name in settings.trust_remote_code, token=token,
                model_kwargs={"use_safetensors": True},
            )  # fmt: skip
            if device != "cpu":
                model = model.half()
        except AkachatError:
            raise
        except Exception as error:
            raise _explained(name, error) from error
        # A download lies in a folder that is named by its commit.
        weights = place.name if folder is None else weights_of(folder)
        return Embedder(model, name, weights, "fp32" if device == "cpu" else "fp16")

    def _folder(self, name: str) -> Path | None:
        root = self._models_dir.resolve()
        path = (root / name).resolve()
        return path if path.is_relative_to(root) and path.is_dir() else None


def _fetched(name: str, revision: str, token: str | None) -> Path:
    """The folder of a hub's model, downloaded where it is not there; weights only where they hold no code."""
    # Never a path: a name from outside must not reach folders that are not the workspace's.
    if not _HUB_NAME.fullmatch(name):
        raise ModelError(
            f"there is no embedding model {name!r}",
            hint="Give the name of a folder in the workspace's models, or owner/model of Hugging Face.",
        )
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, revision=revision or None, token=token, allow_patterns=list(_FILES)))


class _Worker:
    """A thread that does one thing after another, what is urgent first."""

    def __init__(self) -> None:
        self._jobs: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        threading.Thread(target=self._work, name="embedding", daemon=True).start()

    async def run(self, work: Callable[[], tuple[Any, int]], urgent: bool) -> tuple[Any, int]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Any, int]] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if not future.done():
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

        def go() -> None:
            if future.cancelled():
                return
            result, failed = None, None
            try:
                result = work()
            except Exception as error:
                failed = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, failed)

        self._jobs.put((0 if urgent else 1, next(self._numbers), go))
        return await future

    def stop(self) -> None:
        self._jobs.put((2, next(self._numbers), None))

    def _work(self) -> None:
        while (job := self._jobs.get()[2]) is not None:
            job()


def _explained(name: str, error: Exception) -> ModelError:
    link: BaseException | None = error
    classes: set[str] = set()
    words = ""
    for _ in range(10):
        if link is None:
            break
        classes |= {base.__name__ for base in type(link).__mro__}
        words += f" {link}"
        link = link.__cause__ or link.__context__
    if isinstance(error, ImportError) and "sentence_transformers" in words:
        return ModelError("semantic search needs sentence-transformers", hint="bash venv.sh rag")
    if "GatedRepoError" in classes or "gated repo" in words:
        return ModelError(f"{name!r} is gated", hint=f"Accept its licence on huggingface.co/{name}; set hf_token.")
    if "RevisionNotFoundError" in classes:
        return ModelError(f"{name!r} has no such revision", hint="Give a branch, a tag or a commit.")
    if classes & {"RepositoryNotFoundError", "HFValidationError"}:
        return ModelError(f"there is no model {name!r} on Hugging Face", hint="Check the spelling (owner/model).")
    if "trust_remote_code" in words:
        return ModelError(
            f"{name!r} brings Python code of its own, which is not run",
            hint="If you trust it, add its name to the setting trust_remote_code.",
        )
    if classes & {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError", "ConnectError"} or (
        "couldn't connect" in words or "offline mode" in words
    ):
        return ModelError(
            f"{name!r} is not on this machine, and Hugging Face cannot be reached",
            hint="Check the network, or put the model's folder into the workspace's models.",
        )
    line = (str(error).strip().splitlines() or [""])[0][:200]
    return ModelError(f"the embedding model {name!r} cannot be loaded: {line}", hint="Check that it is complete.")
