"""Time to the first token where the beginning has been read before, beside the cold time.

    venv/bin/python -m bench.prefix [--instruction 1500]

For the embedded model and a made-up one of about 100M parameters, without and with a LoRA adapter: the first call with
an instruction, further calls with the same one and other inputs, and the next turns of a chat. Each warm time is
divided by the cold one of the same run, and the warm answers are compared with those of cold calls, token by token.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from akachat.backends.local.adapters import Adapter
from akachat.backends.local.worker import Worker
from bench.made import Answer, Model, asked, embedded, hundred_million, one_core, sampling, working

CALLS, TOKENS = 4, 24


def first(worker: Worker, ids: list[int], adapter: Adapter | None) -> Answer:
    """One greedy answer, alone."""
    job = asked(ids, sampling(tokens=TOKENS), adapter)
    worker.submit(job)
    job.done.wait()
    if job.error is not None:
        raise job.error
    return job


def compare(model: Model, size: int, adapter: Adapter | None = None) -> float:
    """Measures one model; the median of the warm times as a share of the cold one."""
    start = model.prompt(size, seed=1)
    prompts = [start + model.prompt(16, seed=2 + number) for number in range(CALLS)]
    with working(model, cache=0) as worker:
        first(worker, model.prompt(8, seed=9), adapter)
        cold = [first(worker, ids, adapter) for ids in prompts]
    with working(model) as worker:
        first(worker, model.prompt(8, seed=9), adapter)
        warm = [first(worker, ids, adapter) for ids in prompts][1:]
        chat, turns = [*start, *model.prompt(16, seed=50)], []
        for turn in range(CALLS):
            turns.append(first(worker, chat, adapter))
            chat += turns[-1].said + model.prompt(16, seed=60 + turn)
    reference = statistics.median(job.first or 0 for job in cold)
    equal = sum(one.said == other.said for one, other in zip(warm, cold[1:], strict=True))
    print(
        f"{model.name}{' with LoRA' if adapter else ''}, instruction of {size:,} tokens: cold {reference * 1e3:.0f} ms"
    )
    shares = []
    for case, jobs in (("same instruction", warm), ("next turn of a chat", turns[1:])):
        seconds = statistics.median(job.first or 0 for job in jobs)
        shares.append(seconds / reference)
        print(f"  {case}: {seconds * 1e3:.0f} ms = 1/{reference / seconds:.0f} of cold", flush=True)
    print(f"  greedy answers equal to cold ones: {equal} of {len(warm)}", flush=True)
    return max(shares)


def lora(model: Model, folder: Path) -> Adapter:
    """An adapter with random weights for the attention's projections."""
    import torch
    from peft import LoraConfig, get_peft_model

    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = LoraConfig(r=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
        made = get_peft_model(model.loaded.model, config)
    made.save_pretrained(str(folder))
    made.unload()
    return Adapter("lora", str(folder))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instruction", type=int, default=1500, help="its length in tokens (default: %(default)s)")
    args = parser.parse_args()
    for model in (embedded(), hundred_million()):
        one_core(model)
        compare(model, args.instruction)
        with tempfile.TemporaryDirectory() as folder:
            compare(model, args.instruction, lora(model, Path(folder)))


if __name__ == "__main__":
    main()
