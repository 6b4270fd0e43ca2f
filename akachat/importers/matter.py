"""What the formats of other programs share: a head of YAML, declared inputs, and keys that nobody here knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from akachat.importers.bounds import as_object, read_yaml, text_of
from akachat.importers.imported import Example

__all__ = ["examples_of", "front_matter", "left_over", "references_left", "shown", "stem_of"]

_LINE = re.compile(r"(?:---|\+\+\+)[ \t]*(?:\n|\Z)")
_NEXT = re.compile(r"^(?:---|\+\+\+)[ \t]*(?:\n|\Z)", re.MULTILINE)
_MOST_SHOWN = 12


def front_matter(text: str) -> tuple[dict[str, Any], str] | None:
    """The head of a file between two lines of ``---``, and what follows; None where it has no head.

    Raises:
        InvalidInput: the head is no YAML.
    """
    text = text.lstrip()
    begin = _LINE.match(text)
    end = _NEXT.search(text, begin.end()) if begin else None
    if begin is None or end is None:
        return None
    return as_object(read_yaml(text[begin.end() : end.start()])), text[end.end() :]


def left_over(given: Mapping[str, Any], known: Iterable[str], notes: list[str]) -> None:
    """Notes the keys that nobody here reads."""
    names = [shown(key) for key in given if key not in set(known) and given[key] not in (None, "", [], {})]
    if names:
        listed = ", ".join(names[:_MOST_SHOWN]) + (", …" if len(names) > _MOST_SHOWN else "")
        notes.append(f"left out, since a prompt has no place for it: {listed}.")


def references_left(values: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
    """Values as texts, without those that stand for a file or a setting of another machine."""
    found: dict[str, str] = {}
    for name, value in values.items():
        text = text_of(value)
        if text.startswith(("${", "file://")):
            notes.append(f"{shown(name)} was left out: {shown(text)} is not resolved here.")
        else:
            found[name] = text
    return found


def examples_of(stored: Iterable[Mapping[str, str]], natural: str | None, reads: Iterable[str]) -> tuple[Example, ...]:
    """Stored values as inputs of ours."""
    keys = set(reads)
    found = []
    for values in stored:
        given = {key: value for key, value in values.items() if key in keys and key != natural}
        input = values.get(natural, "") if natural else ""
        if input or given:
            found.append(Example(input, given))
    return tuple(found)


def shown(value: object) -> str:
    """A word of a file as a note can show it."""
    text = "".join(c for c in " ".join(text_of(value).split()) if c.isprintable())
    return text if len(text) <= 60 else text[:59] + "…"


def stem_of(path: str) -> str:
    """A file's name without its folders and its ending."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
