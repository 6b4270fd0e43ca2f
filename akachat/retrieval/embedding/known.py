"""What is known of embedding models by their names: how queries and passages begin, and which to offer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["KnownModel", "prefixes", "suggestions"]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One entry of the table.

    Attributes:
        pattern: what the model's name holds, as a regular expression without regard to case.
        query, passage: what such texts begin with.
        own: the model carries its own beginnings.
        suggest: a model to offer; empty for none, and then the rest is, too.
        note, dimensions, parameters, languages, licence: what to say about it.
    """

    pattern: str
    query: str = ""
    passage: str = ""
    own: bool = False
    suggest: str = ""
    note: str = ""
    dimensions: int = 0
    parameters: str = ""
    languages: str = ""
    licence: str = ""


@cache
def _table() -> tuple[KnownModel, ...]:
    text = files(__package__).joinpath("known.toml").read_text(encoding="utf-8")
    return tuple(KnownModel(**entry) for entry in tomllib.loads(text)["model"])


def prefixes(name: str, own: Mapping[str, str]) -> tuple[str, str]:
    """What a model's queries and passages begin with; ``own`` are the prompts that it carries.

    A model that is not in the table is asked by its own prompts where it has them, else without any.
    """
    short = "/".join(re.split(r"[/\\]", name.rstrip("/\\"))[-2:])
    for known in _table():
        if re.search(known.pattern, short, re.IGNORECASE) and not known.own:
            return known.query, known.passage
    return own.get("query") or "", own.get("document") or own.get("passage") or ""


def suggestions() -> list[KnownModel]:
    """The models that a page may offer, in the table's order."""
    return [known for known in _table() if known.suggest]
