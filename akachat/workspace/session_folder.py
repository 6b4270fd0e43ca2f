"""The folder of the stored conversations: which there are, what was deleted and may come back, what has grown old."""

from __future__ import annotations

import contextlib
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from akachat.errors import InvalidInput, NotFound
from akachat.files import (
    Signature,
    inside,
    is_settled,
    put_in_place,
    read_bytes,
    remove,
    remove_leftovers,
    signature,
    sync_folder,
    translated,
)
from akachat.locks import HIDDEN, FolderLock
from akachat.messages import parse_message
from akachat.names import RESERVED_PREFIX, check_name, not_found
from akachat.settings import Limits
from akachat.workspace.session_info import SessionInfo, read_info, short_title

__all__ = ["FOLDER", "MESSAGES", "SessionFolder", "check_id"]

FOLDER = "log/sessions"
MESSAGES = ".jsonl"
_INFO = ".json"
_SUFFIXES = (MESSAGES, _INFO)
#: Writers of different conversations wait for each other only where their ids share one of these locks.
_LOCKS = 16
#: Seconds that a deleted conversation can be brought back.
_UNDO = 86_400
_INFO_BYTES = 1024 * 1024
_KNOWN = 20_000


def check_id(id: str) -> str:
    """The id as its files are called.

    Raises:
        InvalidInput: it can be no file's name.
    """
    name = check_name(id)
    if "/" in name:
        raise InvalidInput(f"the session {name!r} has a slash in its name", hint="Any other name is one, such as taro.")
    return name


