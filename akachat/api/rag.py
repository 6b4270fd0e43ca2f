"""`/api/rag`: bring documents into libraries, search them, look after them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from akachat.api.bodies import Body, read_body
from akachat.api.replies import envelope
from akachat.api.routing import Endpoint
from akachat.api.streams import EventStream, sse
from akachat.api.uploads import brought
from akachat.errors import InvalidInput
from akachat.playground import Playground
from akachat.retrieval import FileStatus, Hit

__all__ = ["UPLOADS", "RagRoutes"]

_NAME = ("dir", "name")
#: Where a request may be as large as an upload.
UPLOADS = ("/api/rag/save", "/api/rag/main")


class RagRoutes:
    """The endpoints. Whoever may run prompts may search; all else changes what is kept here."""

    def __init__(self, playground: Playground) -> None:
        self._libraries = playground.libraries

    def endpoints(self) -> list[Endpoint]:
        """All of them, for the router and the documentation."""
        post = [
            Endpoint("POST", "/api/rag/save", self.save, "Bring documents into a library", "edit", body="RagSave"),
            Endpoint("POST", "/api/rag/search", self.search, "Search libraries", body="RagSearch", reply="Hits"),
            Endpoint("POST", "/api/rag/main", self.once, "Search documents, keep nothing", "edit", body="RagMain"),
            Endpoint("POST", "/api/rag/sync", self.sync, "Bring a library up to date", "edit", body="RagSync"),
            Endpoint("POST", "/api/rag/remove", self.remove, "Delete documents", "edit", body="RagRemove"),
            Endpoint("POST", "/api/rag/charset", self.charset, "Read in another charset", "edit", body="RagCharset"),
            Endpoint("POST", "/api/rag/passages", self.passages, "A document's passages", "edit", body="RagPassages"),
        ]
        jobs = [
            Endpoint("GET", "/api/rag/jobs", self.jobs, "List the work on libraries", "edit"),
            Endpoint(  # before the next one, whose id would take all that follows
                "GET",
                "/api/rag/jobs/{id}/events",
                self.events,
                "Some work as it goes on",
                "edit",
                media=EventStream.media_type,
            ),
            Endpoint("POST", "/api/rag/jobs/{id}/cancel", self.cancel, "Cancel some work", "edit"),
            Endpoint("GET", "/api/rag/jobs/{id}", self.job, "How far some work is", "edit"),
        ]
        libraries = [
            Endpoint("GET", "/api/rag", self.list, "List the libraries"),
            Endpoint("GET", "/api/rag/{name}", self.read, "A library and its documents", "edit"),
            Endpoint(
                "PUT", "/api/rag/{name}", self.configure, "Change a library's settings", "edit", body="RagSettings"
            ),
            Endpoint("DELETE", "/api/rag/{name}", self.delete, "Delete a library", "edit"),
        ]
        return [*post, *jobs, *libraries]

    # bringing in

    async def save(self, request: Request) -> Response:
        """Brings documents in; answers when they are searchable, or at once with ``wait: false``."""
        async with brought(request) as given:
            body, sources = given.body, given.sources
            name = body.text(*_NAME, default=None)
            wait = body.flag("wait") if "wait" in body else True
            job = self._libraries.add(
                name, sources, charset=body.text("charset"), replace=body.flag("replace"), embed=False
            )
            # Uploads are taken by the job; a caller who leaves ends neither it nor them.
            given.taker = job
            if wait:
                await job.wait()
            return envelope(job.library, {**_files(job.files), "library": job.library, "job": job.to_dict(files=False)})

    async def once(self, request: Request) -> Response:
        """Both in one: what is brought is searched and not kept."""
        async with brought(request) as given:
            body = given.body
            hits, job = await self._libraries.search_once(given.sources, body.text("query", default=None), _k(body))
            return envelope(_best(hits), {**_hits(hits), **_files(job.files)})

    async def search(self, request: Request) -> Response:
        """The best passages."""
        body = await read_body(request)
        given = body.take(*_NAME)
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise InvalidInput("the body has no `dir`", hint='Send {"dir": "a library", "query": "…"}.')
        query = body.text("query", default=None)
        hits = await self._libraries.search(names, query, _k(body), mode=body.text("mode"))
        return envelope(_best(hits), _hits(hits))

    # looking after

    async def list(self, request: Request) -> Response:
        """All libraries."""
        infos = await self._libraries.infos()
        return envelope([info.name for info in infos], {"libraries": [info.to_dict() for info in infos]})

    async def read(self, request: Request) -> Response:
        """One library with its documents."""
        info = await self._libraries.info(request.path_params["name"])
        files = await self._libraries.files(info.name) if info.state != "broken" else ()
        return envelope(info.name, {**info.to_dict(), "documents": [file.to_dict() for file in files]})

    async def configure(self, request: Request) -> Response:
        """Changes settings, and begins what follows from them."""
        changes = (await read_body(request)).rest()
        info = await self._libraries.configure(request.path_params["name"], changes)
        job = self._libraries.sync(info.name)
        return envelope(info.name, {**info.to_dict(), "job": job.to_dict(files=False)})

    async def delete(self, request: Request) -> Response:
        """Deletes a library with its documents."""
        name = request.path_params["name"]
        await self._libraries.delete(name)
        return envelope("", {"library": name})

    async def sync(self, request: Request) -> Response:
        """Brings the index to what lies in the folder."""
        body = await read_body(request)
        job = self._libraries.sync(body.text(*_NAME, default=None))
        if body.flag("wait") if "wait" in body else True:
            await job.wait()
        return envelope(job.library, {**_files(job.files), "job": job.to_dict(files=False)})

    async def remove(self, request: Request) -> Response:
        """Deletes documents from a library."""
        body = await read_body(request)
        name, files = body.text(*_NAME, default=None), body.take("files", "file")
        names = [files] if isinstance(files, str) else files
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            raise InvalidInput("the body has no `files`", hint='Send {"dir": "…", "files": ["a name"]}.')
        return envelope(name, _files(await self._libraries.remove(name, names)))

    async def charset(self, request: Request) -> Response:
        """Reads a document again in another encoding."""
        body = await read_body(request)
        name, file = body.text(*_NAME, default=None), body.text("file", default=None)
        return envelope(name, _files([await self._libraries.set_charset(name, file, body.text("charset"))]))

    async def passages(self, request: Request) -> Response:
        """Some of a document's passages."""
        body = await read_body(request)
        name, file = body.text(*_NAME, default=None), body.text("file", default=None)
        offset, limit = _number(body, "offset", 0), _number(body, "limit", 50)
        some, total = await self._libraries.passages(name, file, offset, limit)
        return envelope(name, {"passages": [each.to_dict() for each in some], "total": total})

    # work

    async def jobs(self, request: Request) -> Response:
        """The work under way and the newest that is over."""
        jobs = [job.to_dict(files=False) for job in self._libraries.jobs()]
        return envelope([job["id"] for job in jobs], {"jobs": jobs})

    async def job(self, request: Request) -> Response:
        """How far it is, and how each document fared."""
        job = self._libraries.job(request.path_params["id"])
        return envelope(job.state, job.to_dict())

    async def cancel(self, request: Request) -> Response:
        """Ends it; what was committed stays."""
        job = self._libraries.job(request.path_params["id"])
        job.cancel()
        await job.over()
        return envelope(job.state, job.to_dict(files=False))

    async def events(self, request: Request) -> Response:
        """The job now, and again whenever it has come further; ends with it."""
        job = self._libraries.job(request.path_params["id"])

        async def pieces() -> AsyncGenerator[bytes, None]:
            async with aclosing(job.watch()) as seen:  # type: ignore[type-var]
                async for each in seen:
                    yield sse(each.to_dict(files=each.is_over), each.state if each.is_over else "progress")

        return EventStream(pieces(), lambda: True, lambda error: sse({"error": error.to_dict()}, "error"))


def _k(body: Body) -> int:
    return _number(body, "k", 1)


def _number(body: Body, name: str, default: int) -> int:
    value = body.take(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"`{name}` is {value!r}", hint="It takes a whole number.")
    return value


def _best(hits: Sequence[Hit]) -> str:
    return hits[0].text if hits else ""


def _hits(hits: Sequence[Hit]) -> dict[str, Any]:
    return {"hits": [hit.to_dict() for hit in hits]}


def _files(files: Sequence[FileStatus]) -> dict[str, Any]:
    return {"files": [file.to_dict() for file in files]}
