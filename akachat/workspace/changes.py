"""Changes of several files that happen as one, whatever moment the process dies at."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from akachat.errors import FileError
from akachat.files import inside, put_in_place, read_bytes, remove, stage, sync_folder, translated, write_atomic
from akachat.locks import HIDDEN, FolderLock

__all__ = ["LIMIT_HINT", "Change", "Changes"]

LIMIT_HINT = "Put long texts into a library (rag), or raise limits.text_file_bytes."

_log = logging.getLogger("akachat")


@dataclass(frozen=True, slots=True)
class Change:
    """A file's new content, or None to delete it; ``mode`` is set for a new file that must look like another."""

    data: bytes | None
    mode: int | None = None


class Changes:
    """The changes of one workspace's text files, under one lock.

    A change of several files is first written down as a whole (``.akachat/pending.json``) and then done. Whoever
    meets such a record under the lock finishes it, so a crash leaves all of the old content or all of the new.

    Args:
        root: the workspace's real path.
        limit: the largest file that is read, asked anew each time.
    """

    def __init__(self, root: str, limit: Callable[[], int]) -> None:
        self._root = root
        self._limit = limit
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

    def apply(self, changes: Mapping[str, Change], moves: Mapping[str, str] | None = None) -> None:
        """Makes changes, by absolute path, as one; what is already so is not written again.

        Args:
            moves: files that get another name after that, from path to path. One that cannot be moved stays.

        Raises:
            InvalidInput: a link leads out of the workspace, or a folder and a file have the same name.
            FileError: it could not be done, and nothing was changed.
        """
        with self.hold():
            before = {real: (self._content(real), change) for real, change in self._resolved(changes)}
            needed = {path: (old, change) for path, (old, change) in before.items() if old != change.data}
            moved = {inside(self._root, old): inside(self._root, new) for old, new in (moves or {}).items()}
            self._make(needed, moved, record=len(needed) + len(moved) > 1)

    def _resolved(self, changes: Mapping[str, Change]) -> Iterator[tuple[str, Change]]:
        for path, change in changes.items():
            yield inside(self._root, path), change

    def _content(self, path: str) -> bytes | None:
        with translated(self._shown(path), "read"):
            try:
                return read_bytes(path, self._limit(), shown=self._shown(path), hint=LIMIT_HINT)[0]
            except (FileNotFoundError, NotADirectoryError):
                return None

    # -- the record of an unfinished change -----------------------------------------------------------------------

    def _make(
        self, changes: Mapping[str, tuple[bytes | None, Change]], moves: Mapping[str, str], *, record: bool
    ) -> None:
        """Stages all new contents, writes the record if wanted, then gives all files their names."""
        staged: dict[str, str | None] = {}
        done: list[str] = []
        try:
            for path, (_, change) in changes.items():
                staged[path] = None if change.data is None else self._stage(path, change.data, change.mode)
            if record:
                self._write_pending(changes, moves)
            for path, temporary in staged.items():
                with translated(self._shown(path), "write" if temporary else "delete"):
                    put_in_place(temporary, path) if temporary else remove(path)
                    done.append(path)
        except BaseException:
            for path in done:
                old = changes[path][0]
                with contextlib.suppress(OSError, FileError):
                    write_atomic(path, old) if old is not None else remove(path)
            for temporary in staged.values():
                if temporary:
                    remove(temporary)
            if record:
                remove(self._pending)
            raise
        for folder in dict.fromkeys(os.path.dirname(path) for path in changes):
            with contextlib.suppress(FileNotFoundError), translated(self._shown(folder), "write"):
                sync_folder(folder)
        self._move(moves)
        if record:
            remove(self._pending)
        emptied = [path for path, (_, change) in changes.items() if change.data is None]
        for folder in dict.fromkeys(os.path.dirname(path) for path in (*emptied, *moves)):
            self._remove_empty(folder)

    def _move(self, moves: Mapping[str, str]) -> None:
        """Moves what is still there; the change that it belongs to has happened, so a failure is only told."""
        try:
            for old, new in moves.items():
                os.makedirs(os.path.dirname(new), exist_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    put_in_place(old, new)
            for folder in {os.path.dirname(path) for path in (*moves, *moves.values())}:
                with contextlib.suppress(FileNotFoundError):
                    sync_folder(folder)
        except OSError as error:
            _log.warning("Not all of %s could be moved: %s", self._shown(os.path.dirname(old)), error)

    def _stage(self, path: str, data: bytes, mode: int | None) -> str:
        with translated(self._shown(path), "write"):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return stage(path, data, mode=mode)

    def _write_pending(self, changes: Mapping[str, tuple[bytes | None, Change]], moves: Mapping[str, str]) -> None:
        files = [
            {
                "path": self._shown(path),
                "before": _digest(old),
                "after": None if change.data is None else base64.b64encode(change.data).decode(),
                "mode": change.mode,
            }
            for path, (old, change) in changes.items()
        ]
        with translated(self._shown(self._pending), "write"):
            record = {
                "version": 1,
                "files": files,
                "moves": {self._shown(old): self._shown(moves[old]) for old in moves},
            }
            write_atomic(self._pending, json.dumps(record).encode(), mode=0o600)

    def _remove_empty(self, folder: str) -> None:
        """Removes subfolders that a deletion left empty, never ``prompt`` or ``var`` themselves."""
        while self._shown(folder).count("/") > 0:
            try:
                os.rmdir(folder)
            except OSError:
                return
            folder = os.path.dirname(folder)

    def _finish(self) -> None:
        """Does what a record says, unless someone has edited the files by hand since."""
        try:
            with open(self._pending, "rb") as file:
                record = json.load(file)
            changes = {
                os.path.join(self._root, each["path"]): (
                    each["before"],
                    Change(None if each["after"] is None else base64.b64decode(each["after"]), each["mode"]),
                )
                for each in record["files"]
            }
            moves = {
                os.path.join(self._root, old): os.path.join(self._root, new)
                for old, new in record.get("moves", {}).items()
            }
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._set_aside("it cannot be read")
        strange = [path for path in changes if not self._is_ours(path, "prompt", "var")]
        strange += [path for path in (*moves, *moves.values()) if not self._is_ours(path, "log/versions")]
        if strange:
            return self._set_aside(f"{self._shown(strange[0])} is a link, or no text file of the workspace")
        todo: dict[str, tuple[bytes | None, Change]] = {}
        for path, (before, change) in changes.items():
            now = self._content(path)
            if _digest(now) not in (before, _digest(change.data)):
                # A hand edit after the crash is newer than what was about to be written.
                return self._set_aside(f"{self._shown(path)} was edited since")
            if now != change.data:
                todo[path] = (now, change)
        self._make(todo, moves, record=False)
        remove(self._pending)
        _log.info("Finished a save that was interrupted: %s", ", ".join(self._shown(path) for path in changes))

    def _is_ours(self, path: str, *folders: str) -> bool:
        return os.path.realpath(path) == path and self._shown(path).startswith(tuple(f"{each}/" for each in folders))

    def _set_aside(self, reason: str) -> None:
        kept = os.path.join(self._root, HIDDEN, f"unfinished-{time.time_ns()}.json")
        os.replace(self._pending, kept)
        _log.warning("An interrupted save is kept as %s and not finished: %s", self._shown(kept), reason)

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, self._root).replace(os.sep, "/")


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
