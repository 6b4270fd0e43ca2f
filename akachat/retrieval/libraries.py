"""All libraries of a workspace, one folder each under ``rag/``: what the doors and ``rag()`` speak to."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from anyio.to_thread import run_sync

from akachat.errors import AkachatError, InvalidInput
from akachat.files import translated
from akachat.locks import HIDDEN
from akachat.names import check_name, not_found
from akachat.retrieval.configuration import Configuration
from akachat.retrieval.embedding.shelf import Embedders
from akachat.retrieval.info import LibraryInfo
from akachat.retrieval.jobs import Job
from akachat.retrieval.library import Library, mode_of
from akachat.retrieval.reading.limits import ReadLimits
from akachat.retrieval.reading.reader import Reader
from akachat.retrieval.scanning import scan
from akachat.retrieval.searching import Searching, check_query
from akachat.retrieval.sources.given import File, Folder, Source, Text, Url
from akachat.retrieval.values import FileStatus, Hit, Passage
from akachat.retrieval.working import Working
from akachat.settings import Settings

__all__ = ["File", "Folder", "Libraries", "LibraryInfo", "Source", "Text", "Url"]


class Libraries:
    """Every library of a workspace.

    Args:
        folder: the workspace's ``rag/``.
        settings: the settings as they are now.
        models_dir: the workspace's ``models/``, where embedding models may lie too.
    """

    def __init__(self, folder: Path, settings: Callable[[], Settings], models_dir: Path) -> None:
        self._folder = folder
        self._settings = settings
        limits = settings().limits
        self._reader = Reader(
            ReadLimits(
                limits.rag_file_bytes, limits.rag_file_characters, limits.rag_read_seconds, limits.rag_read_memory_bytes
            ),
            limits.rag_readers or min(4, os.cpu_count() or 1),
        )
        self._embedders = Embedders(settings, models_dir)
        self._working = Working(settings, self._reader, self._embedders, self._open)
        self._opened: dict[str, Library] = {}
        self._searching = Searching(self._working, self._embedders)

    def list(self) -> Sequence[str]:
        """The names of the libraries, sorted."""
        found = []
        for place, folders, _ in os.walk(self._folder):
            inner = [name for name in folders if not name.startswith(".")]
            at_top = Path(place) == self._folder
            for name in inner:
                path = Path(place) / name
                # At the top every folder is one, made by us or by hand; below, only those that were made by us.
                if (path / HIDDEN).is_dir() or (at_top and any(each.is_file() for each in path.iterdir())):
                    found.append(path.relative_to(self._folder).as_posix())
            folders[:] = inner
        return sorted(found)

    async def infos(self) -> Sequence[LibraryInfo]:
        """All of them, sorted by name."""
        return [await self.info(name) for name in await run_sync(self.list)]

    async def info(self, name: str) -> LibraryInfo:
        """One of them.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
        """
        name = await self._known(name)
        job = self._working.under_way(name)
        seen = job.to_dict(files=False) if job is not None else None
        try:
            library = await self._open(name)
            return await run_sync(self._describe, library, seen)
        except AkachatError as error:
            return LibraryInfo(name, state="broken", problem=str(error), job=seen)

    async def configure(self, name: str, changes: Mapping[str, Any]) -> LibraryInfo:
        """Makes a library, or changes its settings; what follows from them is done by ``sync``.

        Raises:
            InvalidInput: an unknown setting or a value that it does not take.
        """
        library = await self._open(check_name(name))

        def change() -> None:
            configuration = library.configuration.changed(changes)
            with translated(name, "write the settings of"):
                configuration.write(library.hidden / "library.json")

        await run_sync(change)
        return await self.info(name)

    async def delete(self, name: str) -> None:
        """Deletes a library with its documents.

        Raises:
            NotFound: there is none of that name.
        """
        name = await self._known(name)
        for job in self._working.jobs(name):
            if job.cancel():
                await job.over()
        library = self._opened.pop(name, None)
        if library is not None:
            await run_sync(library.close)
        folder = self._folder.joinpath(*name.split("/"))

        def remove() -> None:
            with translated(name, "delete"):
                shutil.rmtree(folder)

        await run_sync(remove)

    def add(
        self, name: str, sources: Sequence[Source], *, charset: str = "", replace: bool = False, embed: bool = True
    ) -> Job:
        """Begins to bring documents into a library, which is made where there is none.

        Args:
            name: the library's name.
            sources: what to bring in.
            charset: the encoding of text files; empty to find it out.
            replace: also for zips, drop what came from one of the same name before and is not in it now.
            embed: whether the job also makes vectors where the library wants them; else a second job does, which
                begins at once, so that this one ends as soon as the keyword search can find everything.

        Raises:
            InvalidInput: the name cannot be a library's.
            Busy: too much waits already.
        """
        name = check_name(name)
        if charset:
            check_charset(charset)
        return self._working.add(name, sources, charset, replace, embed)

    def sync(self, name: str) -> Job:
        """Begins to bring the index to what lies in the folder and what the settings say; also resumes."""
        return self._working.sync(check_name(name))

    def jobs(self, name: str | None = None) -> Sequence[Job]:
        """The work under way and the newest that is over, newest first."""
        return self._working.jobs(name)

    def job(self, id: str) -> Job:
        """One of them.

        Raises:
            NotFound: there is none of that id, or it is over for long.
        """
        return self._working.job(id)

    async def files(self, name: str) -> Sequence[FileStatus]:
        """The documents of a library, sorted by name, with those that could not be read."""
        library = await self._open(await self._known(name))
        return [row.status() for row in (await run_sync(lambda: library.store.files())).values()]

    async def remove(self, name: str, files: Sequence[str]) -> Sequence[FileStatus]:
        """Deletes documents from a library; a name that ends in ``/`` is a folder with all in it.

        Raises:
            NotFound: one of them is not there; nothing is deleted.
        """
        library = await self._open(await self._known(name))
        known = list((await run_sync(lambda: library.store.files())).keys())
        present = {**dict.fromkeys(known), **dict.fromkeys(await run_sync(scan, library.folder))}
        chosen = set()
        for file in files:
            some = [each for each in present if each == file or (file.endswith("/") and each.startswith(file))]
            if not some:
                raise not_found("document", file, present)
            chosen.update(some)

        def delete() -> None:
            for each in chosen:
                path = library.folder.joinpath(*each.split("/"))
                with translated(each, "delete"):
                    path.unlink(missing_ok=True)
                    parent = path.parent
                    while parent != library.folder and parent.is_dir() and not any(parent.iterdir()):
                        parent.rmdir()
                        parent = parent.parent

        await run_sync(delete)
        job = await self._working.index(library.name).wait()
        return [file for file in job.files if file.file in chosen]

    async def set_charset(self, name: str, file: str, charset: str) -> FileStatus:
        """Reads a document again in an encoding of the user's choice; empty to find it out."""
        library = await self._open(await self._known(name))
        if charset:
            check_charset(charset)
        known = await run_sync(lambda: library.store.files())
        if file not in known:
            raise not_found("document", file, known)
        await run_sync(library.store.note_origins, [(file, known[file].source, charset)])
        await self._working.index(library.name).wait()
        return (await run_sync(lambda: library.store.files()))[file].status("changed")

    async def passages(self, name: str, file: str, offset: int = 0, limit: int = 50) -> tuple[Sequence[Passage], int]:
        """Some of a document's passages in order, and how many it has."""
        library = await self._open(await self._known(name))
        known = await run_sync(lambda: library.store.files())
        if file not in known:
            raise not_found("document", file, known)
        some = await run_sync(library.store.passages_of, file, max(0, offset), max(1, min(limit, 1_000)))
        return some, known[file].passages

    async def search(self, names: Sequence[str], query: str, k: int = 1, *, mode: str = "") -> Sequence[Hit]:
        """The ``k`` best passages of some libraries, the best first; fewer where fewer have anything to do with it.

        Args:
            names: the libraries.
            query: what to look for.
            k: how many, at most 1,000.
            mode: ``keyword``, ``semantic`` or ``hybrid``; empty for what each library says.

        Raises:
            NotFound: there is no such library, or it holds no text.
            InvalidInput: the query is empty, or ``k`` or ``mode`` is not one that there is.
            Conflict: the library was made for another embedding model than is set now, and what to do.
        """
        query = query[: self._settings().limits.rag_query_characters]
        check_query(query, k, mode)
        libraries = [await self._open(await self._known(name)) for name in dict.fromkeys(names)]
        found = [await self._searching.search(library, query, k, mode) for library in libraries]
        if len(found) == 1:
            return found[0]
        # BM25 scores of two libraries are not comparable, so the best of each come first, then the second ones.
        ranked = [(rank, -hit.score, hit) for hits in found for rank, hit in enumerate(hits)]
        hits = [hit for _, _, hit in sorted(ranked, key=lambda each: each[:2])]
        return hits[:k]

    async def search_once(self, sources: Sequence[Source], query: str, k: int = 1) -> tuple[Sequence[Hit], Job]:
        """Reads documents, searches them by keywords and keeps nothing; the job tells how the files fared."""
        query = query[: self._settings().limits.rag_query_characters]
        check_query(query, k, "")
        with tempfile.TemporaryDirectory(prefix="akachat-", ignore_cleanup_errors=True) as folder:
            library = await run_sync(Library, "", Path(folder) / "library")

            async def opened(name: str) -> Library:
                return library

            working = Working(self._settings, self._reader, self._embedders, opened)
            try:
                job = await working.add("", sources, "", replace=False, embed=False).wait()
                return await run_sync(library.search, query, k, "keyword", None), job
            finally:
                await working.aclose()
                await run_sync(library.close)

    async def embed(
        self,
        texts: Sequence[str],
        model: str,
        *,
        kind: Literal["query", "passage"] = "passage",
        dimensions: int | None = None,
    ) -> tuple[Any, int]:
        """The vectors of texts, as a float32 array of shape (texts, dimensions) of length 1 each, and the tokens read.

        Args:
            texts: what to embed.
            model: an embedding model that callers may name (``embedding_names``).
            kind: ``query`` or ``passage``, for models that tell them apart.
            dimensions: how many of a vector's leading numbers are kept (for models trained so); None for all.

        Raises:
            NotFound: no embedding model of that name may be used here, and how to allow it.
        """
        if model not in self.embedding_names():
            raise not_found("embedding model", model, self.embedding_names())
        embedder = await self._embedders.get(model)
        vectors, tokens = await self._embedders.embed(embedder, texts, kind)
        if dimensions is not None:
            if not 1 <= dimensions <= vectors.shape[1]:
                raise InvalidInput(
                    f"{model} has {vectors.shape[1]} dimensions, not {dimensions}", hint="Ask for fewer, or for none."
                )
            vectors = vectors[:, :dimensions]
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors, tokens

    def embedding_names(self) -> Sequence[str]:
        """The embedding models that callers may name: those of the libraries and those that the settings list."""
        names = list(self._settings().embedding_models)
        for name in self.list():
            with contextlib.suppress(AkachatError):
                path = self._folder.joinpath(*name.split("/")) / HIDDEN / "library.json"
                names.append(Configuration.read(path).model)
        return [name for name in dict.fromkeys(names) if name]

    async def aclose(self) -> None:
        """Ends the work under way; what was committed stays, and the next start resumes the rest."""
        await self._searching.aclose()
        await self._working.aclose()
        await self._reader.aclose()
        await self._embedders.aclose()
        for library in self._opened.values():
            await run_sync(library.close)
        self._opened.clear()

    async def _known(self, name: str) -> str:
        """The name, if there is such a library."""
        name = check_name(name)
        if name not in self._opened or not self._opened[name].hidden.is_dir():
            known = await run_sync(self.list)
            if name not in known:
                raise not_found("library", name, known)
        return name

    async def _open(self, name: str) -> Library:
        library = self._opened.get(name)
        if library is None:
            made = await run_sync(Library, name, self._folder.joinpath(*name.split("/")))
            library = self._opened.setdefault(name, made)
            if library is not made:
                await run_sync(made.close)
        return library

    def _describe(self, library: Library, job: Mapping[str, Any] | None) -> LibraryInfo:
        totals, configuration = library.store.totals(), library.configuration
        problem = ""
        state = "ready" if totals.files else "empty"
        if job is not None:
            state = "indexing"
        elif configuration.model and library.store.get("embedded") != library.store.get("generation"):
            state, problem = "stale", "not all passages have vectors yet; bring the library up to date"
        return LibraryInfo(
            library.name,
            totals.files,
            totals.unreadable,
            totals.passages,
            totals.characters,
            totals.bytes,
            library.store.count_vectors()[0] if configuration.model else 0,
            mode_of(library, configuration, ""),
            configuration.model_dump(),
            state,
            problem,
            job,
        )


def check_charset(charset: str) -> None:
    """Refuses a charset that Python does not know.

    Raises:
        InvalidInput: its name is wrong.
    """
    try:
        "".encode(charset)
    except LookupError:
        raise InvalidInput(
            f"there is no charset {charset!r}", hint="Take utf-8, cp932, euc-jp, iso-2022-jp or utf-16."
        ) from None
