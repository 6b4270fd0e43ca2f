"""`akachat rag`: libraries of documents."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from pathlib import Path

from akachat.cli.output import show_json, show_notes, show_text, write
from akachat.cli.progress import ProgressLine
from akachat.cli.usage import STANDARD_INPUT, UsageError, pairs, read_standard_input
from akachat.playground import Playground
from akachat.retrieval import File, FileStatus, Folder, Hit, Job, LibraryInfo, Source, Text, Url

__all__ = ["configure", "main"]


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="bring files, folders, zips or web pages into a library")
    add.add_argument("name", metavar="NAME", help="the library; made where there is none")
    add.add_argument("given", metavar="PATH|URL", nargs="+", help="what to bring in; - for a piped text")
    add.add_argument("--charset", default="", help="the encoding of text files, such as cp932 (default: found out)")
    add.add_argument(
        "--replace", action="store_true", help="drop what a zip of this name held before and no longer does"
    )
    add.add_argument("--file", metavar="NAME", default="", help="what a piped text is called")
    search = actions.add_parser("search", help="the best passages for a query")
    search.add_argument("name", metavar="NAME[,NAME…]", help="one library or several")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=int, default=3, help="how many passages (default: 3)")
    search.add_argument("--mode", default="", help="keyword, semantic or hybrid (default: what the library says)")
    listing = actions.add_parser("list", help="all libraries, or a library's documents")
    listing.add_argument("name", metavar="NAME", nargs="?")
    remove = actions.add_parser("remove", help="delete documents from a library, or all of it")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("files", metavar="FILE", nargs="*", help="a document, or FOLDER/ with all in it")
    remove.add_argument("--yes", action="store_true", help="delete the whole library without asking")
    sync = actions.add_parser("sync", help="bring a library up to date with its folder and its settings")
    sync.add_argument("name", metavar="NAME")
    change = actions.add_parser("set", help="change a library's settings, then bring it up to date")
    change.add_argument("name", metavar="NAME")
    change.add_argument("settings", metavar="KEY=VALUE", nargs="+", help="such as model=intfloat/multilingual-e5-small")
    for action in (add, search, listing, remove, sync, change):
        action.add_argument("--json", action="store_true", help="print one line of JSON")


def main(args: argparse.Namespace) -> int:
    """Does what the action says; 1 where nothing went in."""
    return asyncio.run(_main(args))


async def _main(args: argparse.Namespace) -> int:
    async with Playground(args.workspace) as playground:
        libraries = playground.libraries
        if args.action == "add":
            job = libraries.add(args.name, _sources(args), charset=args.charset, replace=args.replace)
            return _show_job(await _follow(job), args.json)
        if args.action == "sync":
            return _show_job(await _follow(libraries.sync(args.name)), args.json)
        if args.action == "set":
            await libraries.configure(args.name, _settings(args.settings))
            return _show_job(await _follow(libraries.sync(args.name)), args.json)
        if args.action == "search":
            hits = await libraries.search(args.name.split(","), args.query, args.k, mode=args.mode)
            _show_hits(hits, args.json)
        elif args.action == "list" and args.name:
            files = await libraries.files(args.name)
            show_json([file.to_dict() for file in files]) if args.json else _show_files(files)
        elif args.action == "list":
            infos = await libraries.infos()
            show_json([info.to_dict() for info in infos]) if args.json else _show_infos(infos)
        elif args.files:
            files = await libraries.remove(args.name, args.files)
            show_json([file.to_dict() for file in files]) if args.json else _show_files(files)
        else:
            await libraries.info(args.name)
            if not args.yes:
                raise UsageError(f"this deletes the whole library {args.name!r}", hint="Say --yes, or name documents.")
            await libraries.delete(args.name)
    return 0


def _sources(args: argparse.Namespace) -> list[Source]:
    sources: list[Source] = []
    for given in args.given:
        if given == STANDARD_INPUT:
            sources.append(Text(read_standard_input(), args.file))
        elif given.startswith(("http://", "https://")):
            sources.append(Url(given))
        elif Path(given).is_dir():
            sources.append(Folder(Path(given)))
        elif Path(given).exists():
            sources.append(File(Path(given)))
        else:
            raise UsageError(f"there is no file or folder {given}", hint="Check the path.")
    return sources


def _settings(given: Sequence[str]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for key, value in pairs(given, "KEY=VALUE").items():
        settings[key] = int(value) if value.isascii() and value.isdigit() else value
    return settings


async def _follow(job: Job) -> Job:
    """Waits for the work and shows how far it is; Ctrl+C ends it, and what was committed stays."""
    with ProgressLine() as line:
        try:
            async with aclosing(job.watch()) as seen:  # type: ignore[type-var]
                async for each in seen:
                    line.tell(each.library, _words(each))
        except asyncio.CancelledError:
            job.cancel()
            await job.over()
            raise
    return await job.wait()


def _words(job: Job) -> str:
    of = f" of {job.total:,}" if job.total else ""
    return f"{job.stage} {job.done:,}{of} {job.unit} {job.file}".strip() if job.stage else job.state


def _show_job(job: Job, as_json: bool) -> int:
    if as_json:
        show_json(job.to_dict())
    else:
        _show_files([file for file in job.files if file.status != "unchanged"])
        unchanged = sum(file.status == "unchanged" for file in job.files)
        show_notes([*job.notes, *([f"{unchanged:,} documents are unchanged"] if unchanged else [])])
    good = any(file.status in ("added", "changed", "unchanged", "removed") for file in job.files)
    return 0 if good or not job.files else 1


def _show_files(files: Iterable[FileStatus]) -> None:
    for file in files:
        why = f"  ({file.reason})" if file.reason else ""
        size = f"{file.characters:,} characters, {file.passages:,} passages" if not file.code else "-"
        write(f"{file.status:<10} {file.file}  {size}{why}\n")


def _show_infos(infos: Iterable[LibraryInfo]) -> None:
    for info in infos:
        counts = f"{info.files:,} documents, {info.passages:,} passages, {info.characters:,} characters"
        write(f"{info.name}  {counts}, {info.search}, {info.state}\n")


def _show_hits(hits: Sequence[Hit], as_json: bool) -> None:
    if as_json:
        show_json([hit.to_dict() for hit in hits])
        return
    for number, hit in enumerate(hits):
        if number:
            write("\n")
        place = hit.passage.place.label()
        print(f"[{hit.library}/{hit.passage.file}{' ' + place if place else ''}  {hit.score:.3f}]", file=sys.stderr)
        show_text(hit.text)
    if not hits:
        show_notes(["nothing in the library has to do with the query"])
