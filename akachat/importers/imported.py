"""What an importer makes of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Imported"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found in a file of another program.

    Attributes:
        kind: what the file was taken for.
        options: what can be set on a prompt.
        instruction: the prompt's text, None where the file holds none.
        notes: what could not be carried over and why, one sentence each.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    instruction: str | None = None
    notes: tuple[str, ...] = ()
