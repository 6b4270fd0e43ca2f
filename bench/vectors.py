"""Searching by meaning: our index beside bare FAISS, and a warm rag() beside loading model and index for each query.

venv/bin/python -m bench.vectors [--sizes 10000,100000] [--passages 500]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from sentence_transformers import SentenceTransformer

from akachat.playground import Playground
from akachat.retrieval import File
from akachat.retrieval.embedding.embedder import Embedder
from akachat.retrieval.embedding.shelf import Embedders
from akachat.retrieval.libraries import Libraries
from akachat.retrieval.vectors import VectorIndex
from akachat.settings import Settings
from bench.sentences import sentence_model

__all__ = ["main"]

_WIDTH = 384
_CUT = {"chunk_characters": 50, "overlap_characters": 0}
_QUERIES = [f"{number}番の図書館の開館時間と休館日を教えてください" for number in range(40)]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="numbers of vectors (default: 10000,100000)")
    parser.add_argument("--passages", type=int, default=500, help="of the library, about (default: 500)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_beside_faiss(Path(folder), [int(size) for size in args.sizes.split(",")]))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_beside_loading(Path(folder), args.passages))


async def _beside_faiss(folder: Path, sizes: Sequence[int]) -> None:
    """Both with the same vectors, and with the same encoding before it, by a model of e5-small's size."""
    sentence_model(folder / "made", width=_WIDTH, layers=12)
    shelf = Embedders(Settings, folder)
    embedder = await shelf.get("made", "", "fp32")

    async def ours(index: VectorIndex, query: str) -> Any:
        vectors, _ = await shelf.embed(embedder, [query], "query")
        return index.search(vectors[0], 10)

    print(f"{'':<28}{'ours, ms':>10}{'faiss, ms':>11}{'ratio':>8}")
    for size in sizes:
        vectors = _random(size)
        ids = np.arange(size)
        index = VectorIndex(_WIDTH)
        index.add(ids, vectors)
        bare = faiss.IndexIDMap2(faiss.IndexFlatIP(_WIDTH))
        bare.add_with_ids(vectors, ids)
        faiss.omp_set_num_threads(1)  # as ours: one query is faster so
        rows = _random(200, seed=1)
        assert all(np.array_equal(index.search(row, 10)[0], bare.search(row[None], 10)[1][0]) for row in rows)
        times: tuple[list[float], list[float]] = ([], [])
        for row in rows:
            times[0].append(_timed(index.search, row, 10))
            times[1].append(_timed(bare.search, row[None], 10))
        _row(f"{size:,} vectors", *times)
        times = ([], [])
        for query in (f"{size}件と{query}" for query in _QUERIES):  # none is asked twice: its vector is remembered
            began = time.perf_counter()
            await ours(index, query)
            times[0].append(time.perf_counter() - began)
            times[1].append(_timed(_plain, embedder, bare, query))
        _row("  with encoding the query", *times)
    await shelf.aclose()


async def _beside_loading(folder: Path, passages: int) -> None:
    """What `rag()` takes once all is there, beside a program that opens model and index for each question."""
    (folder / "models").mkdir()
    # As many words as multilingual-e5-small has: a good part of loading it is reading them.
    place = sentence_model(folder / "models" / "made", width=_WIDTH, layers=12, vocabulary=250_000)
    line = "番目の話です。返品は三十日以内に、領収書を添えて申し込んでください。"
    text = "".join(f"{number}{line}" for number in range(passages))
    document = folder / "document.txt"
    document.write_text(text, encoding="utf-8")
    async with Playground(folder, environ={}) as playground:
        libraries = playground.libraries
        await libraries.configure("bench", {"model": "made", "search": "semantic", **_CUT})
        began = time.perf_counter()
        await libraries.add("bench", [File(document)]).wait()
        took = time.perf_counter() - began
        info = await libraries.info("bench")
        await libraries.search(["bench"], "最初", 5)
        new = [await _searched(libraries, query) for query in _QUERIES]
        again = [await _searched(libraries, query) for query in _QUERIES]
        file = folder / "rag" / "bench" / ".akachat" / "vectors.faiss"
        cold = [_taken(_cold, place, file, query) for query in _QUERIES[:5]]
    opened = _middle(cold)
    print(f"\n{info.passages:,} passages, read and embedded in {took:.0f} s, by a model of e5-small's size")
    print(f"{'':<40}{'clock, ms':>11}{'processor, ms':>15}{'times as fast':>20}")
    for name, times in (
        ("model and index opened for each query", cold),
        ("warm rag(), a new question", new),
        ("warm rag(), a question asked before", again),
    ):
        clock, processor = _middle(times)
        ratios = f"{opened[0] / clock:.0f} and {opened[1] / processor:.0f}"
        print(f"{name:<40}{clock * 1000:>11.1f}{processor * 1000:>15.1f}{ratios:>20}")


async def _searched(libraries: Libraries, query: str) -> tuple[float, float]:
    began = time.perf_counter(), time.process_time()
    await libraries.search(["bench"], query, 5)
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _taken(work: Callable[..., Any], *given: Any) -> tuple[float, float]:
    """Seconds by the clock, and of this process's processors: the latter say more where others use the machine."""
    began = time.perf_counter(), time.process_time()
    work(*given)
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _middle(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(each[0] for each in times), statistics.median(each[1] for each in times)


def _plain(embedder: Embedder, index: Any, query: str) -> None:
    index.search(embedder.encode([query], "query")[0], 10)


def _cold(model: Path, file: Path, query: str) -> None:
    """Without the passages' texts and without the time of imports: the least that such a program does."""
    vector = SentenceTransformer(str(model), device="cpu").encode([query], show_progress_bar=False)
    faiss.read_index(str(file)).search(vector, 5)


def _random(count: int, seed: int = 0) -> Any:
    made = np.random.default_rng(seed).standard_normal((count, _WIDTH)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _timed(work: Callable[..., Any], *given: Any) -> float:
    began = time.perf_counter()
    work(*given)
    return time.perf_counter() - began


def _row(name: str, ours: Sequence[float], bare: Sequence[float]) -> None:
    one, other = statistics.median(ours), statistics.median(bare)
    print(f"{name:<28}{one * 1000:>10.2f}{other * 1000:>11.2f}{one / other:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
