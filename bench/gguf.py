"""What a GGUF brings, beside transformers with the same weights in fp32, in one run.

    venv/bin/python -m bench.gguf

It makes a Llama of about 100M parameters, writes it as GGUF in q8_0, and prints the tokens a second of both and their
ratio; then the time to the first token of a 1,500-token instruction that is new, and of the second call with it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from akachat.backends.base import Backend, End, Request
from akachat.backends.gguf import GgufBackend
from akachat.backends.local import LocalBackend
from akachat.messages import Message
from akachat.options import Options
from tests.ggufs import write_gguf
from tests.models import make_tokenizer

INSTRUCTION = 1500


def _make(folder: Path) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=16_384,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=13,
        num_attention_heads=12,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        eos_token_id=None,
        bos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def _ask(backend: Backend, model: Path, said: list[Message], tokens: int) -> End:
    # Sampled hot, so that no token that ends an answer comes again and again; 16,384 of them are equally likely.
    options = Options.parse({"model": str(model), "max_new_tokens": tokens, "temperature": 5, "top_k": 0, "seed": 1})
    *_, end = [piece async for piece in backend.generate(Request("bench", tuple(said), options))]
    assert isinstance(end, End)
    return end


async def _speed(backend: Backend, model: Path, tokens: int) -> float:
    end = await _ask(backend, model, [Message("user", "hello")], tokens)
    return float(end.detail["tokens_per_second"])


async def _first(backend: Backend, model: Path, run: int) -> tuple[float, float]:
    instruction = Message("system", f"{run:04}" + "x" * (INSTRUCTION - 4))
    ends = [await _ask(backend, model, [instruction, Message("user", said)], 2) for said in "ab"]
    return float(ends[0].detail["first_seconds"]), float(ends[1].detail["first_seconds"])


async def _main(rounds: int, tokens: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = _make(Path(folder) / "model")
        small = write_gguf(model, Path(folder) / "model-Q8_0.gguf", "Q8_0")
        local, gguf = LocalBackend(), GgufBackend()
        try:
            await _speed(local, model, 8)
            await _speed(gguf, small, 8)
            speeds = [(await _speed(local, model, tokens), await _speed(gguf, small, tokens)) for _ in range(rounds)]
            plain, fast = (statistics.median(each) for each in zip(*speeds, strict=True))
            print(f"tokens/s: transformers fp32 {plain:.0f}, GGUF q8_0 {fast:.0f}: {fast / plain:.1f} times")
            firsts = [await _first(gguf, small, run) for run in range(rounds)]
            cold, warm = (statistics.median(each) for each in zip(*firsts, strict=True))
            print(
                f"first token after {INSTRUCTION:,} tokens: new {cold * 1e3:.0f} ms, "
                f"second call {warm * 1e3:.0f} ms: 1/{cold / warm:.0f}"
            )
        finally:
            await local.aclose()
            await gguf.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.rounds, arguments.tokens))


if __name__ == "__main__":
    main()
