"""`akachat prompt`: the saved prompts."""

from __future__ import annotations

import argparse
import sys

from akachat.cli.files import opened
from akachat.cli.flags import add_option_flags, options_of
from akachat.cli.output import show_json, show_text, write
from akachat.cli.usage import STANDARD_INPUT, UsageError, read_file
from akachat.errors import NotFound
from akachat.options import Options

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the names of all prompts")
    listing.add_argument("--json", action="store_true", help="as JSON")
    show = actions.add_parser("show", help="a prompt's instruction")
    show.add_argument("name", metavar="NAME")
    show.add_argument("--options", action="store_true", help="print its options instead, as JSON")
    show.add_argument("--json", action="store_true", help="print both, as JSON")
    save = actions.add_parser("save", help="write a prompt; options that are not given stay as they are")
    save.add_argument("name", metavar="NAME")
    save.add_argument("file", metavar="FILE", nargs="?", help="the instruction; - or nothing for a piped text")
    add_option_flags(save)
    delete = actions.add_parser("delete", help="delete a prompt")
    delete.add_argument("name", metavar="NAME")
    rename = actions.add_parser("rename", help="give a prompt another name")
    rename.add_argument("name", metavar="OLD")
    rename.add_argument("new", metavar="NEW")


def main(args: argparse.Namespace) -> int:
    """Does what the action says."""
    prompts = opened(args.workspace).prompts
    if args.action == "list":
        names = prompts.list()
        if args.json:
            show_json(names)
        else:
            write("".join(f"{name}\n" for name in names))
    elif args.action == "show":
        prompt = prompts.load(args.name)
        if args.json:
            show_json({"name": prompt.name, "instruction": prompt.instruction, "options": prompt.options.to_dict()})
        elif args.options:
            show_json(prompt.options.to_dict())
        else:
            show_text(prompt.instruction)
    elif args.action == "save":
        try:
            options = prompts.load(args.name).options
        except NotFound:
            options = Options()
        prompts.save(args.name, _instruction(args.file), options.merged(options_of(args)).to_dict())
    elif args.action == "delete":
        prompts.delete(args.name)
    else:
        prompts.rename(args.name, args.new)
    return 0


def _instruction(file: str | None) -> str:
    if file is None and sys.stdin.isatty():
        raise UsageError("there is no instruction", hint="Name a file, or pipe a text in.")
    return read_file(file or STANDARD_INPUT)
