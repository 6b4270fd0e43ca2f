"""The settings' fields, and whose key goes where."""

from __future__ import annotations

import copy
import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from akachat.files import translated, write_atomic
from akachat.names import not_found
from akachat.settings.endpoints import OPENAI_URL, Endpoint, Token, origin
from akachat.settings.environment import Overrides, read_environment
from akachat.settings.limits import JournalSettings, Limits
from akachat.settings.secret import Secret
from akachat.settings.source import drop, explained, get, put, read_raw, reveal

__all__ = ["Settings"]


class Settings(BaseModel):
    """All settings; immutable. Unknown keys are kept (``unknown`` names them), so that no newer file loses any."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    is_test: bool = Field(default=False, description="Whether test() shows its text on the page.")
    openai_key: Secret | None = Field(default=None, description="The key of api.openai.com; it goes nowhere else.")
    hf_token: Secret | None = Field(default=None, description="The token of huggingface.co, for downloads.")
    endpoints: dict[str, Endpoint] = Field(default_factory=dict, description="OpenAI-compatible servers by name.")
    allowed_hosts: tuple[str, ...] = Field(default=(), description="Names under which others reach this server.")
    trusted_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names under which a proxy of this machine brings callers that it has let in: no token is asked.",
    )
    frame_ancestors: tuple[str, ...] = Field(
        default=(), description="Pages that may show this one in a frame, such as a notebook: http://localhost:*."
    )
    tokens: tuple[Token, ...] = Field(default=(), description="Who may call from beyond this machine.")
    language: Literal["", "ja", "en"] = Field(default="", description="The page's language; empty: the browser's.")
    title: str = Field(default="akachat", description="The page's title.")
    default_prompt: str = Field(default="sample", description="The prompt that the page opens.")
    models: tuple[str, ...] = Field(default=(), description="Models that callers may name besides the prompts' own.")
    loras: tuple[str, ...] = Field(default=(), description="LoRA adapters that callers may name.")
    embedding_models: tuple[str, ...] = Field(
        default=(), description="Embedding models that callers may name besides the libraries' own."
    )
    fetch_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts within private networks from which documents may be fetched by URL."
    )
    trust_remote_code: tuple[str, ...] = Field(default=(), description="Models that may run their own Python code.")
    limits: Limits = Field(default_factory=Limits, description="Every bound.")
    journal: JournalSettings = Field(default_factory=JournalSettings, description="What is kept of runs.")

    _file: dict[str, Any] = PrivateAttr(default_factory=dict)
    _overrides: Overrides = PrivateAttr(default_factory=Overrides)

    @field_validator("openai_key", "hf_token", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("journal", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        return {"enabled": value} if isinstance(value, bool) else value

    @field_validator("endpoints")
    @classmethod
    def _names(cls, value: dict[str, Endpoint]) -> dict[str, Endpoint]:
        for name in value:
            if not name.strip() or "/" in name:
                raise ValueError(f"{name!r} cannot name an endpoint")
        return value

    # -- reading and writing --------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: Path, environ: Mapping[str, str]) -> Settings:
        """Settings from a file, which may be missing, and the environment over it.

        Raises:
            FileError: the file is broken, with line and column; it is left as it is.
            InvalidInput: a variable of the environment cannot be used.
        """
        raw, text = read_raw(path)
        return cls.build(raw, environ, path=path, text=text)

    @classmethod
    def build(
        cls, raw: Mapping[str, Any], environ: Mapping[str, str], *, path: Path | None = None, text: str = ""
    ) -> Settings:
        """Settings from a file's object; errors name ``path`` and the line in ``text`` where they are given."""
        overrides = read_environment(environ, cls, raw)
        merged = copy.deepcopy(dict(raw))
        for place, value in overrides.values.items():
            put(merged, place, value)
        try:
            settings = cls.model_validate(merged)
        except ValidationError as error:
            raise explained(error, overrides, path, text) from None
        settings._file = copy.deepcopy(dict(raw))
        settings._overrides = overrides
        return settings

    def to_file(self) -> dict[str, Any]:
        """The object that the file holds, keys in the clear; what only the environment says is left out."""
        out: dict[str, Any] = reveal(self.model_dump(exclude_unset=True))
        for place in self._overrides.values:
            known, before = get(self._file, place)
            if known:
                put(out, place, copy.deepcopy(before))
            else:
                drop(out, place)
        return out

    def save(self, path: Path) -> None:
        """Writes the file at once, readable by its owner only.

        Raises:
            FileError: the file there now is broken and would be lost, or it cannot be written.
        """
        read_raw(path)
        data = json.dumps(self.to_file(), ensure_ascii=False, indent=2).encode() + b"\n"
        with translated(path, "write"):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(os.path.realpath(path), data, mode=0o600)

    @property
    def unknown(self) -> dict[str, str]:
        """Keys and variables that nothing here knows, each with what may have been meant (or an empty text)."""
        found: dict[str, str] = {}
        for part, section in (("", self), ("limits.", self.limits), ("journal.", self.journal)):
            names = list(type(section).model_fields)
            own = self._overrides.unknown if section is self else ()
            for key in (*(section.__pydantic_extra__ or {}), *own):
                near = difflib.get_close_matches(key.removeprefix("AKACHAT_").lower(), names, n=1)
                found[part + key] = part + near[0] if near else ""
        return found

    @property
    def from_environment(self) -> dict[tuple[str, ...], str]:
        """The places that a variable sets, such as ``("limits", "render_seconds")``, each with the variable's name."""
        return dict(self._overrides.variables)

    # -- keys -----------------------------------------------------------------------------------------------------

    def key_for(self, url: str) -> Secret | None:
        """The key for an address: that of the endpoint with the same scheme, host and port; else none.

        Where several share them, the longest address that ``url`` begins with decides.
        """
        wanted = origin(url)
        path = urlsplit(url).path
        best: tuple[int, Secret] | None = None
        for endpoint in self.endpoints.values():
            if endpoint.key and origin(endpoint.url) == wanted:
                own = urlsplit(endpoint.url).path.rstrip("/")
                score = len(own) if path == own or path.startswith(own + "/") else -1
                if best is None or score > best[0]:
                    best = (score, endpoint.key)
        if best is not None:
            return best[1]
        return self.openai_key if wanted == origin(OPENAI_URL) else None

    def resolve_endpoint(self, name_or_url: str | None) -> tuple[str, Secret | None]:
        """The address behind ``options.endpoint`` and its key; empty means the endpoint `openai`, else OpenAI's.

        Raises:
            NotFound: no endpoint has this name.
            InvalidInput: the address cannot be used.
        """
        if not name_or_url:
            named = self.endpoints.get("openai")
            return (
                (named.url, named.key or self.key_for(named.url)) if named else (OPENAI_URL, self.key_for(OPENAI_URL))
            )
        named = self.endpoints.get(name_or_url)
        if named:
            return named.url, named.key or self.key_for(named.url)
        if "/" not in name_or_url and ":" not in name_or_url:
            raise not_found("endpoint", name_or_url, self.endpoints)
        url = name_or_url.strip().rstrip("/")
        return url, self.key_for(url)

    def knows_endpoint(self, name_or_url: str | None) -> bool:
        """Whether the settings themselves name this endpoint, so that a caller without rights may ask for it."""
        if not name_or_url or name_or_url in self.endpoints:
            return True
        url = name_or_url.strip().rstrip("/")
        return url == OPENAI_URL or any(url == endpoint.url for endpoint in self.endpoints.values())

    def token_for(self, presented: str) -> Token | None:
        """The token that a caller presents, or None."""
        found = None
        for token in self.tokens:  # all of them, so that the time does not tell which
            if token.matches(presented):
                found = found or token
        return found

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret text, for those who must keep them out of what they write."""
        keys = [self.openai_key, self.hf_token, *(e.key for e in self.endpoints.values())]
        return tuple(dict.fromkeys(k for k in (*keys, *(t.token for t in self.tokens)) if k))
