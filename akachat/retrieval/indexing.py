"""Brings a library's index to what lies in its folder: reads what is new, and makes all of it searchable at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from anyio.to_thread import run_sync

from akachat.retrieval.chunk import Piece, chunk
from akachat.retrieval.configuration import Configuration
from akachat.retrieval.jobs import Job
from akachat.retrieval.keyword import KeywordWriter
from akachat.retrieval.library import Library
from akachat.retrieval.reading.reader import Reader
from akachat.retrieval.scanning import Found, scan
from akachat.retrieval.sources.paths import safe_name
from akachat.retrieval.store import FileRow
from akachat.retrieval.values import FileStatus, Refused
from akachat.settings import Limits

__all__ = ["Indexing"]

#: Passages that are written in one step: what a crash loses at most, and what memory holds. A quarter as many made the
#: keyword index work twice as long, because each step leaves a segment that has to be merged.
_STEP = 8_000


class Indexing:
    """One run over a library.

    Args:
        library: whose index is brought up.
        job: who is told.
        reader: who reads documents.
        limits: the bounds that hold now.
    """

    def __init__(self, library: Library, job: Job, reader: Reader, limits: Limits) -> None:
        self._library = library
        self._store = library.store
        self._job = job
        self._reader = reader
        self._limits = limits
        self._configuration: Configuration = library.configuration
        self._origins: dict[str, tuple[str, str]] = {}
        self._pending: list[tuple[FileRow, list[Piece]]] = []
        self._ready: list[str] = []
        self._passages = 0

    async def run(self) -> None:
        """Does it all; cancelled, it leaves the library as it was, and what was read is not read again."""
        await run_sync(self._sweep)
        found = await run_sync(scan, self._library.folder)
        live = await run_sync(lambda: self._store.files())
        staged = await run_sync(lambda: self._store.files(live=False))
        self._origins = await run_sync(self._store.origins)
        self._passages = sum(row.passages for row in live.values())
        refused = self._over_limits(found)
        unchanged, to_read = await run_sync(self._compare, found, live, staged)
        removed = [name for name in live if name not in found]
        await run_sync(self._store.drop_staged, [name for name in staged if name not in found])
        await self._read_all(to_read, live)
        if self._ready or removed:
            self._job.at("index", len(found), len(found), "files")
            await run_sync(self._store.commit, self._ready, removed)
            await run_sync(self._sweep)
        self._job.settle(
            *refused,
            *(live[name].status() for name in unchanged),
            *(replace(live[name].status(), status="removed", reason="", code="") for name in removed),
        )

    def _over_limits(self, found: dict[str, Found]) -> list[FileStatus]:
        """Takes documents away that may not come in, and says why."""
        refused: list[FileStatus] = []
        total = 0
        for name in sorted(found):
            each = found[name]
            try:
                safe_name(name)
                total += each.size
                if len(found) - len(refused) > self._limits.rag_files:
                    raise Refused(
                        "limit",
                        f"the library has over {self._limits.rag_files:,} documents",
                        hint="Raise limits.rag_files, or split the library.",
                    )
                if total > self._limits.rag_bytes:
                    raise Refused(
                        "limit",
                        f"the library is over {self._limits.rag_bytes:,} bytes",
                        hint="Raise limits.rag_bytes, or split the library.",
                    )
            except Refused as error:
                refused.append(
                    FileStatus(
                        ascii(name)[1:-1] if error.code == "path" else name,
                        "refused",
                        0,
                        error.message,
                        error.code,
                        error.hint,
                    )
                )
                del found[name]
        return refused

    def _compare(
        self, found: dict[str, Found], live: dict[str, FileRow], staged: dict[str, FileRow]
    ) -> tuple[list[str], list[tuple[Found, str]]]:
        """Which documents are as they were, and which have to be read, with the digest of their bytes."""
        unchanged: list[str] = []
        touched: list[FileRow] = []
        to_read: list[tuple[Found, str]] = []
        for name, each in found.items():
            row = live.get(name)
            forced = self._origins.get(name, ("", ""))[1]
            if row is not None and self._is_current(row, forced) and (row.size, row.mtime) == (each.size, each.mtime):
                unchanged.append(name)
                continue
            try:
                sha256 = _sha256(each.path) if each.size <= self._limits.rag_file_bytes else ""
            except OSError:
                sha256 = ""
            if row is not None and self._is_current(row, forced) and sha256 and row.sha256 == sha256:
                touched.append(replace(row, mtime=each.mtime))
                unchanged.append(name)
                continue
            waiting = staged.get(name)
            if waiting is not None and self._is_current(waiting, forced) and sha256 and waiting.sha256 == sha256:
                self._ready.append(name)  # read before the work was cut off
                self._job.settle(waiting.status("changed" if row is not None else "added"))
                continue
            to_read.append((each, sha256))
        if touched:
            self._store.touch(touched)
        return unchanged, to_read

    def _is_current(self, row: FileRow, forced: str) -> bool:
        return row.recipe == self._configuration.recipe and row.forced == forced

    async def _read_all(self, to_read: list[tuple[Found, str]], live: dict[str, FileRow]) -> None:
        if not to_read:
            return
        writer = await run_sync(self._library.keyword.writer, 2 if len(to_read) > 50 else 1)
        try:
            done = size = 0
            self._job.at("read", 0, len(to_read), "files")
            async with aclosing(self._in_parallel(to_read)) as results:  # type: ignore[type-var]
                async for row, pieces in results:
                    self._pending.append((row, pieces))
                    done, size = done + 1, size + len(pieces)
                    self._job.settle(row.status("changed" if row.name in live else "added"))
                    self._job.at("read", done, len(to_read), "files", row.name)
                    if size >= _STEP:
                        await run_sync(self._write, writer)
                        size = 0
            await run_sync(self._write, writer)
        finally:
            await run_sync(writer.close)

    async def _in_parallel(self, to_read: list[tuple[Found, str]]) -> AsyncIterator[tuple[FileRow, list[Piece]]]:
        """Documents as they come out of the readers; a few more are asked for than there are readers."""
        waiting = iter(to_read)
        tasks: set[asyncio.Task[tuple[FileRow, list[Piece]]]] = set()

        def more() -> None:
            for each, sha256 in waiting:
                tasks.add(asyncio.create_task(self._read(each, sha256)))
                if len(tasks) >= 2 * self._reader.workers:
                    return

        try:
            more()
            while tasks:
                finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks -= finished
                for task in finished:
                    yield task.result()
                more()
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    async def _read(self, each: Found, sha256: str) -> tuple[FileRow, list[Piece]]:
        source, forced = self._origins.get(each.name, ("", ""))
        row = FileRow(0, each.name, each.size, each.mtime, sha256, self._configuration.recipe, forced, source=source)
        try:
            document = await self._reader.read(each.path, each.name, forced)
            pieces = await run_sync(self._cut, document)
            if self._passages > self._limits.rag_passages:
                raise Refused(
                    "limit",
                    f"the library has over {self._limits.rag_passages:,} passages",
                    hint="Raise limits.rag_passages, or split the library.",
                )
        except Refused as error:
            return replace(row, code=error.code, shown=error.shown, reason=error.message, hint=error.hint), []
        self._passages += len(pieces)
        return replace(
            row,
            charset=document.charset,
            characters=document.characters,
            passages=len(pieces),
            reason="; ".join(document.notes),
        ), pieces

    def _cut(self, document: object) -> list[Piece]:
        return list(chunk(document, self._configuration.chunk_characters, self._configuration.overlap_characters))  # type: ignore[arg-type]

    def _write(self, writer: KeywordWriter) -> None:
        """Stages what was read. Keywords first: what is in them alone is never found, what lacks never would be."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        with self._store.transaction():
            for row, pieces in pending:
                file, numbers = self._store.stage(row, pieces)
                writer.add(file, numbers, [piece.text for piece in pieces])
            writer.commit()
        self._ready.extend(row.name for row, _ in pending)

    def _sweep(self) -> None:
        """Takes out of the keyword index what is gone, and writes all of it anew where the index was lost."""
        keyword = self._library.keyword
        garbage = self._store.garbage()
        if keyword.fresh:
            writer = keyword.writer(2)
            try:
                for file, numbers, texts in self._everything():
                    writer.add(file, numbers, texts)
                writer.commit()
            finally:
                writer.close()
            keyword.fresh = False
        elif garbage:
            writer = keyword.writer()
            try:
                writer.remove(garbage)
                writer.commit()
            finally:
                writer.close()
        else:
            return
        self._store.forget_garbage(garbage)
        self._store.next_generation()

    def _everything(self) -> Iterator[tuple[int, list[int], list[str]]]:
        last = 0
        while rows := self._store.texts(after=last):
            for file, group in groupby(rows, key=itemgetter(1)):
                numbers, _, texts = zip(*group, strict=True)
                yield file, list(numbers), list(texts)
            last = rows[-1][0]


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
