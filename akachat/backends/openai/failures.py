"""What a server's refusal means, in plain words and without keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import orjson

from akachat.errors import BackendError, BackendUnavailable, ModelError

__all__ = ["RETRIED", "Refusal", "clean", "failure_in_stream", "retry_after"]

#: Statuses that a moment later may be gone: too early, too many, and the server's own troubles.
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})

_KEY = re.compile(r"\b(?:sk|pk|hf|gsk|xai|key|AIza)[-_A-Za-z0-9]{12,}|(?i:bearer)\s+\S+")
_TOO_LONG = (
    "context_length",
    "context length",
    "maximum context",
    "context window",
    "too many tokens",
    "prompt is too long",
)
_NO_QUOTA = ("insufficient_quota", "billing", "credit balance")


class Refusal:
    """An answer that is an error: its status, words and the parameter it complains of."""

    __slots__ = ("code", "html", "message", "param", "status", "wait")

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status = status
        self.wait = retry_after(headers)
        self.html = False
        self.param = ""
        self.code = ""
        self.message = ""
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            text = body[:2000].decode("utf-8", "replace").strip()
            self.html = "<html" in text.lower() or text.lower().startswith("<!doctype")
            self.message = "" if self.html else text
        else:
            self._read(found)

    def _read(self, found: Any) -> None:
        error = found.get("error", found) if isinstance(found, dict) else found
        if isinstance(error, dict):
            message = error.get("message") or error.get("detail") or error.get("error") or ""
            self.param = str(error.get("param") or "")
            self.code = str(error.get("code") or error.get("type") or "")
        else:
            message = error
        self.message = message if isinstance(message, str) else orjson.dumps(message, default=str).decode()

    @property
    def retried(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in RETRIED and not self._says(_NO_QUOTA)

    def complains_of(self, name: str) -> bool:
        """Whether the refusal is about one parameter of the body."""
        return self.status in (400, 422) and (self.param.split(".")[0] == name or name in self.message)

    def error(self, url: str, key: str | None, what: str = "") -> BackendError:
        """The refusal as an error of ours; ``what`` is what the server did, where that is not the status."""
        said = clean(self.message, key) or ("a web page instead of JSON" if self.html else "nothing more")
        message = f"{url} {what or f'answered {self.status}'}: {said}"
        if self.html:
            return BackendError(message, hint="Check the endpoint; for most servers it ends in /v1.")
        if self._says(_TOO_LONG) and self.status in (400, 413, 422):
            return ModelError(
                message, hint="The prompt is longer than the model takes: set history_threshold, or shorten it."
            )
        if self.status in (401, 403):
            return BackendError(message, hint="Check the key of this endpoint in the settings.")
        if self.status == 404:
            return ModelError(message, hint="Check the model's name and the endpoint (it usually ends in /v1).")
        if self._says(_NO_QUOTA) or self.status == 402:
            return BackendError(message, hint="The account behind the key has nothing left to spend.")
        if self.status == 429:
            return BackendUnavailable(message, hint="Too many requests: try again a little later.")
        if self.status in RETRIED - {500}:
            return BackendUnavailable(message, hint="The server is overloaded or down: try again a little later.")
        if self.status >= 500:
            return BackendError(message, hint="The failure is the server's own; its log should say more.")
        if self.status >= 400:
            about = self.param.split(".")[0]
            return ModelError(
                message,
                hint=f"The server does not take {about!r} as it is: change or unset it."
                if about
                else "Check the model's name and the options.",
            )
        return BackendError(message, hint="Check the endpoint.")

    def _says(self, words: tuple[str, ...]) -> bool:
        text = f"{self.code} {self.message}".lower()
        return any(word in text for word in words)


def failure_in_stream(event: Mapping[str, Any], url: str, key: str | None) -> BackendError:
    """An ``{"error": …}`` event in the middle of an answer, as an error of ours."""
    error = event.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    if isinstance(code, str) and code.isdigit() and len(code) == 3:
        status = int(code)
    refusal = Refusal(status, orjson.dumps({"error": error}, default=str), {})
    return refusal.error(url, key, "broke off its answer")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date."""
    try:
        if (value := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(value) / 1000)
        if (value := headers.get("Retry-After")) is None:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None


def clean(message: str, key: str | None) -> str:
    """A message fit to be shown: one line, not long, and no key in it."""
    if key:
        message = message.replace(key, "…")
    text = " ".join(_KEY.sub("…", message).split())
    return text if len(text) <= 500 else text[:500] + "…"
