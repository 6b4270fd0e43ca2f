"""The versions of prompts for those who must not wait for the disk: every call runs in a thread."""

from __future__ import annotations

from functools import partial

from anyio.to_thread import run_sync

from akachat.workspace.past import NOW, Comparison, Deleted, History, Past
from akachat.workspace.prompts import Prompt, Prompts
from akachat.workspace.version import Content, Version

__all__ = ["PromptVersions"]


class PromptVersions:
    """What the prompts of a workspace were, and how they come back. Every error is that of `Past` or `Prompts`."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts
        self._past = Past(prompts)

    async def history(self, name: str, *, now: Content | None = None) -> History:
        """A prompt's versions with what each changed, the newest first; also of one that is deleted."""
        return await run_sync(partial(self._past.history, name, now=now))

    async def get(self, name: str, id: str) -> Version:
        """One version, by its id or the beginning of its time or digest."""
        return await run_sync(self._past.get, name, id)

    async def compare(
        self, name: str, old: str = "", new: str = NOW, *, now: Content | None = None, context: int = 3
    ) -> Comparison:
        """Two versions side by side, or one and what is now; see `Past.compare`."""
        return await run_sync(partial(self._past.compare, name, old, new, now=now, context=context))

    async def deleted(self) -> tuple[Deleted, ...]:
        """The prompts that are gone and can be brought back."""
        return await run_sync(self._past.deleted)

    async def restore(self, name: str, id: str = "") -> Prompt:
        """Makes a version what the prompt says now; without ``id``, brings a deleted prompt back as it last was."""
        return await run_sync(self._prompts.restore, name, id)

    async def forget(self, name: str) -> None:
        """Deletes the versions of a prompt for good; what is saved now stays."""
        await run_sync(self._prompts.forget, name)

    async def rename(self, old: str, new: str) -> tuple[str, ...]:
        """Gives a prompt another name; its versions go with it. The result are the prompts that use the old name."""
        await run_sync(self._prompts.rename, old, new)
        return await run_sync(self._past.mentions, old)

    async def copy(self, old: str, new: str) -> Prompt:
        """Saves a prompt under another name as well."""
        return await run_sync(self._prompts.copy, old, new)
