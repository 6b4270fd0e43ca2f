"""What an exporter makes: a file, and what it could not say."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Exported"]


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for another program, or for another workspace.

    Attributes:
        file: what to call it, without folders.
        data: its bytes.
        media: its media type.
        notes: what of the prompt is not in it, one sentence each; where there is none, it says the same.
    """

    file: str
    data: bytes
    media: str
    notes: tuple[str, ...] = ()
