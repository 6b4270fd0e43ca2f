"""What goes back over HTTP: the envelope, OpenAI's objects, and every error in the form of the path it happened on."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from akachat.errors import AkachatError

__all__ = [
    "InternalError",
    "defect",
    "envelope",
    "error_object",
    "error_reply",
    "json_reply",
    "openai_error",
    "text_reply",
]

_log = logging.getLogger("akachat.api")

#: What OpenAI calls the kinds of errors, by status.
_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


class InternalError(AkachatError):
    """A defect of ours: the console holds the traceback under the id that the message names."""

    status = 500


def defect(method: str, path: str) -> InternalError:
    """What a caller is told about the exception being handled; the console is told the rest, under the same number."""
    number = uuid.uuid4().hex[:8]
    _log.exception("error %s in %s %s", number, method, path)
    return InternalError(
        f"something went wrong in the server (error {number})", hint="Its console says more under this number."
    )


def json_bytes(value: Any) -> bytes:
    """A value as JSON. Half a surrogate pair, which an instruction can make, is escaped and not refused."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, default=str).encode()


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json_bytes(value), status, headers, "application/json")


def text_reply(text: str) -> Response:
    """A plain text answer."""
    return Response(text.encode("utf-8", "replace"), media_type="text/plain")


def envelope(result: Any = "", detail: Mapping[str, Any] | None = None) -> Response:
    """``{"status": 0, "servertime", "result", "detail"}``."""
    return json_reply({"status": 0, "servertime": _now(), "result": result, "detail": detail or {}})


def error_reply(path: str, error: AkachatError, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the form that callers of this path expect."""
    # The openai client would try again on every 409 and 5xx; most of ours stay as they are.
    more = {"x-should-retry": "true" if error.retryable else "false", **(headers or {})}
    if error.status == 503:
        more.setdefault("retry-after", "1")
    return json_reply(error_object(path, error), error.status, more)


def error_object(path: str, error: AkachatError) -> dict[str, Any]:
    """The JSON object of ``error_reply``."""
    if path == "/v1" or path.startswith("/v1/"):
        return openai_error(error)
    return {"status": 1, "servertime": _now(), "result": "", "detail": {"error": error.to_dict()}}


def openai_error(error: AkachatError) -> dict[str, Any]:
    """OpenAI's error object; the hint and the place are part of its message, which clients show."""
    kind = _OPENAI_TYPES.get(error.status) or ("server_error" if error.status >= 500 else "invalid_request_error")
    return {
        "error": {
            "message": str(error),
            "type": kind,
            "param": getattr(error, "param", None),
            "code": getattr(error, "code", None),
        }
    }


def _now() -> float:
    return round(time.time(), 3)