class SessionFolder:
    """The files of all conversations of one workspace, in ``log/sessions``: ``{id}.jsonl`` and ``{id}.json``.

    Args:
        root: the workspace's real path.
        limits: how many are kept, and for how long; asked anew each time.
    """

    def __init__(self, root: str, limits: Callable[[], Limits]) -> None:
        self._root = root
        self._path = os.path.join(root, *FOLDER.split("/"))
        self._bin = os.path.join(self._path, HIDDEN)
        self._limits = limits
        self._locks = [FolderLock(root, f"sessions-{n:x}") for n in range(_LOCKS)]
        self._infos: dict[str, tuple[tuple[Signature | None, Signature | None], SessionInfo]] = {}

    def lock(self, id: str) -> FolderLock:
        """What excludes other writers of one conversation."""
        return self._locks[zlib.crc32(id.encode()) % _LOCKS]

    def path(self, id: str, suffix: str = MESSAGES) -> str:
        """Where one of its files lies, or would lie."""
        return os.path.join(self._path, id + suffix)

    def info_path(self, id: str) -> str:
        """Where the file with its title lies, or would lie; the folder is made.

        Raises:
            InvalidInput: a link leads out of the workspace.
        """
        os.makedirs(self._path, exist_ok=True)
        return inside(self._root, self.path(id, _INFO))

    def exists(self, id: str) -> bool:
        """Whether there is a conversation of that id."""
        return any(os.path.isfile(self.path(id, suffix)) for suffix in _SUFFIXES)

    def missing(self, id: str) -> NotFound:
        """The error for an id that does not exist."""
        return not_found("session", id, [name for name, _ in self.newest()[:200]])

    def newest(self) -> list[tuple[str, int]]:
        """All ids with the times, in nanoseconds, when something was last said, newest first."""
        times: dict[str, int] = {}
        silent: dict[str, os.DirEntry[str]] = {}
        with translated(FOLDER, "read"):
            try:
                entries = list(os.scandir(self._path))
            except (FileNotFoundError, NotADirectoryError):
                return []
            for entry in entries:
                # Of `a.json.json` the stem is `a.json`, which is a name as any other.
                stem, dot, suffix = entry.name.rpartition(".")
                if not stem or stem[0] == ".":
                    continue
                if dot + suffix == _INFO:
                    silent[stem] = entry
                elif dot + suffix == MESSAGES:
                    _note(times, stem, entry)
            for stem in silent.keys() - times.keys():
                _note(times, stem, silent[stem])
        return sorted(times.items(), key=lambda each: (-each[1], each[0]))

    def info(self, id: str) -> SessionInfo:
        """What is known of one; a title that nobody gave is the beginning of what was said first.

        Raises:
            NotFound: there is none of that id.
            InvalidInput: a link leads out of the workspace.
        """
        path, said, now = self.path(id, _INFO), signature(self.path(id)), time.time_ns()
        found = signature(path)
        newest = said or found
        if newest is None:
            raise self.missing(id)
        state = (found, said)
        known = self._infos.get(id)
        if known is None or known[0] != state:
            info = SessionInfo(id)
            if found is not None:
                with contextlib.suppress(FileNotFoundError), translated(f"{FOLDER}/{id}{_INFO}", "read"):
                    info = read_info(id, read_bytes(inside(self._root, path), _INFO_BYTES)[0])
            if not info.title:
                info = replace(info, title=short_title(self._first(id)))
            updated = round(newest[3] / 1e9, 3)
            info = replace(info, created=info.created or updated, updated=updated)
            if len(self._infos) >= _KNOWN:
                self._infos.clear()
            known = (state, info)
            if all(each is None or is_settled(each, now) for each in state):
                self._infos[id] = known
        return known[1]

    def _first(self, id: str) -> str:
        """The beginning of the first message."""
        try:
            with open(inside(self._root, self.path(id)), "rb") as file:
                return parse_message(orjson.loads(file.readline(_INFO_BYTES))).content
        except (OSError, ValueError, InvalidInput):
            return ""

    def text(self, id: str, most: int) -> bytes:
        """What was said, as it lies in the file; at most its last ``most`` bytes."""
        try:
            with open(inside(self._root, self.path(id)), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - most))
                return file.read(most)
        except OSError:
            return b""

    def delete(self, id: str) -> None:
        """Deletes one; for a day it can be restored.

        Raises:
            NotFound: there is none of that id.
        """
        with self.lock(id).hold(), translated(f"{FOLDER}/{id}", "delete"):
            if not self.exists(id):
                raise self.missing(id)
            os.makedirs(self._bin, exist_ok=True)
            stamp = time.time_ns() // 1_000_000
            for suffix in reversed(_SUFFIXES):  # the messages last: without them it would stand there empty
                if os.path.isfile(self.path(id, suffix)):
                    put_in_place(self.path(id, suffix), os.path.join(self._bin, f"{stamp}.{id}{suffix}"))
            sync_folder(self._path)
        self._empty_bin()

    def restore(self, id: str) -> None:
        """Brings back what was deleted last under that id.

        Raises:
            NotFound: there is nothing to bring back.
            InvalidInput: there is a session of that id again.
        """
        with self.lock(id).hold(), translated(f"{FOLDER}/{id}", "restore"):
            stamps = [stamp for stamp, name in self._deleted() if name in (id + MESSAGES, id + _INFO)]
            if not stamps:
                raise NotFound(f"no deleted session {id!r} is left", hint="It can be brought back for a day.")
            if self.exists(id):
                raise InvalidInput(f"there is a session {id!r} again", hint="Delete or rename that one first.")
            for suffix in _SUFFIXES:
                kept = os.path.join(self._bin, f"{max(stamps)}.{id}{suffix}")
                if os.path.isfile(kept):
                    put_in_place(kept, self.path(id, suffix))
            sync_folder(self._path)

    def _deleted(self) -> Iterator[tuple[int, str]]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for name in os.listdir(self._bin):
                stamp, _, rest = name.partition(".")
                if stamp.isascii() and stamp.isdigit():
                    yield int(stamp), rest

    def _empty_bin(self) -> None:
        oldest = (time.time() - _UNDO) * 1000
        for stamp, name in list(self._deleted()):
            if stamp < oldest:
                with contextlib.suppress(OSError):
                    remove(os.path.join(self._bin, f"{stamp}.{name}"))

    def sweep(self) -> int:
        """Deletes for good what is more or older than the limits allow; how many are left."""
        limits, all_ = self._limits(), self.newest()
        gone = all_[limits.sessions :] if limits.sessions else []
        if limits.session_days:
            oldest = time.time_ns() - int(limits.session_days * 86_400e9)
            gone += [each for each in all_[: len(all_) - len(gone)] if each[1] < oldest]
        for id, updated in gone:
            with self.lock(id).hold(), translated(f"{FOLDER}/{id}", "delete"):
                now = signature(self.path(id)) or signature(self.path(id, _INFO))
                if now is not None and now[3] == updated:  # nothing was said in it since
                    for suffix in _SUFFIXES:
                        remove(self.path(id, suffix))
            self._infos.pop(id, None)
        self._empty_bin()
        return len(all_) - len(gone)

    def clean(self) -> None:
        """Deletes temporary files that a crash left."""
        try:
            left = any(name.startswith(f"{RESERVED_PREFIX}-") for name in os.listdir(self._path))
        except (FileNotFoundError, NotADirectoryError):
            return
        if not left:
            return
        with contextlib.ExitStack() as stack:
            for lock in self._locks:
                stack.enter_context(lock.hold())
            remove_leftovers(self._path, below=False)


def _note(times: dict[str, int], stem: str, entry: os.DirEntry[str]) -> None:
    with contextlib.suppress(FileNotFoundError):
        if entry.is_file():
            times[stem] = entry.stat().st_mtime_ns
