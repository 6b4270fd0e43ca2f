"""The work on libraries: one job at a time for each, also among processes, and vectors after the keywords."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from anyio.to_thread import run_sync
from filelock import FileLock, Timeout

from akachat.errors import Busy, NotFound
from akachat.retrieval.collecting import Collecting
from akachat.retrieval.embedding.shelf import Embedders
from akachat.retrieval.indexing import Indexing
from akachat.retrieval.jobs import Job
from akachat.retrieval.library import Library
from akachat.retrieval.reading.reader import Reader
from akachat.retrieval.sources.given import Source
from akachat.settings import Settings

__all__ = ["Working"]

#: How many texts are embedded between two commits.
_BATCH = 128
#: Jobs that are over and still shown.
_KEPT = 100


class Working:
    """Runs jobs.

    Args:
        settings: the bounds that hold now.
        reader: who reads documents.
        embedders: who makes vectors.
        opened: opens a library by its name.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        reader: Reader,
        embedders: Embedders,
        opened: Callable[[str], Awaitable[Library]],
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._embedders = embedders
        self._opened = opened
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._turns: dict[str, asyncio.Lock] = {}

    def jobs(self, name: str | None = None) -> list[Job]:
        """Those under way and the newest that are over, newest first."""
        return [job for job in reversed(self._jobs.values()) if name in (None, job.library)]

    def job(self, id: str) -> Job:
        """One of them.

        Raises:
            NotFound: there is none of that id.
        """
        if id not in self._jobs:
            raise NotFound(f"there is no job {id!r}", hint="It may have ended long ago, or before the server's start.")
        return self._jobs[id]

    def under_way(self, name: str) -> Job | None:
        """The oldest job of a library that is not over."""
        return next((job for job in self._jobs.values() if job.library == name and not job.is_over), None)

    def add(self, name: str, sources: Sequence[Source], charset: str, replace: bool, embed: bool) -> Job:
        """Brings documents in and indexes them."""

        async def work(job: Job, library: Library) -> None:
            await Collecting(library, job, self._settings(), charset, replace).run(sources)
            job.collected.set()
            await Indexing(library, job, self._reader, self._settings().limits).run()
            brought = {file.file for file in job.files}
            job.notes += [] if brought else ["nothing was brought in"]
            if embed:
                await self._embed(job, library)

        return self._begin(name, work, then_embed=not embed)

    def sync(self, name: str) -> Job:
        """Brings the index to what lies in the folder, then the vectors."""

        async def work(job: Job, library: Library) -> None:
            await Indexing(library, job, self._reader, self._settings().limits).run()
            await self._embed(job, library)

        return self._begin(name, work)

    def index(self, name: str) -> Job:
        """Brings the keyword index to what lies in the folder; vectors follow in a job of their own."""

        async def work(job: Job, library: Library) -> None:
            await Indexing(library, job, self._reader, self._settings().limits).run()

        return self._begin(name, work, then_embed=True)

    def _begin(self, name: str, work: Callable[[Job, Library], Awaitable[None]], *, then_embed: bool = False) -> Job:
        waiting = [job for job in self._jobs.values() if not job.is_over]
        if len(waiting) >= self._settings().limits.rag_jobs:
            raise Busy(
                f"{len(waiting)} uploads and other work on libraries wait already",
                hint="Try again a little later, or raise limits.rag_jobs.",
            )
        job = Job(name)
        self._jobs[job.id] = job

        async def turn(job: Job) -> None:
            async with self._turns.setdefault(name, asyncio.Lock()):
                library = await self._opened(name)
                lock = FileLock(str(library.hidden / "work.lock"), thread_local=False)
                await _acquire(lock)
                try:
                    await work(job, library)
                finally:
                    lock.release()

        job.begin(turn, lambda job: self._ended(job, then_embed))
        return job

    def _ended(self, job: Job, then_embed: bool) -> None:
        over = [id for id, each in self._jobs.items() if each.is_over]
        for id in over[: max(0, len(over) - _KEPT)]:
            del self._jobs[id]
        if then_embed and job.state == "done":

            async def work(job: Job, library: Library) -> None:
                await self._embed(job, library)

            if self.under_way(job.library) is None:
                self._begin(job.library, work)

    async def _embed(self, job: Job, library: Library) -> None:
        """Makes the vectors that lack, and notes that all are there."""
        configuration = await run_sync(lambda: library.configuration)
        if not configuration.model:
            return
        store = library.store
        job.at("load", file=configuration.model)
        noted = json.loads(await run_sync(store.get, "vectors") or "{}")
        embedder = await self._embedders.get(
            configuration.model,
            configuration.revision,
            configuration.precision,
            like=noted["fingerprint"] if noted.get("model") == configuration.model else "",
        )
        if embedder.note and configuration.precision == "int8":
            job.notes.append(f"the model computes in fp32: {embedder.note}")
        made = json.dumps(
            {"model": configuration.model, "dimensions": embedder.dimensions, "fingerprint": embedder.fingerprint}
        )
        if store.get("vectors") != made:
            await run_sync(store.clear_vectors, made)
        have, total = await run_sync(store.count_vectors)
        while lacking := await run_sync(store.missing_vectors, _BATCH):
            job.at("embed", have, total, "passages")
            vectors, _ = await self._embedders.embed(embedder, [text for _, text in lacking], "passage")
            await run_sync(
                store.put_vectors, [(key, vector) for (key, _), vector in zip(lacking, vectors, strict=True)]
            )
            have += len(lacking)
        await run_sync(store.drop_unused_vectors)
        if store.get("embedded") != store.get("generation"):
            await run_sync(store.next_generation)
            await run_sync(lambda: store.put("embedded", store.get("generation")))
            await run_sync(library.refresh)
            await run_sync(library.vectors, embedder.dimensions)

    async def aclose(self) -> None:
        """Ends all work."""
        tasks = [job for job in self._jobs.values() if job.cancel()]
        for job in tasks:
            await job.over()


async def _acquire(lock: FileLock) -> None:
    while True:
        try:
            lock.acquire(timeout=0)
            return
        except Timeout:
            await asyncio.sleep(0.1)  # another process works on it; cancelling the job ends the wait
