"""Every model of this machine with its state: in memory, on its way, at hand on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from akachat.backends.base import ModelInfo
from akachat.backends.local.keeping.disk import models_on_disk
from akachat.backends.local.keeping.entry import Entry
from akachat.backends.local.keeping.shelf import Shelf

__all__ = ["Census"]


class Census:
    """Looks at the shelf and at the disk.

    Args:
        shelf: the models in memory.
        ship: names of the models that come with the program.
        root: the workspace's folder of models.
    """

    def __init__(self, shelf: Shelf, ship: Sequence[str], root: Path | None) -> None:
        self._shelf = shelf
        self._ship = tuple(ship)
        self._root = root

    async def take(self, *, disk: bool) -> list[ModelInfo]:
        """All models: those in memory and on their way first; those that only lie on the disk where asked."""
        found = [self._of(entry) for entry in self._shelf.entries()]
        found += [
            ModelInfo(reporter.name, "Local", False, {}, "downloading", reporter.now)
            for reporter in self._shelf.downloads()
        ]
        names = {info.name for info in found}
        for name, error in self._shelf.failures().items():
            if name not in names:
                names.add(name)
                found.append(ModelInfo(name, "Local", False, {"error": error.to_dict()}, "failed"))
        found += [ModelInfo(name, "Local", False, {"place": "akachat"}) for name in self._ship if name not in names]
        if not disk:
            return found
        lying = {info.name: info for info in await asyncio.to_thread(models_on_disk, self._root)}
        known = [_with_disk(info, lying.pop(info.name, None)) for info in found]
        seen = {info.name for info in known}
        return [*known, *(info for name, info in lying.items() if name not in seen)]

    def loaded(self, entry: Entry) -> ModelInfo:
        """A model in memory, with its facts."""
        worker = entry.future.result()
        detail: dict[str, Any] = {
            **worker.facts(),
            "revision": entry.source.revision,
            "busy": worker.busy,
            "users": entry.users,
            "queue": worker.queue,
            "cache_memory": worker.memory,
            "idle_seconds": round(entry.idle, 1),
        }
        leaving = entry.state in ("leaving", "closing")
        return ModelInfo(entry.source.name, "Local", True, detail, "unloading" if leaving else "loaded")

    def _of(self, entry: Entry) -> ModelInfo:
        if entry.state in ("loaded", "leaving", "closing"):
            return self.loaded(entry)
        detail = {"dtype_asked": entry.source.dtype, "revision": entry.source.revision, "users": entry.users}
        return ModelInfo(entry.source.name, "Local", False, detail, "loading", entry.reporter.now)


def _with_disk(info: ModelInfo, lying: ModelInfo | None) -> ModelInfo:
    if lying is None:
        return info
    return ModelInfo(info.name, info.location, info.loaded, {**lying.detail, **info.detail}, info.state, info.progress)
