"""Checks as data: one list in YAML or JSON becomes checks, or an error that says which check and which field."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from akachat.batch.kinds import KINDS, Between, Check, Group, Not
from akachat.batch.reading import read_data
from akachat.errors import InvalidInput

__all__ = ["Checks", "parse_checks"]

_MOST_CHECKS, _MOST_DEPTH = 200, 6


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks with a name each, none twice.

    Attributes:
        threshold: the weighted mean of the scores from which a result passes; None where every check must pass.
    """

    checks: tuple[Check, ...] = ()
    names: tuple[str, ...] = ()
    threshold: float | None = None

    def __iter__(self) -> Iterator[tuple[str, Check]]:
        return iter(zip(self.names, self.checks, strict=True))


def parse_checks(source: object) -> Checks:
    """Reads checks: a list, an object ``{"checks": […], "threshold": 0.8}``, or the text of either in YAML or JSON.

    A check is an object with its ``type``; one field alone may be written as ``{"contains": "Kyoto"}``.

    Raises:
        InvalidInput: what is wrong, with the number and type of the check and its field.
    """
    data = read_data(source, "the list of checks") if isinstance(source, str) else source
    threshold = None
    if isinstance(data, Mapping) and "checks" in data:
        threshold = _threshold(data)
        data = data["checks"]
    if data is None:
        data = []
    if isinstance(data, Mapping) or not isinstance(data, Sequence) or isinstance(data, str):
        raise InvalidInput("the checks are no list", hint="They look like [{type: contains, value: Kyoto}].")
    parsed = tuple(_parse(item, str(number), 0) for number, item in enumerate(data, 1))
    if _count(parsed) > _MOST_CHECKS:
        raise InvalidInput(f"there are more than {_MOST_CHECKS} checks", hint="Split the batch.")
    return Checks(parsed, _unique([check.label for check in parsed]), threshold)


def _threshold(data: Mapping[Any, Any]) -> float | None:
    extra = [str(key) for key in data if key not in ("checks", "threshold")]
    if extra:
        raise InvalidInput(f"beside the checks stands an unknown field {extra[0]}", hint="threshold may stand there.")
    value = data.get("threshold")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInput(f"the threshold of the checks is {value!r}", hint="It is a number from 0 to 1.")
    return float(value)


def _parse(item: object, where: str, depth: int) -> Check:
    if depth > _MOST_DEPTH:
        raise InvalidInput(f"check {where} is nested too deep", hint=f"At most {_MOST_DEPTH} levels are read.")
    if not isinstance(item, Mapping):
        raise InvalidInput(f"check {where} is no object", hint="A check looks like {type: contains, value: Kyoto}.")
    data = {str(key): value for key, value in item.items()}
    if "type" not in data and len(data) == 1 and (short := next(iter(data))) in KINDS:
        kind = KINDS[short]
        field = {"Not": "check", "Group": "checks", "Llm": "prompt", "Json": "schema"}.get(kind.__name__, "value")
        data = {"type": short, ("max" if issubclass(kind, Between) else field): data[short]}
    kind_name = str(data.get("type", ""))
    made = KINDS.get(kind_name)
    if made is None:
        raise _unknown_type(where, kind_name)
    if made is Not and "check" in data:
        data["check"] = _parse(data["check"], f"{where}.check", depth + 1)
    inner = data.get("checks")
    if made is Group and isinstance(inner, (list, tuple)):
        data["checks"] = tuple(_parse(each, f"{where}.checks.{i}", depth + 1) for i, each in enumerate(inner, 1))
    try:
        return made.model_validate(data)
    except ValidationError as error:
        raise _wrong(error, f"{where} ({kind_name})", made) from None


def _unknown_type(where: str, name: str) -> InvalidInput:
    if not name:
        return InvalidInput(f"check {where} has no type", hint="Types are " + ", ".join(KINDS) + ".")
    near = difflib.get_close_matches(name, KINDS, n=1)
    hint = f"Did you mean {near[0]}?" if near else "Types are " + ", ".join(KINDS) + "."
    return InvalidInput(f"check {where} has the unknown type {name!r}"[:300], hint=hint)


def _wrong(error: ValidationError, where: str, kind: type[Check]) -> InvalidInput:
    """The first thing that is wrong, by the field's name."""
    first = error.errors(include_url=False)[0]
    names = [info.alias or name for name, info in kind.model_fields.items() if name != "type"]
    field, hint = ".".join(str(part) for part in first["loc"]), f"Its fields are {', '.join(names)}."
    if first["type"] == "missing":
        return InvalidInput(f"check {where} lacks the field {field}", hint=hint)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(field, names, n=1)
        return InvalidInput(f"check {where} has no field {field}", hint=f"Did you mean {near[0]}?" if near else hint)
    problem = str(first["msg"]).removeprefix("Value error, ")
    if not field:
        return InvalidInput(f"check {where}: {problem}", hint=hint)
    return InvalidInput(f"check {where}, field {field}: {problem}, not {first['input']!r}"[:500], hint=hint)


def _count(checks: Sequence[Check]) -> int:
    inner = (c.checks if isinstance(c, Group) else (c.check,) if isinstance(c, Not) else () for c in checks)
    return len(checks) + sum(_count(each) for each in inner)


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for label in labels:
        number = 1
        name = label
        while name in names:
            number += 1
            name = f"{label} ({number})"
        names.append(name)
    return tuple(names)
