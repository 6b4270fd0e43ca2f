"""What was deleted last, kept beside the workspace's files so that it can come back."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from akachat.errors import NotFound
from akachat.files import remove, translated, write_atomic
from akachat.locks import HIDDEN

__all__ = ["Deleted", "Trash"]

_KEPT = 20
_BYTES = 64 * 1024**2
_ID = re.compile(r"\d{19}(?:-\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Deleted:
    """One thing that was deleted.

    Attributes:
        id: what it is brought back by.
        name: what it was called.
        at: when, in seconds since 1970.
        data: what was in it.
    """

    id: str
    name: str
    at: float
    data: bytes


class Trash:
    """The things of one kind that were deleted last: at most 20 of them, and 64 MB; whoever changes it holds a lock.

    Args:
        root: the workspace's real path.
        kind: what they are, as a folder's name.
    """

    def __init__(self, root: str, kind: str) -> None:
        self._folder = os.path.join(root, HIDDEN, "trash", kind)
        self._shown = f"{HIDDEN}/trash/{kind}"

    def put(self, name: str, data: bytes) -> str:
        """Keeps something, and gives the id that brings it back; the oldest go.

        Raises:
            FileError: it cannot be kept, so nothing should be deleted.
        """
        with translated(self._shown, "write"):
            os.makedirs(self._folder, exist_ok=True)
            id = self._free_id()
            record = {"name": name, "at": time.time(), "data": base64.b64encode(data).decode()}
            write_atomic(self._path(id), json.dumps(record).encode(), mode=0o600)
        total = 0
        for index, each in enumerate(self._ids()):
            total += os.path.getsize(self._path(each))
            if each != id and (index >= _KEPT or total > _BYTES):
                self.drop(each)
        return id

    def items(self) -> list[Deleted]:
        """What is kept, the newest first."""
        return list(self._read())

    def get(self, id: str) -> Deleted:
        """One of them.

        Raises:
            NotFound: it is not there any more.
        """
        found = self._one(id) if _ID.fullmatch(id) else None
        if found is None:
            raise NotFound("what was deleted is not kept any more", hint=f"The last {_KEPT} can be brought back.")
        return found

    def drop(self, id: str) -> None:
        """Forgets one of them."""
        remove(self._path(id))

    def _read(self) -> Iterator[Deleted]:
        for id in self._ids():
            found = self._one(id)
            if found is not None:
                yield found

    def _one(self, id: str) -> Deleted | None:
        try:
            with open(self._path(id), "rb") as file:
                record = json.load(file)
            return Deleted(id, record["name"], record["at"], base64.b64decode(record["data"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _ids(self) -> list[str]:
        found: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            found = [name[:-5] for name in os.listdir(self._folder) if name.endswith(".json")]
        return sorted((id for id in found if _ID.fullmatch(id)), reverse=True)

    def _free_id(self) -> str:
        # A clock may stand still for a while, and several may go in one change.
        now, number = f"{time.time_ns():019d}", 0
        while os.path.lexists(self._path(id := f"{now}-{number:06d}")):
            number += 1
        return id

    def _path(self, id: str) -> str:
        return os.path.join(self._folder, f"{id}.json")
