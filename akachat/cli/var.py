"""`akachat var`: the saved variables."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from akachat.cli.files import opened
from akachat.cli.output import show_json, show_text, write
from akachat.cli.usage import STANDARD_INPUT, UsageError, read_standard_input
from akachat.names import not_found
from akachat.records.bulk import read_files, read_variables
from akachat.workspace import Variables, check_name

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
    delete = actions.add_parser("delete", help="delete a variable; undelete brings it back")
    delete.add_argument("key", metavar="KEY")
    undelete = actions.add_parser("undelete", help="bring back a variable that was deleted lately")
    undelete.add_argument("key", metavar="KEY")
    rename = actions.add_parser("rename", help="give a variable another key")
    rename.add_argument("key", metavar="OLD")
    rename.add_argument("new", metavar="NEW")
    many = actions.add_parser("import", help="write many variables from JSON, CSV or a folder of .txt files")
    many.add_argument("given", metavar="PATH", nargs="+", help="files or folders; - for a piped JSON or CSV")
    many.add_argument("--dry-run", action="store_true", help="only say what would change")
    actions.add_parser("export", help="print all variables as a JSON object")


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
    elif args.action == "delete":
        variables.delete(args.key)
    elif args.action == "undelete":
        variables.restore(_deleted(variables, args.key))
    elif args.action == "rename":
        variables.rename(args.key, args.new)
    elif args.action == "export":
        show_text(json.dumps({key: variables.get(key) for key in variables.list()}, ensure_ascii=False, indent=2))
    else:
        _import(variables, args)
    return 0


def _deleted(variables: Variables, key: str) -> str:
    """The id of what was deleted last under a key."""
    for item in variables.trash.items():
        if item.name == check_name(key):
            return item.id
    raise not_found("deleted variable", key, {item.name for item in variables.trash.items()})


def _import(variables: Variables, args: argparse.Namespace) -> None:
    values: dict[str, str] = {}
    for given in args.given:
        if given == STANDARD_INPUT:
            values |= read_variables(read_standard_input())
            continue
        path = Path(given)
        paths = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
        base = path if path.is_dir() else path.parent
        try:
            values |= read_files([(each.relative_to(base).as_posix(), each.read_bytes()) for each in paths])
        except OSError as error:
            raise UsageError(f"{given} cannot be read: {error.strerror}") from None
    known = set(variables.list())
    for key, value in values.items():
        name = check_name(key)
        kind = "new" if name not in known else "same" if variables.get(name) == value else "changed"
        write(f"{kind:<8} {name}\n")
    if not args.dry_run:
        variables.change(values)
