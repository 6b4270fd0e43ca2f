"""JSON and JSON lines: each small object a text of `key: value` lines, with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["read"]

#: An object whose text is longer is told by its parts.
_MOST = 800


def read(data: bytes, name: str, charset: str) -> Document:
    """A JSON file, or one of JSON lines."""
    text, found = decode(data, charset)
    try:
        return _read(text, name, found)
    except RecursionError:  # of Python's own reader, or of telling what it read
        raise Refused(
            "broken", "it nests too deep", hint="Make it flatter, or save it as text.", shown="unreadable"
        ) from None


def _read(text: str, name: str, found: str) -> Document:
    if name.lower().endswith((".jsonl", ".ndjson")):
        return Document(tuple(_lines(text)), found)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return Document(tuple(_lines(text)), found)
        raise _broken(error.msg, error.lineno, error.colno) from None
    return Document(tuple(_parts(value, "$")), found)


def _lines(text: str) -> Iterator[Block]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                raise _broken(error.msg, number, error.colno) from None
            if shown := "\n".join(_flat(value, "")):
                yield Block(shown, (), Place(line=number), whole=True)


def _parts(value: Any, path: str) -> Iterator[Block]:
    waiting = [(value, path)]
    while waiting:
        value, path = waiting.pop()
        text = _beginning(value)
        if not text.strip():
            continue
        if isinstance(value, dict) and len(text) > _MOST:
            waiting.extend(reversed([(each, f"{path}.{key}") for key, each in value.items()]))
        elif isinstance(value, list) and value and (len(text) > _MOST or isinstance(value[0], dict)):
            waiting.extend(reversed([(each, f"{path}[{number}]") for number, each in enumerate(value)]))
        else:
            yield Block(text, (), Place(path=path), whole=isinstance(value, (dict, list)))


def _beginning(value: Any) -> str:
    """A value's text, no further than is needed to see that it is too long: each level would else repeat the whole."""
    lines: list[str] = []
    length = 0
    for line in _flat(value, ""):
        lines.append(line)
        length += len(line) + 1
        if length > _MOST + 1 and not isinstance(value, str):
            break
    return "\n".join(lines)


def _flat(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        if all(not isinstance(each, (dict, list)) for each in value):
            yield f"{name}: {', '.join(map(_word, value))}" if name else ", ".join(map(_word, value))
        else:
            for number, each in enumerate(value):
                yield from _flat(each, f"{name}[{number}]")
    elif value is not None:
        yield f"{name}: {_word(value)}" if name else _word(value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _broken(why: str, line: int, column: int) -> Refused:
    return Refused(
        "broken",
        f"it is not valid JSON: {why} (line {line}, column {column})",
        hint="Mend it there.",
        shown="unreadable",
    )
