"""The stored conversations for those who wait without holding others up: each call reads or writes in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from anyio import to_thread

from akachat.messages import Message
from akachat.workspace import Session, SessionInfo, Workspace

__all__ = ["SessionRoom"]


class SessionRoom:
    """``playground.sessions``: conversations that runs continue by ``RunRequest.session``.

    Every call raises ``NotFound`` for an id that does not exist, and ``InvalidInput`` for one that can be none.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._files = workspace.sessions

    async def list(self, limit: int = 0, offset: int = 0, search: str = "") -> tuple[tuple[SessionInfo, ...], bool]:
        """Conversations, the one last used first, and whether there are more; see ``workspace.Sessions.list``."""
        return await to_thread.run_sync(self._files.list, limit, offset, search)

    async def load(self, id: str) -> Session:
        """One conversation whole."""
        return await to_thread.run_sync(self._files.load, id)

    async def create(self, id: str = "", *, messages: Sequence[Message] = (), **facts: Any) -> SessionInfo:
        """A new conversation, with ``title``, ``prompt``, ``system`` and ``options``; without an id it gets one."""
        return await to_thread.run_sync(partial(self._files.create, id, messages=messages, **facts))

    async def update(self, id: str, **changes: Any) -> SessionInfo:
        """Changes ``title``, ``prompt``, ``system`` or ``options``."""
        return await to_thread.run_sync(partial(self._files.update, id, **changes))

    async def edit(self, id: str, messages: Sequence[Message], version: str = "") -> Session:
        """Puts these messages in the place of all; ``Conflict`` where ``version`` is not the stored one's any more."""
        return await to_thread.run_sync(self._files.edit, id, messages, version)

    async def branch(self, id: str, turn: int | None = None) -> SessionInfo:
        """A new conversation that begins with the first ``turn`` messages of this one."""
        return await to_thread.run_sync(self._files.branch, id, turn)

    async def delete(self, id: str) -> None:
        """Deletes one; for a day it can be restored."""
        await to_thread.run_sync(self._files.delete, id)

    async def restore(self, id: str) -> SessionInfo:
        """Brings back the one that was deleted last under this id."""
        return await to_thread.run_sync(self._files.restore, id)
