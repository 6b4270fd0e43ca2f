"""`akachat run`: a prompt's answer on the standard output, piece by piece, and what it cost on the standard error."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from akachat.cli.output import show_error, show_json, show_notes, show_text, write
from akachat.cli.progress import ProgressLine
from akachat.cli.requests import add_request_arguments, request_of, source_of
from akachat.errors import AkachatError
from akachat.events import Delta, Event, Failed, Finished, Loading, RunRequest
from akachat.playground import Playground

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_request_arguments(parser)
    parser.add_argument("--no-stream", action="store_true", help="print the answer when it is whole")
    parser.add_argument("--keep", action="store_true", help="add input and answer to log/messages.jsonl")


def main(args: argparse.Namespace) -> int:
    """Runs the prompt; 0, or 1 where the run failed."""
    request = request_of(args, stream=not (args.no_stream or args.json), keep=args.keep)
    playground = Playground(args.workspace)
    try:
        ended = asyncio.run(_run(playground, request))
    except KeyboardInterrupt:
        if request.stream:
            write("\n")
        raise
    return _show_end(playground, request, ended, args)


async def _run(playground: Playground, request: RunRequest) -> Finished | Failed:
    async with playground:
        line = ProgressLine()
        # Closed by us, also on Ctrl+C: that stops the generation before the playground ends.
        events = cast("AsyncGenerator[Event, None]", playground.stream(request))
        ended: Finished | Failed | None = None
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Loading):
                    line.show(event.model, event.progress)
                    continue
                line.clear()
                if isinstance(event, Delta) and request.stream:
                    write(event.text)
                elif isinstance(event, (Finished, Failed)):
                    ended = event
    assert ended is not None, "a run ends by Finished or Failed"
    return ended


def _show_end(playground: Playground, request: RunRequest, ended: Finished | Failed, args: argparse.Namespace) -> int:
    if args.json:
        show_json(ended.data())
    elif not request.stream and isinstance(ended, Finished):
        show_text(ended.result)
    elif ended.result and not ended.result.endswith("\n"):
        write("\n")
    if isinstance(ended, Failed):
        _show_failure(playground, request, ended.error, args)
        return 1
    if not args.quiet:
        show_notes(ended.notes)
        print(_statistics(ended), file=sys.stderr)
    return 0


def _show_failure(playground: Playground, request: RunRequest, error: AkachatError, args: argparse.Namespace) -> None:
    source, name = source_of(playground, request, args.instruction)
    show_error(error, source, name)


def _statistics(finished: Finished) -> str:
    usage, timings = finished.usage, finished.timings
    about = "" if usage.exact else "about "
    parts = [f"{about}{usage.completion_tokens} tokens in {timings.total:.2f} s"]
    if timings.tokens_per_second:
        parts.append(f"{timings.tokens_per_second:.1f} tokens/s")
    if timings.first_token is not None:
        parts.append(f"first after {timings.first_token:.2f} s")
    parts.append(f"{about}{usage.prompt_tokens} prompt tokens")
    if finished.finish_reason != "stop":
        parts.append(f"ended by {finished.finish_reason}")
    if finished.model:
        parts.append(finished.model)
    return " · ".join(parts)
