"""The libraries of a workspace, one folder each under ``rag/``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import anyio

from akachat.errors import InvalidInput, NotFound

__all__ = ["Libraries"]


class Libraries:
    """Finds libraries by name. Searching them needs an index, and this version builds none yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list(self) -> list[str]:
        """The names of the libraries, sorted."""
        try:
            return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        except FileNotFoundError:
            return []

    async def search(self, names: Sequence[str], query: str, k: int) -> str:
        """The best passages for a query, a blank line between.

        Raises:
            NotFound: there is no such library (the hint names the nearest), or it has no index.
            InvalidInput: the query is empty or ``k`` is not positive.
        """
        if not query.strip():
            raise InvalidInput("rag() was given an empty query", hint="Say what to look for: rag('dir', 'query').")
        if k < 1:
            raise InvalidInput(f"rag() was asked for {k} passages", hint="k is 1 or more.")
        known = await anyio.to_thread.run_sync(self.list)
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                raise NotFound(
                    f"there is no library {name!r}",
                    hint=f"Did you mean {near[0]!r}?" if near else "No library yet: this version cannot build one.",
                )
        raise NotFound(
            f"the library {names[0]!r} has no index",
            hint="Indexing documents comes with a later version; until then put the text into a variable.",
        )
