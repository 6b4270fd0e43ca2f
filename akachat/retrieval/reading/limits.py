"""What the reading of one document may take."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ReadLimits"]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds of one document: its size, its text, the seconds and the memory of the process that reads it."""

    bytes: int = 256 * 1024**2
    characters: int = 50_000_000
    seconds: float = 120.0
    memory_bytes: int = 2 * 1024**3
