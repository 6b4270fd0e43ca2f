"""Libraries: a warm search beside loading the index for each query, indexing in MB/s, a zip until it is searchable.

venv/bin/python -m bench.rag [--passages 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from akachat.playground import Playground
from akachat.retrieval import File
from akachat.retrieval.library import Library


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=10_000, help="about how many (default: 10,000)")
    asyncio.run(_main(parser.parse_args(argv).passages))


async def _main(passages: int) -> None:
    documents = _documents(passages)
    size = sum(len(text.encode()) for text in documents)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "documents.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for number, text in enumerate(documents):
                packed.writestr(f"文書/{number:05}.txt", text.encode("cp932" if number % 2 else "utf-8"))
        async with Playground(folder, environ={}) as playground:
            began = time.perf_counter()
            await playground.libraries.add("bench", [File(archive)]).wait()
            took = time.perf_counter() - began
            info = await playground.libraries.info("bench")
            print(f"{info.passages:,} passages of {size / 1e6:.1f} MB of text")
            print(f"zip until it is searchable: {took:.1f} s, {size / 1e6 / took:.1f} MB/s")
            queries = [_question(text) for text in random.Random(2).sample(documents, min(300, len(documents)))]
            warm = [await _timed(playground, query) for query in queries]
            warm.sort()
            print(f"warm rag(): median {_ms(statistics.median(warm))}, 99 % under {_ms(warm[int(len(warm) * 0.99)])}")
            cold = [_cold(playground.workspace.root / "rag" / "bench", query) for query in queries[:5]]
            ratio = statistics.median(cold) / statistics.median(warm)
            print(f"opening the index for each query: median {_ms(statistics.median(cold))}, {ratio:.0f} times as long")
    if sys.platform != "win32":
        print(f"memory of this process at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


async def _timed(playground: Playground, query: str) -> float:
    began = time.perf_counter()
    await playground.libraries.search(["bench"], query, 5)
    return time.perf_counter() - began


def _cold(folder: Path, query: str) -> float:
    began = time.perf_counter()
    library = Library("bench", folder)
    library.search(query, 5, "keyword", None)
    library.close()
    return time.perf_counter() - began


def _question(text: str) -> str:
    middle = len(text) // 2
    return text[middle : middle + 25]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _documents(passages: int) -> list[str]:
    """Made-up Japanese: words of a skewed vocabulary, particles between them, twenty passages a document."""
    dice = random.Random(1)
    kanji = [chr(0x4E00 + dice.randrange(3_000)) for _ in range(1_500)]
    kanji = [each for each in kanji if _in_cp932(each)]
    words = ["".join(dice.choices(kanji, k=dice.choice((2, 2, 3, 4)))) for _ in range(12_000)]
    weights = list(accumulate(1 / (rank + 20) for rank in range(len(words))))
    particles = ("は", "が", "を", "に", "で", "と", "の", "から", "まで", "については", "ために")
    documents = []
    for _ in range(max(1, passages // 20)):
        text = ""
        while len(text) < 7_400:
            some = dice.choices(words, cum_weights=weights, k=dice.randint(2, 5))
            text += "".join(word + dice.choice(particles) for word in some) + dice.choice(kanji) + "します。"
        documents.append(text)
    return documents


def _in_cp932(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


if __name__ == "__main__":
    main()
