"""Named libraries of documents that an instruction searches by ``rag()``.

Names are loaded when they are first used: the process that reads documents needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from akachat.retrieval.info import LibraryInfo
    from akachat.retrieval.jobs import Job
    from akachat.retrieval.libraries import Libraries
    from akachat.retrieval.sources.given import File, Folder, Source, Text, Url
    from akachat.retrieval.values import FileStatus, Hit, Passage, Place

__all__ = [
    "File",
    "FileStatus",
    "Folder",
    "Hit",
    "Job",
    "Libraries",
    "LibraryInfo",
    "Passage",
    "Place",
    "Source",
    "Text",
    "Url",
]

_HOMES = {
    "info": ("LibraryInfo",),
    "jobs": ("Job",),
    "libraries": ("Libraries",),
    "sources.given": ("File", "Folder", "Source", "Text", "Url"),
    "values": ("FileStatus", "Hit", "Passage", "Place"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        for home, names in _HOMES.items():
            if name in names:
                value = getattr(importlib.import_module(f"akachat.retrieval.{home}"), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module 'akachat.retrieval' has no attribute {name!r}")
