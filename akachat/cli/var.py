"""`akachat var`: the saved variables."""

from __future__ import annotations

import argparse

from akachat.cli.files import opened
from akachat.cli.output import show_json, show_text, write
from akachat.cli.usage import STANDARD_INPUT, read_standard_input

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all keys")
    listing.add_argument("--json", action="store_true", help="keys and values, as JSON")
    get = actions.add_parser("get", help="a variable's value")
    get.add_argument("key", metavar="KEY")
    put = actions.add_parser("set", help="write a variable")
    put.add_argument("key", metavar="KEY")
    put.add_argument("value", metavar="VALUE", help="its text; - for a piped text")
    delete = actions.add_parser("delete", help="delete a variable")
    delete.add_argument("key", metavar="KEY")


def main(args: argparse.Namespace) -> int:
    """Does what the action says."""
    variables = opened(args.workspace).variables
    if args.action == "list":
        if args.json:
            show_json({key: variables.get(key) for key in variables.list()})
        else:
            write("".join(f"{key}\n" for key in variables.list()))
    elif args.action == "get":
        show_text(variables.get(args.key))
    elif args.action == "set":
        variables.set(args.key, read_standard_input() if args.value == STANDARD_INPUT else args.value)
    else:
        variables.delete(args.key)
    return 0
