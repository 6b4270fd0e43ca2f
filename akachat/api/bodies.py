"""Reads a request's JSON body; says which field is wrong and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from akachat.errors import InvalidInput
from akachat.messages import Message, parse_messages

__all__ = ["Body", "read_body", "read_json"]

_MISSING: Any = object()

#: Deeper JSON can be read, but not written again: orjson stops at 254 levels, and what is read is passed on in others.
_MOST_DEPTH = 200


class Body:
    """A JSON object whose fields are taken one by one; ``rest`` is what nobody took."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def take(self, *names: str) -> Any:
        """The first of these fields that is there; None where none is. All of them are taken."""
        found = None
        for name in names:
            value = self._values.pop(name, None)
            found = value if found is None else found
        return found

    def text(self, *names: str, default: str | None = "") -> str:
        """A text field.

        Raises:
            InvalidInput: it is no text, or missing where ``default`` is None.
        """
        value = self.take(*names)
        if value is None:
            if default is None:
                raise InvalidInput(f"the body has no `{names[0]}`", hint=f'Send {{"{names[0]}": "…"}}.')
            return default
        if not isinstance(value, str):
            raise _wrong(names[0], value, "a text")
        return value

    def flag(self, name: str) -> bool:
        """A true or false; false where it is missing."""
        value = self.take(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise _wrong(name, value, "true or false")
        return value

    def object(self, name: str) -> dict[str, Any]:
        """A JSON object; an empty one where it is missing."""
        value = self.take(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _wrong(name, value, "an object")
        return value

    def texts(self, name: str) -> dict[str, str]:
        """An object of texts, such as variables; numbers are written out."""
        texts: dict[str, str] = {}
        for key, value in self.object(name).items():
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise _wrong(f"{name}.{key}", value, "a text")
            texts[key] = str(value)
        return texts

    def messages(self, name: str = "messages") -> tuple[Message, ...]:
        """A conversation: a list of messages, or text of ``user:`` and ``ai:`` lines."""
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, (str, list)):
            raise _wrong(name, value, "a list of messages")
        return parse_messages(value)

    def rest(self) -> dict[str, Any]:
        """The fields that nobody took."""
        return self._values


async def read_json(request: Request) -> Any:
    """The body as JSON, whatever its Content-Type says.

    Raises:
        InvalidInput: it is empty or broken, with line and column.
    """
    raw = (await request.body()).removeprefix(b"\xef\xbb\xbf")  # editors on Windows save it into files for curl
    if not raw.strip():
        raise InvalidInput("the body is empty", hint="Send a JSON object.")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"the body is no valid JSON: {error.msg}",
            hint="Send UTF-8 JSON; in a shell, put it between single quotes.",
            line=error.lineno,
            column=error.colno,
        ) from None
    if raw.count(b"[") + raw.count(b"{") > _MOST_DEPTH and _is_deeper(value, _MOST_DEPTH):
        raise InvalidInput(f"the body is nested deeper than {_MOST_DEPTH} levels", hint="Send flatter JSON.")
    return value


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            child
            for each in level
            if isinstance(each, (dict, list))
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, (dict, list)) for each in level)


async def read_body(request: Request) -> Body:
    """The body as a JSON object.

    Raises:
        InvalidInput: it is something else.
    """
    value = await read_json(request)
    if not isinstance(value, dict):
        raise InvalidInput(f"the body is {_kind(value)}, not an object", hint='Send {"…": …}.')
    return Body(value)


def _wrong(name: str, value: Any, wanted: str) -> InvalidInput:
    return InvalidInput(f"`{name}` is {_kind(value)}", hint=f"It takes {wanted}.")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}.get(
        type(value), "null"
    )
