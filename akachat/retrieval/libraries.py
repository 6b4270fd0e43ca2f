"""All libraries of a workspace, one folder each under ``rag/``: what the doors and ``rag()`` speak to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akachat.retrieval.jobs import Job
from akachat.retrieval.values import FileStatus, Hit, Passage
from akachat.settings import Settings

__all__ = ["File", "Folder", "Libraries", "LibraryInfo", "Source", "Text", "Url"]


@dataclass(frozen=True, slots=True)
class File:
    """A file of any kind, or a zip. ``path`` is where it lies now, ``name`` what it is called in the library.

    With ``taken`` it is ours to move and to delete (an upload); else it is copied.
    """

    path: Path
    name: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """All files below a folder. What was brought from it before and is no longer there goes from the library too."""

    path: Path


@dataclass(frozen=True, slots=True)
class Text:
    """Pasted text; without a name it is called after its first line."""

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Url:
    """A page, a file or a zip at an http(s) address; ``zip`` where it must be a zip."""

    url: str
    zip: bool = False


Source = File | Folder | Text | Url


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    """A library as a list shows it.

    Attributes:
        name: its name, ``/`` between folders.
        files, unreadable: how many documents are searchable, and how many could not be read.
        passages, characters, bytes: how much that is.
        vectors: how many passages have a vector for semantic search.
        search: ``keyword``, ``semantic`` or ``hybrid``: what a search does now.
        settings: ``search`` (``auto``, …), ``model``, ``revision``, ``precision``, ``chunk_characters``,
            ``overlap_characters``.
        state: ``empty``, ``ready``, ``indexing`` (a job is under way), ``stale`` (work is left: run ``sync``),
            ``broken``.
        problem: what is wrong with it, in words; empty where nothing is.
        job: the work that is under way, as ``Job.to_dict``; None where there is none.
    """

    name: str
    files: int = 0
    unreadable: int = 0
    passages: int = 0
    characters: int = 0
    bytes: int = 0
    vectors: int = 0
    search: str = "keyword"
    settings: Mapping[str, Any] = field(default_factory=dict)
    state: str = "empty"
    problem: str = ""
    job: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The library as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


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
        self._models_dir = models_dir

    def list(self) -> list[str]:
        """The names of the libraries, sorted."""
        raise NotImplementedError

    async def infos(self) -> list[LibraryInfo]:
        """All of them, sorted by name."""
        raise NotImplementedError

    async def info(self, name: str) -> LibraryInfo:
        """One of them.

        Raises:
            NotFound: there is none of that name; the hint names the nearest.
        """
        raise NotImplementedError

    async def configure(self, name: str, changes: Mapping[str, Any]) -> LibraryInfo:
        """Makes a library, or changes its settings; what follows from them is done by ``sync``.

        Raises:
            InvalidInput: an unknown setting or a value that it does not take.
        """
        raise NotImplementedError

    async def delete(self, name: str) -> None:
        """Deletes a library with its documents.

        Raises:
            NotFound: there is none of that name.
        """
        raise NotImplementedError

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
        raise NotImplementedError

    def sync(self, name: str) -> Job:
        """Begins to bring the index to what lies in the folder and what the settings say; also resumes."""
        raise NotImplementedError

    def jobs(self, name: str | None = None) -> Sequence[Job]:
        """The work under way and the newest that is over, newest first."""
        raise NotImplementedError

    def job(self, id: str) -> Job:
        """One of them.

        Raises:
            NotFound: there is none of that id, or it is over for long.
        """
        raise NotImplementedError

    async def files(self, name: str) -> Sequence[FileStatus]:
        """The documents of a library, sorted by name, with those that could not be read."""
        raise NotImplementedError

    async def remove(self, name: str, files: Sequence[str]) -> Sequence[FileStatus]:
        """Deletes documents from a library; a name that ends in ``/`` is a folder with all in it.

        Raises:
            NotFound: one of them is not there; nothing is deleted.
        """
        raise NotImplementedError

    async def set_charset(self, name: str, file: str, charset: str) -> FileStatus:
        """Reads a document again in an encoding of the user's choice; empty to find it out."""
        raise NotImplementedError

    async def passages(self, name: str, file: str, offset: int = 0, limit: int = 50) -> tuple[Sequence[Passage], int]:
        """Some of a document's passages in order, and how many it has."""
        raise NotImplementedError

    async def search(self, names: Sequence[str], query: str, k: int = 1, *, mode: str = "") -> Sequence[Hit]:
        """The ``k`` best passages of some libraries, the best first; fewer where fewer have anything to do with it.

        Args:
            names: the libraries.
            query: what to look for.
            k: how many, at most 1,000.
            mode: ``keyword``, ``semantic`` or ``hybrid``; empty for what each library says.

        Raises:
            NotFound: there is no such library, or it holds no text; or nothing in it has to do with the query.
            InvalidInput: the query is empty, or ``k`` or ``mode`` is not one that there is.
            Conflict: the library was made for another embedding model than is set now, and what to do.
        """
        raise NotImplementedError

    async def search_once(self, sources: Sequence[Source], query: str, k: int = 1) -> tuple[Sequence[Hit], Job]:
        """Reads documents, searches them by keywords and keeps nothing; the job tells how the files fared."""
        raise NotImplementedError

    async def embed(
        self, texts: Sequence[str], model: str, *, kind: str = "passage", dimensions: int | None = None
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
        raise NotImplementedError

    def embedding_names(self) -> Sequence[str]:
        """The embedding models that callers may name: those of the libraries and those that the settings list."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Ends the work under way; what was committed stays, and the next start resumes the rest."""
