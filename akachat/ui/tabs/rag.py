"""The RAG tab's side of the server: each thing that a person can do there is one call of the libraries."""

from __future__ import annotations

import asyncio
import base64
import binascii
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akachat.errors import InvalidInput
from akachat.files import translated
from akachat.playground import Playground
from akachat.retrieval import File, FileStatus, Job, LibraryInfo, Text, Url
from akachat.retrieval.embedding.known import suggestions
from akachat.ui.calls import Answer, Json, answering, text_of
from akachat.ui.view import error_view, in_words

__all__ = ["RagTab"]

#: How many documents and passages the page shows at once.
_FILES, _PASSAGES = 200, 20
#: Uploads that nobody has finished for so many seconds are dropped.
_PATIENCE = 3_600.0


@dataclass(slots=True, weakref_slot=True)
class _Upload:
    """Files on their way, in a folder of their own, which goes with this, at the latest when the server ends."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="akachat-upload-")))
    files: list[File] = field(default_factory=list)
    bytes: int = 0
    touched: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


class RagTab:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._libraries = playground.libraries
        self._uploads: dict[str, _Upload] = {}
        self._tidying: set[asyncio.Task[None]] = set()

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "rag_list": self.list,
            "rag_open": self.open,
            "rag_create": self.create,
            "rag_delete": self.delete,
            "rag_upload": self.upload,
            "rag_drop": self.drop,
            "rag_add": self.add,
            "rag_job": self.job,
            "rag_cancel": self.cancel,
            "rag_remove": self.remove,
            "rag_charset": self.charset,
            "rag_passages": self.passages,
            "rag_search": self.search,
            "rag_configure": self.configure,
        }
        return [answering(name, call) for name, call in calls.items()]

    def facts(self) -> Json:
        """What the script knows from the start: how long its pages are, and models that it suggests."""
        models = [known.suggest for known in suggestions()]
        return {"models": models, "page": {"files": _FILES, "passages": _PASSAGES}}

    async def list(self, payload: Json) -> Json:
        """All libraries."""
        return {"libraries": [_info(info) for info in await self._libraries.infos()]}

    async def open(self, payload: Json) -> Json:
        """One library with some of its documents."""
        info = await self._libraries.info(text_of(payload, "name"))
        files = await self._libraries.files(info.name) if info.state != "broken" else ()
        if payload.get("failed") is True:
            files = [file for file in files if file.code]
        offset = _number(payload, "offset")
        return {**_info(info), "documents": _files(files[offset : offset + _FILES]), "offset": offset, "of": len(files)}

    async def create(self, payload: Json) -> Json:
        """A new, empty library."""
        return _info(await self._libraries.configure(text_of(payload, "name").strip(), {}))

    async def delete(self, payload: Json) -> Json:
        """Deletes a library with its documents."""
        await self._libraries.delete(text_of(payload, "name"))
        return await self.list(payload)

    async def upload(self, payload: Json) -> Json:
        """A piece of a file on its way; ``begin`` says that it is a file's first one, ``first`` the upload's."""
        self._drop_forgotten()
        id = text_of(payload, "upload")
        if payload.get("first") is True:
            self._uploads[id] = _Upload()
        upload = self._uploads.get(id)
        if upload is None:
            # What comes behind a cancelled or forgotten beginning would make a file without it.
            raise InvalidInput("the upload was cancelled, or paused too long", hint="Send the files again.")
        upload.touched = time.monotonic()
        try:
            data = base64.b64decode(text_of(payload, "data"), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidInput("the upload is damaged", hint="Try again.") from None
        if payload.get("begin") is True or not upload.files:
            path = upload.folder / str(len(upload.files))
            upload.files.append(File(path, text_of(payload, "name"), taken=True))
            path.touch()
        upload.bytes += len(data)
        most = self._playground.settings.limits.upload_bytes
        if sum(each.bytes for each in self._uploads.values()) > most:
            self._uploads.pop(id)
            raise InvalidInput(f"the upload is over {most:,} bytes", hint="Send less, or raise limits.upload_bytes.")
        with translated(str(upload.folder), "keep the upload in"), upload.files[-1].path.open("ab") as file:
            file.write(data)
        return {"bytes": upload.bytes}

    async def drop(self, payload: Json) -> Json:
        """Ends an upload, and deletes what of it was sent."""
        upload = self._uploads.pop(text_of(payload, "upload"), None)
        if upload is not None:
            await asyncio.to_thread(shutil.rmtree, upload.folder, ignore_errors=True)
        return {}

    async def add(self, payload: Json) -> Json:
        """Begins to bring in what was uploaded, pasted, or lies at an address."""
        sources: Any = []
        upload = self._uploads.pop(text_of(payload, "upload"), None)
        if upload is not None:
            sources += upload.files
        if text_of(payload, "text").strip():
            sources.append(Text(text_of(payload, "text"), text_of(payload, "file")))
        if text_of(payload, "url").strip():
            sources.append(Url(text_of(payload, "url").strip()))
        if not sources:
            raise InvalidInput("nothing was brought", hint="Drop files, paste text, or give an address.")
        try:
            job = self._libraries.add(text_of(payload, "name").strip(), sources, charset=text_of(payload, "charset"))
        except BaseException:
            if upload is not None:
                shutil.rmtree(upload.folder, ignore_errors=True)
            raise
        if upload is not None:
            self._tidy(job, upload)
        return {"job": _job(job)}

    async def job(self, payload: Json) -> Json:
        """How far some work is; at its end, how each document fared."""
        return {"job": _job(self._libraries.job(text_of(payload, "id")))}

    async def cancel(self, payload: Json) -> Json:
        """Ends some work; what was committed stays."""
        job = self._libraries.job(text_of(payload, "id"))
        job.cancel()
        await job.over()
        return {"job": _job(job)}

    async def remove(self, payload: Json) -> Json:
        """Deletes a document."""
        files = await self._libraries.remove(text_of(payload, "name"), [text_of(payload, "file")])
        return {"files": _files(files)}

    async def charset(self, payload: Json) -> Json:
        """Reads a document again in another encoding."""
        name, file = text_of(payload, "name"), text_of(payload, "file")
        return {"files": _files([await self._libraries.set_charset(name, file, text_of(payload, "charset"))])}

    async def passages(self, payload: Json) -> Json:
        """Some of a document's passages."""
        name, file, offset = text_of(payload, "name"), text_of(payload, "file"), _number(payload, "offset")
        some, total = await self._libraries.passages(name, file, offset, _PASSAGES)
        return {"passages": [passage.to_dict() for passage in some], "offset": offset, "of": total}

    async def search(self, payload: Json) -> Json:
        """The best passages, and how long it took."""
        began = time.perf_counter()
        name, query = text_of(payload, "name"), text_of(payload, "query")
        hits = await self._libraries.search([name], query, _number(payload, "k", 3), mode=text_of(payload, "mode"))
        return {"hits": [hit.to_dict() for hit in hits], "seconds": time.perf_counter() - began}

    async def configure(self, payload: Json) -> Json:
        """Changes settings, and begins what follows from them."""
        changes = payload.get("changes")
        if not isinstance(changes, dict):
            raise InvalidInput("the settings are no JSON object")
        info = await self._libraries.configure(text_of(payload, "name"), changes)
        return {**_info(info), "job": _job(self._libraries.sync(info.name))}

    def _tidy(self, job: Job, upload: _Upload) -> None:
        """Deletes an upload's folder once the job has taken what was in it."""

        async def later() -> None:
            await job.collected.wait()
            await asyncio.to_thread(shutil.rmtree, upload.folder, ignore_errors=True)

        task = asyncio.create_task(later())
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    def _drop_forgotten(self) -> None:
        for id, upload in list(self._uploads.items()):
            if time.monotonic() - upload.touched > _PATIENCE:
                del self._uploads[id]


def _info(info: LibraryInfo) -> Json:
    return {**info.to_dict(), "problem": in_words(info.problem) if info.problem else None}


def _files(files: Iterable[FileStatus]) -> list[Json]:
    return [
        {
            **file.to_dict(),
            "reason": in_words(file.reason) if file.reason else None,
            "hint": in_words(file.hint) if file.hint else None,
        }
        for file in files
    ]


def _job(job: Job) -> Json:
    seen = job.to_dict(files=False)
    seen["error"] = error_view(job.error, "") if job.error is not None else None
    if job.is_over:
        bad = [file for file in job.files if file.code]
        seen["failed"] = _files(bad[:_FILES])
        seen["good"] = sum(file.status in ("added", "changed") for file in job.files)
    return seen


def _number(payload: Json, key: str, default: int = 0) -> int:
    value = payload.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput(f"{key} is no whole number")
    return value
