"""Checks a JSON value against a JSON schema (drafts 7 to 2020-12, as far as one document without dynamic parts goes).

A library would bring regular expressions that nothing bounds, and fetch schemas. Here a keyword that is not understood
is an error and never passed over, and ``found`` is asked whether a pattern matches: the sandbox may search for it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from akachat.errors import InvalidInput

__all__ = ["Found", "problems"]

#: Whether a pattern is found in a text.
Found = Callable[[str, str], bool]

_DEPTH = 100
_STEPS = 200_000
_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "number": lambda v: _is_number(v),
    "integer": lambda v: _is_number(v) and (isinstance(v, int) or v.is_integer()),
}
#: Keywords that say something to readers and nothing about values. `format` is one by default since 2019-09.
_SILENT = frozenset(
    (
        *("$schema", "$id", "$comment", "$defs", "$anchor", "definitions", "title", "description", "default"),
        *("examples", "deprecated", "readOnly", "writeOnly", "format", "contentEncoding", "contentMediaType"),
        *("contentSchema", "then", "else", "minContains", "maxContains"),
    )
)


def problems(value: Any, schema: Any, found: Found) -> Iterator[str]:
    """What is wrong with a value, each with its place, as ``$.items[0]: is not of type string``; nothing if it fits.

    Raises:
        InvalidInput: the schema itself cannot be used.
    """
    return _Walk(schema, found).check(value, schema, "$", 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _wrong(problem: str) -> InvalidInput:
    return InvalidInput(f"the JSON schema cannot be used: {problem}", hint="Correct the schema of this check.")


class _Walk:
    """One value's way through one schema."""

    def __init__(self, root: Any, found: Found) -> None:
        self.root, self.found, self.steps = root, found, 0

    def check(self, value: Any, schema: Any, at: str, depth: int) -> Iterator[str]:
        self.steps += 1
        if depth > _DEPTH or self.steps > _STEPS:
            raise _wrong("it is too deep, or refers to itself without an end")
        if isinstance(schema, bool):
            if not schema:
                yield f"{at}: nothing is allowed here"
            return
        if not isinstance(schema, dict):
            raise _wrong(f"{json.dumps(schema)[:60]} stands where a schema should be")
        for word, rule in schema.items():
            if word in _SILENT:
                continue
            rules = _RULES.get(word)
            if rules is None:
                raise _wrong(f"the keyword {str(word)[:60]} is not understood here")
            try:
                yield from rules(self, value, rule, at, depth + 1, schema)
            except (TypeError, AttributeError, KeyError, ArithmeticError):
                raise _wrong(f"the keyword {word} has a value that it cannot have") from None

    def _fits(self, value: Any, schema: Any, at: str, depth: int) -> bool:
        return next(self.check(value, schema, at, depth), None) is None

    # any value

    def _type(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        names = [rule] if isinstance(rule, str) else rule
        if not any(_TYPES[name](value) for name in names):
            yield f"{at}: is not of type {' or '.join(names)}"

    def _enum(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if not any(_same(value, each) for each in rule):
            yield f"{at}: is none of {json.dumps(rule, ensure_ascii=False)[:100]}"

    def _const(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if not _same(value, rule):
            yield f"{at}: is not {json.dumps(rule, ensure_ascii=False)[:100]}"

    def _dollar_ref(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        target = self.root
        if not rule.startswith("#") or (rule != "#" and not rule.startswith("#/")):
            raise _wrong(f"it refers to {rule[:100]}, and only places in itself (#/…) are followed")
        for part in rule[2:].split("/") if rule != "#" else ():
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(name)] if isinstance(target, list) else target[name]
            except (LookupError, ValueError, TypeError):
                raise _wrong(f"it refers to {rule[:100]}, which is not there") from None
        yield from self.check(value, target, at, depth)

    # several schemas

    def _all_of(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for each in rule:
            yield from self.check(value, each, at, depth)

    def _any_of(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if not any(self._fits(value, each, at, depth) for each in rule):
            yield f"{at}: fits none of the {len(rule)} schemas of anyOf"

    def _one_of(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        count = sum(self._fits(value, each, at, depth) for each in rule)
        if count != 1:
            yield f"{at}: fits {count} of the {len(rule)} schemas of oneOf, not one"

    def _not(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if self._fits(value, rule, at, depth):
            yield f"{at}: fits the schema that it must not fit"

    def _if(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        branch = "then" if self._fits(value, rule, at, depth) else "else"
        yield from self.check(value, schema.get(branch, True), at, depth)

    # numbers and texts

    def _minimum(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if _is_number(value) and value < rule:
            yield f"{at}: is less than {rule}"

    def _maximum(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if _is_number(value) and value > rule:
            yield f"{at}: is more than {rule}"

    def _exclusive_minimum(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if _is_number(value) and value <= rule:
            yield f"{at}: is not more than {rule}"

    def _exclusive_maximum(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if _is_number(value) and value >= rule:
            yield f"{at}: is not less than {rule}"

    def _multiple_of(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        # As it is written: 0.3 is a multiple of 0.1, though not in binary.
        if _is_number(value) and (not math.isfinite(value) or Decimal(str(value)) % Decimal(str(rule)) != 0):
            yield f"{at}: is no multiple of {rule}"

    def _min_length(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, str) and len(value) < rule:
            yield f"{at}: is shorter than {rule} characters"

    def _max_length(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, str) and len(value) > rule:
            yield f"{at}: is longer than {rule} characters"

    def _pattern(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, str) and not self.found(rule, value):
            yield f"{at}: does not match {rule[:100]}"

    # lists

    def _items(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if not isinstance(value, list):
            return
        if isinstance(rule, list):  # until draft 2019-09
            rest = schema.get("additionalItems", True)
            for index, each in enumerate(value):
                yield from self.check(each, rule[index] if index < len(rule) else rest, f"{at}[{index}]", depth)
            return
        for index in range(len(schema.get("prefixItems", ())), len(value)):
            yield from self.check(value[index], rule, f"{at}[{index}]", depth)

    def _additional_items(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        yield from ()  # `items` reads it, and without a list there it says nothing

    def _prefix_items(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for index, (each, inner) in enumerate(zip(value, rule, strict=False) if isinstance(value, list) else ()):
            yield from self.check(each, inner, f"{at}[{index}]", depth)

    def _contains(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if not isinstance(value, list):
            return
        count = sum(self._fits(each, rule, at, depth) for each in value)
        if count < schema.get("minContains", 1) or count > schema.get("maxContains", math.inf):
            yield f"{at}: {count} of its items fit the schema of contains"

    def _min_items(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, list) and len(value) < rule:
            yield f"{at}: has fewer than {rule} items"

    def _max_items(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, list) and len(value) > rule:
            yield f"{at}: has more than {rule} items"

    def _unique_items(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if not rule or not isinstance(value, list):
            return
        for index, each in enumerate(value):
            self.steps += index
            if self.steps > _STEPS:
                raise _wrong("uniqueItems takes too many comparisons for this answer")
            if any(_same(each, other) for other in value[:index]):
                yield f"{at}[{index}]: stands there twice"
                return

    # objects

    def _required(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name in rule:
                if name not in value:
                    yield f"{at}: lacks {name}"

    def _properties(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in rule.items():
                if name in value:
                    yield from self.check(value[name], inner, f"{at}.{name}", depth)

    def _pattern_properties(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for name, each in value.items() if isinstance(value, dict) else ():
            for pattern, inner in rule.items():
                if self.found(pattern, name):
                    yield from self.check(each, inner, f"{at}.{name}", depth)

    def _additional_properties(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        patterns: Mapping[str, Any] = schema.get("patternProperties", {})
        for name, each in value.items() if isinstance(value, dict) else ():
            if name in schema.get("properties", {}) or any(self.found(pattern, name) for pattern in patterns):
                continue
            if rule is False:
                yield f"{at}: has {name}, which is not allowed"
            else:
                yield from self.check(each, rule, f"{at}.{name}", depth)

    def _property_names(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for name in value if isinstance(value, dict) else ():
            yield from self.check(name, rule, f"{at}.{name}", depth)

    def _min_properties(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, dict) and len(value) < rule:
            yield f"{at}: has fewer than {rule} fields"

    def _max_properties(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        if isinstance(value, dict) and len(value) > rule:
            yield f"{at}: has more than {rule} fields"

    def _dependent_required(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for name, needed in rule.items() if isinstance(value, dict) else ():
            if name in value:
                yield from self._required(value, needed, at, depth, schema)

    def _dependent_schemas(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for name, inner in rule.items() if isinstance(value, dict) else ():
            if name in value:
                yield from self.check(value, inner, at, depth)

    def _dependencies(self, value: Any, rule: Any, at: str, depth: int, schema: Any) -> Iterator[str]:
        for name, inner in rule.items() if isinstance(value, dict) else ():
            if name in value and isinstance(inner, list):
                yield from self._required(value, inner, at, depth, schema)
            elif name in value:
                yield from self.check(value, inner, at, depth)


#: Keywords and what each asks: ``_min_length`` is ``minLength``.
_RULES: dict[str, Callable[[_Walk, Any, Any, str, int, Any], Iterator[str]]] = {
    re.sub("_([a-z])", lambda m: m[1].upper(), name[1:].replace("dollar_", "$")): method
    for name, method in vars(_Walk).items()
    if name.startswith("_") and not name.startswith("__") and name != "_fits"
}
