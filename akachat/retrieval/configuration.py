"""How one library searches and cuts its documents: its ``library.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from akachat.decoding import decode_text, parse_json_object
from akachat.errors import InvalidInput
from akachat.files import read_bytes, write_atomic

__all__ = ["Configuration"]


class Configuration(BaseModel):
    """A library's settings; what is not said has its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    search: Literal["auto", "keyword", "semantic", "hybrid"] = Field(
        default="auto", description="auto: hybrid once there are vectors of a model, keyword until then."
    )
    model: str = Field(default="", description="A sentence-transformers model for semantic search; empty for none.")
    revision: str = Field(default="", description="The model's revision; empty for the newest.")
    precision: Literal["auto", "fp32", "int8"] = Field(
        default="auto",
        description="auto: as the vectors that are there, else fp16 on a GPU, int8 or fp32 on a CPU.",
    )
    chunk_characters: int = Field(default=400, ge=50, le=8_000, description="About how long a passage is.")
    overlap_characters: int = Field(default=50, ge=0, le=2_000, description="How much of it the next one repeats.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.overlap_characters > self.chunk_characters // 2:
            raise ValueError("overlap_characters is over half of chunk_characters")
        if self.search in ("semantic", "hybrid") and not self.model:
            raise ValueError(f"search {self.search} needs a model")
        return self

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """The file's settings; the defaults where there is no file.

        Raises:
            AkachatError: what is wrong in it, and where.
        """
        try:
            data, _ = read_bytes(path, 1_000_000, shown=path.name)
        except FileNotFoundError:
            return cls()
        return cls().changed(parse_json_object(decode_text(data, path.name), path.name))

    def changed(self, changes: Mapping[str, Any]) -> Configuration:
        """With some fields changed; null brings the default back.

        Raises:
            InvalidInput: an unknown field or a value that it does not take.
        """
        merged = {**self.model_dump(), **changes}
        try:
            return Configuration.model_validate({key: value for key, value in merged.items() if value is not None})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            why = first["msg"].removeprefix("Value error, ")
            raise InvalidInput(
                f"the library's setting {name!r} is wrong: {why}"
                if name
                else f"the library's settings are wrong: {why}",
                hint=f"There are: {', '.join(Configuration.model_fields)}.",
            ) from None

    def write(self, path: Path) -> None:
        """Saves what differs from the defaults."""
        differing = self.model_dump(exclude_defaults=True)
        write_atomic(str(path), (json.dumps(differing, ensure_ascii=False, indent=2) + "\n").encode())

    @property
    def recipe(self) -> str:
        """What a document's passages depend on; documents that were cut by another one are stale."""
        return f"1:{self.chunk_characters}:{self.overlap_characters}"
