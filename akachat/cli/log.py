"""`akachat log`: what ran, found again, shown, and run again."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import Any

from akachat.cli.flags import add_option_flags, options_of
from akachat.cli.output import show_json, show_notes, show_text, write
from akachat.cli.usage import UsageError
from akachat.journal import OUTCOMES, Query, summary
from akachat.playground import Playground
from akachat.records.runs import Replay, Version

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.usage = "akachat log [ID | replay ID | delete [DAY]] [flags]"
    parser.add_argument(
        "words", metavar="ID | replay ID | delete [DAY]", nargs="*", help="a run to show, or what to do; else the list"
    )
    parser.add_argument("--prompt", default="", help="runs of this prompt; for replay, the saved prompt to use")
    parser.add_argument("--search", metavar="TEXT", default="", help="words that must all occur")
    parser.add_argument("--source", default="", help="who asked: page, api, cli, python, llm")
    parser.add_argument("--outcome", default="", help=", ".join(OUTCOMES))
    parser.add_argument("--since", metavar="DAY", default="", help="the first day, such as 2026-11-25")
    parser.add_argument("--until", metavar="DAY", default="", help="the last day")
    parser.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--nested", action="store_true", help="also what other runs called")
    parser.add_argument("--cursor", default="", help="where an earlier list said to go on")
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    parser.add_argument("--json", action="store_true", help="print JSON")
    # For a list `--model` is a part of a name; for a replay the model that answers now.
    add_option_flags(parser)


def main(args: argparse.Namespace) -> int:
    """Lists, shows, replays or deletes."""
    return asyncio.run(_main(args))


async def _main(args: argparse.Namespace) -> int:
    async with Playground(args.workspace) as playground:
        match args.words:
            case []:
                await _list(playground, args)
            case ["replay", id]:
                await _replay(playground, id, args)
            case ["delete", *day] if len(day) < 2:
                await _delete(playground, day[0] if day else "", args)
            case [id]:
                entry = await playground.log.get(await _whole(playground, id))
                show_json(entry) if args.json else _show(entry)
            case _:
                raise UsageError("too many words", hint="Write akachat log ID, or akachat log replay ID.")
    return 0


async def _list(playground: Playground, args: argparse.Namespace) -> None:
    query = Query(
        text=args.search,
        prompt=args.prompt,
        source=args.source,
        model=args.option_model or "",
        outcome=args.outcome,
        since=args.since,
        until=args.until,
        nested=args.nested,
    )
    page = await playground.log.search(query, args.limit, cursor=args.cursor)
    for found in page.found:
        short = summary(found.entry)
        if args.json:
            show_json({**short, "at": found.at})
            continue
        tokens = f"{short['tokens']} tokens" if short["tokens"] is not None else "-"
        seconds = f"{short['seconds']:.2f} s" if short["seconds"] is not None else "-"
        said = short["error"] if short["outcome"] == "error" else short["result"]
        write(
            f"{str(short['time'])[:19]}  {str(short['id'])[:12]:<12}  {short['source']:<6}  {short['prompt'] or '-'}  "
            f"{short['model']}  {short['outcome']}  {tokens}  {seconds}\n    {short['input']}\n    → {said}\n"
        )
    if not playground.settings.journal.enabled:
        show_notes(["runs are not kept: the setting journal.enabled is false"])
    if page.cursor and not args.quiet:
        print(
            f"searched {page.scanned / 1e6:.1f} MB back to {page.reached}; go on with --cursor {page.cursor}",
            file=sys.stderr,
        )


async def _whole(playground: Playground, id: str) -> str:
    """The id that begins like this one, among the newest thousand: a list shows only its beginning."""
    page = await playground.log.search(Query(nested=True), 1_000)
    begins = {str(found.entry.get("id")) for found in page.found if str(found.entry.get("id")).startswith(id)}
    if id not in begins and len(begins) > 1:
        raise UsageError(f"{len(begins)} runs begin with {id!r}", hint="Give more of the id.")
    return id if id in begins or not begins else begins.pop()


def _show(entry: dict[str, Any]) -> None:
    short = summary(entry)
    for name in ("id", "time", "source", "prompt", "model", "outcome", "tokens", "seconds", "parent"):
        if short[name] is not None:
            write(f"{name}: {short[name]}\n")
    error = entry.get("error")
    for title, text in (
        ("instruction", entry.get("instruction")),
        ("rendered", entry.get("text")),
        ("input", entry.get("input")),
        ("notes", "\n".join(entry.get("notes") or ())),
        ("error", error.get("message") if error else ""),
        ("answer", entry.get("result")),
    ):
        if text:
            write(f"\n== {title}\n")
            show_text(text)


async def _replay(playground: Playground, id: str, args: argparse.Namespace) -> None:
    options = options_of(args)
    model = options.pop("model", None) if playground.find_model(args.option_model or "") else None
    version = Version(args.prompt, model or "", options)
    replay = await playground.log.replay(await _whole(playground, id), version, source="cli")
    if args.json:
        show_json(replay.to_dict())
    else:
        _show_replay(replay)


def _show_replay(replay: Replay) -> None:
    colours = {"same": "", "old": "\x1b[31m", "new": "\x1b[32m"}
    marks = {"same": ("", ""), "old": ("[-", "-]"), "new": ("{+", "+}")}
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    write(f"== {replay.before.get('model')}, {str(replay.before.get('time'))[:19]}\n")
    show_text(str(replay.before.get("result") or ""))
    write(f"\n== {replay.after.model}, now ({replay.after.timings.total:.2f} s)\n")
    show_text(replay.after.result)
    if any(piece.kind != "same" for piece in replay.pieces):
        write("\n== what differs\n")
        for piece in replay.pieces:
            begin, end = marks[piece.kind] if plain else (colours[piece.kind], "\x1b[0m")
            write(f"{begin}{piece.text}{end}")
        write("\n")
    else:
        write("\nboth answers are the same\n")
    show_notes([*replay.after.notes, *(["the log hides a key in the question"] if replay.masked else [])])


async def _delete(playground: Playground, day: str, args: argparse.Namespace) -> None:
    if not args.yes:
        what = f"the log of {day}" if day else "the whole log"
        raise UsageError(f"this deletes {what}", hint="Say --yes.")
    show_text(f"{await playground.log.delete(day) / 1e6:.1f} MB deleted")
