"""A prompt's content at one time, and the file that it is kept in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from akachat.decoding import decode_text, parse_json_object
from akachat.errors import FileError

__all__ = ["Content", "Origin", "Version", "canonical", "is_version_id", "microseconds_of", "new_version_id"]

#: ``saved`` by this program, or ``found`` in the prompt's files when they were about to be written over.
Origin = Literal["saved", "found"]

_ID = re.compile(r"(\d{8}T\d{12}Z)-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%S%fZ"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Content:
    """A prompt without its name: what two versions may have in common."""

    instruction: str
    options: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Equal for equal contents, in whatever order the options stand."""
        return hashlib.sha256(canonical([self.instruction, self.options]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Version:
    """A prompt as it was.

    Attributes:
        id: its time and the beginning of its content's digest; ids sort by time.
        name: what the prompt was called then.
        origin: how the content came into the prompt.
    """

    id: str
    name: str
    origin: Origin
    content: Content

    @property
    def time(self) -> datetime:
        """When it was saved or found, in UTC."""
        return _EPOCH + timedelta(microseconds=microseconds_of(self.id))

    def about(self) -> dict[str, Any]:
        """What it is, without the content, as JSON data."""
        return {
            "id": self.id,
            "time": self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "name": self.name,
            "origin": self.origin,
            "characters": len(self.content.instruction),
        }

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON data."""
        content = {"instruction": self.content.instruction, "options": dict(self.content.options)}
        return {**self.about(), **content}

    def encode(self) -> bytes:
        """The file: readable by a person, and by whatever reads JSON."""
        values = {key: value for key, value in self.to_dict().items() if key not in ("id", "characters")}
        try:
            return json.dumps(values, ensure_ascii=False, indent=2).encode() + b"\n"
        except UnicodeEncodeError:  # an options file may hold half a character as `\\ud800`
            return json.dumps(values, indent=2).encode() + b"\n"

    @classmethod
    def decode(cls, id: str, data: bytes, path: str) -> Self:
        """What a file holds.

        Raises:
            FileError: it is no version.
        """
        values = parse_json_object(decode_text(data, path), path)
        name, instruction, options = (values.get(key) for key in ("name", "instruction", "options"))
        if not isinstance(name, str) or not isinstance(instruction, str) or not isinstance(options, dict):
            raise FileError(
                f"{path} is no version of a prompt",
                path=path,
                hint="It needs `name`, `instruction` and `options`; mend it, or delete it.",
            )
        return cls(id, name, "found" if values.get("origin") == "found" else "saved", Content(instruction, options))


def canonical(value: Any) -> str:
    """JSON data as a text that is the same for equal data; a browser writes 1.0 as 1, so these are equal."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def new_version_id(microseconds: int, digest: str) -> str:
    """The id of a version of that time (since 1970) and content."""
    return f"{(_EPOCH + timedelta(microseconds=microseconds)).strftime(_TIME)}-{digest[:8]}"


def is_version_id(text: str) -> bool:
    """Whether a text is a version's whole id."""
    return _ID.fullmatch(text) is not None


def microseconds_of(id: str) -> int:
    """The time in a version's id, since 1970."""
    time = datetime.strptime(id.partition("-")[0], _TIME).replace(tzinfo=UTC)
    return (time - _EPOCH) // timedelta(microseconds=1)
