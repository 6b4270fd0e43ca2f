"""Embedding on the CPU: fp32, bf16, int8 by torch and int8 by onnxruntime, for a query and for a batch of passages.

venv/bin/python -m bench.embedding [--threads 1] [--rounds 7]

The model is of multilingual-e5-small's size (12 layers, 384 wide, 21M weights aside from the table of words), with
random weights. All ways take turns in one run, so what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from akachat.retrieval.embedding.shelf import Embedders
from akachat.settings import Settings
from bench.sentences import sentence_model

__all__ = ["main"]

_QUERY = "図書館の開館時間と休館日を教えてください"
#: About 200 tokens each, where every character is one.
_PASSAGES = [f"{number}番目の文章です。" + "返品は三十日以内に、領収書を添えて申し込む。" * 9 for number in range(32)]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=0, help="of torch and onnxruntime (default: as many as cores)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured (default: 7)")
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads or os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as folder:
        sentence_model(Path(folder) / "made", width=384, layers=12)
        asyncio.run(_main(Path(folder), args.rounds))


async def _main(folder: Path, rounds: int) -> None:
    shelf = Embedders(Settings, folder)
    exact = await shelf.get("made", "", "fp32")
    began = time.perf_counter()
    rounded = await shelf.get("made", "", "int8")
    print(f"loading, with the making of the int8 form: {time.perf_counter() - began:.1f} s {rounded.note}")
    print(f"{torch.get_num_threads()} threads")
    model = SentenceTransformer(str(folder / "made"), device="cpu")
    ways: dict[str, Callable[[list[str]], Any]] = {
        "fp32, torch": lambda texts: exact.encode(texts, "query", batch=len(texts))[0],
        "bf16, torch": _by(copy.deepcopy(model).bfloat16()),
        "int8, torch": _by(_dynamic(copy.deepcopy(model))),
        f"{rounded.precision}, onnxruntime": lambda texts: rounded.encode(texts, "query", batch=len(texts))[0],
    }
    for name, texts in (("one query", [_QUERY]), ("32 passages of 200 tokens", _PASSAGES)):
        _compare(name, texts, ways, rounds if len(texts) > 1 else 5 * rounds)
    await shelf.aclose()


def _compare(name: str, texts: list[str], ways: dict[str, Callable[[list[str]], Any]], rounds: int) -> None:
    times: dict[str, list[float]] = {way: [] for way in ways}
    vectors = {way: embed(texts) for way, embed in ways.items()}
    for _ in range(rounds):
        for way, embed in ways.items():
            began = time.perf_counter()
            embed(texts)
            times[way].append(time.perf_counter() - began)
    first = next(iter(ways))
    print(f"\n{name:<28}{'ms':>8}{'times as fast':>16}{'least cosine':>15}{'alone':>9}")
    for way, embed in ways.items():
        middle = statistics.median(times[way])
        ratio = statistics.median(times[first]) / middle
        least = (vectors[first] * vectors[way]).sum(axis=1).min()
        alone = float(vectors[way][0] @ embed(texts[:1])[0])
        print(f"  {way:<26}{middle * 1000:>8.1f}{ratio:>16.2f}{least:>15.5f}{alone:>9.5f}")


def _by(model: Any) -> Callable[[list[str]], Any]:
    def embed(texts: list[str]) -> Any:
        made = model.encode(texts, batch_size=len(texts), prompt="", show_progress_bar=False).astype(np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    return embed


def _dynamic(model: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch moves this to a package of its own
        model[0].model = torch.ao.quantization.quantize_dynamic(model[0].model, {torch.nn.Linear}, dtype=torch.qint8)
    return model


if __name__ == "__main__":
    main()
