"""The embedding models in memory: each is loaded once, shared, and works in a thread of its own, queries first."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from akachat.errors import AkachatError, ModelError
from akachat.locks import HIDDEN
from akachat.retrieval.embedding.embedder import Embedder, Kind, weights_of
from akachat.retrieval.embedding.int8 import Int8, is_installed
from akachat.retrieval.embedding.precision import PRECISIONS, device, resolved
from akachat.retrieval.embedding.worker import Worker
from akachat.settings import Settings

__all__ = ["Embedders"]

_LOG = logging.getLogger(__name__)
_BATCH = 16
#: Queries whose vectors are remembered: a prompt that is worked on asks its library the same again and again.
_REMEMBERED = 256
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
#: The ONNX and OpenVINO folders of many models are larger than what is needed of them, and are left.
_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.py", "*.safetensors")


#: Name, revision, precision.
_Asked = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A model in memory, and the only thread that works with it."""

    embedder: Embedder
    worker: Worker


class Embedders:
    """Loads embedding models when they are asked for, and keeps the ones used last.

    Args:
        settings: the settings as they are now.
        models_dir: the folder where models may lie that are named by their path in it.
    """

    def __init__(self, settings: Callable[[], Settings], models_dir: Path) -> None:
        self._settings = settings
        self._models_dir = models_dir
        self._int8 = Int8(models_dir / HIDDEN / "int8")
        self._device = ""
        #: By their fingerprints, those used last at the end; what was asked for leads there by ``_known``.
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._known: dict[_Asked, str] = {}
        self._loading: dict[_Asked, asyncio.Task[Embedder]] = {}
        self._asked: OrderedDict[tuple[str, str] | None, tuple[Any, int]] = OrderedDict()

    async def get(
        self,
        name: str,
        revision: str = "",
        precision: str = "auto",
        on_progress: Callable[[str], None] | None = None,
        *,
        like: str = "",
    ) -> Embedder:
        """The model; those who ask for it while it is loaded wait for the same one.

        Args:
            name: a folder in the models' folder, or a name of Hugging Face.
            revision: of the latter.
            precision: ``auto``, ``fp32`` or ``int8``; ``auto`` is fp16 on a GPU, and int8 on a CPU where the packages
                for it are installed and its vectors are nearly those of fp32. What int8 cannot be is fp32.
            on_progress: is told ``load`` when it has to be loaded.
            like: the fingerprint of vectors that there are; ``auto`` is then their precision.

        Raises:
            ModelError: it cannot be had or loaded, and what to do.
        """
        if precision not in PRECISIONS:
            raise ModelError(f"there is no precision {precision!r} here", hint="Set it to auto, fp32 or int8.")
        if not self._device:
            self._device = await asyncio.to_thread(self._find_device, name)
        asked = (name, revision, resolved(precision, self._device, like))
        kept = self._kept.get(self._known.get(asked, ""))
        if kept is None:
            kept = await self._loaded(asked, on_progress)
        self._kept.move_to_end(kept.embedder.fingerprint)
        self._trim()
        return kept.embedder

    async def embed(
        self, embedder: Embedder, texts: Sequence[str], kind: Kind, on_progress: Callable[[int], None] | None = None
    ) -> tuple[Any, int]:
        """As ``Embedder.encode``, in the model's own thread; queries go before the next batch of passages.

        Raises:
            ModelError: the model failed.
        """
        import numpy as np

        asked = (embedder.fingerprint, texts[0]) if kind == "query" and len(texts) == 1 else None
        if asked in self._asked:
            self._asked.move_to_end(asked)
            return self._asked[asked]
        made, tokens = [np.zeros((0, embedder.dimensions), np.float32)], 0
        # A cancellation arrives between two batches; a long run of passages never holds a query up for longer.
        step = _BATCH * 4
        for start in range(0, len(texts), step):
            part = texts[start : start + step]
            kept = self._keep(embedder)
            try:
                vectors, read = await kept.worker.run(partial(kept.embedder.encode, part, kind), kind == "query")
            except (RuntimeError, ValueError, MemoryError) as error:
                raise ModelError(f"the embedding model {embedder.name!r} failed: {error}") from error
            made.append(vectors)
            tokens += read
            if on_progress is not None:
                on_progress(min(start + step, len(texts)))
        self._trim()
        done = np.concatenate(made), tokens
        if asked is not None:
            done[0].flags.writeable = False
            self._asked[asked] = done
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
        return done

    async def aclose(self) -> None:
        """Lets all models go."""
        self._int8.stop()
        for task in self._loading.values():
            task.cancel()
        for kept in self._kept.values():
            kept.worker.stop()
        self._kept.clear()

    async def _loaded(self, asked: _Asked, on_progress: Callable[[str], None] | None) -> _Kept:
        task = self._loading.get(asked)
        if task is None:
            if on_progress is not None:
                on_progress("load")
            task = self._loading[asked] = asyncio.create_task(asyncio.to_thread(self._load, *asked))
            task.add_done_callback(lambda _: self._loading.pop(asked, None))
        embedder = await asyncio.shield(task)
        self._known[asked] = embedder.fingerprint
        return self._keep(embedder)

    def _keep(self, embedder: Embedder) -> _Kept:
        """The model as it is kept; one that had to go comes back while someone uses it, and never twice."""
        kept = self._kept.get(embedder.fingerprint)
        if kept is None:
            kept = self._kept[embedder.fingerprint] = _Kept(embedder, Worker())
        return kept

    def _find_device(self, name: str) -> str:
        try:
            return device()
        except ImportError as error:
            raise _explained(name, error) from error

    def _trim(self) -> None:
        over = len(self._kept) - max(1, self._settings().limits.embedding_models)
        for fingerprint in [each for each, kept in self._kept.items() if not kept.worker.busy][: max(0, over)]:
            self._kept.pop(fingerprint).worker.stop()

    def _load(self, name: str, revision: str, precision: str) -> Embedder:
        settings = self._settings()
        folder = self._folder(name)
        note = ""
        try:
            from sentence_transformers import SentenceTransformer

            token = settings.hf_token.reveal() if settings.hf_token else None
            place = folder or _fetched(name, revision, token)
            if not (place / "modules.json").is_file():
                raise ModelError(
                    f"{name!r} is no sentence-transformers model", hint="Take a model that has a modules.json."
                )
            # A download lies in a folder that is named by its commit.
            weights = place.name if folder is None else weights_of(folder)
            model = SentenceTransformer(
                str(place), device=self._device, trust_remote_code=name in settings.trust_remote_code, token=token,
                model_kwargs={"use_safetensors": True, "dtype": "float16" if precision == "fp16" else "float32"},
            )  # fmt: skip
            if precision == "fp16":
                model = model.half()  # the parts after the transformer, too
            elif precision == "int8":
                note = self._int8.put_into(model, place, weights) if is_installed() else "onnx is not installed"
                precision = "fp32" if note else "int8"
        except AkachatError:
            raise
        except Exception as error:
            raise _explained(name, error) from error
        if note:
            _LOG.info("%s computes in fp32 instead of int8: %s", name, note)
        return Embedder(model, name, weights, precision, note)

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
