"""All entries together: which one fits a message, and the message in either language as the page shows it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from akachat.options import Options
from akachat.ui.japanese.pattern import Match, Pattern
from akachat.ui.words import TEXTS

__all__ = ["Catalog", "load_catalog"]

#: Messages in messages in messages: a chain of prompts, each with the error of the next one.
_MOST_DEPTH = 12
#: A word of English, and no name of the instruction language such as ``llm()``.
_PLAIN_WORD = re.compile(r"[a-z]+(?=[ ,]|$)")


class Catalog:
    """Patterns, and what they make of a message."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        patterns = [Pattern.of(english, japanese) for english, japanese in entries]
        patterns.sort(key=lambda pattern: pattern.weight, reverse=True)
        self._whole = {pattern.texts[0]: pattern.japanese for pattern in patterns if not pattern.holes}
        self._around = [p for p in patterns if p.holes and p.is_around]
        self._others = [p for p in patterns if p.holes and not p.is_around]
        self._patterns = tuple(patterns)

    def __iter__(self) -> Iterator[Pattern]:
        return iter(self._patterns)

    def knows(self, message: str) -> bool:
        """Whether an entry fits a message; what stands in its holes is not asked about."""
        return message in self._whole or self._find(message) is not None

    def japanese(self, message: str) -> str:
        """The message in Japanese where it is known, else as it is."""
        return self._japanese(message, _MOST_DEPTH)

    def english(self, message: str) -> str:
        """The message with a capital where it begins with a word of English, and not with a name."""
        match = None if message in self._whole else self._find(message)
        if match is None or match.pattern.texts[0]:
            word = _PLAIN_WORD.match(message)
            return message[:1].upper() + message[1:] if word else message
        if not match.pattern.is_around:
            return message
        inner = match.found[match.pattern.holes[0]]
        return self.english(inner) + message[len(inner) :]

    def _japanese(self, message: str, depth: int) -> str:
        if message in self._whole:
            return self._whole[message]
        match = self._find(message) if depth else None
        if match is None:
            return message
        return match.pattern.fill(match.found, lambda inner: self._japanese(inner, depth - 1))

    def _find(self, message: str) -> Match | None:
        """What stands around a message is taken off first; else the entry whose words come first in it fits best."""
        for pattern in self._around:
            if match := pattern.match(message):
                return match
        best: Match | None = None
        for pattern in self._others:
            match = pattern.match(message)
            if match and (best is None or match.at < best.at):
                best = match
        return best


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The catalog of the files beside this one; it takes a few milliseconds, once."""
    entries: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for part in tomllib.loads(path.read_text("utf-8")).values():
            entries |= part
    return Catalog([*entries.items(), *_help().items()])


def _help() -> Mapping[str, str]:
    """What an option does is said as a hint where its value is wrong; the page has words for it already."""
    japanese = TEXTS["ja"]
    return {
        field.description: japanese[f"help_{name}"]
        for name, field in Options.model_fields.items()
        if field.description and f"help_{name}" in japanese
    }
