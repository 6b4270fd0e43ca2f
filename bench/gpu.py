"""Everything that local models promise, checked and measured on a CUDA GPU within eight minutes.

    python -m akachat bench gpu

Needs no installation and no download: it runs from the source tree with torch, transformers, peft and accelerate, uses
bitsandbytes, faiss and sentence-transformers where they are there, and makes its models itself. The table goes to
`bench/results/`. Without a GPU it says so and ends; `--cpu` tries the same on tiny models.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import importlib.util
import platform
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic

import torch

from akachat.backends.local.loading.loader import load_weights
from akachat.backends.local.loading.source import Front, Source
from bench import grid, prefix, streaming
from bench.made import Model, asked, embedded, llama, measured, plain, sampling, serve, working

#: Seconds after which no further part begins.
BUDGET = 440.0
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Size:
    """How large the made-up model is, and how much is asked of it."""

    width: int
    layers: int
    heads: int
    vocabulary: int
    instruction: int
    calls: int


GPU = Size(2048, 16, 16, 32_000, 1500, 4)
TINY = Size(64, 2, 4, 512, 200, 2)


@dataclass
class Table:
    """Rows of what was seen, printed as they come."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    started: float = field(default_factory=monotonic)

    def add(self, what: str, seen: str) -> None:
        """One row."""
        self.rows.append((what, seen))
        print(f"{monotonic() - self.started:5.0f} s  {what}: {seen}", flush=True)

    def part(self, name: str, work: Callable[[], None]) -> None:
        """A part of the measurements; one that fails is a row, and the others go on."""
        if monotonic() - self.started > BUDGET:
            self.add(name, "left out, the time was over")
            return
        try:
            work()
        except Exception as error:
            self.add(name, f"FAILED: {type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}")
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def markdown(self, title: str) -> str:
        """The table as a file holds it."""
        lines = [
            f"# {title}",
            "",
            "| what | seen |",
            "|---|---|",
            *(f"| {what} | {seen} |" for what, seen in self.rows),
        ]
        return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and writes the table; 0, or 1 where a part failed."""
    parser = argparse.ArgumentParser(prog="akachat bench gpu", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cpu", action="store_true", help="the same on tiny models and the CPU, to try it")
    args = parser.parse_args(argv)
    if not args.cpu and not torch.cuda.is_available():
        print("There is no CUDA GPU here: nothing was measured. (--cpu tries the same on tiny models.)")
        return 0
    device, size = ("cpu", TINY) if args.cpu else ("cuda", GPU)
    table = Table()
    name = "CPU" if args.cpu else torch.cuda.get_device_name()
    table.add("machine", f"{name}, {_packages()}")
    table.part("exactness", partial(_exact, table, device))
    fast = "float32" if args.cpu else "bfloat16"
    made = partial(llama, width=size.width, layers=size.layers, heads=size.heads, vocabulary=size.vocabulary)
    table.part("grid", partial(_grid, table, made, device, fast, size))
    table.part("prefix", partial(_prefix, table, made, device, fast, size))
    table.part("streaming", partial(_streaming, table, made, device, fast, size))
    table.part("seeds", partial(_seeds, table, made, device, fast))
    table.part("memory", partial(_memory, table, made, device, fast))
    table.part("number formats", partial(_formats, table, made, device, size))
    table.part("vectors", partial(_vectors, table, device))
    if not args.cpu:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"gpu-{name.lower().replace(' ', '-')}.md"
        file.write_text(table.markdown(f"akachat on {name}"), "utf-8")
        print(f"written to {file.relative_to(RESULTS.parents[1])}")
    return 1 if any("FAILED" in seen or "NOT EQUAL" in seen for _, seen in table.rows) else 0


def _packages() -> str:
    names = ("torch", "transformers", "peft", "accelerate", "bitsandbytes", "faiss-cpu", "faiss-gpu-cu12")
    there = [name for name in names if importlib.util.find_spec(name.partition("-")[0])]
    found = []
    for name in there:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, " + ", ".join(found)


def _exact(table: Table, device: str) -> None:
    """Greedy answers side by side are those of `generate`, in fp32; also with convolutions."""
    models = [
        llama(width=256, layers=4, heads=4, vocabulary=1000, device=device),
        llama(width=256, layers=4, heads=4, key_heads=2, vocabulary=1000, device=device),
        embedded(),
    ]
    for model in models:
        prompts = [model.prompt(40, seed=1) + model.prompt(5 + 7 * n, seed=2 + n) for n in range(6)]
        prompts.append(model.prompt(700, seed=9))
        own = [plain(model, ids, 32) for ids in prompts]
        with working(model) as worker:
            jobs = serve(worker, [(ids, sampling(tokens=32)) for ids in prompts])
        equal = sum(job.said == each for job, each in zip(jobs, own, strict=True))
        verdict = "equal" if equal == len(own) else "NOT EQUAL" if equal < len(own) - 1 else "one differs"
        table.add(f"greedy answers of {model.name}, fp32, together", f"{equal} of {len(own)} as generate's ({verdict})")


def _grid(table: Table, made: Callable[..., Model], device: str, dtype: str, size: Size) -> None:
    model = made(device=device, dtype=dtype)
    plain(model, model.prompt(8, seed=1), 8)
    for instruction in (64, size.instruction):
        clock, _ = grid.compare(model, instruction, size.calls)
        table.add(
            f"{model.name} {dtype}: grid of 32 answers, instruction of {instruction:,}", f"{clock:.1f} × generate"
        )


def _prefix(table: Table, made: Callable[..., Model], device: str, dtype: str, size: Size) -> None:
    model = made(device=device, dtype=dtype)
    share = prefix.compare(model, size.instruction)
    table.add(f"{model.name} {dtype}: first token of a known instruction", f"1/{1 / share:.0f} of the cold time")
    with tempfile.TemporaryDirectory() as folder:
        share = prefix.compare(model, size.instruction, prefix.lora(model, Path(folder)))
    table.add(f"{model.name} {dtype} with LoRA: the same", f"1/{1 / share:.0f} of the cold time")


def _streaming(table: Table, made: Callable[..., Model], device: str, dtype: str, size: Size) -> None:
    model = made(device=device, dtype=dtype)
    ratio = streaming.compare(model, 64)
    table.add(f"{model.name} {dtype}: one streamed answer", f"{ratio:.2f} × generate's speed, in processor time")
    ids = model.prompt(32, seed=1)
    for rows in (1, 16, 32):
        with working(model, rows=rows, cache=0) as worker:
            cost = measured(partial(serve, worker, [(ids, sampling(tokens=64, temperature=1.0))] * rows))
        table.add(f"{model.name} {dtype}: {rows} answers side by side", f"{rows * 64 / cost.wall:,.0f} tokens/s")


def _seeds(table: Table, made: Callable[..., Model], device: str, dtype: str) -> None:
    """How often a seed gives the same text alone and among others."""
    for kind in dict.fromkeys(("float32", dtype)):
        model = made(device=device, dtype=kind)
        asks = [
            (model.prompt(20 + n, seed=n), sampling(tokens=32, temperature=0.3 + n % 5 / 4, seed=n)) for n in range(16)
        ]
        with working(model, rows=16, cache=0) as worker:
            together = [job.said for job in serve(worker, asks)]
            alone = [serve(worker, [each])[0].said for each in asks]
        same = sum(one == other for one, other in zip(together, alone, strict=True))
        table.add(f"{model.name} {kind}: same seed, same text alone and among 16", f"{same} of {len(asks)}")


def _memory(table: Table, made: Callable[..., Model], device: str, dtype: str) -> None:
    """A cancelled request gives its memory back."""
    model = made(device=device, dtype=dtype)

    def held() -> int:
        gc.collect()
        return torch.cuda.memory_allocated() if device == "cuda" else 0

    with working(model, cache=0) as worker:
        serve(worker, [(model.prompt(8, seed=1), sampling(tokens=2))])
        before = held()
        job = asked(model.prompt(1000, seed=2), sampling(tokens=5000))
        worker.submit(job)
        while job.first is None:
            pass
        during = held()
        job.cancel()
        job.done.wait()
        serve(worker, [(model.prompt(8, seed=1), sampling(tokens=2))])
        after = held()
    table.add(
        f"{model.name} {dtype}: memory before, during and after a stopped answer",
        f"{before / 2**20:,.0f}, {during / 2**20:,.0f} and {after / 2**20:,.0f} MiB",
    )


def _formats(table: Table, made: Callable[..., Model], device: str, size: Size) -> None:
    """Each number format, loaded from a folder as a user's model is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = made(dtype="float32" if device == "cpu" else "bfloat16")
        source.loaded.model.save_pretrained(folder)
        source.loaded.front.tokenizer.save_pretrained(folder)
        front = source.loaded.front
        del source
        for dtype in ("fp32", "bf16", "fp16", "int8", "int4"):
            table.part(f"dtype {dtype}", partial(_format, table, folder, front, dtype, device))


