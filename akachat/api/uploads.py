"""Takes what a request brings for a library: JSON fields, or files of a form, which go to the disk as they come."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from akachat.api.bodies import Body, read_body
from akachat.errors import InvalidInput
from akachat.retrieval import File, Job, Source, Text, Url

__all__ = ["Brought", "brought"]

_MOST_FILES = 10_000
_CLEARING: set[asyncio.Task[None]] = set()


@dataclass(slots=True)
class Brought:
    """What a request brings.

    Attributes:
        body: its plain fields.
        sources: its documents.
        taker: the job that takes the uploads, where it may do so after the answer.
    """

    body: Body
    sources: list[Source]
    taker: Job | None = None


@asynccontextmanager
async def brought(request: Request) -> AsyncIterator[Brought]:
    """The request's plain fields, and what it brings; uploads that nobody has taken are deleted at the end.

    Raises:
        InvalidInput: there is nothing in it, or the form is broken.
    """
    folder = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="akachat-upload-")))
    job: Job | None = None
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            body, sources = await _form(request, folder)
        else:
            body, sources = await read_body(request), []
        if "text" in body:
            sources.append(Text(body.text("text"), body.text("file")))
        if "url" in body:
            sources.append(Url(body.text("url")))
        if "zip_url" in body:
            sources.append(Url(body.text("zip_url"), zip=True))
        if not sources:
            raise InvalidInput(
                "nothing was brought", hint="Send `text`, `url` or `zip_url`, or a form with one or more `file`."
            )
        taken = Brought(body, sources)
        yield taken
        job = taken.taker
    finally:
        if job is None:
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))
        else:
            task = asyncio.create_task(_clear(folder, job))
            _CLEARING.add(task)
            task.add_done_callback(_CLEARING.discard)


async def _clear(folder: Path, job: Job) -> None:
    """Deletes the uploads as soon as the job needs them no more."""
    try:
        await job.collected.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _form(request: Request, folder: Path) -> tuple[Body, list[Source]]:
    sources: list[Source] = []
    fields: dict[str, object] = {}
    try:
        async with request.form(max_files=_MOST_FILES, max_fields=1_000) as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    fields[name] = value
                    continue
                path = folder / str(len(sources))
                await anyio.to_thread.run_sync(_copy, value, path)
                sources.append(File(path, value.filename or "file", taken=True))
    except HTTPException as error:
        raise InvalidInput(f"the form cannot be read: {error.detail}", hint="Send multipart/form-data.") from None
    for name in ("wait", "replace"):
        if name in fields:
            fields[name] = str(fields[name]).lower() in ("true", "1", "on", "yes")
    if "k" in fields:
        text = str(fields["k"])
        fields["k"] = int(text) if text.isascii() and text.isdigit() else text
    return Body(fields), sources


def _copy(upload: UploadFile, path: Path) -> None:
    with path.open("xb") as file:
        upload.file.seek(0)
        shutil.copyfileobj(upload.file, file, 1024 * 1024)
