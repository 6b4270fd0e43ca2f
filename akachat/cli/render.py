"""`akachat render`: the text that an instruction becomes, without asking a model for an answer to it."""

from __future__ import annotations

import argparse
import asyncio
import sys

from akachat.cli.output import show_error, show_json, show_notes, show_text
from akachat.cli.requests import add_request_arguments, request_of, source_of
from akachat.errors import AkachatError
from akachat.events import Rendered, RunRequest
from akachat.messages import format_messages
from akachat.playground import Playground

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_request_arguments(parser)
    parser.add_argument("--sent", action="store_true", help="print what the model would receive, input and all")
    parser.add_argument("--no-call", action="store_true", help="put placeholders for llm() and your own functions")


def main(args: argparse.Namespace) -> int:
    """Renders the prompt; 0, or 1 where that failed."""
    request = request_of(args)
    playground = Playground(args.workspace)
    try:
        rendered = asyncio.run(_render(playground, request, call=not args.no_call))
    except AkachatError as error:
        if args.json:
            show_json({"error": error.to_dict()})
        source, name = source_of(playground, request, args.instruction)
        show_error(error, source, name)
        return 1
    if args.json:
        show_json(rendered.data())
    elif args.sent:
        show_text(format_messages(rendered.messages) if rendered.prompt is None else rendered.prompt)
    else:
        show_text(rendered.text)
    if not args.quiet:
        show_notes(rendered.notes)
        about = "" if rendered.exact else "about "
        print(f"{about}{rendered.tokens} prompt tokens", file=sys.stderr)
    return 0


async def _render(playground: Playground, request: RunRequest, *, call: bool) -> Rendered:
    async with playground:
        return await playground.render(request, call=call)
