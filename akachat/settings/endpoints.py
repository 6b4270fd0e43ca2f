"""Who answers and who may ask: endpoints with their own keys, and callers' tokens."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from akachat.errors import InvalidInput
from akachat.settings.secret import Secret

__all__ = ["OPENAI_URL", "Endpoint", "Token", "origin"]

#: Where ``openai_key`` belongs, and what an empty endpoint means.
OPENAI_URL = "https://api.openai.com/v1"

_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=1024)  # asked several times a run about the same few addresses: 10 µs each
def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an endpoint: what a key belongs to.

    Raises:
        InvalidInput: it is no http(s) URL, or one that two programs may read differently.
    """
    # Not quoted: what stands in the wrong place is often a key.
    wrong = InvalidInput("this is no http(s) address", hint="It looks like http://127.0.0.1:8080/v1.")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise wrong
    if "@" in parts.netloc:
        raise InvalidInput("an address holds no user name or password", hint="Give the key as the endpoint's `key`.")
    return parts.scheme, parts.hostname.lower(), port if port is not None else _PORTS[parts.scheme]


class Endpoint(BaseModel):
    """An OpenAI-compatible server and its own key."""

    model_config = ConfigDict(frozen=True, extra="allow")

    url: str = Field(description="Its address up to /v1.")
    key: Secret | None = Field(default=None, description="Its key; sent to this server only.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            origin(value.strip())
        except InvalidInput as error:
            raise ValueError(error.message) from None
        return value.strip().rstrip("/")

    @field_validator("key", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value


class Token(BaseModel):
    """Who may call this server from elsewhere, and what for."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(default="", description="Whose it is, for the log.")
    role: Literal["run", "edit"] = Field(default="run", description="run: saved prompts; edit: everything.")
    token: Secret = Field(description="The token itself, or `sha256:` and its hash in hexadecimal digits.")

    @field_validator("token")
    @classmethod
    def _not_empty(cls, value: Secret) -> Secret:
        if not value:
            raise ValueError("a token is not empty")
        return value

    def matches(self, presented: str) -> bool:
        """Whether this is the token, in a time that tells nothing about it."""
        kept = self.token.reveal()
        digest = hashlib.sha256(presented.encode("utf-8", "replace")).hexdigest()
        wanted = kept[7:].lower() if kept.startswith("sha256:") else hashlib.sha256(kept.encode()).hexdigest()
        return hmac.compare_digest(digest.encode(), wanted.encode("utf-8", "replace"))
