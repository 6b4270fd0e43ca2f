"""Changes of the settings as a form or a caller sends them, laid over the file's object."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from akachat.errors import InvalidInput
from akachat.settings.endpoints import origin
from akachat.settings.model import Settings
from akachat.settings.secret import MASK
from akachat.settings.source import reveal

__all__ = ["changed_raw"]


def changed_raw(raw: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The file's object with the changes made; None removes, a mask leaves a secret as it is.

    Raises:
        InvalidInput: a setting that does not exist, or a mask where no key may be kept.
    """
    out = copy.deepcopy(dict(raw))
    for name, given in changes.items():
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, list(Settings.model_fields), n=1)
            raise InvalidInput(f"there is no setting {name!r}", hint=f"Did you mean `{near[0]}`?" if near else "")
        value = _plain(given)
        if value is None:
            out.pop(name, None)
        elif value == MASK:
            continue
        elif name == "endpoints" and isinstance(value, Mapping):
            out[name] = _endpoints(out.get(name), value)
        elif name == "tokens" and isinstance(value, list):
            out[name] = _tokens(out.get(name), value)
        elif name in ("limits", "journal") and isinstance(value, Mapping):
            out[name] = _merged(out.get(name), value)
        else:
            out[name] = value
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_unset=True)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return reveal(value)


def _merged(before: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(before) if isinstance(before, Mapping) else {"enabled": before} if isinstance(before, bool) else {}
    out.update(changes)
    return {key: value for key, value in out.items() if value is not None}


def _endpoints(before: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(before) if isinstance(before, Mapping) else {}
    for name, value in changes.items():
        if isinstance(value, Mapping) and value.get("key") == MASK:
            old = out.get(name)
            value = {**value, "key": old.get("key") if isinstance(old, Mapping) else None}
            # A form that changes the address and keeps the masked key would hand the key to the new address.
            if value["key"] and (not isinstance(old, Mapping) or not _same(old.get("url"), value.get("url"))):
                raise InvalidInput(
                    f"the address of endpoint {name!r} changed", hint="Give its key again: it belonged to the old one."
                )
        out[name] = value
    return {name: value for name, value in out.items() if value is not None}


def _same(old: Any, new: Any) -> bool:
    try:
        return origin(str(old).strip()) == origin(str(new).strip())
    except InvalidInput:
        return False


def _tokens(before: Any, changes: list[Any]) -> list[Any]:
    kept = {each.get("name", ""): each for each in before or [] if isinstance(each, Mapping)}
    out = []
    for each in changes:
        if isinstance(each, Mapping) and each.get("token") == MASK:
            old = kept.get(each.get("name", ""))
            if old is None:
                raise InvalidInput(f"token {each.get('name', '')!r} is new", hint="Give the token itself.")
            each = {**each, "token": old.get("token")}
        out.append(each)
    return out
