"""Where the versions of prompts lie: `log/versions/{name}/{time}-{digest}.json`, one file each, within bounds."""

from __future__ import annotations

import contextlib
import logging
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from akachat.errors import AkachatError, InvalidInput, NotFound
from akachat.files import inside, put_in_place, read_bytes, remove, remove_leftovers, stage, sync_folder, translated
from akachat.names import check_name
from akachat.settings import Limits
from akachat.workspace.store import Store
from akachat.workspace.version import Content, Origin, Version, is_version_id, microseconds_of, new_version_id

__all__ = ["Versions"]

_FOLDER = "log/versions"
_SUFFIX = ".json"
#: JSON writes a control character in six bytes, so a version may be larger than the prompt it is of.
_LARGER = 7
#: After so many versions of its own a process looks again at how large all are: others write too.
_LOOK_AGAIN = 100
#: Beyond the bound of all versions this share of it is kept, so that not every save has to look at all of them.
_KEPT_SHARE = 0.9

_log = logging.getLogger("akachat")


@dataclass(frozen=True, slots=True)
class _File:
    """A version's file: its id, the prompt that it belongs to, its size."""

    id: str
    name: str
    size: int


class Versions:
    """The versions of one workspace's prompts. Whoever adds, moves or trims them holds the workspace's lock."""

    def __init__(self, store: Store, limits: Callable[[], Limits]) -> None:
        self._store = store
        self._limits = limits
        self._total: int | None = None
        self._unseen = 0

    # -- reading ---------------------------------------------------------------------------------------------------

    def ids(self, name: str) -> list[str]:
        """The ids of a prompt's versions, the newest first; none where nothing was kept."""
        try:
            folder = inside(self._store.root, self._folder(check_name(name)))
            found = [entry[: -len(_SUFFIX)] for entry in os.listdir(folder) if entry.endswith(_SUFFIX)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(filter(is_version_id, found), reverse=True)

    def all(self, name: str) -> tuple[Version, ...]:
        """A prompt's versions, the newest first; a file that someone broke is left out."""
        return tuple(self.each(name))

    def each(self, name: str) -> Iterator[Version]:
        """The same, each read when it is asked for."""
        name = check_name(name)
        self._store.settle()
        for id in self.ids(name):
            try:
                yield self._read(name, id)
            except AkachatError as error:
                if os.path.lexists(self._path(name, id)):  # else it was the oldest, and has just made room
                    _log.warning("A version is left out: %s", error)

    def get(self, name: str, id: str) -> Version:
        """One version.

        Args:
            id: a version's id, or the beginning of its time or of its digest.

        Raises:
            NotFound: there is none of that id.
            InvalidInput: several begin like that.
            FileError: its file is broken.
        """
        name = check_name(name)
        self._store.settle()
        return self._read(name, self._resolved(name, id))

    def names(self) -> list[str]:
        """The names that have versions, sorted, whether or not there is a prompt of that name now."""
        self._store.settle()
        return sorted({file.name for file in self._files()})

    def _resolved(self, name: str, wanted: str) -> str:
        ids = self.ids(name)
        if wanted in ids:
            return wanted
        for part in (1, 0):
            near = [id for id in ids if wanted and id.split("-")[part].startswith(wanted)]
            digests = {id.split("-")[1] for id in near}
            if len(near) == 1 or (near and part == 1 and len(digests) == 1):
                return near[0]  # the same content at several times is one content
            if near:
                raise InvalidInput(
                    f"{len(near)} versions of `{name}` begin with {wanted!r}",
                    hint="Give more of the id. The newest of them are: " + ", ".join(near[:3]),
                )
        if not ids:
            raise self._nothing(name)
        raise NotFound(f"`{name}` has no version {wanted!r}", hint="Its newest versions are: " + ", ".join(ids[:3]))

    def _nothing(self, name: str) -> NotFound:
        return NotFound(f"no version of `{name}` was kept", hint="Every save of a prompt keeps one from now on.")

    def _read(self, name: str, id: str) -> Version:
        path = self._path(name, id)
        shown = self._store.shown(path)
        with translated(shown, "read"):
            inside(self._store.root, path)
            data, _ = read_bytes(path, _LARGER * self._store.limit(), shown=shown)
        return Version.decode(id, data, shown)

    # -- writing, under the workspace's lock ------------------------------------------------------------------------

    def newest(self, name: str) -> tuple[str, str] | None:
        """The newest version's id and its content's digest; no digest where its file is broken."""
        ids = self.ids(name)
        if not ids:
            return None
        try:
            return ids[0], self._read(name, ids[0]).content.digest
        except AkachatError:
            return ids[0], ""

    def keep(
        self, name: str, origin: Origin, content: Content, *, at: float, after: str = "", mode: int | None = None
    ) -> str | None:
        """Keeps a content as the newest version, unless it is that already.

        Args:
            at: its time in seconds; a little later where a version has a later one.
            after: the id of a version elsewhere that it must also come after.
            mode: who may read the file: whoever may read the prompt's.

        Returns:
            the path of the new file; None where there is none.

        Raises:
            FileError: it cannot be written.
        """
        newest = self.newest(name)
        if newest is not None and newest[1] == content.digest and newest[0] > after:
            return None
        last = max([microseconds_of(id) for id in (newest[0] if newest else "", after) if id], default=-1)
        version = Version(new_version_id(max(int(at * 1e6), last + 1), content.digest), name, origin, content)
        path = self._path(name, version.id)
        data = version.encode()
        with translated(self._store.shown(path), "write"):
            inside(self._store.root, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._write(path, data, mode)
        if self._total is not None:
            self._total += len(data)
            self._unseen += 1
        return path

    def _write(self, path: str, data: bytes, mode: int | None) -> None:
        # Beside the folders of all prompts: what a killed writer leaves is found without a look into each of them.
        temporary = stage(os.path.join(self._top(), "new"), data, mode=mode)
        try:
            put_in_place(temporary, path)
        except BaseException:
            remove(temporary)
            raise
        sync_folder(os.path.dirname(path))

    def clean(self) -> None:
        """Deletes what a writer left that was killed."""
        with self._store.changes.hold():
            remove_leftovers(self._top(), below=False)

    def moves(self, old: str, new: str) -> dict[str, str]:
        """What has to be moved so that one name's versions become another's: from path to path."""
        return {self._path(old, id): self._path(new, id) for id in self.ids(old)}

    def trim(self, name: str) -> None:
        """Deletes the oldest versions beyond the bounds."""
        with contextlib.suppress(OSError):
            for id in self.ids(name)[self._limits().prompt_versions :]:
                remove(self._path(name, id))
            self._trim_all()

    def forget(self, name: str) -> None:
        """Deletes all versions of a name.

        Raises:
            NotFound: there are none.
            FileError: they cannot be deleted.
        """
        folder, ids = self._folder(name), self.ids(name)
        if not ids:
            raise self._nothing(name)
        with translated(self._store.shown(folder), "delete"):
            for id in ids:
                remove(self._path(name, id))
            self._total = None
            with contextlib.suppress(OSError):
                os.rmdir(folder)

    def _trim_all(self) -> None:
        most = self._limits().prompt_versions_bytes
        if self._total is not None and self._total <= most and self._unseen < _LOOK_AGAIN:
            return
        files = list(self._files())
        self._total, self._unseen = sum(file.size for file in files), 0
        if self._total <= most:
            return
        newest = {file.name: file.id for file in sorted(files, key=lambda file: file.id)}
        prompts = set(self._store.names("prompt", ".txt"))

        def worth(file: _File) -> tuple[int, str]:
            # The newest version of a prompt that is there says what its files say; of a deleted one it is all there is.
            is_newest = newest[file.name] == file.id
            return is_newest + (is_newest and file.name not in prompts), file.id

        for file in sorted(files, key=worth):
            if self._total <= _KEPT_SHARE * most:
                return
            remove(self._path(file.name, file.id))
            self._total -= file.size

    def _files(self) -> Iterator[_File]:
        top = self._top()
        for place, _, files in os.walk(top):
            ids = [each[: -len(_SUFFIX)] for each in files if each.endswith(_SUFFIX)]
            try:
                name = check_name(unicodedata.normalize("NFC", os.path.relpath(place, top).replace(os.sep, "/")))
            except InvalidInput:
                continue
            for id in filter(is_version_id, ids):
                with contextlib.suppress(OSError):
                    yield _File(id, name, os.stat(os.path.join(place, id + _SUFFIX)).st_size)

    def _folder(self, name: str) -> str:
        return os.path.join(self._top(), *name.split("/"))

    def _top(self) -> str:
        return os.path.join(self._store.root, *_FOLDER.split("/"))

    def _path(self, name: str, id: str) -> str:
        return os.path.join(self._folder(name), id + _SUFFIX)
