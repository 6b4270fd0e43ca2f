"""`akachat prompt`: the saved prompts, and what they were before."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from akachat.cli.files import opened
from akachat.cli.flags import add_option_flags, options_of
from akachat.cli.output import show_json, show_notes, show_text, write
from akachat.cli.usage import STANDARD_INPUT, UsageError, read_file
from akachat.errors import NotFound
from akachat.options import Options
from akachat.workspace import Past, Prompts
from akachat.workspace.past import NOW, Step

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, help: str, *words: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        for word in words:
            made.add_argument(word.lower(), metavar=word)
        return made

    listing = action("list", "the names of all prompts")
    listing.add_argument("--deleted", action="store_true", help="those that are deleted and can be brought back")
    listing.add_argument("--json", action="store_true", help="as JSON")
    show = action("show", "a prompt's instruction", "NAME")
    show.add_argument("--version", metavar="ID", help="as it was in a version, see `history`")
    show.add_argument("--options", action="store_true", help="print its options instead, as JSON")
    show.add_argument("--json", action="store_true", help="print both, as JSON")
    save = action("save", "write a prompt; options that are not given stay as they are", "NAME")
    save.add_argument("file", metavar="FILE", nargs="?", help="the instruction; - or nothing for a piped text")
    add_option_flags(save)
    action("delete", "delete a prompt; its versions stay", "NAME")
    action("undelete", "bring a deleted prompt back as it last was", "NAME")
    action("rename", "give a prompt another name; its versions go with it", "OLD", "NEW")
    action("copy", "save a prompt under another name as well", "OLD", "NEW")
    history = action("history", "a prompt's versions, the newest first, with what each changed", "NAME")
    history.add_argument("--json", action="store_true", help="as JSON")
    diff = action("diff", "what differs between two versions", "NAME")
    diff.add_argument("old", metavar="A", nargs="?", default="", help="a version; nothing for the one before B")
    diff.add_argument("new", metavar="B", nargs="?", default=NOW, help=f"a version; nothing for {NOW}")
    diff.add_argument("--json", action="store_true", help="as JSON")
    action("forget", "delete a prompt's versions for good; the prompt stays as it is", "NAME")
    action("restore", "make a version what the prompt says now", "NAME", "VERSION")


def main(args: argparse.Namespace) -> int:
    """Does what the action says."""
    _ACTIONS[args.action](opened(args.workspace).prompts, args)
    return 0


def _list(prompts: Prompts, args: argparse.Namespace) -> None:
    if args.deleted:
        gone = [each.to_dict() for each in Past(prompts).deleted()]
        _print(gone if args.json else [each["name"] for each in gone], args.json)
    else:
        _print(prompts.list(), args.json)


def _print(found: list[str] | list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        write("".join(f"{each}\n" for each in found))


def _show(prompts: Prompts, args: argparse.Namespace) -> None:
    about: dict[str, object]
    if args.version and args.version != NOW:
        version = Past(prompts).get(args.name, args.version)
        instruction, options, about = version.content.instruction, dict(version.content.options), version.to_dict()
    else:
        prompt = prompts.load(args.name)
        instruction, options = prompt.instruction, prompt.options.to_dict()
        about = {"name": prompt.name, "instruction": instruction, "options": options}
    if args.json:
        show_json(about)
    elif args.options:
        show_json(options)
    else:
        show_text(instruction)


def _save(prompts: Prompts, args: argparse.Namespace) -> None:
    try:
        options = prompts.load(args.name).options
    except NotFound:
        options = Options()
    prompts.save(args.name, _instruction(args.file), options.merged(options_of(args)).to_dict())


def _rename(prompts: Prompts, args: argparse.Namespace) -> None:
    prompts.rename(args.old, args.new)
    users = Past(prompts).mentions(args.old)
    if users and not args.quiet:
        show_notes([f"the old name is still used in: {', '.join(users)}"])


def _history(prompts: Prompts, args: argparse.Namespace) -> None:
    steps = Past(prompts).history(args.name).steps
    if args.json:
        show_json([step.to_dict() for step in steps])
    else:
        write("".join(f"{_line(step)}\n" for step in steps))


def _line(step: Step) -> str:
    version, summary = step.version, step.summary
    parts = [version.id.rpartition("-")[2], f"{version.time.astimezone():%Y-%m-%d %H:%M:%S}"]
    parts.append(f"+{summary.added} -{summary.removed}".ljust(9))
    parts += [", ".join(summary.options)] if summary.options else []
    parts += ["(found in the files)"] if version.origin == "found" else []
    parts += ["(now)"] if step.is_current else []
    return "  ".join(parts).rstrip()


def _diff(prompts: Prompts, args: argparse.Namespace) -> None:
    found = Past(prompts).compare(args.name, args.old, args.new)
    if args.json:
        show_json(found.to_dict())
    else:
        write(found.unified)


def _instruction(file: str | None) -> str:
    if file is None and sys.stdin.isatty():
        raise UsageError("there is no instruction", hint="Name a file, or pipe a text in.")
    return read_file(file or STANDARD_INPUT)


_ACTIONS: dict[str, Callable[[Prompts, argparse.Namespace], object]] = {
    "list": _list,
    "show": _show,
    "save": _save,
    "delete": lambda prompts, args: prompts.delete(args.name),
    "undelete": lambda prompts, args: prompts.restore(args.name),
    "rename": _rename,
    "copy": lambda prompts, args: prompts.copy(args.old, args.new),
    "history": _history,
    "diff": _diff,
    "forget": lambda prompts, args: prompts.forget(args.name),
    "restore": lambda prompts, args: prompts.restore(args.name, args.version),
}
