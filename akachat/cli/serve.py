"""`akachat serve`: the page and the Web API, until Ctrl+C."""

from __future__ import annotations

import argparse
import os

from akachat.playground import Playground
from akachat.server import serve

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine)")
    parser.add_argument("--port", type=int, default=50000, help="port, 0 for any that is free (default: %(default)s)")
    parser.add_argument("--title", help="the page's title")
    parser.add_argument("--no-ui", action="store_true", help="the Web API alone")
    parser.add_argument("--chat-only", action="store_true", help="nothing on the page but the chat")
    parser.add_argument("--debug", action="store_true", help="write every request to the console")


def main(args: argparse.Namespace) -> int:
    """Serves; returns when the server was stopped."""
    title = {} if args.title is None else {"AKACHAT_TITLE": args.title}
    playground = Playground(args.workspace, environ={**os.environ, **title})
    page = {"ui": not args.no_ui, "chat_only": args.chat_only}
    serve(playground, args.host, args.port, **page, debug=args.debug, announce=announce)
    return 0


def announce(line: str) -> None:
    """An address, at once: also where the output is a file or a pipe."""
    print(line, flush=True)
