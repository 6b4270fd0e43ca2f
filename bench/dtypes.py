"""What a number format brings on this machine: one made-up model in each of them, in turns, and its own check.

    venv/bin/python -m bench.dtypes

It prints, for each format, tokens a second for one answer and for eight side by side, as ratios to fp32 in the same
run; the memory that it takes; and in how many of eight cases an answer is the same text alone and among the eight.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akachat.backends.local.loading.dtypes import cpu_bf16_gain
from akachat.backends.local.loading.loader import Loaded, load_weights
from akachat.backends.local.loading.source import Source, load_front
from akachat.errors import ModelError

DTYPES = ("fp32", "bf16", "int8", "int4")
ROWS, PROMPT = 8, 32


@dataclass
class Format:
    """A format's model, and what was measured of it."""

    loaded: Loaded
    speeds: dict[int, list[float]] = field(default_factory=lambda: {1: [], ROWS: []})


def make(folder: Path) -> Path:
    """Saves a Llama of about 100M parameters with random weights, and a tokenizer of bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={token: id for id, token in enumerate(["<s>", "</s>", *alphabet])}, merges=[]))
    raw.pre_tokenizer, raw.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    config = LlamaConfig(
        vocab_size=16_384,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    return folder


class Noise:
    """Makes greedy answers drawn ones: to each row's scores the same random numbers, alone and among others."""

    def __init__(self, first: int, count: int, size: int) -> None:
        import torch

        self._draws = [torch.Generator().manual_seed(first + row) for row in range(count)]
        self._size = size

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        drawn = torch.stack([torch.rand(self._size, generator=draw) for draw in self._draws])
        return scores.float() - torch.log(-torch.log(drawn.clamp(1e-9, 1 - 1e-7))).to(scores.device)


def generate(loaded: Loaded, rows: Any, tokens: int, first: int | None = None) -> Any:
    """Answers of exactly so many tokens: greedy ones, or drawn with a seed a row, counted from ``first``."""
    import torch
    from transformers import GenerationConfig, LogitsProcessorList

    noise = [] if first is None else [Noise(first, len(rows), loaded.model.config.vocab_size)]
    config = GenerationConfig(max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0)
    with torch.inference_mode():
        out = loaded.model.generate(
            rows,
            attention_mask=torch.ones_like(rows),
            generation_config=config,
            logits_processor=LogitsProcessorList(noise),
        )
    return out[:, rows.shape[1] :]


def load(folder: Path) -> dict[str, Format]:
    """The model in each format that this machine can."""
    found = {}
    for dtype in DTYPES:
        source = Source(str(folder), str(folder), dtype=dtype)
        try:
            found[dtype] = Format(load_weights(source, load_front(source)))
        except ModelError as error:
            print(f"{dtype}: left out: {error.message}")
    return found


def measure(turns: int, tokens: int) -> None:
    """Prints one line a format."""
    import torch

    with tempfile.TemporaryDirectory() as temporary:
        formats = load(make(Path(temporary)))
    rows = torch.randint(2, 250, (ROWS, PROMPT), generator=torch.Generator().manual_seed(1))
    for turn in range(turns + 1):
        for each in formats.values():
            for count, speeds in each.speeds.items():
                given = rows[:count].to(each.loaded.model.device)
                began = time.perf_counter()
                generate(each.loaded, given, tokens)
                if turn:  # the first one warms
                    speeds.append(count * tokens / (time.perf_counter() - began))
    print(f"device {formats['fp32'].loaded.device}, {torch.get_num_threads()} threads, "
          f"{formats['fp32'].loaded.facts()['parameters'] / 1e6:.0f}M parameters; "
          f"one large matrix in bf16: x {cpu_bf16_gain():.2f}")  # fmt: skip
    base = formats["fp32"].speeds
    for dtype, each in formats.items():
        given = rows.to(each.loaded.model.device)
        many = generate(each.loaded, given, tokens, 0)
        same = sum(torch.equal(generate(each.loaded, given[i : i + 1], tokens, i)[0], many[i]) for i in range(ROWS))
        ratios = {
            count: statistics.median(own / plain for own, plain in zip(each.speeds[count], base[count], strict=True))
            for count in base
        }
        speed = {count: statistics.median(values) for count, values in each.speeds.items()}
        print(
            f"{dtype:<5} alone {speed[1]:7.1f} tokens/s  x {ratios[1]:5.2f}   {ROWS} rows {speed[ROWS]:7.1f} tokens/s  "
            f"x {ratios[ROWS]:5.2f}   {each.loaded.facts()['memory'] / 2**20:6.0f} MiB   "
            f"alone = batched in {same} of {ROWS}",
            flush=True,
        )


def main() -> None:
    """Reads how much is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5, help="how often each format is measured")
    parser.add_argument("--tokens", type=int, default=32, help="tokens of an answer")
    parser.add_argument("--threads", type=int, default=0, help="cores to compute with; 0: as torch chooses")
    args = parser.parse_args()
    if args.threads:
        import torch

        torch.set_num_threads(args.threads)
    measure(args.turns, args.tokens)


if __name__ == "__main__":
    main()
