"""What a prompt was: its versions with what each changed, what is deleted, and any two side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from akachat.errors import AkachatError, NotFound
from akachat.names import check_name, not_found
from akachat.workspace.differences import Difference, Summary, compare, summarise, unified
from akachat.workspace.prompts import Prompts
from akachat.workspace.version import Content, Version

__all__ = ["NOW", "Comparison", "Deleted", "History", "Past", "Step"]

#: What stands for the prompt as it is, where a version is asked for.
NOW = "now"


@dataclass(frozen=True, slots=True)
class Step:
    """A version, what it changed of the one before it, and whether the prompt says that now."""

    version: Version
    summary: Summary
    is_current: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON data, without the content."""
        return {**self.version.about(), **self.summary.to_dict(), "current": self.is_current}


@dataclass(frozen=True, slots=True)
class History:
    """A prompt's versions, the newest first; ``draft`` is how what is now differs from them, None where it does not."""

    steps: tuple[Step, ...]
    draft: Summary | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A prompt that is gone: what it last was, and how many versions there are."""

    name: str
    last: Version
    versions: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON data, without the content."""
        return {**self.last.about(), "name": self.name, "versions": self.versions}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two contents of a prompt and what differs; ``old`` and ``new`` are ids of versions, or ``now``."""

    name: str
    old: str
    new: str
    difference: Difference
    before: Content
    after: Content

    @property
    def unified(self) -> str:
        """The difference as other tools read it."""
        return unified(self.before, self.after, self.name, (self.old, self.new))

    def to_dict(self) -> dict[str, Any]:
        """As JSON data, without the contents."""
        return {"name": self.name, "from": self.old, "to": self.new, **self.difference.to_dict()}


class Past:
    """Questions about the versions of a workspace's prompts; nothing here changes anything."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts
        self._versions = prompts.versions

    def history(self, name: str, *, now: Content | None = None) -> History:
        """A prompt's versions with what each changed; also of one that is deleted.

        Args:
            now: what to take for what is now, such as a draft; None for what is saved.

        Raises:
            NotFound: there is no such prompt, and there was none.
        """
        name = check_name(name)
        versions = self._versions.all(name)
        saved = self._now(name)
        if not versions and saved is None and not self._prompts.exists(name):
            raise not_found("prompt", name, self._prompts.list())
        current = next((version for version in versions if saved and version.content.digest == saved.digest), None)
        older: Sequence[Version | None] = [*versions[1:], None]
        steps = tuple(
            Step(version, summarise(before.content if before else None, version.content), version is current)
            for version, before in zip(versions, older, strict=False)
        )
        now = now or saved
        is_kept = now is None or (current is not None and current.content.digest == now.digest)
        newest = versions[0].content if versions else None
        return History(steps, None if now is None or is_kept else summarise(newest, now))

    def get(self, name: str, id: str) -> Version:
        """One version, by its id or the beginning of its time or digest.

        Raises:
            NotFound: there is none.
            InvalidInput: several begin like that.
        """
        return self._versions.get(name, id)

    def deleted(self) -> tuple[Deleted, ...]:
        """The prompts that are gone and can be brought back, the one that was changed last first."""
        there = set(self._prompts.list())
        found = []
        for name in self._versions.names():
            last = None if name in there else next(self._versions.each(name), None)
            if last is not None:
                found.append(Deleted(name, last, len(self._versions.ids(name))))
        return tuple(sorted(found, key=lambda each: each.last.id, reverse=True))

    def compare(
        self, name: str, old: str = "", new: str = NOW, *, now: Content | None = None, context: int = 3
    ) -> Comparison:
        """Any two versions side by side, or one and what is now.

        Args:
            old: a version's id, or ``now``; empty for the newest that says something else than ``new``.
            new: the same; ``now`` where it is empty.
            now: what to take for ``now``, such as a draft; None for what is saved.
            context: how many unchanged lines to show around each change.

        Raises:
            NotFound: there is no such version or prompt, or none that says something else.
            InvalidInput: several versions begin like that.
        """
        name, new = check_name(name), new or NOW
        now = now or self._now(name)
        new_id, after = self._content(name, new, now)
        if old:
            old_id, before = self._content(name, old, now)
        else:
            old_id, before = self._before(name, new_id, after)
        return Comparison(name, old_id, new_id, compare(before, after, context=context), before, after)

    def mentions(self, name: str) -> tuple[str, ...]:
        """The other prompts that seem to use one: its name stands there in quotes, or it summarises their history."""
        found = []
        for other in self._prompts.list():
            with contextlib.suppress(AkachatError):  # a broken prompt is reported where it is used
                prompt = self._prompts.load(other)
                quoted = (f"'{name}'" in prompt.instruction, f'"{name}"' in prompt.instruction)
                if other != name and (any(quoted) or prompt.options.history_summary == name):
                    found.append(other)
        return tuple(found)

    def _before(self, name: str, new: str, after: Content) -> tuple[str, Content]:
        version = None
        for version in self._versions.each(name):
            if (new == NOW or version.id < new) and version.content.digest != after.digest:
                return version.id, version.content
        if version is not None:
            raise NotFound(f"`{name}` has no other version before that", hint="Name two versions.")
        raise NotFound(f"no version of `{name}` was kept", hint="Every save of a prompt keeps one from now on.")

    def _content(self, name: str, id: str, now: Content | None) -> tuple[str, Content]:
        if id != NOW:
            version = self._versions.get(name, id)
            return version.id, version.content
        if now is None:
            raise not_found("prompt", name, self._prompts.list())
        return NOW, now

    def _now(self, name: str) -> Content | None:
        return self._prompts.content(name)
