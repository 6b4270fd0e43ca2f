"""Variables: named texts that instructions embed as `{var.key}`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from akachat.decoding import decode_text
from akachat.errors import Conflict
from akachat.files import Signature, is_settled, signature
from akachat.names import check_name, not_found
from akachat.workspace.changes import Change
from akachat.workspace.store import Store, encoded
from akachat.workspace.trash import Trash

__all__ = ["Variables"]

_FOLDER = "var"
_REMEMBERED = 10_000


class Variables:
    """The variables of a workspace, one file each; read when they are used.

    Attributes:
        trash: the ones that were deleted last.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[str, str, Signature]] = {}
        self._changing = threading.Lock()
        self.trash = Trash(store.root, _FOLDER)

    def list(self) -> list[str]:
        """All keys, sorted."""
        return self._store.names(_FOLDER, ".txt")

    def __iter__(self) -> Iterator[str]:
        return iter(self.list())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and signature(self._store.path(_FOLDER, check_name(key), ".txt")) is not None

    def get(self, key: str) -> str:
        """A variable's value as its file is now.

        Raises:
            InvalidInput: no variable may have this name.
            NotFound: there is none; the hint names the nearest.
            FileError: its file is broken.
        """
        known = self._known.get(key)
        if known is not None and signature(known[1]) == known[2]:
            return known[0]
        name = check_name(key)
        now = time.time_ns()
        path = self._store.path(_FOLDER, name, ".txt")
        found = self._store.read(path)
        if found is None:
            raise not_found("variable", name, self)
        value = decode_text(found[0], f"{_FOLDER}/{name}.txt")
        if is_settled(found[1], now):
            with self._changing:
                self._known.pop(name, None)
                while len(self._known) >= _REMEMBERED:
                    del self._known[next(iter(self._known))]
                self._known[name] = (value, path, found[1])
        return value

    def set(self, key: str, value: str) -> None:
        """Stores a value, new or in place of the old one; a file that is not UTF-8 is kept beside it.

        Raises:
            InvalidInput: the key, or a value that is no text.
            FileError: it cannot be written; the old value is unchanged.
        """
        self.change({key: value})

    def change(self, values: Mapping[str, str | None]) -> None:
        """Stores many values as one change, all of them or none; a None deletes its key, which ``trash`` keeps.

        Raises:
            InvalidInput: a key, or a value that is no text.
            NotFound: there is none to delete.
            FileError: they cannot be written; the old values are unchanged.
        """
        limit = self._store.limit()
        names = {check_name(key): value for key, value in values.items()}
        data = {n: encoded(v, f"the value of `{n}`", limit) for n, v in names.items() if v is not None}
        with self._store.changes.hold():
            changes: dict[str, Change] = {}
            for name in names:
                path = self._store.path(_FOLDER, name, ".txt")
                if name in data:
                    self._store.refuse_other_case(path)
                    changes |= {**self._store.broken_copy(path, decode_text), path: Change(data[name])}
                    continue
                found = self._store.read(path)
                if found is None:
                    raise not_found("variable", name, self)
                self.trash.put(name, found[0])
                changes[path] = Change(None)
            self._store.changes.apply(changes)
            for name in names:
                self._forget(name)

    def rename(self, key: str, new: str) -> None:
        """Gives a variable another key; instructions that name the old one are not changed.

        Raises:
            NotFound: there is none of the old key.
            Conflict: there is one of the new key.
        """
        name, wanted = check_name(key), check_name(new)
        if name == wanted:
            return
        with self._store.changes.hold():
            path, target = (self._store.path(_FOLDER, each, ".txt") for each in (name, wanted))
            found = self._store.read(path)
            if found is None:
                raise not_found("variable", name, self)
            there = signature(target)
            if there is None:
                self._store.refuse_other_case(target)
            elif there[:2] != found[1][:2]:  # a disk that ignores case finds the old file under the new key
                raise Conflict(f"there is a variable `{wanted}` already", hint="Rename or delete it first.")
            self._store.changes.apply({path: Change(None), target: Change(found[0])})
            self._forget(name)
            self._forget(wanted)

    def delete(self, key: str) -> None:
        """Deletes a variable; ``restore`` brings it back.

        Raises:
            NotFound: there is none.
        """
        self.change({key: None})

    def restore(self, id: str) -> str:
        """Brings back what was deleted, under its key, and gives that.

        Raises:
            NotFound: the trash does not hold it any more.
            Conflict: there is a new variable of that key.
        """
        with self._store.changes.hold():
            item = self.trash.get(id)
            if item.name in self:
                raise Conflict(f"there is a variable `{item.name}` already", hint="Rename or delete it first.")
            path = self._store.path(_FOLDER, check_name(item.name), ".txt")
            self._store.refuse_other_case(path)
            self._store.changes.apply({path: Change(item.data)})
            self._forget(item.name)
            self.trash.drop(id)
        return item.name

    def _forget(self, name: str) -> None:
        with self._changing:
            self._known.pop(name, None)
