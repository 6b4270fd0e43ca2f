"""A library as a list shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LibraryInfo"]


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