def _format(table: Table, folder: Path, front: Front, dtype: str, device: str) -> None:
    quantised = dtype == "int4" or (dtype == "int8" and device == "cuda")
    if quantised and importlib.util.find_spec("bitsandbytes") is None:
        table.add(f"dtype {dtype}", "bitsandbytes is not installed")
        return
    loaded = load_weights(Source("made", str(folder), dtype=dtype), front)
    model = Model(f"dtype {dtype}", loaded)
    ids = model.prompt(32, seed=1)
    with working(model, cache=0) as worker:
        facts = worker.facts()
        serve(worker, [(ids, sampling(tokens=4))])
        alone = measured(partial(serve, worker, [(ids, sampling(tokens=32))])).wall
        crowd = measured(partial(serve, worker, [(ids, sampling(tokens=32, temperature=1.0))] * 16)).wall
    table.add(
        f"dtype {dtype}",
        f"loaded in {loaded.seconds:.1f} s on {facts['device']} as {facts['dtype']}, "
        f"{facts['memory'] / 2**20:,.0f} MiB, {32 / alone:,.0f} tokens/s alone, {16 * 32 / crowd:,.0f} among 16",
    )


def _vectors(table: Table, device: str) -> None:
    """What of the search by vectors is there."""
    if importlib.util.find_spec("faiss") is None:
        table.add("faiss", "not installed")
    else:
        import faiss
        import numpy as np

        vectors = np.random.default_rng(1).standard_normal((20_000, 384), dtype=np.float32)
        index = faiss.IndexFlatIP(384)
        index.add(vectors)
        times = [_search(index, vectors[n : n + 1]) for n in range(20)]
        line = f"20,000 vectors on the CPU: {statistics.median(times) * 1e3:.2f} ms a query"
        if device == "cuda" and hasattr(faiss, "StandardGpuResources"):
            moved = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
            times = [_search(moved, vectors[n : n + 1]) for n in range(20)]
            line += f", on the GPU: {statistics.median(times) * 1e3:.2f} ms"
        table.add("faiss", line)
    there = importlib.util.find_spec("sentence_transformers") is not None
    table.add("sentence-transformers", "installed" if there else "not installed")


def _search(index: object, query: object) -> float:
    started = monotonic()
    index.search(query, 5)  # type: ignore[attr-defined]
    return monotonic() - started


if __name__ == "__main__":
    raise SystemExit(main())
