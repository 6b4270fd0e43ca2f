"""Conversations that are kept: each its own file of messages, continued by runs and edited by people."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from akachat.errors import Conflict, InvalidInput
from akachat.files import signature, translated, write_atomic
from akachat.messages import Message
from akachat.settings import Limits
from akachat.workspace.history import History
from akachat.workspace.session_folder import FOLDER, MESSAGES, SessionFolder, check_id
from akachat.workspace.session_info import RUN, Session, SessionInfo, newest_within, short_title

__all__ = ["Sessions"]

#: Conversations whose messages are remembered; the one unused for longest goes first.
_OPEN = 64
#: Seconds after which a new conversation is a reason to look for old ones.
_SWEEP = 600.0


class Sessions:
    """The stored conversations of one workspace. Safe to use from several threads and beside other processes.

    Args:
        root: the workspace's real path.
        limits: the bounds that hold now.
    """

    def __init__(self, root: str, limits: Callable[[], Limits]) -> None:
        self._root = root
        self._limits = limits
        self._folder = SessionFolder(root, limits)
        self._open: OrderedDict[str, History] = OrderedDict()
        self._guard = threading.Lock()
        self._count: int | None = None
        self._swept = 0.0

    # reading

    def list(self, limit: int = 0, offset: int = 0, search: str = "") -> tuple[tuple[SessionInfo, ...], bool]:
        """Conversations, the one last used first, and whether there are more.

        Args:
            limit: how many at most; 0 for all.
            offset: how many are left out at the beginning.
            search: only those whose title or messages hold all of these words, upper and lower case alike.
        """
        if limit < 0 or offset < 0:
            raise InvalidInput("a number of sessions is below 0", hint="Give 0 for all, or a number above it.")
        words = search.casefold().split()
        found: list[SessionInfo] = []
        end = offset + limit if limit else None
        budget = self._limits().journal_scan_bytes
        for index, (id, _) in enumerate(self._folder.newest()):
            if not words and index < offset:
                found.append(SessionInfo(id))  # one of an earlier page: nothing of it is read
                continue
            if end is not None and len(found) > end:
                break
            info = self._folder.info(id)
            if words and not all(word in info.title.casefold() for word in words):
                data = self._folder.text(id, budget)
                budget -= len(data)
                text = f"{info.title}\n{data.decode(errors='replace')}".casefold()
                if not all(word in text for word in words):
                    continue
            found.append(info)
        return tuple(found[offset:end]), end is not None and len(found) > end

    def load(self, id: str) -> Session:
        """One conversation whole.

        Raises:
            NotFound: there is none of that id.
            FileError: a line of it is no message.
        """
        id = check_id(id)
        with self._folder.lock(id).hold():
            return Session(self._folder.info(id), self._history(id).list(), self._version(id))

    def messages(self, id: str) -> tuple[Message, ...]:
        """What was said, as a model may read it; nothing where there is no such session yet.

        Raises:
            InvalidInput: the id can be no file's name.
            FileError: a line of it is no message.
        """
        return tuple(_plain(message) for message in self._history(check_id(id)).list())

    # changing

    def create(self, id: str = "", *, messages: Sequence[Message] = (), **facts: Any) -> SessionInfo:
        """A new conversation; without an id it gets one.

        Args:
            facts: ``title``, ``prompt``, ``system`` and ``options``.

        Raises:
            Conflict: there is one of that id.
            InvalidInput: the id can be no file's name, or a fact is wrong.
        """
        id = check_id(id) if id else _new_id()
        self._save_new(SessionInfo(id).changed(facts), messages)
        return self._folder.info(id)

    def update(self, id: str, **changes: Any) -> SessionInfo:
        """Changes ``title``, ``prompt``, ``system`` or ``options``.

        Raises:
            NotFound: there is none of that id.
            InvalidInput: a change is wrong.
        """
        id = check_id(id)
        with self._folder.lock(id).hold():
            info = self._folder.info(id)
            if (changed := info.changed(changes)) != info:
                self._write(changed)
            return self._folder.info(id)

    def edit(self, id: str, messages: Sequence[Message], version: str = "") -> Session:
        """Puts these messages in the place of all.

        Args:
            version: of the conversation as the editor saw it; empty to replace whatever is there.

        Raises:
            Conflict: it has changed since.
        """
        id = check_id(id)
        with self._folder.lock(id).hold():
            self._folder.info(id)
            if version and version != self._version(id):
                raise Conflict("the conversation has changed meanwhile", hint="Open it again, then change it.")
            self._history(id).replace(messages)
            return self.load(id)

    def branch(self, id: str, turn: int | None = None) -> SessionInfo:
        """A new conversation that begins with the first ``turn`` messages of another; None for all.

        Raises:
            NotFound: there is none of that id.
            InvalidInput: it has not as many.
        """
        origin = self.load(id)
        turn = len(origin.messages) if turn is None else turn
        if not 0 <= turn <= len(origin.messages):
            most = len(origin.messages)
            raise InvalidInput(
                f"the session has {most} messages, and `turn` is {turn}", hint=f"It goes from 0 to {most}."
            )
        fresh = _new_id()
        info = replace(origin.info, id=fresh, created=0.0, parent=origin.info.id, turn=turn)
        self._save_new(info, origin.messages[:turn])
        return self._folder.info(fresh)

    def delete(self, id: str) -> None:
        """Deletes one; for a day ``restore`` brings it back.

        Raises:
            NotFound: there is none of that id.
        """
        id = check_id(id)
        self._folder.delete(id)
        with self._guard:
            self._open.pop(id, None)

    def restore(self, id: str) -> SessionInfo:
        """Brings back the one that was deleted last under this id.

        Raises:
            NotFound: there is nothing to bring back.
        """
        self._folder.restore(check_id(id))
        return self._folder.info(check_id(id))

    def remember(
        self,
        id: str,
        said: Sequence[Message],
        *,
        at: int | None = None,
        replacing: Sequence[Message] = (),
        prompt: str = "",
    ) -> None:
        """Adds what was said to a conversation, which begins with it where there is none of that id.

        Args:
            said: all of it is written, or nothing.
            at: how many of the messages stay; those after them go. None: all stay.
            replacing: what must stand there for that, else all stay: another writer was faster. Empty: anything.
            prompt: what a new conversation talks with.
        """
        id = check_id(id)
        with self._folder.lock(id).hold():
            is_new = not self._folder.exists(id)
            history = self._history(id)

            def changed(before: tuple[Message, ...]) -> Sequence[Message] | None:
                if at is None or at >= len(before):
                    return None
                if replacing and tuple(map(_plain, before[at:])) != tuple(replacing):
                    return None
                return (*before[:at], *said)

            if at is None or not history.revise(changed):
                history.append(said)
            self._bound(id, history)
            if is_new:
                title = short_title(next((message.content for message in said), ""))
                self._write(SessionInfo(id, title=title, created=round(time.time(), 3), prompt=prompt))
        if is_new:
            self._make_room()

    def clean(self) -> None:
        """Ends what a crash left unfinished, and deletes what has grown too old."""
        self._folder.clean()
        self._sweep()

    # how

    def _save_new(self, info: SessionInfo, messages: Sequence[Message]) -> None:
        with self._folder.lock(info.id).hold():
            if self._folder.exists(info.id):
                raise Conflict(f"there is a session {info.id!r}", hint="Choose another name, or none.")
            if messages:
                self._history(info.id).replace(messages)
            self._write(replace(info, created=round(time.time(), 3)))
        self._make_room()

    def _write(self, info: SessionInfo) -> None:
        with translated(f"{FOLDER}/{info.id}.json", "write"):
            write_atomic(self._folder.info_path(info.id), info.to_file())

    def _history(self, id: str) -> History:
        with self._guard:
            history = self._open.get(id)
            if history is None:
                name, lock = f"{FOLDER}/{id}{MESSAGES}", self._folder.lock(id)
                history = self._open[id] = History(self._root, name, lock, self._most_read)
            self._open.move_to_end(id)
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
            return history

    def _most_read(self) -> int:
        limits = self._limits()
        return max(limits.messages_file_bytes, 2 * limits.session_bytes)

    def _version(self, id: str) -> str:
        state = signature(self._folder.path(id))
        return "empty" if state is None else f"{state[3]:x}-{state[2]:x}-{state[1]:x}"

    def _bound(self, id: str, history: History) -> None:
        """Lets the oldest messages go where the file has become too large; never the newest turn."""
        most = self._limits().session_bytes
        state = signature(self._folder.path(id))
        if not most or state is None or state[2] <= most:
            return
        history.revise(lambda messages: newest_within(messages, most * 3 // 4))

    def _make_room(self) -> None:
        most = self._limits().sessions
        with self._guard:
            self._count = None if self._count is None else self._count + 1
            # A little more is let in, so that not every new one has to look through the folder.
            is_full = self._count is None or (most and self._count > most + most // 100)
            due = is_full or time.monotonic() > self._swept + _SWEEP
        if due:
            self._sweep()

    def _sweep(self) -> None:
        left = self._folder.sweep()
        with self._guard:
            self._count, self._swept = left, time.monotonic()


def _plain(message: Message) -> Message:
    if RUN not in message.extra:
        return message
    return replace(message, extra={key: value for key, value in message.extra.items() if key != RUN})


def _new_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(6)}"
