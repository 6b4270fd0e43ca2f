"""What a user may bring into a library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["File", "Folder", "Source", "Text", "Url"]


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
