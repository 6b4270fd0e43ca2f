"""What is known of a stored conversation beside its messages: its title, what it talks with, where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from akachat.errors import InvalidInput
from akachat.messages import Message

__all__ = ["RUN", "Session", "SessionInfo", "newest_within", "read_info", "short_title"]

#: The key under which a stored answer holds the facts of its run; no model is sent it.
RUN = "run"
#: Characters of a title that is made from the first message; one that a person gives may be longer.
_MOST_TITLE = 60
_MOST_GIVEN = 500
_TEXTS = ("title", "prompt", "system")


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One conversation in a list.

    Attributes:
        id: its name, which is its files' name.
        title: what a person calls it.
        created, updated: seconds since 1970; ``updated`` is when something was last said.
        prompt: the saved prompt that it talks with; empty for a bare model.
        system: the system text of a bare model.
        options: what differs from the prompt's options, or the model's name and the rest.
        parent, turn: the session that it branched off, and how many of that one's messages it began with.
    """

    id: str
    title: str = ""
    created: float = 0.0
    updated: float = 0.0
    prompt: str = ""
    system: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    turn: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The information as a JSON object."""
        return {
            "id": self.id,
            "title": self.title,
            "created": self.created,
            "updated": self.updated,
            "prompt": self.prompt,
            "system": self.system,
            "options": dict(self.options),
            "parent": self.parent,
            "turn": self.turn,
        }

    def to_file(self) -> bytes:
        """The content of its file; when it was last used is said by the messages' own file.

        Raises:
            InvalidInput: an option cannot be written.
        """
        data = {key: value for key, value in self.to_dict().items() if key not in ("id", "updated")}
        try:
            return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        except orjson.JSONEncodeError as error:
            raise InvalidInput(f"the session cannot be written as JSON: {error}") from None

    def changed(self, changes: Mapping[str, Any]) -> SessionInfo:
        """With other texts and options.

        Raises:
            InvalidInput: a field is unknown or has the wrong kind.
        """
        for key, value in changes.items():
            if key == "options":
                if not isinstance(value, Mapping):
                    raise InvalidInput(
                        "`options` is no object", hint='It takes an object such as {"temperature": 0.7}.'
                    )
            elif key not in _TEXTS:
                raise InvalidInput(f"a session has no `{key}`", hint="It takes title, prompt, system and options.")
            elif not isinstance(value, str):
                raise InvalidInput(f"`{key}` is no text", hint="It takes a text.")
        if len(title := str(changes.get("title", ""))) > _MOST_GIVEN:
            raise InvalidInput(f"the title has {len(title)} characters", hint=f"It takes {_MOST_GIVEN} at most.")
        return replace(self, **{key: changes[key] for key in (*_TEXTS, "options") if key in changes})


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation whole.

    Attributes:
        info: what is known of it.
        messages: as stored; an answer's facts are under ``RUN`` in its ``extra``.
        version: what changes when the messages do; an edit names the one that it saw.
    """

    info: SessionInfo
    messages: tuple[Message, ...]
    version: str

    def to_dict(self) -> dict[str, Any]:
        """The conversation as a JSON object."""
        return {
            **self.info.to_dict(),
            "messages": [message.to_dict() for message in self.messages],
            "version": self.version,
        }


def read_info(id: str, data: bytes) -> SessionInfo:
    """What a file says; what is wrong in it counts as not said, since only the messages matter."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        return SessionInfo(id)
    texts = {key: found[key] for key in (*_TEXTS, "parent") if isinstance(found.get(key), str)}
    created, options, turn = found.get("created"), found.get("options"), found.get("turn")
    return SessionInfo(
        id,
        created=float(created) if isinstance(created, (int, float)) else 0.0,
        options=options if isinstance(options, dict) else {},
        turn=turn if isinstance(turn, int) else None,
        **texts,
    )


def short_title(text: str) -> str:
    """A title from what was said first: the beginning of its first line."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= _MOST_TITLE else line[: _MOST_TITLE - 1].rstrip() + "…"


def newest_within(messages: Sequence[Message], room: int) -> Sequence[Message]:
    """The newest messages that take at most ``room`` bytes, from a user's on; the newest turn whatever it takes."""
    first = len(messages)
    for index in range(len(messages) - 1, -1, -1):
        room -= len(orjson.dumps(messages[index].to_dict())) + 1
        if room < 0 and first < len(messages):
            break
        if messages[index].role == "user" or index == 0:
            first = index
    return messages[first:]
