"""The workspace's text files: where each lies, and changes of several that happen as one."""

from __future__ import annotations

import logging
import os
import stat
import time
import unicodedata
from collections.abc import Callable

from akachat.errors import Conflict, InvalidInput
from akachat.files import (
    Signature,
    inside,
    read_bytes,
    remove_leftovers,
    translated,
)
from akachat.names import check_name
from akachat.workspace.changes import LIMIT_HINT, Change, Changes

__all__ = ["Change", "Store", "encoded"]

_log = logging.getLogger("akachat")


class Store:
    """The text files of one workspace.

    Args:
        root: the workspace's real path.
        limit: the largest file that is read or written, asked anew each time.

    Attributes:
        changes: how they are changed.
    """

    def __init__(self, root: str, limit: Callable[[], int]) -> None:
        self.root = root
        self.limit = limit
        self.changes = Changes(root, limit)

    def clean(self, *folders: str) -> None:
        """Finishes what a crash left, and deletes its temporary files."""
        with self.changes.hold():
            for folder in folders:
                remove_leftovers(os.path.join(self.root, folder))

    def settle(self) -> None:
        """Waits for a change of several files that is under way, or ends one whose process died."""
        if self.changes.is_unfinished():
            with self.changes.hold():
                pass

    def path(self, folder: str, name: str, suffix: str) -> str:
        """Where a checked name's file lies, or would lie.

        A file that was put there by hand on macOS may have its name in NFD; it is the same name.
        """
        path = os.path.join(self.root, folder, *name.split("/")) + suffix
        if not os.path.lexists(path):
            decomposed = os.path.join(self.root, folder, *unicodedata.normalize("NFD", name).split("/")) + suffix
            if decomposed != path and os.path.lexists(decomposed):
                return decomposed
        return path

    def shown(self, path: str) -> str:
        """A path as errors name it: relative to the workspace, with `/`."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def read(self, path: str) -> tuple[bytes, Signature] | None:
        """A file's content and state, or None where there is none.

        Raises:
            InvalidInput: a link leads it out of the workspace.
            FileError: it cannot be read.
        """
        shown = self.shown(path)
        with translated(shown, "read"):
            inside(self.root, path)
            try:
                return read_bytes(path, self.limit(), shown=shown, hint=LIMIT_HINT)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def names(self, folder: str, suffix: str) -> list[str]:
        """The names of all files with a suffix in a folder and below, sorted; files that no name fits are left out."""
        self.settle()
        found: set[str] = set()
        seen: set[str] = set()

        def walk(place: str, prefix: str) -> None:
            try:
                real = inside(self.root, place)
                entries = sorted(os.scandir(real), key=lambda entry: entry.name)
            except (OSError, InvalidInput):
                return
            if real in seen:
                return
            seen.add(real)
            for entry in entries:
                name = unicodedata.normalize("NFC", entry.name)
                if entry.is_dir():
                    walk(entry.path, f"{prefix}{name}/")
                elif name.endswith(suffix) and _is_name(prefix + name[: -len(suffix)]):
                    found.add(prefix + name[: -len(suffix)])

        walk(os.path.join(self.root, folder), "")
        return sorted(found)

    def broken_copy(self, path: str, decode: Callable[[bytes, str], object]) -> dict[str, Change]:
        """The change that keeps a copy of a file which cannot be read, before it is written over; empty if it can."""
        found = self.read(path)
        if found is None:
            return {}
        try:
            decode(found[0], self.shown(path))
        except InvalidInput:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            return {f"{path}.broken-{stamp}": Change(found[0], stat.S_IMODE(os.stat(path).st_mode))}
        return {}

    def refuse_other_case(self, path: str) -> None:
        """Refuses a name that differs by case only from one that is there, where the disk does not tell them apart.

        Raises:
            Conflict: the name that is there.
        """
        while path != self.root and os.path.lexists(path):
            folder, wanted = os.path.split(path)
            there = next((each for each in os.listdir(folder) if each.casefold() == wanted.casefold()), wanted)
            if wanted not in os.listdir(folder) and there != wanted:
                raise Conflict(
                    f"this disk does not tell {wanted!r} from {there!r}, which is there already",
                    hint=f"Use the name as it is there, {there!r}, or another one.",
                )
            path = folder


def encoded(text: str, what: str, limit: int) -> bytes:
    """A text as UTF-8.

    Raises:
        InvalidInput: it is no text, holds half a character, or is too long to be read again.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"{what} is not a text but {type(text).__name__}")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{what} holds half a character (a lone surrogate) at position {error.start + 1}") from None
    if len(data) > limit:
        raise InvalidInput(
            f"{what} has {len(data):,} bytes, over the limit of {limit:,}",
            hint=LIMIT_HINT,
        )
    return data


def _is_name(name: str) -> bool:
    try:
        return check_name(name) == name
    except InvalidInput:
        return False
