"""The arguments that `run` and `render` share, and the run request that they make."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, get_args

from akachat.cli.usage import STANDARD_INPUT, UsageError, pairs, read_file, read_standard_input
from akachat.errors import AkachatError, InvalidInput
from akachat.events import RunRequest
from akachat.options import Options
from akachat.playground import Playground

__all__ = ["add_option_flags", "add_request_arguments", "options_of", "request_of", "source_of"]

_GROUPS = {"model": "model", "form": "form of the prompt", "sampling": "sampling", "history": "history"}


def add_request_arguments(parser: argparse.ArgumentParser) -> None:
    """``NAME [INPUT]``, ``--instruction``, ``--var`` and the options."""
    parser.add_argument("name", metavar="NAME", help="a saved prompt; - for none, with --instruction or a piped text")
    parser.add_argument("input", metavar="INPUT", nargs="?", default="", help="the user's text; - for a piped text")
    parser.add_argument(
        "--instruction", metavar="FILE", help="use this instruction instead of the saved one (- : piped)"
    )
    parser.add_argument("--var", metavar="KEY=VALUE", action="append", default=[], help="a variable of this run")
    parser.add_argument("--json", action="store_true", help="print one line of JSON with all there is to know")
    add_option_flags(parser)


def add_option_flags(parser: argparse.ArgumentParser) -> None:
    """``--temperature 0`` and so on, one flag for each field of the options, and ``--option`` for any."""
    groups = {key: parser.add_argument_group(title) for key, title in _GROUPS.items()}
    for name, field in Options.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        groups.get(str(extra.get("group")), parser).add_argument(
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
    options = {name: _value(name, value) for name, value in given.items()}
    try:
        Options.parse({name: value for name, value in options.items() if value is not None})
    except InvalidInput as error:
        raise UsageError(error.message, hint=error.hint) from None
    return options


def request_of(args: argparse.Namespace, *, stream: bool = False, keep: bool = False) -> RunRequest:
    """The request that a command line makes.

    Raises:
        UsageError: the standard input is asked for twice, or nothing is given to run.
    """
    prompt = None if args.name == STANDARD_INPUT else args.name
    file = args.instruction
    if prompt is None and file is None:
        file = STANDARD_INPUT
        if sys.stdin.isatty():
            raise UsageError("there is no instruction", hint="Give --instruction FILE, or pipe one in.")
    if file == STANDARD_INPUT and args.input == STANDARD_INPUT:
        raise UsageError("the standard input cannot be both instruction and input", hint="Give --instruction FILE.")
    options = options_of(args)
    return RunRequest(
        prompt=prompt,
        instruction=None if file is None else read_file(file),
        options=options,
        input=_without_end(read_standard_input()) if args.input == STANDARD_INPUT else args.input,
        variables=pairs(args.var, "--var"),
        source="cli",
        stream=stream,
        keep=keep,
    )


def source_of(playground: Playground, request: RunRequest, file: str | None) -> tuple[str | None, str]:
    """The instruction that an error's line belongs to, and what to call it."""
    if request.instruction is not None:
        return request.instruction, file if file and file != STANDARD_INPUT else "instruction"
    try:
        return playground.load_prompt(request.prompt or "").instruction, f"prompt/{request.prompt}.txt"
    except AkachatError:
        return None, f"prompt/{request.prompt}.txt"


def _value(name: str, word: Any) -> Any:
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


def _without_end(text: str) -> str:
    """A piped text without the one end of line that `echo` adds."""
    return text.removesuffix("\n")
