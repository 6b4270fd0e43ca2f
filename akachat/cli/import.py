"""`akachat import`: what another program saved, into a prompt."""

from __future__ import annotations

import argparse

from akachat.cli.files import opened
from akachat.cli.output import show_json, show_notes
from akachat.cli.usage import read_file
from akachat.importers import import_into, read_import

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("file", metavar="FILE", help="a GenerationConfig, JSON or YAML; - for a piped text")
    parser.add_argument("--prompt", metavar="NAME", required=True, help="whose options it changes; made where missing")


def main(args: argparse.Namespace) -> int:
    """Reads the file and saves the prompt."""
    imported = read_import(read_file(args.file))
    prompt = import_into(opened(args.workspace).prompts, args.prompt, imported)
    show_json({"prompt": prompt.name, "kind": imported.kind, "options": dict(imported.options)})
    if not args.quiet:
        show_notes(imported.notes)
    return 0
