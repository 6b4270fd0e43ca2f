"""One search of one library: what was changed in its folder is followed, and the query gets its vector."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import anyio
from anyio.to_thread import run_sync

from akachat.errors import Busy, Conflict, InvalidInput, NotFound
from akachat.retrieval.configuration import Configuration
from akachat.retrieval.embedding.shelf import Embedders
from akachat.retrieval.jobs import Job
from akachat.retrieval.library import Library, mode_of
from akachat.retrieval.scanning import scan
from akachat.retrieval.sources.paths import is_safe
from akachat.retrieval.values import Hit
from akachat.retrieval.working import Working

__all__ = ["Searching", "check_query"]

_MODES = ("keyword", "semantic", "hybrid")
#: Most passages of one search.
_MOST = 1_000
#: Seconds between two looks at a library's folder, and how long a search waits for what it finds there.
_LOOK, _PATIENCE, _FIRST = 2.0, 5.0, 120.0
#: A look that takes longer than this many seconds is not waited for.
_QUICK = 0.02


def check_query(query: str, k: int, mode: str) -> None:
    """Refuses what cannot be searched for.

    Raises:
        InvalidInput: which of them, and what it takes.
    """
    if not query.strip():
        raise InvalidInput("the query is empty", hint="Say what to look for: rag('dir', 'query').")
    if not 1 <= k <= _MOST:
        raise InvalidInput(f"{k} passages were asked for", hint=f"k goes from 1 to {_MOST:,}.")
    if mode and mode not in _MODES:
        raise InvalidInput(f"there is no search {mode!r}", hint=f"There are: {', '.join(_MODES)}.")


class Searching:
    """Searches libraries.

    Args:
        working: who indexes what has changed.
        embedders: who makes a query's vector.
    """

    def __init__(self, working: Working, embedders: Embedders) -> None:
        self._working = working
        self._embedders = embedders
        #: When each library's folder was looked at, and how long that took.
        self._looked: dict[str, tuple[float, float]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def search(self, library: Library, query: str, k: int, mode: str) -> Sequence[Hit]:
        """The best passages.

        Raises:
            NotFound: the library holds no text.
            Busy: it is indexed for the first time, and that takes long.
            Conflict: its vectors are of another model.
        """
        await self._look(library)
        configuration = library.configuration
        mode = mode_of(library, configuration, mode)
        vector = None
        if mode != "keyword":
            vector = await self._query_vector(library, configuration, query)
        hits = await run_sync(library.search, query, k, mode, vector)
        if not hits and not library.store.totals().files:
            raise NotFound(
                f"the library {library.name!r} holds no text",
                hint=f"Add documents on the page, or by `akachat rag add {library.name} FILE`.",
            )
        return hits

    async def aclose(self) -> None:
        """Ends the looks under way."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    async def _look(self, library: Library) -> None:
        """Follows what was changed in the folder by hand; a first indexing is waited for."""
        job = self._working.under_way(library.name)
        looked, took = self._looked.get(library.name, (-_LOOK, 0.0))
        if job is None and time.monotonic() - looked >= max(_LOOK, 100 * took):
            self._looked[library.name] = (time.monotonic(), took)
            if took > _QUICK:  # thousands of files: this search need not wait for it
                self._later(self._follow(library))
            else:
                job = await self._follow(library)
        if job is None:
            return
        searchable = library.store.get("generation") != ""
        with anyio.move_on_after(_PATIENCE if searchable else _FIRST):
            await job.over()
        if not job.is_over and not searchable:
            raise Busy(
                f"the library {library.name!r} is being indexed ({job.done} of {job.total} {job.unit})",
                hint="Try again when it is done.",
            )

    async def _follow(self, library: Library) -> Job | None:
        """Looks at the folder, and begins to index what has changed in it."""
        began = time.monotonic()
        changed = await run_sync(self._has_changed, library)
        self._looked[library.name] = (time.monotonic(), time.monotonic() - began)
        return self._working.index(library.name) if changed else None

    def _later(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _has_changed(self, library: Library) -> bool:
        found, live = scan(library.folder), library.store.files()
        recipe = library.configuration.recipe
        if library.keyword.fresh and live:
            return True
        return {(name, each.size, each.mtime) for name, each in found.items() if is_safe(name)} != {
            (row.name, row.size, row.mtime) for row in live.values()
        } or any(row.recipe != recipe for row in live.values())

    async def _query_vector(self, library: Library, configuration: Configuration, query: str) -> Any:
        noted = library.store.get("vectors")
        if not configuration.model:
            raise Conflict(
                f"the library {library.name!r} has no embedding model",
                hint="Name one in its settings, or search by keyword.",
            )
        made = json.loads(noted) if noted else {}
        if made.get("model") != configuration.model:
            raise Conflict(
                f"the library {library.name!r} has vectors of {made.get('model') or 'no model'!r}, "
                f"and its settings name {configuration.model!r}",
                hint=f"Run `akachat rag sync {library.name}`, or set the model back; keyword search works meanwhile.",
            )
        embedder = await self._embedders.get(
            configuration.model, configuration.revision, configuration.precision, like=made["fingerprint"]
        )
        if (embedder.dimensions, embedder.fingerprint) != (made["dimensions"], made["fingerprint"]):
            raise Conflict(
                f"the model {configuration.model!r} is not the one that made the vectors of {library.name!r}",
                hint=f"Run `akachat rag sync {library.name}` to make them anew; keyword search works meanwhile.",
            )
        vectors, _ = await self._embedders.embed(embedder, [query], "query")
        return vectors[0]
