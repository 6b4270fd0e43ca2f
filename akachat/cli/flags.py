"""A prompt's options as flags: one for each field, and `--option` for any."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from akachat.cli.usage import UsageError, pairs
from akachat.errors import InvalidInput
from akachat.options import Options

__all__ = ["add_option_flags", "option_value", "options_of"]

_GROUPS = {"model": "model", "form": "form of the prompt", "sampling": "sampling", "history": "history"}


def add_option_flags(parser: argparse.ArgumentParser, names: Mapping[str, Sequence[str]] | None = None) -> None:
    """``--temperature 0`` and so on, one flag for each field of the options, and ``--option`` for any.

    Args:
        names: further flags of single fields.
    """
    groups = {key: parser.add_argument_group(title) for key, title in _GROUPS.items()}
    for name, field in Options.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        groups.get(str(extra.get("group")), parser).add_argument(
            *(names or {}).get(name, ()),
            "--" + name.replace("_", "-"),
            dest=f"option_{name}",
            metavar="TEXT" if _is_text(name) else "VALUE",
            action="append" if name == "stop" else "store",
            help=(field.description or "").replace("%", "%%"),
        )
    parser.add_argument(
        "--option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any option by its name in the JSON file; null unsets it",
    )


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """The options that a command line changes; the value None unsets one.

    Raises:
        UsageError: an option's value is of the wrong kind or out of its range.
    """
    given = {Options.ALIASES.get(key, key): value for key, value in pairs(args.option, "--option").items()}
    for name in Options.model_fields:
        value = getattr(args, f"option_{name}")
        if value is not None:
            given[name] = value
    options = {name: option_value(name, value) for name, value in given.items()}
    try:
        Options.parse({name: value for name, value in options.items() if value is not None})
    except InvalidInput as error:
        raise UsageError(error.message, hint=error.hint) from None
    return options


def option_value(name: str, word: Any) -> Any:
    """An option's value as it was written: a text where the option is one, else JSON; ``null`` unsets it."""
    if not isinstance(word, str):
        return word
    if word == "null":
        return None
    if _is_text(name):
        return word
    try:
        return json.loads(word)
    except ValueError:
        return word


def _is_text(name: str) -> bool:
    """Whether an option is a text, so that its value is taken as it stands."""
    field = Options.model_fields.get(name)
    if field is None:
        return False
    kinds = get_args(field.annotation) or (field.annotation,)
    return any(kind is str or isinstance(kind, str) or str in map(type, get_args(kind)) for kind in kinds)
