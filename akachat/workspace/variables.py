"""Variables: named texts that instructions embed as `{var.key}`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from akachat.decoding import decode_text
from akachat.files import Signature, is_settled, signature
from akachat.names import check_name, not_found
from akachat.workspace.changes import Change
from akachat.workspace.store import Store, encoded

__all__ = ["Variables"]

_FOLDER = "var"
_REMEMBERED = 10_000


class Variables:
    """The variables of a workspace, one file each; read when they are used."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[str, str, Signature]] = {}
        self._changing = threading.Lock()

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
        name = check_name(key)
        data = encoded(value, f"the value of `{name}`", self._store.limit())
        with self._store.changes.hold():
            path = self._store.path(_FOLDER, name, ".txt")
            self._store.refuse_other_case(path)
            self._store.changes.apply({**self._store.broken_copy(path, decode_text), path: Change(data)})
            self._forget(name)

    def delete(self, key: str) -> None:
        """Deletes a variable.

        Raises:
            NotFound: there is none.
        """
        name = check_name(key)
        with self._store.changes.hold():
            path = self._store.path(_FOLDER, name, ".txt")
            if signature(path) is None:
                raise not_found("variable", name, self)
            self._store.changes.apply({path: Change(None)})
            self._forget(name)

    def _forget(self, name: str) -> None:
        with self._changing:
            self._known.pop(name, None)
