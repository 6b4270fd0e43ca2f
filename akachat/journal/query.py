"""What a search of the journal asks for, and whether an entry is it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from akachat.errors import InvalidInput

__all__ = ["OUTCOMES", "Query", "summary"]

#: How a run may have ended, as a search may name it; ``done`` is whatever gave an answer.
OUTCOMES = ("done", "stop", "length", "tool_calls", "content_filter", "cancelled", "error")

#: Where a search looks for words.
_TEXTS = (
    *("prompt", "input", "result", "instruction", "text", "history"),
    *("messages", "variables", "trace", "error", "notes", "model"),
)
#: Keys whose values are ours: everyone who looks for "user" would find every run.
_OURS = frozenset({"role", "type", "origin"})
#: Letters of an id that are sure to be meant as one; any digit stands in some id.
_OF_AN_ID = 8
#: How much of a text a summary shows.
_GLIMPSE = 160
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Query:
    """A search. What is empty asks for nothing.

    Attributes:
        text: words that must all occur, in whatever case, anywhere in what went in or came out.
        prompt: a prompt's name.
        source: who asked: ``page``, ``api``, ``cli``, ``python``, ``llm``.
        model: a part of a model's name.
        outcome: one of ``OUTCOMES``.
        since, until: days such as 2026-11-25; both count.
        nested: whether runs that another run called are wanted too; ``source`` ``llm`` asks for nothing else.
    """

    text: str = ""
    prompt: str = ""
    source: str = ""
    model: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""
    nested: bool = False

    def check(self) -> None:
        """Refuses what can find nothing because it is misspelt.

        Raises:
            InvalidInput: the outcome is unknown, or a day is none.
        """
        if self.outcome and self.outcome not in OUTCOMES:
            raise InvalidInput(f"the outcome {self.outcome!r} is unknown", hint="Take one of " + ", ".join(OUTCOMES))
        for day in (self.since, self.until):
            if day and not _is_day(day):
                raise InvalidInput(f"{day!r} is no day", hint="Write it as 2026-11-25.")

    def may_match(self, line: bytes) -> bool:
        """Whether a line is worth reading: a quick look at its bytes that refuses nothing wrongly."""
        if b"\\u" in line:  # some character is written as its code, so that its bytes are not there to be seen
            return True
        if self.prompt and orjson.dumps(self.prompt) not in line:
            return False
        lower: bytes | None = None
        for word in self.text.split():
            if word.isascii():
                lower = line.lower() if lower is None else lower
                if _escaped(word.lower()) not in lower:
                    return False
            elif word.lower() == word.upper() and _escaped(word) not in line:
                return False
        return True

    def matches(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is asked for."""
        if not self.source and not self.nested and entry.get("parent"):
            return False
        day = str(entry.get("time", ""))[:10]
        facts = (
            not self.prompt or entry.get("prompt") == self.prompt,
            not self.source or entry.get("source") == self.source,
            not self.model or self.model.casefold() in str(entry.get("model") or "").casefold(),
            not self.outcome or _ended(self.outcome, str(entry.get("finish_reason", ""))),
            not self.since or day >= self.since,
            not self.until or day <= self.until,
        )
        if not all(facts):
            return False
        words = self.text.casefold().split()
        if not words:
            return True
        said = "\n".join(text for key in _TEXTS for text in _texts(entry.get(key))).casefold()
        id = str(entry.get("id") or "")
        return all(word in said or (len(word) >= _OF_AN_ID and id.startswith(word)) for word in words)


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _escaped(word: str) -> bytes:
    return orjson.dumps(word)[1:-1]


def _ended(wanted: str, reason: str) -> bool:
    return reason == wanted or (wanted == "done" and reason not in ("error", "cancelled"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key not in _OURS:
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def summary(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as a list shows it: the first words of its texts, and what it took."""
    usage = entry.get("usage") or [None, None]
    error = entry.get("error") or {}
    return {
        "id": entry.get("id"),
        "parent": entry.get("parent"),
        "time": entry.get("time"),
        "source": entry.get("source"),
        "prompt": entry.get("prompt"),
        "model": entry.get("model"),
        "input": _glimpse(entry.get("input")),
        "result": _glimpse(entry.get("result")),
        "error": error.get("message") if isinstance(error, Mapping) else None,
        "outcome": entry.get("finish_reason"),
        "tokens": usage[1] if isinstance(usage, list) and len(usage) > 1 else None,
        "seconds": (entry.get("timings") or {}).get("total"),
        "raw": bool(entry.get("raw")),
    }


def _glimpse(text: Any) -> str:
    line = " ".join(str(text or "")[: 4 * _GLIMPSE].split())
    return line if len(line) <= _GLIMPSE else line[: _GLIMPSE - 1] + "…"
