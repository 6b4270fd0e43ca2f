"""Many variables or messages from one text: JSON, a table of keys and values, JSON lines, or lines of speakers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from akachat.errors import InvalidInput
from akachat.messages import Message, parse_message, parse_messages
from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Refused

__all__ = ["read_files", "read_messages", "read_variables"]

_LOOKS = 'Give a JSON object such as {"name": "Momo"}, or rows such as name,Momo.'
_MESSAGES_LOOK = 'A line looks like {"role": "user", "content": "…"}.'
#: What a table's first row may say, in either language.
_HEADS = {("key", "value"), ("name", "value"), ("キー", "値"), ("名前", "値"), ("変数", "値"), ("key", "text")}


def read_variables(text: str) -> dict[str, str]:
    """Keys and values of a JSON object or of a table in CSV: comma, tab or semicolon, quoted as spreadsheets do.

    Raises:
        InvalidInput: it is neither, with line and column; or a key comes twice.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise InvalidInput("there are no variables in it", hint=_LOOKS)
    return _json(text) if text.lstrip()[0] in "{[" else _table(text)


def read_files(files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Variables from files: each .txt is one, named like its path; .json and .csv hold many. In any Japanese encoding.

    Raises:
        InvalidInput: a file is no text, is of another kind, or a key comes twice; it is named.
    """
    found: dict[str, str] = {}
    for name, data in files:
        try:
            text = decode(data)[0].removeprefix("\ufeff").replace("\r\n", "\n")
        except Refused:
            raise InvalidInput(f"{name} is no text", hint="Bring .txt, .json or .csv files.") from None
        stem, dot, kind = name.rpartition(".")
        try:
            if kind.lower() == "txt" and dot:
                new = {stem: text}
            elif kind.lower() in ("json", "csv", "tsv"):
                new = read_variables(text)
            else:
                raise InvalidInput("it is no .txt, .json or .csv file", hint="Bring .txt, .json or .csv files.")
        except InvalidInput as error:
            raise InvalidInput(
                f"in the file {name}: {error.message}", hint=error.hint, line=error.line, column=error.column
            ) from None
        for key, value in new.items():
            _add(found, key, value, None)
    return found


def read_messages(text: str) -> tuple[Message, ...]:
    """Messages from JSON lines, from a JSON list (also under ``messages``), or from ``user:`` and ``ai:`` lines.

    Raises:
        InvalidInput: what is wrong, and in which line.
    """
    text = text.removeprefix("\ufeff").strip()
    if not text:
        raise InvalidInput("there are no messages in it", hint=_MESSAGES_LOOK)
    if text[0] not in "{[":
        return parse_messages(text)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if text[0] == "[":
            raise InvalidInput(
                f"it is not valid JSON: {error.msg}", hint=_MESSAGES_LOOK, line=error.lineno, column=error.colno
            ) from None
        return _json_lines(text)
    except RecursionError:
        raise InvalidInput("it is not valid JSON: too many levels", hint=_MESSAGES_LOOK) from None
    if isinstance(value, dict) and "role" not in value and isinstance(value.get("messages"), list):
        value = value["messages"]
    return parse_messages(value)


def _json_lines(text: str) -> tuple[Message, ...]:
    found: list[Message] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(parse_message(json.loads(line), where="the line"))
        except InvalidInput as error:
            raise InvalidInput(
                f"line {number} is no message: {error.message}", hint=_MESSAGES_LOOK, line=number
            ) from None
        except (ValueError, RecursionError) as error:
            reason = str(error).partition(":")[0]
            raise InvalidInput(
                f"line {number} is no message: the line is no valid JSON: {reason}", hint=_MESSAGES_LOOK, line=number
            ) from None
    return tuple(found)


def _json(text: str) -> dict[str, str]:
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"it is not valid JSON: {error.msg}", hint=_LOOKS, line=error.lineno, column=error.colno
        ) from None
    except RecursionError:
        raise InvalidInput("it is not valid JSON: too many levels", hint=_LOOKS) from None
    if not text.lstrip().startswith("{"):
        raise InvalidInput("it is a JSON list, not an object", hint=_LOOKS)
    found: dict[str, str] = {}
    for key, value in pairs:
        _add(found, key, _text_of(key, value), None)
    return found


def _text_of(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None or isinstance(value, list):
        raise InvalidInput(f"the value of `{key}` is no text", hint="Put it between quotes.")
    return str(value)


def _table(text: str) -> dict[str, str]:
    first = text.lstrip("\n").partition("\n")[0]
    delimiter = max("\t,;", key=first.count)
    if delimiter not in first:
        raise InvalidInput("the first row has no value", hint=_LOOKS, line=1)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: dict[str, str] = {}
    try:
        for index, row in enumerate(rows):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != 2:
                raise InvalidInput(f"a row has {len(row)} cells, not two", hint=_LOOKS, line=rows.line_num)
            if index == 0 and (row[0].strip().lower(), row[1].strip().lower()) in _HEADS:
                continue
            _add(found, row[0].strip(), row[1].replace("\r\n", "\n"), rows.line_num)
    except csv.Error as error:
        raise InvalidInput(f"it is no table: {error}", hint=_LOOKS, line=rows.line_num) from None
    return found


def _add(found: dict[str, str], key: str, value: str, line: int | None) -> None:
    if key in found:
        raise InvalidInput(f"the key `{key}` comes twice", hint="Keep one of them.", line=line)
    found[key] = value
