"""Tiny models of many shapes, and requests that are answered without an event loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any

from akachat.backends.base import Chunk, End
from akachat.backends.limits import BackendLimits
from akachat.backends.local.adapters import Adapter
from akachat.backends.local.generation import Given, Job
from akachat.backends.local.loading.loader import Loaded
from akachat.backends.local.loading.source import Front, Source
from akachat.backends.local.prompt import Prompt
from akachat.backends.local.sampling import Sampling
from akachat.backends.local.worker import Worker
from tests.models import make_tokenizer

SMALL = {
    "vocab_size": 260,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 4096,
    "eos_token_id": None,
    "bos_token_id": 0,
    "pad_token_id": 3,
}
GROUPED = {**SMALL, "num_key_value_heads": 2}
WINDOW = {**GROUPED, "num_hidden_layers": 4, "sliding_window": 8, "head_dim": 8}
#: What a model of each shape is made with; some attend in windows, cap scores, have sinks, experts or convolutions.
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", GROUPED),
    "qwen2": ("Qwen2", GROUPED),
    "qwen3": ("Qwen3", {**GROUPED, "head_dim": 8}),
    "gpt-neox": ("GPTNeoX", SMALL),
    "gpt2": ("GPT2", {"vocab_size": 260, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 4096}),
    "mistral": ("Mistral", WINDOW),
    "gemma2": ("Gemma2", {**WINDOW, "attn_logit_softcapping": 2.0, "query_pre_attn_scalar": 8}),
    "gemma3": ("Gemma3Text", {**WINDOW, "layer_types": ["sliding_attention", "full_attention"] * 2}),
    "phi3": ("Phi3", GROUPED),
    "gpt-oss": (
        "GptOss",
        {**WINDOW, "num_local_experts": 4, "layer_types": ["sliding_attention", "full_attention"] * 2},
    ),
    "qwen3.5": (
        "Qwen3_5Text",
        {
            **GROUPED,
            "head_dim": 8,
            "num_hidden_layers": 4,
            "layer_types": ["linear_attention", "full_attention"] * 2,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 2,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
        },
    ),
    "lfm2": ("Lfm2", {**GROUPED, "num_hidden_layers": 4, "layer_types": ["conv", "full_attention"] * 2}),
}


def make(shape: str) -> Loaded:
    """A model of that shape in memory: random weights, the same each time, large enough to have opinions."""
    import torch
    import transformers

    name, values = SHAPES[shape]
    config = getattr(transformers, f"{name}Config")(**values)
    others = {"Gemma3Text": "Gemma3ForCausalLM", "GPT2": "GPT2LMHeadModel", "Qwen3_5Text": "Qwen3_5ForCausalLM"}
    kind = others.get(name, f"{name}ForCausalLM")
    with torch.random.fork_rng():
        torch.manual_seed(11)
        model = getattr(transformers, kind)(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0, 0.3)
    front = Front(make_tokenizer(), config, {}, 4096, frozenset())
    return Loaded(Source(shape, ""), front, model, "cpu", "fp32", 0.0)


def tokens(size: int, seed: int) -> list[int]:
    """Ordinary tokens, the same for the same seed."""
    import torch

    made = torch.Generator().manual_seed(seed)
    return [int(token) for token in torch.randint(4, 260, (size,), generator=made)]


class Answer(Job):
    """A request whose tokens are noted."""

    def __init__(self, given: Given) -> None:
        super().__init__(given, self._hear)
        self.said: list[int] = []
        self.text = ""
        self.end: End | None = None
        self.error: Exception | None = None
        self.done = threading.Event()
        self.begun = threading.Event()

    def take(self, token: int) -> bool:
        self.said.append(token)
        self.begun.set()
        return super().take(token)

    def _hear(self, item: Chunk | End | Exception) -> bool:
        if isinstance(item, Chunk):
            self.text += item.text
            return True
        if isinstance(item, End):
            self.end = item
        else:
            self.error = item
        self.begun.set()
        self.done.set()
        return True

    def wait(self) -> list[int]:
        """The answer's tokens, once it has ended."""
        assert self.done.wait(60), "no end after a minute"
        if self.error is not None:
            raise self.error
        return self.said


PLAIN = Sampling(12, 0.0, 1.0, 50, 0.0, 1.0, 0.0, 0.0, 0)


def ask(ids: Sequence[int], *, adapter: Adapter | None = None, caller: str = "", **options: Any) -> Answer:
    """A request; greedy and of 12 tokens where nothing else is said."""
    prompt = Prompt("", tuple(ids), ())
    return Answer(Given(prompt, replace(PLAIN, **options), (), monotonic(), adapter, caller))


def generated(loaded: Loaded, ids: Sequence[int], size: int = 12) -> list[int]:
    """What the library's own greedy search says, by the model's own attention."""
    import torch

    given = torch.tensor([list(ids)])
    with torch.inference_mode():
        out = loaded.model.generate(
            given,
            attention_mask=torch.ones_like(given),
            do_sample=False,
            min_new_tokens=size,
            max_new_tokens=size,
            pad_token_id=3,
        )
    return [int(token) for token in out[0, len(ids) :]]


@contextmanager
def working(loaded: Loaded, *, rows: int = 8, cache: int = 2**28) -> Iterator[Worker]:
    """A worker, and afterwards the model as it was."""
    text = loaded.model.config.get_text_config(decoder=True)
    before = text._attn_implementation
    worker = Worker(loaded, BackendLimits(batch_rows=rows, prefix_cache_bytes=cache))
    try:
        yield worker
    finally:
        worker.close(cancel=True)
        loaded.model.set_attn_implementation(before)


def all_of(worker: Worker, answers: Sequence[Answer]) -> list[list[int]]:
    """Hands them over at once and waits."""
    for each in answers:
        assert worker.submit(each)
    return [each.wait() for each in answers]
