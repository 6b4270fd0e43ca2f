"""The settings as a form or a caller sees them: each field with its value, its default, who sets it; keys masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from akachat.errors import NotAllowed
from akachat.settings.model import Settings

__all__ = ["OWNERS_ONLY", "refuse_owners_only", "settings_view"]

#: What opens this machine to others, or lets others' code run on it, is changed in the file alone: whoever can reach
#: the page, with an ``edit`` token from elsewhere too, must not be able to let more people in.
OWNERS_ONLY = frozenset(
    ("allowed_hosts", "trusted_hosts", "frame_ancestors", "tokens", "fetch_hosts", "trust_remote_code")
)
_SECTIONS = ("limits", "journal")


def settings_view(settings: Settings) -> dict[str, Any]:
    """All settings as JSON-ready data.

    Returns:
        ``fields``: for each, ``name`` (``limits.queue`` within a section), ``kind`` (``boolean``, ``integer``,
        ``number``, ``text``, ``secret``, ``choice``, ``list`` or ``object``), ``value`` with every key as its mask,
        ``default``, ``help``, ``variable`` (of the environment, which overrules the file; or empty), ``locked`` (only
        the file's owner may change it), ``restart`` (it takes effect at the next start), and where they apply
        ``choices``, ``min``, ``max``. ``unknown``: keys that mean nothing, each with what may have been meant.
    """
    return {"fields": list(_fields(settings)), "unknown": settings.unknown}


def refuse_owners_only(changes: Mapping[str, Any]) -> None:
    """Refuses changes that only the owner of ``settings.json`` may make.

    Raises:
        NotAllowed: which setting.
    """
    for name in changes:
        if name in OWNERS_ONLY:
            raise NotAllowed(
                f"the setting {name!r} cannot be changed from here",
                hint="It decides who may do what on this machine: change it in settings.json.",
                status=403,
            )


def _fields(settings: Settings) -> Iterator[dict[str, Any]]:
    variables = {".".join(place): name for place, name in settings.from_environment.items()}
    yield from _section(settings, "", variables)
    for section in _SECTIONS:
        yield from _section(getattr(settings, section), f"{section}.", variables)


def _section(model: BaseModel, prefix: str, variables: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    values, defaults = model.model_dump(mode="json"), type(model)().model_dump(mode="json")
    for name, part in type(model).model_json_schema()["properties"].items():
        if not prefix and name in _SECTIONS:
            continue
        whole = prefix + name
        set_by = [variable for place, variable in variables.items() if place == whole or place.startswith(whole + ".")]
        yield {
            "name": whole,
            **_kind(part),
            "value": values[name],
            "default": defaults[name],
            "help": part.get("description", ""),
            "variable": ", ".join(set_by),
            "locked": not prefix and name in OWNERS_ONLY,
            "restart": part.get("restart", False),
        }


def _kind(part: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in part.get("anyOf", [part]) if kind.get("type") != "null"]
    kind = kinds[0]
    if "enum" in kind:
        return {"kind": "choice", "choices": kind["enum"]}
    if kind.get("format") == "password":
        return {"kind": "secret"}
    bounds = {
        key: kind[source] for key, source in (("min", "minimum"), ("max", "maximum")) if kind.get(source) is not None
    }
    plain = {"string": "text", "array": "list"}
    return {"kind": plain.get(kind["type"], kind["type"]), **bounds}
