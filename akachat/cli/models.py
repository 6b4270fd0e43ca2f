"""`akachat models`: what is on this disk, what a running server holds in memory, and downloads."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

from akachat.backends.base import Progress
from akachat.cli.output import show_json, show_text, write
from akachat.cli.progress import ProgressLine, describe, size
from akachat.cli.remote import DEFAULT_URL, NoServer, Remote
from akachat.errors import AkachatError, Cancelled
from akachat.options import Options
from akachat.playground import Playground

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the models on this disk, and what a running server has loaded")
    listing.add_argument("--json", action="store_true", help="as JSON")
    load = actions.add_parser("load", help="load a model into a running server")
    load.add_argument("--dtype", help="number format: int4, int8, fp16, bf16 or fp32")
    load.add_argument("--tokenizer", metavar="NAME", help="the tokenizer's name where it is not the model's")
    load.add_argument("--no-wait", action="store_true", help="do not wait until it is loaded")
    unload = actions.add_parser("unload", help="free a model of a running server, or give its load up")
    download = actions.add_parser("download", help="fetch a model's files from Hugging Face")
    download.add_argument("--force", action="store_true", help="also those that are here already")
    for action in (load, unload, download):
        action.add_argument("name", metavar="NAME", help="a name on Hugging Face, or models/… of the workspace")
    for action in (load, download):
        action.add_argument("--revision", help="a branch, a tag or a commit")
    for action in (listing, load, unload):
        action.add_argument("--url", default=DEFAULT_URL, help="the server's address (default: %(default)s)")
        action.add_argument("--token", help="a token of a server on another machine")


def main(args: argparse.Namespace) -> int:
    """Does what the action says."""
    if args.action == "download":
        show_text(str(asyncio.run(_download(Playground(args.workspace), args))))
        return 0
    remote = Remote(args.url, args.token)
    if args.action == "list":
        _list(args, remote)
    elif args.action == "load":
        _load(args, remote)
    else:
        remote.post("/api/models/unload", {"model": args.name})
    return 0


def _list(args: argparse.Namespace, remote: Remote) -> None:
    models = {model["name"]: model for model in asyncio.run(_on_disk(Playground(args.workspace)))}
    server, problem = None, ""
    try:
        there = remote.get("/api/models")
        server = {"url": remote.url, "memory": there["memory"]}
        # The server's own list last: the same model may be there several times, in several number formats.
        shown = [*there["models"], *(m for n, m in models.items() if n not in {t["name"] for t in there["models"]})]
    except AkachatError as error:
        shown, problem = list(models.values()), str(error) if not isinstance(error, NoServer) else ""
    if args.json:
        show_json({"models": shown, "server": server})
        return
    width = max(len(model["name"]) for model in shown)
    write("".join(f"{model['name']:<{width}}  {_state(model)}\n" for model in shown))
    if not args.quiet:
        note = f"loaded and ready at {remote.url}" if server else f"no server at {remote.url}: this disk only"
        print(f"note: {problem or note}", file=sys.stderr)


async def _on_disk(playground: Playground) -> list[dict[str, Any]]:
    async with playground:
        return [model.to_dict() for model in await playground.models(disk=True)]


def _state(model: Mapping[str, Any]) -> str:
    detail, progress = model["detail"], model.get("progress")
    if progress:
        return f"{model['state']}: {describe(_progress(progress))}"
    if model["loaded"]:
        return f"{model['state']}: {detail.get('device')}, {detail.get('dtype')}, {size(detail.get('memory', 0))}"
    if "error" in detail:
        return f"failed: {detail['error']['message']}"
    return f"{size(detail['disk'])} on this disk" if "disk" in detail else "comes with akachat"


def _load(args: argparse.Namespace, remote: Remote) -> None:
    wanted = {"model": args.name, "dtype": args.dtype, "revision": args.revision, "tokenizer": args.tokenizer}
    remote.post("/api/models/load", {**{k: v for k, v in wanted.items() if v is not None}, "wait": False})
    if args.no_wait:
        return
    with ProgressLine() as line, closing(remote.events("/api/models/events")) as events:
        for seen in events:
            found = [model for model in seen["models"] if model["name"] == args.name]
            coming = next((model for model in found if model.get("progress")), None)
            if coming is not None:
                line.show(args.name, _progress(coming["progress"]))
                continue
            loaded = next((model for model in found if model["state"] == "loaded"), None)
            if loaded is not None:
                line.clear()
                show_text(_state(loaded))
                return
            failure = next((model["detail"]["error"] for model in found if model["state"] == "failed"), None)
            if failure is not None:
                raise AkachatError(failure["message"], hint=failure["hint"])
            raise Cancelled(f"the loading of {args.name!r} was stopped", hint="Somebody has unloaded it.")
    raise NoServer(f"the server at {args.url} has ended", hint="Look at its console.")


async def _download(playground: Playground, args: argparse.Namespace) -> Path:
    given = {"model": args.name, "revision": args.revision}
    options = Options.parse({key: value for key, value in given.items() if value is not None})
    with ProgressLine() as line:
        async with playground:
            shower = asyncio.create_task(_show(playground, args.name, line))
            try:
                return await playground.download_model(options, force=args.force)
            finally:
                shower.cancel()
                await asyncio.wait({shower})


async def _show(playground: Playground, name: str, line: ProgressLine) -> None:
    async with aclosing(playground.watch_models()) as seen:  # type: ignore[type-var]
        async for models in seen:
            for model in models:
                if model.name == name and model.progress:
                    line.show(name, model.progress)


def _progress(data: Mapping[str, Any]) -> Progress:
    return Progress(data["stage"], data["done"], data["total"], data["unit"])
