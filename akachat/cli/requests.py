"""The arguments that `run` and `render` share, and the run request that they make."""

from __future__ import annotations

import argparse
import sys

from akachat.cli.flags import add_option_flags, options_of
from akachat.cli.usage import STANDARD_INPUT, UsageError, pairs, read_file, read_standard_input
from akachat.errors import AkachatError
from akachat.events import RunRequest
from akachat.playground import Playground

__all__ = ["add_request_arguments", "request_of", "source_of"]


def add_request_arguments(parser: argparse.ArgumentParser) -> None:
    """``NAME [INPUT]``, ``--instruction``, ``--var`` and the options."""
    parser.add_argument("name", metavar="NAME", help="a saved prompt; - for none, with --instruction or a piped text")
    parser.add_argument("input", metavar="INPUT", nargs="?", default="", help="the user's text; - for a piped text")
    parser.add_argument(
        "--instruction", metavar="FILE", help="use this instruction instead of the saved one (- : piped)"
    )
    parser.add_argument("--var", metavar="KEY=VALUE", action="append", default=[], help="a variable of this run")
    parser.add_argument("--raw", action="store_true", help="send INPUT as it stands: no instruction, no template")
    parser.add_argument(
        "--continue", dest="continues", metavar="TEXT", default="", help="go on with this beginning of an answer"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON with all there is to know")
    add_option_flags(parser)


def request_of(args: argparse.Namespace, *, stream: bool = False, keep: bool = False) -> RunRequest:
    """The request that a command line makes.

    Raises:
        UsageError: the standard input is asked for twice, or nothing is given to run.
    """
    prompt = None if args.name == STANDARD_INPUT else args.name
    file = args.instruction
    if prompt is None and file is None and not args.raw:
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
        raw=args.raw,
        continues=args.continues,
    )


def source_of(playground: Playground, request: RunRequest, file: str | None) -> tuple[str | None, str]:
    """The instruction that an error's line belongs to, and what to call it."""
    if request.instruction is not None:
        return request.instruction, file if file and file != STANDARD_INPUT else "instruction"
    try:
        return playground.load_prompt(request.prompt or "").instruction, f"prompt/{request.prompt}.txt"
    except AkachatError:
        return None, f"prompt/{request.prompt}.txt"


def _without_end(text: str) -> str:
    """A piped text without the one end of line that `echo` adds."""
    return text.removesuffix("\n")
