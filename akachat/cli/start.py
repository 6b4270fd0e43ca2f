"""Reads the first words of a command line and hands the rest to the command's own module, loaded only then."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from akachat import __version__
from akachat.cli.output import make_unicode_safe, show_error
from akachat.cli.usage import UsageError
from akachat.errors import AkachatError

__all__ = ["COMMANDS", "main"]

#: Command -> its line of help. Each is a module of this package with ``configure(parser)`` and ``main(args)``.
COMMANDS = {
    "serve": "start the page and the Web API",
    "run": "run a prompt and print the answer as it comes",
    "chat": "talk with a prompt or a model in the terminal",
    "render": "print what a prompt becomes, without asking the model",
    "prompt": "list, show, save, rename or delete prompts, and their versions",
    "models": "list, download, load or unload models",
    "rag": "bring documents into libraries and search them",
    "var": "list, get, set, rename, delete, import or export variables",
    "log": "search what ran, show it, or run it again with another version or model",
    "bench": "measure speed beside a reference, on this machine",
    "import": "make prompts from files of other programs",
    "export": "write a prompt as a file for another program",
}

_DONE, _FAILED, _USAGE, _INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; returns its exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl+C."""
    make_unicode_safe()
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except UsageError as error:
        show_error(error)
        return _USAGE
    except AkachatError as error:
        show_error(error)
        return _FAILED
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has had enough; without this the interpreter complains once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    # Our own mistake: a user gets one line to report, `python -X dev` the whole traceback.
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        show_error(_internal(error))
        return _FAILED


def _internal(error: Exception) -> AkachatError:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return AkachatError(
        f"akachat itself went wrong: {type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})",
        hint="Please report this line, and what you did.",
    )


def _dispatch(argv: list[str]) -> int:
    top = _parser()
    args = top.parse_args(argv)
    for word in argv:
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise UsageError(f"{word!a} is not valid text in this terminal's encoding")
    if args.command is None:
        top.print_help()
        return _DONE
    # The one late import: `akachat --help` answers in a tenth of the time that loading every command would take.
    command = importlib.import_module(f"akachat.cli.{args.command}")
    parser = argparse.ArgumentParser(
        prog=f"{top.prog} {args.command}",
        description=COMMANDS[args.command][0].upper() + COMMANDS[args.command][1:] + ".",
        parents=[_common(again=True)],
        allow_abbrev=False,
    )
    command.configure(parser)
    # They may stand anywhere, also after an action such as `var get`, whose own parser does not know them.
    common, rest = _common(again=True).parse_known_args(args.rest, args)
    parser.set_defaults(workspace=common.workspace, quiet=common.quiet)
    has_actions = any(isinstance(each, argparse._SubParsersAction) for each in parser._actions)
    # Intermixed, so that INPUT may follow a flag: `run NAME --seed 1 INPUT`.
    plain = has_actions or any(each.nargs == argparse.REMAINDER for each in parser._actions)
    parsed = parser.parse_args(rest) if plain else parser.parse_intermixed_args(rest)
    code: int = command.main(parsed)
    return code


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<8} {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="akachat",
        usage="akachat [--workspace DIR] COMMAND …",
        description="A prompt playground: write a prompt as an f-string, run it on any model, call it as an API.",
        epilog=f"commands:\n{commands}\n\nakachat COMMAND --help tells more about one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_common()],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"akachat {__version__}")
    parser.add_argument("command", nargs="?", choices=list(COMMANDS), metavar="COMMAND", help="what to do, see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _common(*, again: bool = False) -> argparse.ArgumentParser:
    """Options that may stand before the command and ``again`` after it, where they keep what was said before."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        default=argparse.SUPPRESS if again else os.environ.get("AKACHAT_WORKSPACE") or os.curdir,
        help="the folder of prompts and variables (default: $AKACHAT_WORKSPACE, else the current folder)",
    )
    parser.add_argument(
        "--quiet",
        "-q",
        action="store_true",
        default=argparse.SUPPRESS if again else False,
        help="print no statistics and notes",
    )
    return parser
