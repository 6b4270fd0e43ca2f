"""`akachat bench`: the measurements of the source tree, by name. It needs none of akachat's own libraries itself."""

from __future__ import annotations

import argparse
import ast
import importlib
import runpy
import sys
from pathlib import Path

from akachat.cli.usage import UsageError

__all__ = ["configure", "main"]

_FOLDER = Path(__file__).resolve().parents[2] / "bench"


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", nargs="?", help="which one; without it, all are listed")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what that one takes (try --help)")


def main(args: argparse.Namespace) -> int:
    """Runs a measurement as it would be by `python -m bench.NAME`; its own exit code."""
    found = _measurements()
    if not found:
        raise UsageError("the measurements are not part of an installation", hint="Run it in the source tree.")
    if args.name is None:
        print("\n".join(f"{name:<11} {line}" for name, line in found.items()))
        return 0
    if args.name not in found:
        raise UsageError(f"there is no measurement {args.name!r}", hint=f"There are {', '.join(found)}.")
    sys.path.insert(0, str(_FOLDER.parent))
    module = f"bench.{args.name}"
    before, sys.argv = sys.argv, [f"akachat bench {args.name}", *args.arguments]
    try:
        importlib.import_module("bench")
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1 if done.code else 0
    finally:
        sys.argv = before
    return 0


def _measurements() -> dict[str, str]:
    """The modules that can be run, each with the first line of what it says of itself."""
    found = {}
    for path in _FOLDER.glob("*.py"):
        text = path.read_text("utf-8")
        if '__name__ == "__main__"' in text and path.stem != "stub":
            found[path.stem] = text
    # One with data of its own is a folder.
    for path in _FOLDER.glob("*/__main__.py"):
        found[path.parent.name] = (path.parent / "__init__.py").read_text("utf-8")
    return {name: (ast.get_docstring(ast.parse(text)) or "").splitlines()[0] for name, text in sorted(found.items())}
