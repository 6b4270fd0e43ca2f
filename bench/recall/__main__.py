"""Builds the library, asks every question, prints the table."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from akachat.playground import Playground
from akachat.retrieval import Folder
from bench.recall.questions import DOCUMENTS, Question, questions

_K = 5
_LIBRARY = "recall"
_HALVES = ("tuned on", "held out")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="bench.recall", description="How often a library's search finds the right passage."
    )
    parser.add_argument(
        "--model", default="", help="a sentence-transformers model, by name or path: semantic and hybrid search as well"
    )
    asyncio.run(_main(parser.parse_args(argv).model))


async def _main(model: str) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if model and Path(model).is_dir():
            # A workspace takes models by name from the hub, and by path only from its own folder.
            model = shutil.copytree(Path(model).resolve(), Path(folder) / "models" / "given").name
        async with Playground(folder, environ={}) as playground:
            if model:
                await playground.libraries.configure(_LIBRARY, {"model": model})
            await playground.libraries.add(_LIBRARY, [Folder(DOCUMENTS)]).wait()
            info = await playground.libraries.info(_LIBRARY)
            print(f"{len(questions())} questions, {info.passages} passages of {info.files} documents, k = {_K}")
            for mode in ("keyword", "semantic", "hybrid") if model else ("keyword",):
                print(f"\n{mode}\n" + _table(await _ranks(playground, mode)))


async def _ranks(playground: Playground, mode: str) -> Mapping[Question, int]:
    """For each question, which hit was the right one, from 1; 0 where none of them was."""
    ranks = {}
    for question in questions():
        hits = await playground.libraries.search([_LIBRARY], question.question, _K, mode=mode)
        right = (hit.passage.file == question.name and question.answer in hit.text for hit in hits)
        ranks[question] = next((rank for rank, found in enumerate(right, 1) if found), 0)
    return ranks


def _table(ranks: Mapping[Question, int]) -> str:
    lines = [f"{'':<18}" + "".join(f"{half:^26}" for half in _HALVES)]
    lines.append(f"{'field':<12}{'level':<6}" + f"{'n':>5}{'@1':>6}{'@5':>6}{'MRR':>6}   " * len(_HALVES))
    numbered = list(enumerate(ranks.items()))
    fields = dict.fromkeys(question.field for question in ranks)
    japanese = [field for field in fields if field != "english"]
    for name, some in {**{field: [field] for field in fields}, "Japanese": japanese}.items():
        for level, levels in {"1": (1,), "2": (2,), "3": (3,), "all": (1, 2, 3)}.items():
            line = f"{name:<12}{level:<6}"
            for half in range(len(_HALVES)):
                line += _cells(
                    [
                        rank
                        for number, (question, rank) in numbered
                        if number % 2 == half and question.field in some and question.level in levels
                    ]
                )
            lines.append(line.rstrip())
    return "\n".join(lines)


def _cells(ranks: Sequence[int]) -> str:
    """How many, the share found first, the share found at all, the mean of one through the rank."""
    if not ranks:
        return f"{0:>5}{'-':>6}{'-':>6}{'-':>6}   "
    first = sum(rank == 1 for rank in ranks) / len(ranks)
    found = sum(rank > 0 for rank in ranks) / len(ranks)
    reciprocal = sum(1 / rank for rank in ranks if rank) / len(ranks)
    return f"{len(ranks):>5}{first:>6.2f}{found:>6.2f}{reciprocal:>6.2f}   "


if __name__ == "__main__":
    main()
