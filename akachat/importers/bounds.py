"""Reads what a stranger made: YAML, JSON and text within bounds, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from akachat.errors import InvalidInput

__all__ = ["LARGEST", "as_object", "clean", "decoded", "read_json", "read_yaml", "text_of"]

#: Bytes of one file: a character card with its picture and its book of lore has a few million.
LARGEST = 16 * 2**20
#: YAML is read a hundred times slower than JSON, and nobody writes this much of it.
_LONGEST_YAML = 2**19
#: The one in C is ten times as quick as the one in Python, which is there on every system.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Values of one file, every alias counted as all that it stands for; and how deep they may lie in each other.
_MOST_VALUES, _MOST_DEPTH = 100_000, 50


def decoded(data: bytes, name: str = "") -> str:
    """A file's text: UTF-8, or UTF-16 with its mark; line ends as LF.

    Raises:
        InvalidInput: it is too long, or no text.
    """
    what = name or "the text"
    if len(data) > LARGEST:
        raise InvalidInput(f"{what} is larger than {LARGEST:,} bytes", hint="A file of prompts is smaller than that.")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return clean(data.decode(encoding))
    except UnicodeDecodeError:
        hint = "Save it as UTF-8, or give one of the kinds of file that are known here."
        raise InvalidInput(f"{what} is not UTF-8", hint=hint) from None


def clean(text: str) -> str:
    """The text as a file of ours can hold it: LF at the line ends, nothing that is no character."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_of(value: object) -> str:
    """A value of a file as text: texts as they are, nothing for null, all else as JSON."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    try:
        return clean(json.dumps(value, ensure_ascii=False, default=str))
    except (ValueError, TypeError, RecursionError):
        return clean(str(type(value).__name__))


def as_object(value: object) -> dict[str, Any]:
    """An object with texts as keys; an empty one for anything else."""
    return {text_of(key): each for key, each in value.items()} if isinstance(value, Mapping) else {}


def read_json(text: str) -> Any:
    """A JSON text's value.

    Raises:
        InvalidInput: it is no JSON, with the place; or it holds too much.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"the file is no valid JSON: {error.msg}", hint="Mend it there.", line=error.lineno, column=error.colno
        ) from None
    except (ValueError, RecursionError):
        raise InvalidInput(
            "the file is no valid JSON", hint="It has a number or a depth that cannot be read."
        ) from None
    _check_size(value)
    return value


def read_yaml(text: str) -> Any:
    """A YAML text's value. It is counted with its aliases before anything is made of it.

    Raises:
        InvalidInput: it is no YAML, with the place; or it holds too much.
    """
    if len(text) > _LONGEST_YAML:
        hint = "Split it, or write it as JSON."
        raise InvalidInput(f"the file is longer than {_LONGEST_YAML:,} characters of YAML", hint=hint)
    try:
        _check_events(text)
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_nodes(node)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InvalidInput(
            f"the file is no valid JSON or YAML: {getattr(error, 'problem', None) or 'it cannot be read'}",
            hint="Mend it there.",
            line=None if mark is None else mark.line + 1,
            column=None if mark is None else mark.column + 1,
        ) from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        hint = "It has a number, a date or a depth that cannot be read."
        raise InvalidInput("the file is no valid JSON or YAML", hint=hint) from None


def _check_events(text: str) -> None:
    """Counts what is written before it is put together: the quick loader would not survive a very deep tree."""
    left, depth = _MOST_VALUES, 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        left -= 1
        if left < 0 or depth > _MOST_DEPTH:
            raise _too_much()


def _check_nodes(node: yaml.Node) -> None:
    """Walks as if every alias were written out, since merging keys (``<<``) does write them out."""
    left = _MOST_VALUES
    waiting: list[tuple[yaml.Node, int]] = [(node, 0)]
    while waiting:
        each, depth = waiting.pop()
        left -= 1
        if isinstance(each, yaml.MappingNode):
            children = [part for pair in each.value for part in pair]
        elif isinstance(each, yaml.SequenceNode):
            children = each.value
        else:
            continue
        if left < len(children) or depth > _MOST_DEPTH:
            raise _too_much()
        waiting.extend((child, depth + 1) for child in children)


def _check_size(value: Any) -> None:
    left = _MOST_VALUES
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        left -= 1
        if not isinstance(each, (dict, list)):
            continue
        if left < len(each) or depth > _MOST_DEPTH:
            raise _too_much()
        waiting.extend((child, depth + 1) for child in (each.values() if isinstance(each, dict) else each))


def _too_much() -> InvalidInput:
    return InvalidInput(
        f"the file holds over {_MOST_VALUES:,} values, or is nested deeper than {_MOST_DEPTH} levels",
        hint="No file of prompts is like that; take out what is no prompt.",
    )
