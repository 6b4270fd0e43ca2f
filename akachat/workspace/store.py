"""The workspace's text files: where each lies, and changes of several that happen as one."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import os
import stat
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from akachat.errors import Conflict, InvalidInput
from akachat.files import (
    MAX_BYTES,
    Signature,
    inside,
    read_bytes,
    remove,
    remove_leftovers,
    sync_folder,
    translated,
    write_atomic,
)
from akachat.locks import HIDDEN, FolderLock
from akachat.names import check_name

__all__ = ["Change", "Store", "encoded"]

_log = logging.getLogger("akachat")


@dataclass(frozen=True, slots=True)
class Change:
    """A file's new content, or None to delete it; ``mode`` is set for a new file that must look like another."""

    data: bytes | None
    mode: int | None = None


class Store:
    """The text files of one workspace, under one lock.

    A change of several files is first written down as a whole (``.akachat/pending.json``) and then done. Whoever
    meets such a record under the lock finishes it, so a crash leaves all of the old content or all of the new.

    Args:
        root: the workspace's real path.
    """

    def __init__(self, root: str, *, limit: int = MAX_BYTES) -> None:
        self.root = root
        self.limit = limit
        self._lock = FolderLock(root, "files")
        self._pending = os.path.join(root, HIDDEN, "pending.json")

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Holds the workspace's lock, after what a crash left unfinished is finished."""
        with self._lock.hold():
            if self.is_unfinished():
                self._finish()
            yield

    def is_unfinished(self) -> bool:
        """Whether a change of several files is under way, or was when its process died."""
        return os.path.lexists(self._pending)

    def clean(self, *folders: str) -> None:
        """Finishes what a crash left, and deletes its temporary files."""
        with self.hold():
            for folder in folders:
                remove_leftovers(os.path.join(self.root, folder))

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
                return read_bytes(path, self.limit)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def names(self, folder: str, suffix: str) -> list[str]:
        """The names of all files with a suffix in a folder and below, sorted; files that no name fits are left out."""
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

    def apply(self, changes: Mapping[str, Change]) -> None:
        """Makes changes, by absolute path, as one; what is already so is not written again.

        Raises:
            InvalidInput: a link leads out of the workspace, or a folder and a file have the same name.
            FileError: nothing was changed, or what was begun is finished at the next start.
        """
        with self.hold():
            needed: dict[str, Change] = {}
            for path, change in changes.items():
                real = inside(self.root, path)
                if self._content(real) != change.data:
                    needed[real] = change
            for path, change in needed.items():
                if change.data is not None:
                    with translated(self.shown(path), "write"):
                        os.makedirs(os.path.dirname(path), exist_ok=True)
            if len(needed) > 1:
                self._write_pending(needed)
            self._do(needed)
            if len(needed) > 1:
                remove(self._pending)

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

    def _content(self, path: str) -> bytes | None:
        with translated(self.shown(path), "read"):
            try:
                return read_bytes(path, self.limit)[0]
            except (FileNotFoundError, NotADirectoryError):
                return None

    # -- the record of an unfinished change -----------------------------------------------------------------------

    def _write_pending(self, changes: Mapping[str, Change]) -> None:
        record = [
            {
                "path": self.shown(path),
                "before": _digest(self._content(path)),
                "after": None if change.data is None else base64.b64encode(change.data).decode(),
                "mode": change.mode,
            }
            for path, change in changes.items()
        ]
        with translated(self.shown(self._pending), "write"):
            write_atomic(self._pending, json.dumps({"version": 1, "files": record}).encode(), mode=0o600)

    def _do(self, changes: Mapping[str, Change]) -> None:
        folders: dict[str, None] = {}
        for path, change in changes.items():
            folder = os.path.dirname(path)
            with translated(self.shown(path), "delete" if change.data is None else "write"):
                if change.data is None:
                    remove(path)
                else:
                    os.makedirs(folder, exist_ok=True)
                    write_atomic(path, change.data, mode=change.mode, sync=False)
            folders[folder] = None
        for folder in folders:
            with contextlib.suppress(FileNotFoundError), translated(self.shown(folder), "write"):
                sync_folder(folder)
        for path, change in changes.items():
            if change.data is None:
                self._remove_empty(os.path.dirname(path))

    def _remove_empty(self, folder: str) -> None:
        """Removes subfolders that a deletion left empty, never ``prompt`` or ``var`` themselves."""
        while self.shown(folder).count("/") > 0:
            try:
                os.rmdir(folder)
            except OSError:
                return
            folder = os.path.dirname(folder)

    def _finish(self) -> None:
        """Does what a record says, unless someone has edited the files by hand since."""
        try:
            with open(self._pending, "rb") as file:
                record = json.load(file)["files"]
            changes = {
                os.path.join(self.root, each["path"]): (
                    each["before"],
                    Change(None if each["after"] is None else base64.b64decode(each["after"]), each["mode"]),
                )
                for each in record
            }
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):
            self._set_aside("it cannot be read")
            return
        for path, (before, change) in changes.items():
            if inside(self.root, path) != path:
                self._set_aside(f"{self.shown(path)} has become a link")
                return
            if _digest(self._content(path)) not in (before, _digest(change.data)):
                # A hand edit after the crash is newer than what was about to be written.
                self._set_aside(f"{self.shown(path)} was edited since")
                return
        self._do({path: change for path, (_, change) in changes.items() if self._content(path) != change.data})
        remove(self._pending)
        _log.info("Finished a save that was interrupted: %s", ", ".join(self.shown(path) for path in changes))

    def _set_aside(self, reason: str) -> None:
        kept = os.path.join(self.root, HIDDEN, f"unfinished-{time.time_ns()}.json")
        os.replace(self._pending, kept)
        _log.warning("An interrupted save is kept as %s and not finished: %s", self.shown(kept), reason)


def encoded(text: str, what: str, limit: int = MAX_BYTES) -> bytes:
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
            hint="Put long texts into a library (rag).",
        )
    return data


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _is_name(name: str) -> bool:
    try:
        return check_name(name) == name
    except InvalidInput:
        return False
