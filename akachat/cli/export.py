"""`akachat export`: a prompt as a file for another program, or for another workspace."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from akachat.cli.files import opened
from akachat.cli.output import show_notes, write
from akachat.cli.usage import STANDARD_INPUT, UsageError
from akachat.exchange import Exchange
from akachat.exporters import FORMATS

__all__ = ["configure", "main"]

_ENDINGS = {".prompty": "prompty", ".yaml": "promptfoo", ".yml": "promptfoo", ".zip": "zip"}


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", metavar="NAME", help="the prompt")
    parser.add_argument(
        "--format", choices=FORMATS, help="zip: its two files; told by the ending of -o where it is not given"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=STANDARD_INPUT, help="where to write it; - to print it"
    )
    parser.add_argument(
        "--url",
        default="http://127.0.0.1:50000/v1",
        help="where `akachat serve` answers, for files that ask it (default: %(default)s)",
    )


def main(args: argparse.Namespace) -> int:
    """Writes the file."""
    format = args.format or _ENDINGS.get(Path(args.output).suffix.casefold(), "zip")
    exported = Exchange(opened(args.workspace)).give(args.name, format, base_url=args.url)
    if args.output != STANDARD_INPUT:
        try:
            Path(args.output).write_bytes(exported.data)
        except OSError as error:
            raise UsageError(f"{args.output} cannot be written: {error.strerror}") from None
    elif format != "zip":
        write(exported.data.decode())
    elif sys.stdout.isatty():
        raise UsageError("a zip is not for the terminal", hint="Say where to write it: -o FILE.")
    else:
        sys.stdout.buffer.write(exported.data)
        sys.stdout.buffer.flush()
    if not args.quiet:
        show_notes(exported.notes)
    return 0
