"""What the prompt tab does with prompts as a whole: other names, versions, and what is deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from akachat.playground import Playground
from akachat.ui.calls import Answer, Json, answering, object_of, text_of
from akachat.workspace import Prompt
from akachat.workspace.version import Content

__all__ = ["VersionCalls"]

#: Unchanged lines around each change, and where all of them are wanted.
_AROUND, _ALL = 3, 1_000_000


class VersionCalls:
    """What the tab's script calls by name."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._versions = playground.versions

    def server_functions(self) -> Sequence[Callable[..., Any]]:
        """The calls, as Gradio takes them."""
        calls: dict[str, Answer] = {
            "copy_prompt": self.copy,
            "rename_prompt": self.rename,
            "restore_prompt": self.restore,
            "deleted_prompts": self.deleted,
            "forget_prompt": self.forget,
            "versions": self.versions,
            "version": self.version,
            "compare_versions": self.compare,
        }
        return [answering(name, call) for name, call in calls.items()]

    async def copy(self, payload: Json) -> Json:
        """A prompt under another name as well."""
        return self._shown(await self._versions.copy(text_of(payload, "name"), text_of(payload, "to")))

    async def rename(self, payload: Json) -> Json:
        """A prompt under another name; which prompts still use the old one."""
        users = await self._versions.rename(text_of(payload, "name"), text_of(payload, "to"))
        return {"prompts": self._playground.list_prompts(), "users": users}

    async def restore(self, payload: Json) -> Json:
        """A deleted prompt, as it last was."""
        return self._shown(await self._versions.restore(text_of(payload, "name")))

    async def deleted(self, payload: Json) -> Json:
        """The prompts that can be brought back."""
        return {"prompts": [each.to_dict() for each in await self._versions.deleted()]}

    async def forget(self, payload: Json) -> Json:
        """Deletes the versions of a deleted prompt for good."""
        await self._versions.forget(text_of(payload, "name"))
        return await self.deleted(payload)

    async def versions(self, payload: Json) -> Json:
        """A prompt's versions, and how what the editor holds differs from them."""
        history = await self._versions.history(text_of(payload, "name"), now=_content(payload))
        draft = history.draft.to_dict() if history.draft else None
        return {"versions": [step.to_dict() for step in history.steps], "draft": draft}

    async def version(self, payload: Json) -> Json:
        """One version with its text."""
        return (await self._versions.get(text_of(payload, "name"), text_of(payload, "id"))).to_dict()

    async def compare(self, payload: Json) -> Json:
        """Two versions side by side, or one and what the editor holds."""
        names = (text_of(payload, key) for key in ("name", "old", "new"))
        around = _ALL if payload.get("all") is True else _AROUND
        return (await self._versions.compare(*names, now=_content(payload), context=around)).to_dict()

    def _shown(self, prompt: Prompt) -> Json:
        return {"name": prompt.name, "prompts": self._playground.list_prompts()}


def _content(payload: Json) -> Content:
    """What the editor holds."""
    now = object_of(payload, "now")
    return Content(text_of(now, "instruction"), object_of(now, "options"))
