"""The prefixes that embedding models were trained with, by their names."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

__all__ = ["prefixes"]

_FILE = Path(__file__).with_name("known.toml")


def prefixes(name: str) -> tuple[str, str]:
    """What stands before a query and before a passage; empty texts for a model that wants none, or is not known."""
    for pattern, query, passage in _table():
        if pattern.search(name.lower()):
            return query, passage
    return "", ""


@cache
def _table() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    entries = tomllib.loads(_FILE.read_text("utf-8"))["model"]
    return tuple((re.compile(entry["pattern"]), entry["query"], entry["passage"]) for entry in entries)
