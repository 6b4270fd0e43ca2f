"""promptfoo's assertions and our checks, carried over where both mean exactly the same.

Read from its sources, version 0.123: ``contains-all`` and its like split a text at commas (only lists are carried
over), ``latency`` is in milliseconds, and ``not-`` turns any assertion around.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from akachat.batch.checks import parse_checks
from akachat.batch.kinds import Check, Contains, Equals, Group, Json, Length, Limit, Not, Regex
from akachat.batch.nunjucks import check_text_from, check_text_to, is_template
from akachat.errors import InvalidInput

__all__ = ["NotCarried", "assertion_to_check", "check_to_assertion"]

NO_TWIN = "nothing here means exactly the same"
_FILE = "it reads a file or runs code"
_TEMPLATE = "it uses more of the template language than names"
_SCHEMA = "its JSON schema asks for what is not checked here"

_TEXTS = {"contains": "contains", "icontains": "icontains", "equals": "equals", "starts-with": "starts-with"}
_LISTS = {
    "contains-any": "contains-any",
    "icontains-any": "icontains-any",
    "contains-all": "contains",
    "icontains-all": "icontains",
}
_KNOWN = {"type", "value", "threshold", "weight", "metric", "assert"}


class NotCarried(Exception):
    """One assertion, check or field stays behind; the text says why."""


def assertion_to_check(assertion: Mapping[str, Any]) -> dict[str, Any]:
    """An assertion as a check's data.

    Raises:
        NotCarried: no check means exactly the same.
    """
    kind = str(assertion.get("type", ""))
    unknown = [key for key in assertion if key not in _KNOWN and assertion[key] is not None]
    if unknown:
        raise NotCarried(f"its field {unknown[0]} has no counterpart")
    is_turned = kind.startswith("not-")
    check = _check(kind.removeprefix("not-"), assertion)
    if is_turned:
        check = {"type": "not", "check": check}
    if assertion.get("metric"):
        check["name"] = str(assertion["metric"])
    if assertion.get("weight") is not None:
        check["weight"] = assertion["weight"]
    try:
        parse_checks([check])
    except InvalidInput as error:
        raise NotCarried(error.message) from None
    return check


def _check(kind: str, assertion: Mapping[str, Any]) -> dict[str, Any]:
    value, threshold = assertion.get("value"), assertion.get("threshold")
    if isinstance(value, str) and value.startswith("file://"):
        raise NotCarried(_FILE)
    if kind in _TEXTS and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return {"type": _TEXTS[kind], **_filled([str(value)], is_list=False)}
    if kind in _LISTS and isinstance(value, list) and value:
        return {"type": _LISTS[kind], **_filled([str(each) for each in value])}
    if kind == "regex" and isinstance(value, str):
        return {"type": "regex", **_filled([value], is_list=False, is_pattern=True)}
    if kind == "is-json":
        return _json(value)
    if kind == "latency" and _is_number(threshold):
        return {"type": "latency_seconds", "max": threshold / 1_000}
    if kind == "cost" and _is_number(threshold):
        return {"type": "cost", "max": threshold}
    if kind == "assert-set" and isinstance(assertion.get("assert"), list):
        inner = [assertion_to_check(each) for each in assertion["assert"]]
        return {"type": "all", "checks": inner, **({} if threshold is None else {"threshold": threshold})}
    if kind in ("python", "javascript", "ruby", "webhook"):
        raise NotCarried(_FILE)
    raise NotCarried(NO_TWIN)


def _json(value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": "json"}
    if not isinstance(value, dict):
        raise NotCarried(_FILE if isinstance(value, str) else NO_TWIN)
    # It validates `format`; and where the schema is a template, the template comes first.
    if _holds(value, "format") or is_template(str(value)):
        raise NotCarried(_SCHEMA)
    return {"type": "json", "schema": value}


def _holds(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_holds(each, key) for each in value.values())
    return isinstance(value, list) and any(_holds(each, key) for each in value)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _filled(values: list[str], *, is_list: bool = True, is_pattern: bool = False) -> dict[str, Any]:
    texts: list[str] = []
    fills: set[bool] = set()
    for value in values:
        found = check_text_from(value, is_pattern=is_pattern)
        if found is None:
            raise NotCarried(_TEMPLATE)
        texts.append(found[0])
        if found[1] is not None:
            fills.add(found[1])
    if len(fills) > 1:  # one check takes all of its braces in one way
        raise NotCarried(_TEMPLATE)
    return {"value": texts if is_list else texts[0], **({"placeholders": False} if fills == {False} else {})}


# the other way


def check_to_assertion(check: Check) -> dict[str, Any]:
    """A check as an assertion.

    Raises:
        NotCarried: no assertion means exactly the same.
    """
    made = _assertion(check)
    if check.name:
        made["metric"] = check.name
    if check.weight != 1:
        made["weight"] = check.weight
    return made


def _assertion(check: Check) -> dict[str, Any]:
    if isinstance(check, Contains):
        return _contains(check)
    if isinstance(check, Equals) and not check.strip and not check.ignore_case:
        return _equals(check)
    if isinstance(check, Regex) and not check.ignore_case:
        text = check_text_to(check.value, check.placeholders)
        if text is not None and text == check.value:
            return {"type": "regex", "value": text}
        raise NotCarried(_TEMPLATE)
    if isinstance(check, Json):
        return {"type": "is-json", **({"value": check.schema_} if isinstance(check.schema_, dict) else {})}
    if isinstance(check, Length) and check.unit == "characters":
        bounds = [
            f"[...output].length {sign} {n:g}" for sign, n in ((">=", check.min), ("<=", check.max)) if n is not None
        ]
        return {"type": "javascript", "value": " && ".join(bounds)}
    if isinstance(check, Limit) and check.min is None and check.max is not None:
        if check.type == "latency_seconds":
            return {"type": "latency", "threshold": check.max * 1_000}
        if check.type == "cost":
            return {"type": "cost", "threshold": check.max}
    if isinstance(check, Not):
        inner = _assertion(check.check)
        if inner["type"] == "assert-set":
            raise NotCarried(NO_TWIN)
        kind = inner["type"]
        return {**inner, "type": kind.removeprefix("not-") if kind.startswith("not-") else f"not-{kind}"}
    if isinstance(check, Group) and check.type == "all":
        threshold = {} if check.threshold is None else {"threshold": check.threshold}
        return {"type": "assert-set", "assert": [check_to_assertion(each) for each in check.checks], **threshold}
    raise NotCarried(NO_TWIN)


def _contains(check: Contains) -> dict[str, Any]:
    texts = [check_text_to(value, check.placeholders) for value in check.value]
    if any(text is None for text in texts):
        raise NotCarried(_TEMPLATE)
    kind = check.type
    if len(texts) == 1:
        return {"type": kind.removesuffix("-any"), "value": texts[0]}
    if kind.startswith("not-"):
        return {"type": f"{kind}-any", "value": texts}
    return {"type": kind if kind.endswith("-any") else f"{kind}-all", "value": texts}


def _equals(check: Equals) -> dict[str, Any]:
    if check.type == "ends-with":
        if check.placeholders and check_text_to(check.value, True) != check.value:
            raise NotCarried(_TEMPLATE)
        return {"type": "regex", "value": re.sub(r"[\\^$.*+?()[\]{}|/]", r"\\\g<0>", check.value) + "$"}
    text = check_text_to(check.value, check.placeholders)
    if text is None:
        raise NotCarried(_TEMPLATE)
    return {"type": check.type, "value": text}
