"""Brings what a user gives into a library's folder: as plain files, under safe names, each complete or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from anyio.to_thread import run_sync

from akachat.errors import FileError, InvalidInput
from akachat.files import inside, translated
from akachat.retrieval.jobs import Job
from akachat.retrieval.library import Library
from akachat.retrieval.scanning import scan
from akachat.retrieval.sources.archive import ArchiveLimits, looks_like_zip, unpack
from akachat.retrieval.sources.fetch import FetchLimits, fetch
from akachat.retrieval.sources.given import File, Folder, Source, Text, Url
from akachat.retrieval.sources.paths import safe_name
from akachat.retrieval.values import FileStatus, Refused
from akachat.settings import Settings

__all__ = ["Collecting"]


class Collecting:
    """One bringing-in.

    Args:
        library: where to.
        job: who is told.
        settings: the bounds, and which private hosts may be asked.
        charset: the encoding that the user chose for all of it; empty for none.
        replace: whether a zip's earlier files that it no longer has are dropped.
    """

    def __init__(
        self, library: Library, job: Job, settings: Settings, charset: str = "", replace: bool = False
    ) -> None:
        self._library = library
        self._job = job
        self._settings = settings
        self._charset = charset
        self._replace = replace
        self._incoming = library.hidden / "incoming" / job.id
        self._names: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, sources: Sequence[Source]) -> None:
        """Brings everything in; what is refused is told, and the rest goes on."""
        self._loop = asyncio.get_running_loop()
        # The work's lock is held: whatever lies there was left by a process that is gone.
        await run_sync(lambda: shutil.rmtree(self._incoming.parent, ignore_errors=True))
        with translated(str(self._incoming), "make"):
            await run_sync(lambda: self._incoming.mkdir(parents=True, exist_ok=True))
        try:
            self._names = {name.casefold(): name for name in await run_sync(scan, self._library.folder)}
            for source in sources:
                if isinstance(source, Url):
                    await self._fetch(source)
                elif isinstance(source, Text):
                    await run_sync(self._write, source)
                elif isinstance(source, Folder):
                    await run_sync(self._copy_folder, source)
                else:
                    await run_sync(self._bring, source)
        finally:
            await run_sync(lambda: shutil.rmtree(self._incoming, ignore_errors=True))
        await run_sync(self._note)

    async def _fetch(self, source: Url) -> None:
        limits = self._settings.limits
        self._job.at("fetch", file=source.url)
        try:
            fetched = await fetch(
                source.url,
                self._incoming,
                FetchLimits(limits.fetch_bytes, limits.fetch_seconds, limits.fetch_redirects),
                self._settings.fetch_hosts,
                lambda done, total: self._job.at("fetch", done, total, "bytes", source.url),
            )
            if source.zip and not await run_sync(looks_like_zip, fetched.path):
                raise Refused("broken", f"what {source.url} gives is no zip", hint="Send it as `url` instead.")
        except Refused as error:
            self._refuse(source.url, error)
            return
        await run_sync(self._bring, File(fetched.path, fetched.name, taken=True), source.url)

    def _write(self, source: Text) -> None:
        if not source.text.strip():
            self._refuse(source.name or "text", Refused("empty", "the text is empty", hint="Paste some text."))
            return
        name = source.name or _title(source.text)
        path = self._incoming / secrets.token_hex(8)
        with translated(str(path), "write"):
            path.write_text(source.text, encoding="utf-8")
        self._place(path, name if "." in name.rpartition("/")[2] else f"{name}.txt", "")

    def _copy_folder(self, source: Folder) -> None:
        if not source.path.is_dir():
            raise InvalidInput(f"{source.path} is no folder", hint="Give the path of a folder.")
        origin = f"folder:{source.path.resolve()}"
        found = scan(source.path)
        names = set()
        for done, (name, each) in enumerate(found.items()):
            self._tell("unpack", done, len(found), name)
            names.add(self._copy(each.path, name, origin))
        self._drop_others(origin, names)

    def _bring(self, source: File, origin: str = "") -> None:
        name = source.name or source.path.name
        try:
            if not source.path.is_file():
                raise Refused("missing", f"there is no file {source.path}", hint="Check its path.")
            if looks_like_zip(source.path):
                self._unpack(source.path, origin or name)
            elif source.taken:
                self._place(source.path, name, origin)
            else:
                self._copy(source.path, name, origin)
        except Refused as error:
            self._refuse(name, error)
        finally:
            if source.taken:
                source.path.unlink(missing_ok=True)

    def _unpack(self, path: Path, origin: str) -> None:
        limits = self._settings.limits
        bounds = ArchiveLimits(
            limits.zip_entries, limits.zip_bytes, limits.zip_ratio, limits.zip_depth, limits.rag_file_bytes
        )
        names = set()
        for done, member in enumerate(unpack(path, self._incoming, bounds)):
            self._tell("unpack", done, 0, member.name)
            if member.refused is not None:
                self._refuse(member.name, member.refused, origin)
            elif member.path is not None:
                names.add(self._place(member.path, member.name, origin))
        if self._replace:
            self._drop_others(origin, names)

    def _copy(self, path: Path, name: str, origin: str) -> str:
        target = self._incoming / secrets.token_hex(8)
        if path.stat().st_size > self._settings.limits.rag_file_bytes:
            error = Refused(
                "too_large",
                f"it has {path.stat().st_size:,} bytes, over the limit of {self._settings.limits.rag_file_bytes:,}",
                hint="Split it, or raise limits.rag_file_bytes.",
            )
            self._refuse(name, error, origin)
            return ""
        with translated(str(path), "copy"):
            shutil.copyfile(path, target)
        return self._place(target, name, origin)

    def _place(self, path: Path, name: str, origin: str) -> str:
        """Moves a complete file to its name; gives the name, or nothing where it is refused."""
        try:
            name = safe_name(name)
            if (other := self._names.get(name.casefold(), name)) != name:
                raise Refused(
                    "duplicate",
                    f"its name differs from {other!r} only in capital letters",
                    hint="Give it another name.",
                )
            target = self._library.folder.joinpath(*name.split("/"))
            self._check_inside(target)
            with translated(name, "write"):
                if not (target.is_file() and _same(path, target)):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(path, target)
        except Refused as error:
            self._refuse(name, error, origin)
            return ""
        except FileError as error:
            self._refuse(name, Refused("path", error.message, hint=error.hint), origin)
            return ""
        finally:
            path.unlink(missing_ok=True)
        self._names[name.casefold()] = name
        self._origins[name] = origin
        return name

    def _check_inside(self, target: Path) -> None:
        try:
            inside(os.path.realpath(self._library.folder), str(target.parent))
        except InvalidInput as error:
            raise Refused("link", error.message, hint=error.hint) from None
        if target.is_symlink() or target.is_dir():
            raise Refused("path", "there is a folder or a link of that name", hint="Give it another name.")

    def _drop_others(self, origin: str, names: set[str]) -> None:
        """Deletes what came from the same place before and was not there now."""
        for name, (source, _) in self._library.store.origins().items():
            if source == origin and name not in names:
                self._library.folder.joinpath(*name.split("/")).unlink(missing_ok=True)

    def _refuse(self, name: str, error: Refused, origin: str = "") -> None:
        status = FileStatus(name, error.shown, 0, error.message, error.code, error.hint, source=origin)
        self._job.files.append(status)

    def _tell(self, stage: str, done: int, total: int, name: str) -> None:
        if self._job.unwanted:
            raise asyncio.CancelledError  # a thread is told by nobody else
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._job.at, stage, done, total, "files", name)

    def _note(self) -> None:
        known = self._library.store.origins()
        changed = []
        for name, origin in self._origins.items():
            charset = self._charset or known.get(name, ("", ""))[1]
            if known.get(name, ("", "")) != (origin, charset):
                changed.append((name, origin, charset))
        if changed:
            self._library.store.note_origins(changed)


def _title(text: str) -> str:
    """A file name out of a text's first line."""
    first = text.strip().split("\n", 1)[0].strip(" #\t　")
    kept = "".join(c for c in first if c.isalnum() or c in "-_ー　 ").strip()[:40].strip()
    return kept or "text"


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with open(one, "rb") as first, open(other, "rb") as second:
        return hashlib.file_digest(first, "sha256").digest() == hashlib.file_digest(second, "sha256").digest()
