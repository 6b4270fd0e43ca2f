"""A journal entry as one JSON line that holds none of the settings' secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from akachat.settings import MASK, Settings

__all__ = ["Redactor"]


class Redactor:
    """Makes journal lines for one state of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = sorted((secret.reveal() for secret in settings.secrets()), key=len, reverse=True)
        # A secret's characters are escaped one by one, so its escaped form is in the line where it is in a text.
        self._escaped = [orjson.dumps(secret)[1:-1] for secret in self._secrets]

    def __call__(self, entry: Mapping[str, Any]) -> bytes:
        """The entry as a JSON line."""
        try:
            line = orjson.dumps(entry, default=_plain, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
        except orjson.JSONEncodeError:
            # Half characters and integers over 64 bits, which orjson refuses and a run may well hold.
            line = json.dumps(self._clean(json.loads(json.dumps(entry, default=_plain)))).encode() + b"\n"
        if any(escaped in line for escaped in self._escaped):
            line = orjson.dumps(self._clean(orjson.loads(line)), option=orjson.OPT_APPEND_NEWLINE)
        return line

    def cleaned(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry that was read, without what is secret now."""
        return {self._clean(key): self._clean(each) for key, each in entry.items()} if self._secrets else entry

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            for secret in self._secrets:
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, dict):
            return {self._clean(key): self._clean(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        return value


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    return str(value)
