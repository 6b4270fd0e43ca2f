"""What lies in a library's folder: its documents, without hidden files and libraries inside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from akachat.locks import HIDDEN
from akachat.retrieval.sources.paths import is_junk

__all__ = ["Found", "scan"]


@dataclass(frozen=True, slots=True)
class Found:
    """A document on disk. ``name`` is in NFC, ``path`` as the disk has it (a Mac's is not)."""

    name: str
    path: Path
    size: int
    mtime: int


def scan(folder: Path) -> dict[str, Found]:
    """The documents below a folder by name. Links are not followed: what they lead to is not this library's."""
    return {found.name: found for found in _below(str(folder), "")}


def _below(folder: str, prefix: str) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = prefix + entry.name
        if entry.name.startswith(".") or is_junk(entry.name):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                if not os.path.isdir(os.path.join(entry.path, HIDDEN)):  # else it is a library of its own
                    yield from _below(entry.path, f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                yield Found(normalize("NFC", name), Path(entry.path), found.st_size, found.st_mtime_ns)
        except OSError:
            continue  # gone since, or not ours to look at
