"""Server-sent events, as bytes come in: JSON objects out, every buffer bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from akachat.errors import BackendError

__all__ = ["DONE", "EventStream"]

#: What ``feed`` yields for ``data: [DONE]``.
DONE: dict[str, Any] = {}


class EventStream:
    """Cuts a stream into events; feed it what arrives, in pieces of any size.

    Servers differ: some leave out the blank line between two events, others spread one object over several ``data:``
    lines. So a line that is a whole object is an event at once, and one that is not waits for its continuation.
    """

    def __init__(self, line_bytes: int) -> None:
        self._limit = line_bytes
        self._rest = bytearray()
        self._data = b""
        self._cr = False

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        """The events that end in this chunk.

        Raises:
            BackendError: a line over the limit, or something that is no JSON object.
        """
        if self._cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the second half of a CRLF that was cut in two
        self._cr = chunk.endswith(b"\r") if chunk else self._cr
        lines = chunk.splitlines(keepends=True)
        for line in lines:
            if not line.endswith((b"\n", b"\r")):
                self._check(len(self._rest) + len(line))
                self._rest += line
                return
            if self._rest:
                line = bytes(self._rest) + line
                self._rest.clear()
            event = self._line(line.rstrip(b"\r\n"))
            if event is not None:
                yield event

    def finish(self) -> Iterator[dict[str, Any]]:
        """The events that the end of the stream completes."""
        if self._rest:
            line = bytes(self._rest)
            self._rest.clear()
            event = self._line(line)
            if event is not None:
                yield event
        self._line(b"")

    def _check(self, size: int) -> None:
        if size + len(self._data) > self._limit:
            raise BackendError(
                f"the server sent a line of more than {self._limit:,} bytes",
                hint="This is not how an OpenAI-compatible server answers; check the endpoint. "
                "The bound is the limit `line_bytes`.",
            )

    def _line(self, line: bytes) -> dict[str, Any] | None:
        if line.startswith(b"data:"):
            self._check(len(line))
            data = line[5:].strip()
            if data == b"[DONE]":
                return DONE
            self._data = self._data + b"\n" + data if self._data else data
            try:
                event = orjson.loads(self._data)
            except orjson.JSONDecodeError:
                return None
            self._data = b""
            if not isinstance(event, dict):
                raise _not_an_event(data)
            return event
        if not line and self._data:
            data, self._data = self._data, b""
            raise _not_an_event(data)
        return None  # comments (": ping"), `event:`, `id:`, `retry:` carry nothing that the data does not


def _not_an_event(data: bytes) -> BackendError:
    shown = data[:80].decode("utf-8", "replace")
    return BackendError(
        f"the server's stream holds something that is no JSON object: {shown!r}",
        hint="Check that the endpoint is an OpenAI-compatible server.",
    )
