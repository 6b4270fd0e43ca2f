"""`akachat import`: what other programs saved, as prompts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from akachat.cli.files import opened
from akachat.cli.output import show_json, show_notes
from akachat.cli.usage import STANDARD_INPUT, UsageError
from akachat.exchange import Exchange
from akachat.importers import FORMATS, Given

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="prompts of akachat (.txt, .json, a zip of them), Prompty, dotprompt, promptfoo, llm, a Modelfile, a "
        "character card (JSON or PNG), messages of OpenAI's, or a GenerationConfig; - for a piped text",
    )
    parser.add_argument(
        "--name", "--prompt", metavar="NAME", default="", help="the prompt's name; a folder where there are several"
    )
    parser.add_argument("--format", choices=FORMATS, default="", help="what the file is; found out where not given")
    parser.add_argument("--replace", action="store_true", help="replace a prompt that has the name already")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be made")


def main(args: argparse.Namespace) -> int:
    """Reads the files and saves the prompts."""
    exchange = Exchange(opened(args.workspace))
    act = exchange.look if args.dry_run else exchange.bring
    brought = act([_given(file) for file in args.files], args.name, format=args.format, replace=args.replace)
    made = brought.to_dict()
    left_out = made.pop("left_out")
    show_json({**made, "left_out": left_out} if args.quiet else made)
    if not args.quiet:
        show_notes(left_out)
    return 0


def _given(file: str) -> Given:
    if file == STANDARD_INPUT:
        return Given("", sys.stdin.buffer.read())
    try:
        return Given(Path(file).name, Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
